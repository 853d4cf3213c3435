/**
 * 16-bit floats in Deno, on lavapipe: what flax computed in them, and random convolutions with float16 as a type of the
 * language, and as bits in words, for both classes of schedules, against the interpreter.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import { toFloat32 } from "../../runtime/tensor.js";
import { writeFolder } from "../bundle/bundle-files.js";
import { defineSuites, isComputed } from "../conformance/all-suites.js";
import { covering, half } from "../conformance/subset.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import { run, shapesOf, targetOf, variablesOf } from "../differential/call.js";
import { callOf, randomConv } from "../differential/random-conv.js";
import { recordedSuites } from "../oracle/all-recorded.js";
import { denoPath, hasDeno, stopDeno } from "../support/deno.js";
import { takeWays } from "../support/take-ways.js";

const here = hasDeno();
afterAll(stopDeno);

/** Finite, computed in float16, with results. */
const seeds = Array.from({ length: 600 }, (_, i) => i + 1)
  .filter((seed) => {
    const spec = randomConv(seed);
    if (spec.dtype !== "float16" || spec.data === "special" || !spec.baked) return false;
    const { module, options, input } = callOf(spec);
    return shapesOf(module, options, input).out.every((extent) => extent > 0);
  })
  .slice(0, 5);

interface Input {
  readonly type: string;
  readonly data: readonly number[];
}

/** Imports each bundle and prints its results as JSON. */
const script = (names: readonly string[], inputs: readonly Input[]): string => `
const inputs = ${JSON.stringify(inputs)};
const adapter = await navigator.gpu.requestAdapter();
const out = { f16: adapter.features.has("shader-f16"), results: [] };
for (const [i, name] of ${JSON.stringify(names)}.entries()) {
  const m = await (await import("./" + name + ".mjs")).create();
  out.results.push([...(await m.run(new globalThis[inputs[i].type](inputs[i].data))).data]);
  m.dispose();
}
console.log(JSON.stringify(out));
Deno.exit(0);
`;

it.skipIf(!here)(`${seeds.length} float16 convolutions in Deno`, { timeout: 300_000 }, async () => {
  const files = new Map<string, Uint8Array>();
  const names: string[] = [];
  const inputs: Input[] = [];
  const expected: (readonly number[])[] = [];
  for (const [i, seed] of seeds.entries()) {
    const call = callOf(randomConv(seed));
    const variables = variablesOf(call);
    const y = Array.from((await run(call, "interpreter")).data);
    for (const f16 of [true, false]) {
      const adapter = { adapter: i % 2 === 0 ? "gpu" : "software", f16 } as const;
      const options = { inputs: [call.input], variables, backend: "wgsl" } as const;
      const compilation = new Compilation(targetOf(call), options, undefined, { adapter });
      const name = `conv${seed}_${f16}`;
      const bundle = await bundleOf(compilation, variables, { name, inline: true });
      for (const [file, bytes] of bundle) files.set(file, bytes);
      names.push(name);
      inputs.push({ type: call.input.data.constructor.name, data: Array.from(call.input.data) });
      expected.push(y);
    }
  }
  const folder = await writeFolder(files);
  await writeFile(join(folder, "main.mjs"), script(names, inputs));
  // Not the driver of the other tests: the system's own.
  const { VK_DRIVER_FILES: _, ...env } = process.env;
  const args = ["run", "--allow-all", "--unstable-webgpu", "main.mjs"];
  const { stdout } = await promisify(execFile)(denoPath, args, { cwd: folder, env });
  const { f16, results } = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
    readonly f16: boolean;
    readonly results: readonly (readonly number[])[];
  };
  expect(f16).toBe(true);
  const text = (name: string): string => new TextDecoder().decode(files.get(`${name}.mjs`));
  for (const name of names) expect(text(name).includes("enable f16")).toBe(name.endsWith("true"));
  // Sums may round to a neighbour, and what is then taken from them to more: a part of the largest result.
  const numbers = (bits: readonly number[]) =>
    toFloat32({ data: Uint16Array.from(bits), shape: [bits.length], dtype: "float16" });
  const unlike = results.flatMap((bits, i) => {
    const [x, y] = [numbers(bits), numbers(expected[i]!)];
    const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const wrong = y.filter((value, k) => !(Math.abs(x[k]! - value) <= 2 ** -9 * largest)).length;
    return x.length === y.length && wrong === 0 ? [] : [`${names[i]}: ${wrong} elements`];
  });
  expect(results.length).toBe(2 * 5);
  expect(unlike).toEqual([]);
});

/** In CI every case that says float16 or bfloat16 on both; elsewhere those with something new, on one of the two. */
describe.skipIf(!here).each([
  ["software adapters", "deno", 0],
  ["GPUs", "deno-gpu", 1],
] as const)("what flax computed in float16, by schedules for %s", (_, way, parity) => {
  takeWays([way]);
  const part = (cases: readonly Case[]): readonly Case[] => {
    const narrow = cases.filter(({ name }) => name.includes("float16"));
    return process.env.CI !== undefined ? narrow : half(covering(narrow), parity);
  };
  for (const suite of ["modules", "lax.conv_general_dilated"].map((name) => `flax dtypes: ${name}`))
    suiteTest(suite, () => part(recordedSuites[suite]!()));
  defineSuites({
    wanted: (suite) => isComputed(suite) && /WebNN.*float16|flax recorded: Conv$/.test(suite),
    part,
  });
});
