/** The weights file: alignment, order, refusals. */
import { expect, it } from "vitest";
import type { Slot } from "../../runtime/program.js";
import { weightArrays, weightOffsets, weightsBlob } from "../../runtime/weights.js";

const slots: readonly Slot[] = [
  { name: "a", dtype: "bfloat16", shape: [3], offset: 0 },
  { name: "b", dtype: "float32", shape: [2], offset: 64 },
  { name: "c", dtype: "int8", shape: [], offset: 32 },
];
const arrays = [new Uint16Array([1, 2, 3]), new Float32Array([0.5, -1]), new Int8Array([-7])];

it("starts every weight at a multiple of four, and reads back what was written", () => {
  expect(weightOffsets(slots)).toEqual([0, 8, 16, 20]);
  const blob = weightsBlob(slots, arrays);
  expect(blob.length).toBe(20);
  expect(weightArrays(slots, blob)).toEqual(arrays);
  expect(weightArrays(slots, blob.buffer as ArrayBuffer)).toEqual(arrays);
});

it("reads a file that lies at an odd address", () => {
  const shifted = new Uint8Array(21);
  shifted.set(weightsBlob(slots, arrays), 1);
  expect(weightArrays(slots, shifted.subarray(1))).toEqual(arrays);
  expect(weightArrays(slots, Buffer.from(shifted.buffer, 1))).toEqual(arrays);
});

it("refuses a file of another length and an array of another size", () => {
  expect(() => weightArrays(slots, new Uint8Array(19))).toThrow(/19 bytes.*20/);
  expect(() => weightsBlob(slots, arrays.slice(0, 2))).toThrow(/weight c/);
});
