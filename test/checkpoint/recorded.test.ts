/** The files that Python wrote: where they lie in memory, and written back. What is in them is test/oracle's. */
import { describe, expect, it } from "vitest";
import { encodeTree } from "../../compiler/checkpoint/msgpack.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { checkpointFile, checkpointFiles } from "../oracle/checkpoints.js";

const byPath = (tensors: ReadonlyMap<string, unknown>) => Object.fromEntries(tensors);

describe("files that Python wrote", () => {
  it("there are some of each format", () => {
    for (const format of ["msgpack", "safetensors", "npz"])
      expect(checkpointFiles.filter((file) => file.format === format).length).toBeGreaterThan(8);
  });

  it.each(checkpointFiles)("$title, at every alignment", ({ bytes, tensors }) => {
    for (let shift = 1; shift < 8; shift++) {
      const shifted = new Uint8Array(bytes.length + shift);
      shifted.set(bytes, shift);
      expect(byPath(flattenParams(readWeights(shifted.subarray(shift))))).toEqual(byPath(tensors));
    }
  });

  it("the same parameters in every format are the same variables", () => {
    const names = ["msgpack: names of setup", "safetensors: dots", "safetensors: slashes", "npz: dots"];
    const paths = names.map((name) =>
      [...flattenParams(readWeights(checkpointFile(name).bytes).params)]
        .map(([path, { shape, dtype }]) => `${path} ${dtype}[${shape}]`)
        .sort(),
    );
    for (const each of paths) expect(each).toEqual(paths[0]);
    expect(paths[0]!.length).toBe(7);
  });

  it("flax's are written back byte for byte", () => {
    const conv = checkpointFile("msgpack: a Conv").bytes;
    expect(Buffer.from(encodeTree(readWeights(conv), 2 ** 30)).equals(conv)).toBe(true);
    const chunked = checkpointFile("msgpack: chunked, a second collection").bytes;
    expect(Buffer.from(encodeTree(readWeights(chunked), 40)).equals(chunked)).toBe(true);
  });
});
