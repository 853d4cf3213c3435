/** Measured tuning: what it decides, that it changes no bit at "highest", and that a tuning is an input like any other. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import type { CompileOptions } from "../../compiler/compile-options.js";
import {
  Conv,
  compile,
  jit,
  key,
  nn,
  Sequential,
  type TunedKernel,
  type Tuning,
} from "../../compiler/index.js";
import { candidates } from "../../compiler/schedule/choose.js";
import { parseTuning } from "../../compiler/tune/read-tuning.js";
import { describeWays, kernelKey, tuningOf, tuningText } from "../../compiler/tune/tuning.js";
import { printSchedule } from "../../ir/print.js";
import type { TargetName } from "../../ir/target.js";
import { targets } from "../../ir/target.js";
import { normal, refusal, thrown, wrong } from "../compile/models.js";
import { firstDifference } from "../support/run-everywhere.js";

// Measuring takes seconds where nothing else runs, and longer on a machine that is shared.
vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), "convsmith-tune-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const net = new Sequential([
  new Conv({ features: 12, kernelSize: [3, 3] }),
  nn.relu,
  new Conv({ features: 5, kernelSize: [1, 1] }),
]);
const shape = [1, 9, 10, 8] as const;
const variables = net.init(key(0), shape);
const x = normal(shape);
const compiled = (more: Partial<CompileOptions>) =>
  compile(net, { inputs: [shape], variables, backend: "wasm", ...more });

/** The tuning that has one of the best ways for each layer: the one at `rank`, as far as there are so many. */
function tuningAt(rank: number, more: Partial<CompileOptions>, name: TargetName): Promise<Tuning> {
  const compilation = new Compilation(net, {
    inputs: [shape],
    variables,
    backend: targets[name].backend,
    ...more,
  });
  return compilation.build(name).then(({ planned }) =>
    tuningOf(
      planned.layers
        .filter(({ phase, choice }) => phase === "run" && choice.algorithm !== "map")
        .map(({ ways }): TunedKernel => {
          const all = candidates(ways, targets[name], 8);
          const { lowered, schedule, algorithm } = all[Math.min(rank, all.length - 1)]!;
          return {
            key: kernelKey(ways),
            target: name,
            layer: describeWays(ways),
            lowering: lowered.name,
            algorithm,
            schedule: printSchedule(schedule),
            ms: 1,
          };
        }),
    ),
  );
}

describe.each(["js", "wasm"] as const)("tune: true on %s", (backend) => {
  it("measures every layer, says so, and changes no bit at highest", async () => {
    const stages: string[] = [];
    const onProgress = ({ stage }: { stage: string }): void => void stages.push(stage);
    const tuned = await compiled({ backend, tune: true, precision: "highest", onProgress });
    const plain = await compiled({ backend, precision: "highest" });
    expect(firstDifference(tuned.runSync(x), plain.runSync(x))).toBe(-1);
    expect(tuned.tuning.kernels).toHaveLength(2);
    const { layers } = tuned.explain({ json: true });
    expect(layers.filter(({ tuned }) => tuned).map(({ algorithm }) => algorithm)).toEqual([
      "direct",
      "direct",
    ]);
    expect(tuned.explain()).toMatch(/the fastest of those measured, \S+ ms/);
    expect(stages.filter((stage) => stage.startsWith("measure "))).toHaveLength(2);
    expect(plain.tuning.kernels).toEqual([]);
    expect(plain.explain({ json: true }).layers.some(({ tuned }) => tuned)).toBe(false);
  });
});

it("at default the choice may be Winograd, at highest it is not there to choose, and neither tuning serves the other", async () => {
  const wide = new Conv({ features: 32, kernelSize: [3, 3] });
  const one = (more: Partial<CompileOptions>) =>
    compile(wide, {
      inputs: [[1, 24, 24, 32]],
      variables: wide.init(key(0), [1, 24, 24, 32]),
      backend: "wasm",
      ...more,
    });
  const fast = await one({ tune: true });
  const exact = await one({ tune: fast.tuning, precision: "highest" });
  expect(exact.explain({ json: true }).layers.some(({ tuned }) => tuned)).toBe(false);
  const [entry] = (await one({ tune: true, precision: "highest" })).tuning.kernels;
  expect(entry).toMatchObject({ algorithm: "direct", target: "wasm-simd" });
  const forged = tuningOf([{ ...entry!, lowering: "conv_3x3_winograd4", algorithm: "winograd" }]);
  const error = await refusal(() => one({ tune: forged, precision: "highest" }));
  expect(error).toMatchObject({ name: "ConfigError", code: "tuning-schedule" });
  expect(error.message).toMatch(/conv_3x3_winograd4 is none of its ways/);
});

describe("every one of the best eight", () => {
  const ranks = [0, 1, 2, 3, 4, 5, 6, 7];

  it.each(["wasm-simd", "js"] as const)("computes the same bits at highest: %s", async (name) => {
    const { backend } = targets[name];
    const plain = (await compiled({ backend, precision: "highest" })).runSync(x);
    const schedules = new Set<string>();
    for (const rank of ranks) {
      const tune = await tuningAt(rank, { precision: "highest" }, name);
      const f = await compiled({ backend, precision: "highest", tune });
      expect(firstDifference(f.runSync(x), plain)).toBe(-1);
      schedules.add(await f.emit("schedule"));
    }
    expect(schedules.size).toBe(ranks.length);
  });

  it("computes the same bits on one thread and on two, at default", async () => {
    for (const rank of ranks) {
      const tune = await tuningAt(rank, {}, "wasm-simd");
      const [one, two] = [await compiled({ tune }), await compiled({ tune, threads: 2 })];
      expect(firstDifference(one.runSync(x), two.runSync(x))).toBe(-1);
      one.dispose();
      two.dispose();
    }
  });
});

describe("a tuning", () => {
  it("is an input: the same one gives the same bundle, which names it", async () => {
    const tune = await tuningAt(1, {}, "wasm-simd");
    const bundles = [];
    for (const given of [tune, parseTuning(tuningText(tune), "x"), undefined])
      bundles.push(await (await compiled({ tune: given })).bundle({ name: "net" }));
    const [one, same, other] = bundles as [
      Map<string, Uint8Array>,
      Map<string, Uint8Array>,
      Map<string, Uint8Array>,
    ];
    expect([...same]).toEqual([...one]);
    expect(other.get("net.wasm")).not.toEqual(one.get("net.wasm"));
    const manifest = (files: ReadonlyMap<string, Uint8Array>) =>
      JSON.parse(new TextDecoder().decode(files.get("net.json"))) as { readonly tuning?: string };
    expect(manifest(one).tuning).toMatch(/^[0-9a-f]{64}$/);
    expect(manifest(other).tuning).toBeUndefined();
    const unused = tuningOf([...tune.kernels, { ...tune.kernels[0]!, key: "0".repeat(64) }]);
    expect([...(await (await compiled({ tune: unused })).bundle({ name: "net" }))]).toEqual([...one]);
  });

  it("of compile() compiles the same program again, measuring nothing", async () => {
    const first = await compiled({ tune: true });
    const stages: string[] = [];
    const again = await compiled({ tune: first.tuning, onProgress: ({ stage }) => void stages.push(stage) });
    expect(await again.emit("schedule")).toBe(await first.emit("schedule"));
    expect(stages.join()).not.toMatch(/measure/);
    await first.setVariables(net.init(key(1), shape));
    expect(first.tuning).toEqual(again.tuning);
  });

  it("is read from a path", async () => {
    const tune = await tuningAt(2, {}, "wasm-simd");
    const path = join(folder, "tuning.json");
    writeFileSync(path, tuningText(tune));
    const f = await compiled({ tune: path });
    expect(f.tuning).toEqual(tune);
    expect(await f.emit("schedule")).toBe(await (await compiled({ tune })).emit("schedule"));
  });

  it("serves jit", async () => {
    const tune = await tuningAt(1, {}, "wasm-simd");
    const [g, plain] = [jit(net, { backend: "wasm", tune }), await compiled({ tune })];
    expect(firstDifference(await g(variables, x), plain.runSync(x))).toBe(-1);
  });

  it("stands behind schedules given by hand", async () => {
    const tune = await tuningAt(1, { precision: "highest" }, "wasm-simd");
    const byHand = await (await compiled({ precision: "highest" })).emit("schedule");
    const f = await compiled({ precision: "highest", tune, schedules: byHand });
    expect(await f.emit("schedule")).toBe(byHand);
  });
});

describe("refused", () => {
  const text = (more: object): string => JSON.stringify({ ...tuningOf([]), ...more });

  it.each([
    ["text that is not JSON", "{", /x\.json: is no tuning: not JSON/],
    ["another format", text({ format: "bundle" }), /format/],
    ["another version", text({ formatVersion: 2 }), /formatVersion/],
    ["a list", "[]", /x\.json: is no tuning/],
    ["what it does not know", text({ more: 1 }), /more/],
    ["half a kernel", text({ kernels: [{ key: "0".repeat(64) }] }), /kernels\.0\.target/],
    ["another target", text({ kernels: [{ target: "cuda" }] }), /kernels\.0/],
  ])("%s", (_, content, message) => {
    const error = thrown(() => parseTuning(content, "x.json"));
    expect(error).toMatchObject({ name: "ConfigError", code: "tuning-file" });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
  });

  it("a path that is not there", async () => {
    const error = await refusal(() => compiled({ tune: join(folder, "none.json") }));
    expect(error).toMatchObject({ code: "tuning-file" });
    expect(error.message).toMatch(/none\.json can't be read \(ENOENT\)/);
  });

  it.each([[3], [null], [() => true]])("tune: %s", async (tune) => {
    expect(await refusal(() => compiled(wrong({ tune })))).toMatchObject({ code: "bad-option" });
  });

  it.each([
    ["an axis that is not there", (schedule: string) => schedule.replaceAll("oc", "qq"), /qq/],
    ["no schedule", () => "graph", /not one schedule/],
    ["two schedules", (schedule: string) => schedule + schedule, /not one schedule/],
  ])("a schedule that does not fit: %s", async (_, change, message) => {
    const tune = await tuningAt(0, {}, "wasm-simd");
    const kernels = tune.kernels.map((kernel) => ({ ...kernel, schedule: change(kernel.schedule) }));
    const error = await refusal(() => compiled({ tune: { ...tune, kernels } }));
    expect(error).toMatchObject({ name: "ConfigError", code: "tuning-schedule" });
    expect(error.message).toMatch(message);
  });
});
