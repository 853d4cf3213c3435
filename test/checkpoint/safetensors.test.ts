/** safetensors: names, ranges, and what a header may claim. */
import { describe, expect, it } from "vitest";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import { tensor } from "../../runtime/tensor.js";
import { refusal } from "./refusal.js";
import { safetensors } from "./write-file.js";

const f32 = (begin: number, ...shape: number[]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, begin + 4 * shape.reduce((a, b) => a * b, 1)],
});
const numbers = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("names", () => {
  it.each([
    ["a.b", "a/c"],
    ["a/b", "a/c"],
    ["params.a.b", "params.a.c"],
    ["params/a/b", "params/a/c"],
  ])("%s, %s", (first, second) => {
    const file = safetensors({ [first]: f32(0, 1), [second]: f32(4, 1) }, numbers(1, 2));
    const [b, c] = [tensor([1], [1]), tensor([2], [1])];
    const dotted = first === "a.b";
    expect(readWeights(file).params).toEqual(dotted ? { "a.b": b, a: { c } } : { a: { b, c } });
  });

  it("metadata is no tensor, unknown fields are no matter, the order in the header neither", () => {
    const header = {
      b: f32(4, 1),
      __metadata__: { format: "flax" },
      a: { ...f32(0, 1), comment: { deep: "" } },
    };
    expect(readWeights(safetensors(header, numbers(1, 2)))).toEqual({
      params: { b: tensor([2], [1]), a: tensor([1], [1]) },
    });
  });

  it("a name like __proto__ stays a name", () => {
    const file = safetensors('{"__proto__.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', numbers(7));
    expect(Object.keys(readWeights(file).params)).toEqual(["__proto__"]);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it("the header may end in spaces", () => {
    expect(readWeights(safetensors(`${JSON.stringify({ a: f32(0, 1) })}   `, numbers(1))).params).toEqual({
      a: tensor([1], [1]),
    });
  });

  it.each([
    ["a tensor inside a tensor", { a: f32(0, 1), "a.b": f32(4, 1) }, /name "a.b" is inside another tensor/],
    ["a tree at a tensor", { "a.b": f32(0, 1), a: f32(4, 1) }, /name "a" is there twice, or both/],
    ["an empty name", { "a..b": f32(0, 1), c: f32(4, 1) }, /"a..b" has an empty name/],
    ["a deep name", { [Array(70).fill("a").join(".")]: f32(0, 1), c: f32(4, 1) }, /nested more than 64 deep/],
    ["params that are one tensor", { params: f32(0, 1), b: f32(4, 1) }, /expected a tree of parameters/],
  ])("%s", (_, header, message) => {
    const error = refusal(safetensors(header, numbers(1, 2)));
    expect(error.code).toBe("checkpoint-corrupt");
    expect(error.message).toMatch(message);
  });

  it("a long name is refused, and not printed", () => {
    const error = refusal(safetensors({ ["n".repeat(100_000)]: f32(0, 1) }, numbers(1)));
    expect(error.code).toBe("checkpoint-size");
    expect(error.message).toMatch(/has 100000 characters, the limit is 500/);
    expect(error.message.length).toBeLessThan(200);
  });
});

describe("dtypes", () => {
  it.each(["F8_E4M3", "F8_E5M2", "F4", "F6_E2M3", "F128"])("%s is refused by the tensor's name", (dtype) => {
    const header = { "block.kernel": { dtype, shape: [4], data_offsets: [0, 4] } };
    const error = refusal(safetensors(header, new Uint8Array(4)));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toBe(
      `block.kernel: dtype ${dtype} is not supported; convert it to float32 before saving`,
    );
  });

  it("names of other formats are not the format's", () => {
    const header = { a: { dtype: "float32", shape: [1], data_offsets: [0, 4] } };
    expect(refusal(safetensors(header, numbers(1))).code).toBe("checkpoint-dtype");
  });
});

describe("ranges", () => {
  const at = (begin: number, end: number) => ({
    dtype: "U8",
    shape: [end - begin],
    data_offsets: [begin, end],
  });
  const corrupt: [string, object, RegExp][] = [
    ["overlap", { a: at(0, 5), b: at(4, 8) }, /data of "b" overlaps/],
    ["the same twice", { a: at(0, 8), b: at(0, 8) }, /overlaps/],
    ["one inside another", { a: at(0, 8), b: at(2, 4) }, /overlaps/],
    ["a gap", { a: at(0, 3), b: at(4, 8) }, /no tensor has bytes 3 to 4/],
    ["a gap at the start", { a: at(1, 8) }, /bytes 0 to 1/],
    ["a rest", { a: at(0, 7) }, /bytes 7 to 8/],
    ["backwards", { a: { dtype: "U8", shape: [0], data_offsets: [8, 0] } }, /does not say where/],
    ["negative", { a: { dtype: "U8", shape: [9], data_offsets: [-1, 8] } }, /does not say where/],
    ["fractions", { a: { dtype: "U8", shape: [8], data_offsets: [0.5, 8] } }, /does not say where/],
    ["three numbers", { a: { dtype: "U8", shape: [8], data_offsets: [0, 8, 8] } }, /does not say where/],
    ["no range", { a: { dtype: "U8", shape: [8] } }, /does not say where/],
    ["no entry", { a: 3 }, /does not say where/],
    [
      "a shape that does not fit",
      { a: { ...at(0, 8), shape: [3] } },
      /uint8\[3\] takes 3 bytes, the file has 8/,
    ],
    ["a shape that overflows", { a: { ...at(0, 8), shape: Array(60).fill(2 ** 52) } }, /not a list of sizes/],
    ["a negative shape", { a: { ...at(0, 8), shape: [-2, -4] } }, /not a list of sizes/],
    ["no shape", { a: { dtype: "U8", data_offsets: [0, 8] } }, /not a list of sizes/],
  ];
  it.each(corrupt)("%s", (_, header, message) => {
    const error = refusal(safetensors(header, new Uint8Array(8)));
    expect(error.code).toBe("checkpoint-corrupt");
    expect(error.message).toMatch(message);
  });

  it("beyond the end of the file", () => {
    expect(refusal(safetensors({ a: at(0, 9) }, new Uint8Array(8))).code).toBe("checkpoint-truncated");
    const most = { a: { dtype: "U8", shape: [2 ** 50], data_offsets: [0, 2 ** 50] } };
    expect(refusal(safetensors(most, new Uint8Array(8))).code).toBe("checkpoint-truncated");
  });
});

describe("headers", () => {
  it.each([
    ["longer than the file", safetensors("{}", undefined, 3), "checkpoint-truncated"],
    ["longer than the format allows", safetensors("{}", undefined, 100_000_001), "checkpoint-size"],
    ["of a terabyte", safetensors("{}", undefined, 2 ** 40), "checkpoint-size"],
    ["that are not JSON", safetensors('{"a":'), "checkpoint-corrupt"],
    ["that are not UTF-8", safetensors('{"').fill(0xff, 10), "checkpoint-corrupt"],
    ["cut in a string", safetensors('{"a\\'), "checkpoint-corrupt"],
    ["with a name twice", safetensors('{"a":0,"a":0}'), "checkpoint-corrupt"],
    ["with a name twice, once escaped", safetensors('{"a":0,"\\u0061":0}'), "checkpoint-corrupt"],
    ["nested", safetensors(`{"a":${"[".repeat(100_000)}`), "checkpoint-corrupt"],
    ["of too many values", safetensors(`{"a":{"b":[${"0,".repeat(2_100_000)}0]}}`), "checkpoint-corrupt"],
    ["followed by text", safetensors("{} {}"), "checkpoint-corrupt"],
  ])("%s", (_, file, code) => {
    const error = refusal(file);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.code).toBe(code);
  });
});
