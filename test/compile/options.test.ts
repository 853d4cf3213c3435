/** The options of compile: what each does, and that none is ever ignored. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { compile, jit, nn, Sequential } from "../../compiler/index.js";
import { parseModule } from "../../ir/parse.js";
import { firstDifference } from "../support/run-everywhere.js";
import { backends, conv, normal, refusal, shape, thrown, variables, wrong } from "./models.js";

type Options = Parameters<typeof compile>[1];
const x = normal(shape);
const compiled = (more: object) => compile(conv, { inputs: [shape], variables, ...more } as Options);

describe("what is wrong on its own is a ConfigError that says so", () => {
  it.each([
    ["an unknown option", { backnd: "js" }, "unknown-option", /"backnd".*"backend"/],
    ["another unknown option", { weights: 1 }, "unknown-option", /"weights"/],
    ["a backend", { backend: "wsam" }, "bad-option", /backend "wsam".*"wasm"/],
    ["a backend of another type", { backend: 1 }, "bad-option", /backend 1 .*js, wasm/],
    ["a precision", { precision: "high" }, "bad-option", /precision "high".*"highest"/],
    ["no threads", { threads: 0 }, "bad-option", /threads is 0/],
    ["half a thread", { threads: 1.5 }, "bad-option", /threads is 1.5/],
    ["an algorithm", { algorithm: "fft" }, "bad-option", /algorithm "fft"/],
    ["a name", { name: 5 }, "bad-option", /name is 5/],
    ["onProgress", { onProgress: true }, "bad-option", /onProgress is true.*function/],
    ["onWarning", { onWarning: "stderr" }, "bad-option", /onWarning is "stderr".*function/],
    ["strict", { strict: "yes" }, "bad-option", /strict is "yes".*boolean/],
    ["schedules", { schedules: 5 }, "bad-option", /schedules is 5/],
    ["a schedule", { schedules: [{}] }, "bad-option", /schedules: \{\}/],
    ["no schedule", { schedules: [undefined] }, "bad-option", /schedules/],
    ["schedule text", { schedules: "schedule @c {" }, "schedule-text", /line 1: /],
    ["text without a schedule", { schedules: "; nothing" }, "schedule-text", /no schedule/],
    ["one shape as inputs", { inputs: shape }, "bad-inputs", /\[\[1,5,6,2\]\]/],
    ["no inputs", { inputs: undefined }, "missing-option", /"inputs"/],
  ])("%s", async (_, more, code, message) => {
    const error = await refusal(() => compiled(more));
    expect(error).toMatchObject({ name: "ConfigError", code });
    expect(error.message).toMatch(message);
  });

  it("in jit too, at once", () => {
    expect(thrown(() => jit(conv, wrong({ backnd: "js" }))).message).toMatch(/jit: .*"backend"/);
    expect(thrown(() => jit(conv, wrong({ inputs: [shape] }))).code).toBe("unknown-option");
    expect(thrown(() => jit(conv, wrong({ variables }))).code).toBe("unknown-option");
    expect(thrown(() => jit(conv, wrong({ tune: 1 }))).code).toBe("bad-option");
  });

  it("no options at all", async () => {
    expect((await refusal(() => compile(conv, wrong(undefined)))).code).toBe("bad-option");
  });
});

describe("tune: true, where kernels are not measured,", () => {
  const more = { backend: "wgsl", tune: true } as const;
  it("is refused when options are checked", async () => {
    const wanted = { name: "UnsupportedError", code: "backend-unsupported" };
    const error = await refusal(() => compiled({ ...more, inputs: "not read" }));
    expect(error).toMatchObject(wanted);
    expect(error.message).toMatch(/compile: tune is true.*wgsl.*wasm or js/);
    expect(thrown(() => jit(conv, more))).toMatchObject(wanted);
  });

  it("makes auto choose another backend", async () => {
    // Enough work that a GPU would be chosen.
    const device = { createComputePipelineAsync: () => {}, adapterInfo: {}, features: new Set(), limits: {} };
    const f = await compiled({ backend: "auto", tune: true, device });
    expect(f.backend).toBe("wasm");
    expect(f.notes.join()).toMatch(/backend: wasm, since tune is true and kernels of wgsl are not measured/);
  });
});

it("options given as undefined are not given", async () => {
  const off = {
    backend: undefined,
    threads: undefined,
    precision: undefined,
    tune: undefined,
    name: undefined,
  };
  const f = await compiled({ ...off, schedules: undefined, onProgress: undefined, strict: undefined });
  expect([f.backend, f.explain({ json: true }).precision, f.notes.length]).toEqual(["wasm", "default", 1]);
});

describe("backend", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("auto is wasm where that compiles", async () => {
    expect((await compiled({ backend: "auto" })).backend).toBe("wasm");
  });

  it.each([
    ["the engine has no WebAssembly", undefined],
    ["it has no vectors", { ...functionsOf(WebAssembly), validate: () => false }],
    ["the page forbids it", { ...functionsOf(WebAssembly), Module: refuseToCompile }],
  ])("auto is js where %s", async (_, stub) => {
    vi.stubGlobal("WebAssembly", stub);
    expect((await compiled({})).backend).toBe("js");
  });

  it("wasm without WebAssembly is an UnsupportedError that names js", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    const error = await refusal(() => compiled({ backend: "wasm" }));
    expect(error).toMatchObject({ name: "UnsupportedError", code: "wasm-missing" });
    expect(error.message).toMatch(/"js"/);
  });
});

function functionsOf({ validate, compile, instantiate, Module }: typeof WebAssembly) {
  return { validate, compile, instantiate, Module };
}

function refuseToCompile(): never {
  throw new WebAssembly.CompileError("blocked");
}

it.each(backends)("threads on %s are a note, and the same bits", async (backend) => {
  const [one, four] = [await compiled({ backend, threads: 1 }), await compiled({ backend, threads: 4 })];
  expect(one.notes.join()).not.toMatch(/thread/);
  expect(four.notes.join("\n")).toMatch(/threads: 4/);
  expect(firstDifference(four.runSync(x), one.runSync(x))).toBe(-1);
});

it.each(backends)("onProgress on %s counts up to its total", async (backend) => {
  const seen: { readonly stage: string; readonly done: number; readonly total: number }[] = [];
  const f = await compiled({ backend, onProgress: (p: (typeof seen)[number]) => seen.push(p) });
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.at(-1)).toMatchObject({ done: seen[0]!.total });
  expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
  await f.bundle();
  for (const { stage, done, total } of seen) {
    expect(stage).toMatch(/^[a-z ]+$/);
    expect([done >= 0, done <= total, total]).toEqual([true, true, seen[0]!.total]);
  }
});

it("name is the program's", async () => {
  const f = await compiled({ backend: "js", name: "edges" });
  expect(f.explain()).toMatch(/^edges: /);
  expect([...(await f.bundle()).keys()]).toContain("edges.mjs");
  expect((await compiled({ backend: "js" })).explain()).toMatch(/^Conv: /);
});

describe.each(backends)("schedules on %s", (backend) => {
  const net = new Sequential([conv, nn.relu, new nn.Conv({ features: 4, kernelSize: [1, 1] })]);
  const options = { inputs: [shape], backend, precision: "highest" } as const;
  const two = () => compile(net, { ...options, variables: net.init({ k0: 0, k1: 1 }, shape) });
  const plain = (text: string): string => text.replace(/\{[^}]*\}/g, "{\n}");

  it("given as text change the schedule and not one bit", async () => {
    const variablesOf = net.init({ k0: 0, k1: 1 }, shape);
    const chosen = await two();
    const text = await chosen.emit("schedule");
    const byHand = plain(text);
    expect(byHand).not.toBe(text);
    const f = await compile(net, { ...options, variables: variablesOf, schedules: byHand });
    expect((await f.emit("schedule")).trim()).toBe(byHand.trim());
    expect(await f.emit("kernel")).not.toBe(await chosen.emit("kernel"));
    expect(f.explain()).toMatch(/schedule given by hand/);
    expect(firstDifference(f.runSync(x), chosen.runSync(x))).toBe(-1);
    // The chosen ones, as text and as data, are the same program.
    const { schedules } = parseModule(text);
    for (const same of [text, schedules.slice(1)]) {
      const again = await compile(net, { ...options, variables: variablesOf, schedules: same });
      expect(await again.emit("kernel")).toBe(await chosen.emit("kernel"));
    }
  });

  it("for kernels, targets and steps that are not there are ConfigErrors", async () => {
    const text = await (await two()).emit("schedule");
    const refused = async (schedules: string) => {
      const error = await refusal(() => compile(net, { ...options, schedules }));
      expect(error.name).toBe("ConfigError");
      return error;
    };
    const [first, second] = parseModule(text).schedules;
    const other = await refused(text.replace(`@${first!.kernel}`, "@nobody"));
    expect(other.code).toBe("schedule-kernel");
    expect(other.message).toMatch(new RegExp(`@nobody.*@${first!.kernel}, @${second!.kernel}`));
    const target = await refused(text.replace(/ for [\w-]+/, " for wasm-relaxed"));
    expect(target.code).toBe("schedule-kernel");
    expect(target.message).toMatch(new RegExp(`for wasm-relaxed.*compiled for ${first!.target}`));
    expect((await refused(text + text)).message).toMatch(/two/);
    expect((await refused(plain(text).replace("{\n", "{\n  vector nowhere\n"))).code).toBe(
      "schedule-illegal",
    );
  });
});

it("a schedule for one wasm target leaves the other as it was chosen", async () => {
  const chosen = await (await compiled({ backend: "wasm" })).emit("schedule");
  const schedules = chosen.replace(/ for wasm-\w+/g, " for wasm-simd").replace(/\{[^}]*\}/g, "{\n}");
  const files = async (more: object) => (await compiled({ backend: "wasm", ...more })).bundle({ name: "c" });
  const [before, after] = [await files({}), await files({ schedules })];
  expect(after.get("c.relaxed.wasm")).toEqual(before.get("c.relaxed.wasm"));
  expect(after.get("c.wasm")).not.toEqual(before.get("c.wasm"));
});
