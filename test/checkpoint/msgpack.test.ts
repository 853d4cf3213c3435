import { readFileSync } from "node:fs";
import { ExtData, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTree, writeMsgpack } from "../../compiler/checkpoint/msgpack.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { flattenParams, type ParamTree } from "../../compiler/checkpoint/tree.js";
import { CheckpointError, ConvsmithError, UnsupportedError } from "../../runtime/error.js";
import { type DType, tensor } from "../../runtime/tensor.js";
import { refusal } from "./refusal.js";

const digits = readFileSync(new URL("../../examples/digits/digits.msgpack", import.meta.url));
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const ndarray = (shape: unknown, dtype: unknown, data: unknown) =>
  new ExtData(1, encode([shape, dtype, data]));
const file = (tree: unknown) => encode(tree);
const one = (leaf: unknown) => file({ params: { a: leaf } });

describe("a file flax wrote", () => {
  it("reads with flax's names and shapes", () => {
    const { params } = readWeights(digits);
    expect(
      [...flattenParams(params)].map(([path, { shape, dtype }]) => `${path} ${dtype}[${shape}]`).sort(),
    ).toEqual([
      "Conv_0/bias float32[16]",
      "Conv_0/kernel float32[3,3,1,16]",
      "Conv_1/bias float32[16]",
      "Conv_1/kernel float32[3,3,16,16]",
      "Conv_2/bias float32[16]",
      "Conv_2/kernel float32[3,3,16,16]",
      "Conv_3/bias float32[10]",
      "Conv_3/kernel float32[2,2,16,10]",
    ]);
    for (const { data } of flattenParams(params).values())
      for (const value of data) expect(Math.abs(value)).toBeLessThan(10);
  });

  it("is written back byte for byte", () => {
    expect(Buffer.from(writeMsgpack(readWeights(digits))).equals(digits)).toBe(true);
  });

  it("reads from an ArrayBuffer and from a view", () => {
    const buffer = digits.buffer.slice(digits.byteOffset, digits.byteOffset + digits.length);
    const shifted = new Uint8Array(digits.length + 3);
    shifted.set(digits, 3);
    expect(readWeights(buffer)).toEqual(readWeights(digits));
    expect(readWeights(shifted.subarray(3))).toEqual(readWeights(digits));
  });

  it("every truncation is refused in one line", () => {
    for (let length = 0; length < digits.length; length += length < 300 ? 1 : 379) {
      const error = refusal(digits.subarray(0, length));
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error.message).not.toContain("\n");
    }
  });

  it("trailing bytes are refused", () => {
    expect(refusal(Buffer.concat([digits, Buffer.of(0)])).code).toBe("not-a-checkpoint");
  });
});

describe("the format", () => {
  it("of the specification's example", () => {
    const example = bytes("81a161c71501939102a7666c6f61743332c4080000803f00000040");
    expect(readWeights(example)).toEqual({ params: { a: tensor([1, 2], [2]) } });
    expect(writeMsgpack({ a: tensor([1, 2], [2]) })).toEqual(example);
  });

  it("a scalar of 16 bytes comes as fixext", () => {
    const written = writeMsgpack({ a: tensor([2], []) });
    expect([...written.subarray(3, 5)]).toEqual([0xd8, 1]);
    expect(readWeights(written)).toEqual({ params: { a: tensor([2], []) } });
  });

  const dtypes: DType[] = [
    "float32",
    "float16",
    "bfloat16",
    "float64",
    "int32",
    "uint32",
    "int8",
    "uint8",
    "bool",
  ];
  it.each(dtypes)("%s there and back", (dtype) => {
    const variables = {
      params: { a: { b: tensor([1, 0, 1, 1, 0, 1], [2, 3], dtype), c: tensor([], [0, 2], dtype) } },
    };
    expect(readWeights(writeMsgpack(variables))).toEqual(variables);
  });

  it("complex64 there and back, native complex numbers and NumPy scalars", () => {
    const z = tensor([1, -2, 3, 4], [2], "complex64");
    expect(readWeights(writeMsgpack({ params: { z } }))).toEqual({ params: { z } });
    expect(readWeights(one(new ExtData(2, encode([1.5, 2])))).params).toEqual({
      a: { data: Float32Array.of(1.5, 2), shape: [], dtype: "complex64" },
    });
    const scalar = new ExtData(3, encode([[], "float32", new Uint8Array(Float32Array.of(7).buffer)]));
    expect(readWeights(one(scalar)).params).toEqual({ a: tensor([7], []) });
  });

  it("64-bit integers are narrowed as in jax", () => {
    const data = new Uint8Array(BigInt64Array.of(-1n, 2n ** 32n + 5n).buffer);
    expect(readWeights(one(ndarray([2], "int64", data))).params).toEqual({
      a: tensor([-1, 5], [2], "int32"),
    });
  });

  it("chunked arrays are joined", () => {
    const params = {
      w: tensor(
        Float32Array.from({ length: 24 }, (_, i) => i),
        [2, 3, 4],
      ),
      b: tensor([1], [1]),
    };
    const chunked = encodeTree({ params }, 20);
    expect(Buffer.from(chunked).includes("__msgpack_chunked_array__")).toBe(true);
    expect(readWeights(chunked)).toEqual({ params });
  });

  it("a tree without params is the params", () => {
    const tree = { Conv_0: { kernel: tensor([1], [1]) } };
    expect(readWeights(writeMsgpack(tree))).toEqual({ params: tree });
    expect(readWeights(writeMsgpack({ params: tree }))).toEqual({ params: tree });
    expect(readWeights(writeMsgpack({}))).toEqual({ params: {} });
  });

  it("a train state keeps its other collections", () => {
    const mu = ndarray([1], "float32", new Uint8Array(4));
    const state = {
      step: 7,
      params: { a: mu },
      opt_state: { 0: { count: 3, rate: 0.5, on: true, mu, none: null } },
    };
    expect(readWeights(file(state))).toEqual({
      params: { a: tensor([0], [1]) },
      opt_state: {
        0: {
          count: tensor([3], [], "int32"),
          rate: tensor([0.5], []),
          on: tensor([true], [], "bool"),
          mu: tensor([0], [1]),
        },
      },
    });
  });

  it("writing refuses what is no tensor", () => {
    expect(() => writeMsgpack({ params: { a: 3 } } as unknown as ParamTree)).toThrow(
      /params\/a: expected a tensor/,
    );
  });
});

describe("damage", () => {
  const f32 = (length: number) => new Uint8Array(4 * length);

  it.each([
    ["data shorter than the shape", one(ndarray([3], "float32", f32(2)))],
    ["data longer than the shape", one(ndarray([1], "float32", f32(2)))],
    ["a huge shape", one(ndarray([2 ** 31, 2 ** 31], "float32", f32(1)))],
    ["a shape whose product overflows", one(ndarray(Array(60).fill(2 ** 52), "float32", f32(1)))],
    ["a negative shape", one(ndarray([-1, -1], "float32", f32(1)))],
    ["a fractional shape", one(ndarray([0.5, 2], "float32", f32(1)))],
    ["no shape", one(ndarray("x", "float32", f32(1)))],
    ["text for data", one(ndarray([1], "float32", "abcd"))],
    ["an extension of other parts", one(new ExtData(1, encode([1, 2])))],
    ["an extension that is no msgpack", one(new ExtData(1, Uint8Array.of(0xc1)))],
    ["an unknown extension", one(new ExtData(9, Uint8Array.of(0)))],
    ["a list", one([1, 2])],
    ["params that are one array", file({ params: ndarray([1], "float32", f32(1)) })],
    ["a text among the params", one("hello")],
    ["nothing among the params", one(null)],
    [
      "chunks of two dtypes",
      one({
        __msgpack_chunked_array__: true,
        shape: { 0: 2 },
        chunks: { 0: ndarray([1], "float32", f32(1)), 1: ndarray([1], "int32", f32(1)) },
      }),
    ],
    [
      "chunks that do not fill the shape",
      one({
        __msgpack_chunked_array__: true,
        shape: { 0: 3 },
        chunks: { 0: ndarray([1], "float32", f32(1)) },
      }),
    ],
    ["chunks missing", one({ __msgpack_chunked_array__: true })],
  ])("%s", (_, input) => {
    const error = refusal(input);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(/^(params|checkpoint|a)/);
    expect(error.message).not.toContain("\n");
  });

  it("unknown dtypes are named", () => {
    const error = refusal(one(ndarray([1], "float8_e4m3fn", new Uint8Array(1))));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toBe(
      "params/a: dtype float8_e4m3fn is not supported; convert it to float32 before saving",
    );
  });

  it("announced lengths are believed only as far as the file goes", () => {
    // An array, a map, binary data and an extension of 2^32 - 1; a million arrays of a million elements.
    for (const start of ["dd", "df", "c6", "c9", "db"])
      expect(refusal(bytes(`81a161${start}ffffffff00`)).code).toBe("checkpoint-truncated");
    const nested = new Uint8Array(5_000_000);
    for (let i = 0; i < nested.length; i += 5) nested.set([0xdd, 0x00, 0x0f, 0x42, 0x40], i);
    nested.set(bytes("81a161"), 0);
    expect(refusal(nested)).toBeInstanceOf(CheckpointError);
  });

  it("hostile nesting is refused", () => {
    const maps = new Uint8Array(300_001);
    for (let i = 0; i < 300_000; i += 3) maps.set([0x81, 0xa1, 0x61], i);
    expect(refusal(maps).message).toMatch(/nested more than 64 deep/);
    expect(refusal(one(new ExtData(1, new Uint8Array(100_000).fill(0x91)))).message).toMatch(/nested/);
  });

  it("trees larger than any model are refused", () => {
    // Of empty maps, a byte each in the file and an object each in memory.
    const maps = new Uint8Array(1_000_008).fill(0x80);
    maps.set(bytes("81a161dd000f4240"), 0);
    expect(refusal(maps).code).toBe("checkpoint-size");
    const shape = one(ndarray(Array(5000).fill(0), "float32", new Uint8Array()));
    expect(refusal(shape).code).toBe("checkpoint-size");
  });

  it("long names are refused, and not printed", () => {
    const long = "n".repeat(300);
    for (const tree of [{ ["x".repeat(100_000)]: 1 }, { params: { [long]: { [long]: 1 } } }]) {
      const error = refusal(file(tree));
      expect(error.code).toBe("checkpoint-size");
      expect(error.message).toMatch(/the limit is 500/);
      expect(error.message.length).toBeLessThan(250);
    }
    expect(refusal(file({ ["n".repeat(499)]: "text" })).code).toBe("not-a-tensor");
  });

  it("a key called __proto__ does not reach any prototype", () => {
    expect(refusal(bytes("81a95f5f70726f746f5f5f80")).code).toBe("checkpoint-corrupt");
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it.each([
    ["ffd8ffe000104a464946", /JPEG/],
    ["89504e470d0a1a0a", /PNG/],
    ["894844460d0a1a0a", /HDF5/],
    ["934e554d50590100", /single .npy/],
    ["800495", /pickle/],
    ["1f8b08", /gzip/],
    ["7b2261223a317d", /not a checkpoint/],
    ["", /empty/],
    ["01", /not a checkpoint/],
    ["c1", /not a checkpoint/],
  ])("%s is not a checkpoint", (hex, message) => {
    const error = refusal(bytes(hex));
    expect(error.code).toBe("not-a-checkpoint");
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/flax/);
  });

  it("one array alone is not a checkpoint", () => {
    expect(refusal(encode(ndarray([1], "float32", f32(1)))).message).toMatch(/single value/);
  });

  it("what is not bytes is said to be so", () => {
    expect(() => readWeights("digits.msgpack" as unknown as Uint8Array)).toThrow(
      /Uint8Array or an ArrayBuffer/,
    );
  });

  it("any bytes and any change of a byte give variables or one of our errors", () => {
    const small = writeMsgpack({
      params: { a: { kernel: tensor([1, 2, 3], [3]) }, b: tensor([true], [1], "bool") },
    });
    const tried = (input: Uint8Array): void => {
      try {
        readWeights(input);
      } catch (error) {
        if (!(error instanceof ConvsmithError)) throw error;
        expect(error.message).not.toContain("\n");
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), tried), { numRuns: 500 });
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(255), (at, byte) => {
        const changed = small.slice();
        changed[at] = byte;
        tried(changed);
      }),
      { numRuns: 3000 },
    );
  });
});
