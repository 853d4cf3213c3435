/** The digits example, in this process: as many right as flax, and flax's own logits. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readTensorFile } from "../../cli/tensor-file.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { compile } from "../../compiler/executable.js";
import model from "../../examples/digits/model.js";

const folder = fileURLToPath(new URL("../../examples/digits", import.meta.url));
const read = (name: string) => readTensorFile(join(folder, name), undefined);
const images = read("test-images.npy");
const labels = read("test-labels.npy").data;
const expected = Array.from<number>(read("test-logits.npy").data);
const flax = JSON.parse(readFileSync(join(folder, "accuracy.json"), "utf8")) as {
  readonly testCorrect: number;
};
const variables = readWeights(readFileSync(join(folder, "digits.msgpack")));
const pixels = Float32Array.from(images.data, (value) => value / 16);
const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function digitOf(logits: ArrayLike<number>, at: number): number {
  let best = 0;
  for (let digit = 1; digit < 10; digit++)
    if (logits[at * 10 + digit]! > logits[at * 10 + best]!) best = digit;
  return best;
}

describe("digits", () => {
  it.each([
    ["js", "default"],
    ["js", "highest"],
    ["wasm", "default"],
    ["wasm", "highest"],
  ] as const)("%s at precision %s", async (backend, precision) => {
    const f = await compile(model, { inputs: [[360, 8, 8, 1]], variables, backend, precision });
    const { data, shape } = f.runSync(pixels);
    expect(shape).toEqual([360, 10]);
    const right = Array.from(labels).filter((label, i) => digitOf(data, i) === label).length;
    expect(right).toBe(flax.testCorrect);
    const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0);
    expect(error / largest).toBeLessThan(1e-5);
    f.dispose();
  });

  it("one by one gives what all at once gives, at highest", async () => {
    const options = { variables, backend: "js", precision: "highest" } as const;
    const all = await compile(model, { ...options, inputs: [[3, 8, 8, 1]] });
    const one = await compile(model, { ...options, inputs: [[1, 8, 8, 1]] });
    const together = all.runSync(pixels.slice(0, 192)).data;
    for (let i = 0; i < 3; i++)
      expect(one.runSync(pixels.slice(64 * i, 64 * i + 64)).data).toEqual(
        together.slice(10 * i, 10 * i + 10),
      );
  });
});
