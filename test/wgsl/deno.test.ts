/**
 * 16-bit floats in Deno, whose WebGPU has another compiler of WGSL (naga) and on lavapipe the feature shader-f16: bundles
 * with float16 as a type of the language, and as bits in words, for both classes of schedules, against the interpreter.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import { toFloat32 } from "../../runtime/tensor.js";
import { writeFolder } from "../bundle/bundle-files.js";
import { run, shapesOf, targetOf, variablesOf } from "../differential/call.js";
import { callOf, randomConv } from "../differential/random-conv.js";

const packaged = fileURLToPath(new URL("../../node_modules/@deno/linux-x64-glibc/deno", import.meta.url));
const deno = process.env.DENO ?? packaged;
const here = existsSync(deno);
if (!here) {
  const howTo = `no Deno; npm i --no-save --ignore-scripts @deno/linux-x64-glibc, and a Vulkan driver: apt-get install -y --no-install-recommends mesa-vulkan-drivers`;
  if (process.env.CI !== undefined) throw new Error(`in CI nothing may be skipped: ${howTo}`);
  console.warn(`skipped: ${howTo}`);
}

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
  const { stdout } = await promisify(execFile)(deno, args, { cwd: folder, env });
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
