/** bundle(): its files run by themselves, and give the bits of the executable they are from. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Tensor, Traced } from "../../compiler/index.js";
import { compile, lax, nn, tensor, version } from "../../compiler/index.js";
import type { Result } from "../../runtime/binding.js";
import type { Executable as Loaded } from "../../runtime/executable.js";
import { load } from "../../runtime/index.js";
import { firstDifference } from "../support/run-everywhere.js";
import { backends, conv, normal, otherVariables, refusal, shape, variables } from "./models.js";

const x = normal(shape);

/** The files in a folder of their own, imported from there. */
async function created<R extends Result = Tensor>(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Loaded<R>> {
  const folder = await mkdtemp(join(tmpdir(), "convsmith-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
  const name = [...files.keys()].find((file) => file.endsWith(".mjs"))!;
  const { create } = await import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);
  return create();
}

describe.each(backends)("on %s", (backend) => {
  it.each([
    ["files beside it", false, "default"],
    ["files beside it", false, "highest"],
    ["everything inside", true, "default"],
  ] as const)("with %s (inline: %s), at %s, it gives the same bits", async (_, inline, precision) => {
    const f = await compile(conv, { inputs: [shape], variables, backend, precision });
    const files = await f.bundle({ name: "one", inline });
    expect(files.has("one.weights.bin")).toBe(!inline);
    const m = await created(files);
    expect(m.backend).toBe(backend);
    expect(firstDifference(await m.run(x), f.runSync(x))).toBe(-1);
    const loaded = await load(files);
    expect(firstDifference(loaded.runSync(x), f.runSync(x))).toBe(-1);
    expect(JSON.parse(new TextDecoder().decode(files.get("one.json")))).toMatchObject({ compiler: version });
  });

  it("it holds the variables last set, baked or not", async () => {
    for (const first of [{}, { variables }]) {
      const f = await compile(conv, { inputs: [shape], backend, ...first });
      await f.setVariables(variables);
      await f.setVariables(otherVariables);
      const m = await created(await f.bundle({ name: "late" }));
      expect(firstDifference(m.runSync(x), f.runSync(x))).toBe(-1);
    }
  });

  it("it keeps several inputs and the form of the results", async () => {
    const model = (a: Traced, b: Traced) => ({ sum: lax.add(a, b), up: [nn.relu(a)] });
    const f = await compile(model, { inputs: { a: [2], b: [2] }, backend, name: "both" });
    const files = await f.bundle();
    expect([...files.keys()]).toContain("both.mjs");
    const m = await created<{ sum: Result; up: Result[] }>(files);
    const [a, b] = [new Float32Array([1, -2]), new Float32Array([3, 5])];
    const expected = { sum: tensor([4, 3], [2]), up: [tensor([1, 0], [2])] };
    expect([m.runSync(a, b), m.runSync({ b, a }), f.runSync(a, b)]).toEqual([expected, expected, expected]);
  });

  it("it is the same bytes every time", async () => {
    const make = async () => (await compile(conv, { inputs: [shape], variables, backend })).bundle();
    expect(await make()).toEqual(await make());
  });
});

it("before there are variables it is a ConfigError", async () => {
  const f = await compile(conv, { inputs: [shape], backend: "js" });
  const error = await refusal(() => f.bundle({ name: "none" }));
  expect(error).toMatchObject({ name: "ConfigError", code: "weights-missing" });
  expect(error.message).toMatch(/setVariables/);
});

it("an unknown or wrong request is a ConfigError", async () => {
  const f = await compile(conv, { inputs: [shape], variables, backend: "js" });
  const bundle = f.bundle as (request: unknown) => Promise<unknown>;
  expect((await refusal(() => bundle({ nam: "x" }))).message).toMatch(/"nam".*"name"/);
  expect((await refusal(() => bundle({ inline: "yes" }))).code).toBe("bad-option");
  expect((await refusal(() => bundle({ name: 5 }))).code).toBe("bad-option");
  for (const name of ["../x", "", "a/b"])
    expect((await refusal(() => bundle({ name }))).name).toBe("ConfigError");
});
