/**
 * Bundles in a page of headless Chromium, whose WebGPU runs on SwiftShader: digits are classified as flax classifies them,
 * what flax computed is what the page computes, random convolutions agree with the interpreter, images are their bytes,
 * pipelines are made at the same time, and a run is one submit.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { readTensorFile } from "../../cli/tensor-file.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import digits from "../../examples/digits/model.js";
import { toFloat32 } from "../../runtime/tensor.js";
import { defineSuites, isComputed } from "../conformance/all-suites.js";
import { covering, half } from "../conformance/subset.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import { run, targetOf, variablesOf } from "../differential/call.js";
import { callOf, randomConv } from "../differential/random-conv.js";
import { recordedSuites } from "../oracle/all-recorded.js";
import { closeSharedPage, hasBrowser, sharedPage } from "../support/page.js";
import { takeWays } from "../support/take-ways.js";

const here = hasBrowser();
afterAll(closeSharedPage);

/** Seeds of finite configurations; both classes of schedules run. */
const seeds = Array.from({ length: 400 }, (_, i) => i + 1)
  .filter((seed) => {
    const { data, baked, dtype, batch, extents } = randomConv(seed);
    const size = [...batch, ...extents].reduce((a, b) => a * b, 1);
    return data !== "special" && baked && dtype !== "complex64" && size > 0;
  })
  .slice(0, 24);

describe.skipIf(!here)("a page", () => {
  it("classifies digits as flax does", { timeout: 240_000 }, async () => {
    const folder = fileURLToPath(new URL("../../examples/digits", import.meta.url));
    const read = (name: string) => readTensorFile(join(folder, name), undefined);
    const variables = readWeights(readFileSync(join(folder, "digits.msgpack")));
    const options = { inputs: [[360, 8, 8, 1]], variables, backend: "wgsl" } as const;
    const { files, use } = await sharedPage();
    const bundle = await bundleOf(new Compilation(digits, options), variables, {
      name: "digits",
      adapter: "both",
    });
    for (const [name, bytes] of bundle) files.set(name, bytes);
    const pixels = Float32Array.from(read("test-images.npy").data, (value) => value / 16);
    const result = await use("digits", pixels);
    expect(result.notes).toEqual(["runs wgsl-software"]);
    const digitOf = (i: number): number => {
      const logits = result.data.slice(10 * i, 10 * i + 10);
      return logits.indexOf(Math.max(...logits));
    };
    const right = Array.from(read("test-labels.npy").data).filter((label, i) => digitOf(i) === label).length;
    const flax = JSON.parse(readFileSync(join(folder, "accuracy.json"), "utf8")) as {
      readonly testCorrect: number;
    };
    expect(right).toBe(flax.testCorrect);
    expect(result.first).toEqual(result.data);
    expect(result.submits).toBe(1);
    const started = Math.max(...result.creations.map(([from]) => from));
    const ended = Math.min(...result.creations.map(([, to]) => to));
    expect(started).toBeLessThanOrEqual(ended);
    const slowest = Math.max(...result.creations.map(([from, to]) => to - from));
    console.log(
      `digits in Chromium: ${result.creations.length} pipelines, slowest ${slowest.toFixed(0)} ms, first result after ${result.firstMs.toFixed(0)} ms`,
    );
  });

  it(`agrees with the interpreter on ${seeds.length} random convolutions`, { timeout: 600_000 }, async () => {
    const { files, use } = await sharedPage();
    const wrong: string[] = [];
    for (const [i, seed] of seeds.entries()) {
      const call = callOf(randomConv(seed));
      const variables = variablesOf(call);
      const options = { inputs: [call.input], variables, backend: "wgsl" } as const;
      const adapter = i % 2 === 0 ? "gpu" : "software";
      const name = `conv${seed}`;
      const compilation = new Compilation(targetOf(call), { ...options, adapter });
      for (const [file, bytes] of await bundleOf(compilation, variables, { name })) files.set(file, bytes);
      const expected = await run(call, "interpreter");
      const result = await use(name, call.input.data);
      const y = toFloat32(expected);
      const found = toFloat32({ ...expected, data: result.data });
      const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const part = expected.dtype === "bfloat16" ? 2 ** -6 : expected.dtype === "float16" ? 2 ** -9 : 2e-5;
      for (let k = 0; k < y.length; k++)
        if (!(Math.abs(found[k]! - y[k]!) <= part * largest)) {
          wrong.push(`seed ${seed} (${adapter}): element ${k} is ${found[k]}, not ${y[k]}`);
          break;
        }
      if (result.shape.join() !== expected.shape.join()) wrong.push(`seed ${seed}: shape ${result.shape}`);
    }
    expect(wrong).toEqual([]);
  });
});

/** Each case that has something new, on one of the two. */
describe.skipIf(!here).each([
  ["software adapters", "page", 0],
  ["GPUs", "page-gpu", 1],
] as const)("a page computes what flax did, by schedules for %s", (_, way, parity) => {
  takeWays([way]);
  const part = (cases: readonly Case[]): readonly Case[] => half(covering(cases), parity);
  const isConv = (suite: string): boolean =>
    isComputed(suite) && !/activations|elementwise|pools|paddings/.test(suite);
  for (const [suite, cases] of Object.entries(recordedSuites))
    if (isConv(suite)) suiteTest(suite, () => part(cases()));
  defineSuites({ wanted: isConv, part });
});
