/** Reading a checkpoint copies nothing until it must. */
import { describe, expect, it } from "vitest";
import { checkParams } from "../../compiler/checkpoint/check-params.js";
import { lazyTensor } from "../../compiler/checkpoint/file-tensor.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { flattenParams, isTensor } from "../../compiler/checkpoint/tree.js";
import { type Tensor, tensor } from "../../runtime/tensor.js";
import { checkpointFiles } from "../oracle/checkpoints.js";
import { safetensors } from "./write-file.js";

const isRead = (t: Tensor): boolean => Object.getOwnPropertyDescriptor(t, "data")!.get === undefined;
const external = (): number => process.memoryUsage().external;

describe("a safetensors file of 100 MB", () => {
  const bytes = 25_000_000;
  const header: Record<string, unknown> = {};
  for (let i = 0; i < 4; i++)
    header[`Conv_${i}.kernel`] = {
      dtype: i === 3 ? "BF16" : "F32",
      shape: [bytes / (i === 3 ? 2 : 4)],
      data_offsets: [i * bytes, (i + 1) * bytes],
    };
  const text = JSON.stringify(header);
  const aligned = text.padEnd(Math.ceil(text.length / 8) * 8);
  const file = safetensors(aligned, new Uint8Array(4 * bytes));
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);

  it("is not copied: its tensors are views", () => {
    const before = external();
    const { params } = readWeights(file);
    const found = [...flattenParams(params).values()];
    expect(found.length).toBe(4);
    for (const [i, { data }] of found.entries()) {
      expect(data.buffer).toBe(file.buffer);
      expect(data.byteOffset).toBe(8 + aligned.length + i * bytes);
      expect(data.byteLength).toBe(bytes);
    }
    expect(external() - before).toBeLessThan(1_000_000);
  });

  it("where nothing is aligned, only what is asked for is copied", () => {
    const before = external();
    const found = flattenParams(readWeights(shifted.subarray(1)).params);
    const expected = [{ path: "Conv_1/kernel", shape: [bytes / 4], dtype: "float32" as const }];
    const kernel = checkParams(expected, { params: readWeights(shifted.subarray(1)).params }).get(
      "Conv_1/kernel",
    )!;
    expect([...found.values()].some(isRead)).toBe(false);
    expect(external() - before).toBeLessThan(1_000_000);
    expect(kernel.data.length).toBe(bytes / 4);
    expect(kernel.data.buffer).not.toBe(shifted.buffer);
    expect(external() - before).toBeLessThan(bytes + 1_000_000);
  });
});

describe("tensors that were not read", () => {
  it("msgpack's are views or unread until asked for", () => {
    for (const { format, bytes } of checkpointFiles)
      if (format === "msgpack")
        for (const found of flattenParams(readWeights(bytes)).values())
          if (isRead(found) && found.shape.length > 0) expect(found.data.buffer).toBe(bytes.buffer);
  });

  it("read once, then are like any other", () => {
    let times = 0;
    const lazy = lazyTensor([2], "float32", () => {
      times++;
      return Float32Array.of(1, 2);
    });
    expect(isTensor(lazy)).toBe(true);
    expect(times).toBe(0);
    const { data } = lazy;
    expect(lazy.data).toBe(data);
    expect(times).toBe(1);
    expect(isTensor(lazy)).toBe(true);
    expect({ ...lazy }).toEqual(tensor([1, 2], [2]));
    expect(Object.keys(lazy)).toEqual(["data", "shape", "dtype"]);
    expect(structuredClone(lazy)).toEqual(tensor([1, 2], [2]));
  });

  it("reading does not change the file", () => {
    for (const { bytes } of checkpointFiles) {
      const copy = bytes.slice();
      for (const { data } of flattenParams(readWeights(bytes)).values()) data.at(0);
      expect(Buffer.from(bytes).equals(copy)).toBe(true);
    }
  });
});
