/** Checkpoints that flax.serialization.to_bytes wrote, recorded in flax.json. */
import { describe, expect, it } from "vitest";
import { encodeTree } from "../../compiler/checkpoint/msgpack.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { tensor } from "../../runtime/tensor.js";
import { recorded, recordedNumber } from "../oracle/vectors.js";

/** flax wrote the third file with chunks of 40 bytes. */
const chunkBytes = 40;
const [everyDType, conv, chunked, bare] = recorded.checkpoints.map(({ bytes, tensors }) => ({
  bytes: Buffer.from(bytes, "base64"),
  tensors,
}));

describe("files flax wrote", () => {
  it.each([
    ["every dtype, scalars", everyDType!],
    ["a Conv", conv!],
    ["chunked arrays and a second collection", chunked!],
    ["a params tree without params, special numbers", bare!],
  ])("%s", (_, { bytes, tensors }) => {
    const variables = readWeights(bytes);
    const found = flattenParams(tensors === bare!.tensors ? variables.params : variables);
    const expected = Object.entries(tensors).map(([path, { shape, dtype, data }]) => [
      path,
      tensor(data.map(recordedNumber), shape, dtype),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });

  it("are written back byte for byte", () => {
    expect(Buffer.from(encodeTree(readWeights(conv!.bytes), chunkBytes * 1000)).equals(conv!.bytes)).toBe(
      true,
    );
    const { params, ...rest } = readWeights(chunked!.bytes);
    expect(Buffer.from(encodeTree({ params, ...rest }, chunkBytes)).equals(chunked!.bytes)).toBe(true);
  });
});
