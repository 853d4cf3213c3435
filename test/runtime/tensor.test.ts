/** tensor() and toFloat32(): rounding, defaults, refusals. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DType, NestedArray } from "../../runtime/tensor.js";
import { arrayNames, dataLength, dtypeBytes, tensor, toFloat32 } from "../../runtime/tensor.js";

describe("tensor", () => {
  it("takes its dtype from the array", () => {
    expect(tensor([1, 2], [2]).dtype).toBe("float32");
    expect(tensor([[true], [false]], [2]).dtype).toBe("bool");
    expect(tensor(new Float64Array(1), [1]).dtype).toBe("float64");
    expect(tensor(new Uint8ClampedArray(1), [1]).dtype).toBe("uint8");
    expect(tensor(new Int8Array(1), []).shape).toEqual([]);
    expect(() => tensor(new Uint16Array(1), [1])).toThrow(/float16/);
  });

  it("takes nested arrays and complex pairs", () => {
    const nested: NestedArray = [[[1, 2]], [[3, 4]]];
    expect([...tensor(nested, [2, 1, 2]).data]).toEqual([1, 2, 3, 4]);
    expect([...tensor([[1, 2]], [1], "complex64").data]).toEqual([1, 2]);
    expect(dataLength([3, 2], "complex64")).toBe(12);
    expect(tensor([], [0, 3]).data.length).toBe(0);
  });

  it("rounds to the nearest, ties to even", () => {
    const bits = (values: number[], dtype: DType): number[] => [
      ...tensor(values, [values.length], dtype).data,
    ];
    expect(bits([0.1, 65504, 65519.99, 65520, 2 ** -24, 2 ** -25, -0], "float16")).toEqual([
      0x2e66, 0x7bff, 0x7bff, 0x7c00, 1, 0, 0x8000,
    ]);
    expect(bits([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, NaN, -Infinity], "bfloat16")).toEqual([
      0x3f80, 0x3f80, 0x3f82, 0x7fc0, 0xff80,
    ]);
    // A hair above the tie: rounding to float32 first would lose it.
    expect(bits([1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -8], "bfloat16")).toEqual([0x3f81, 0x3f80]);
    expect(bits([0.5, 1.5, 2.5, -0.5, -1.5], "int32")).toEqual([0, 2, 2, 0, -2]);
    expect(bits([0, 3, Number.NaN], "bool")).toEqual([0, 1, 0]);
    expect(bits([0.1], "float32")).toEqual([Math.fround(0.1)]);
  });

  it("takes a Uint16Array for a 16-bit dtype as its bits, and keeps what fits uncopied", () => {
    const raw = new Uint16Array([0x3c00, 0x4000]);
    expect(tensor(raw, [2], "float16").data).toBe(raw);
    expect([...toFloat32(tensor(raw, [2], "float16"))]).toEqual([1, 2]);
    expect([...tensor(raw, [2], "float32").data]).toEqual([0x3c00, 0x4000]);
  });

  it.each<[string, () => unknown, string, string]>([
    ["a wrong length", () => tensor([1, 2, 3], [2, 2]), "ShapeError", "tensor-length"],
    ["ragged rows", () => tensor([[1, 2], [3]], [3]), "ShapeError", "tensor-ragged"],
    ["mixed depths", () => tensor([1, [2]], [2]), "ShapeError", "tensor-ragged"],
    ["a negative extent", () => tensor([], [-1]), "ConfigError", "tensor-shape"],
    ["a fractional extent", () => tensor([], [0.5]), "ConfigError", "tensor-shape"],
    ["an unknown dtype", () => tensor([1], [1], "float8" as DType), "ConfigError", "tensor-dtype"],
    ["an integer too large", () => tensor([256], [1], "uint8"), "ConfigError", "tensor-range"],
    ["NaN as an integer", () => tensor([Number.NaN], [1], "int8"), "ConfigError", "tensor-range"],
    ["text", () => tensor(["1"] as unknown as number[], [1]), "ConfigError", "tensor-data"],
    ["a number", () => tensor(1 as unknown as number[], []), "ConfigError", "tensor-data"],
  ])("refuses %s", (_, make, name, code) => {
    let error: unknown;
    try {
      make();
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ name, code });
  });
});

describe("16-bit floats", () => {
  it.each(["float16", "bfloat16"] as const)("every %s pattern survives widening and rounding", (dtype) => {
    const bits = Uint16Array.from({ length: 65536 }, (_, pattern) => pattern);
    const wide = toFloat32({ data: bits, shape: [65536], dtype });
    const back = tensor(wide, [65536], dtype).data;
    const changed = bits.filter((pattern, i) => back[i] !== pattern && !Number.isNaN(wide[i]));
    expect([...changed]).toEqual([]);
  });

  it.each(["float16", "bfloat16"] as const)("%s rounds to a neighbour no other is nearer than", (dtype) => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -70000, max: 70000 }), (value) => {
        const at = tensor([value], [1], dtype).data[0]!;
        const error = (pattern: number): number =>
          Math.abs(toFloat32({ data: new Uint16Array([pattern]), shape: [1], dtype })[0]! - value);
        if (at % 0x8000 === 0x7c00 && dtype === "float16") return Math.abs(value) >= 65520;
        const below = at % 0x8000 === 0 ? at : at - 1;
        return error(at) <= error(at + 1) && error(at) <= error(below);
      }),
    );
  });
});

it("a dtype's bytes are those of its array", () => {
  const dtypes = Object.keys(arrayNames) as DType[];
  expect(dtypes.map((dtype) => dtypeBytes(dtype))).toEqual([4, 2, 2, 8, 4, 4, 1, 1, 1, 4]);
});
