import { describe, expect, it } from "vitest";
import { initializers, type VarianceScaling } from "../../compiler/random/initializers.js";
import { key } from "../../compiler/random/threefry.js";
import { ConfigError, ShapeError } from "../../runtime/error.js";
import { type DType, dataLength, type Tensor, toFloat32 } from "../../runtime/tensor.js";

const dtypes: readonly DType[] = [
  "float32",
  "float16",
  "bfloat16",
  "int32",
  "uint32",
  "int8",
  "uint8",
  "bool",
  "complex64",
];

describe("constants", () => {
  it.each(dtypes)("zeros, ones and constant of %s", (dtype) => {
    for (const [value, init] of [
      [0, initializers.zeros],
      [1, initializers.ones],
      [1, initializers.constant(1)],
    ] as const) {
      const made = init(key(0), [2, 3], dtype);
      expect(made).toMatchObject({ shape: [2, 3], dtype });
      expect(made.data.length).toBe(dataLength([2, 3], dtype));
      const numbers = [...toFloat32(made)];
      const real = dtype === "complex64" ? numbers.filter((_, i) => i % 2 === 0) : numbers;
      expect(real).toEqual(Array(6).fill(value));
      if (dtype === "complex64") expect(numbers.filter((_, i) => i % 2 === 1)).toEqual(Array(6).fill(0));
    }
  });

  it("of integers drop the fraction and stop at the limits, as jax's full does", () => {
    const made = (value: number, dtype: DType) => initializers.constant(value)(key(0), [1], dtype).data[0];
    expect([2.7, -2.7, 2.5, 1e20].map((value) => made(value, "int32"))).toEqual([2, -2, 2, 2147483647]);
    expect([300, -1].map((value) => made(value, "uint8"))).toEqual([255, 0]);
    expect([300, -300].map((value) => made(value, "int8"))).toEqual([127, -128]);
    expect([-1, 1e20].map((value) => made(value, "uint32"))).toEqual([0, 4294967295]);
    expect([0, -0, 0.3, -1].map((value) => made(value, "bool"))).toEqual([0, 0, 1, 1]);
  });

  it("round to the dtype", () => {
    expect(initializers.constant(0.1)(key(0), [2], "float16").data).toEqual(Uint16Array.of(11878, 11878));
    expect(initializers.constant(0.1)(key(0), [], "float32").data).toEqual(Float32Array.of(0.1));
  });

  it("refuse a dtype there is not", () => {
    expect(() => initializers.ones(key(0), [1], "f32" as DType)).toThrow(
      /unknown dtype "f32"; the dtypes are/,
    );
  });

  it("float64 becomes float32, as in jax without x64", () => {
    expect(initializers.ones(key(0), [1], "float64").dtype).toBe("float32");
    expect(initializers.normal(1)(key(0), [1], "float64")).toEqual(
      initializers.normal(1)(key(0), [1], "float32"),
    );
  });
});

describe("random initialisers", () => {
  it("say which dtypes they make", () => {
    for (const dtype of ["int32", "uint32", "int8", "uint8", "bool"] as const)
      for (const init of [initializers.lecunNormal(), initializers.uniform(), initializers.normal()])
        expect(() => init(key(0), [3, 2], dtype)).toThrow(ConfigError);
    expect(() => initializers.normal()(key(0), [3], "int8")).toThrow(
      /normal makes float32, float16, bfloat16, complex64, not int8/,
    );
    // The plain uniform and truncated distributions are real.
    expect(() => initializers.uniform()(key(0), [3], "complex64")).toThrow(/float16, bfloat16, not complex/);
    expect(() => initializers.truncatedNormal()(key(0), [3], "complex64")).toThrow(ConfigError);
    expect(initializers.glorotUniform()(key(0), [3, 2], "complex64").data).toHaveLength(12);
  });

  it("make what their own dtype option says where none is given", () => {
    const make = initializers.normal({ dtype: "bfloat16" }) as (...args: unknown[]) => Tensor;
    expect(make(key(0), [4])).toEqual(initializers.normal()(key(0), [4], "bfloat16"));
    expect(make(key(0), [4], "float16").dtype).toBe("float16");
  });

  it("make an empty array of no elements", () => {
    for (const dtype of ["float32", "float16", "bfloat16", "complex64"] as const)
      expect(initializers.normal()(key(0), [2, 0], dtype).data).toHaveLength(0);
  });

  it("take a number or options", () => {
    const draw = (init: typeof initializers.zeros) => init(key(1), [5], "float32").data;
    expect(draw(initializers.normal(0.5))).toEqual(draw(initializers.normal({ stddev: 0.5 })));
    expect(draw(initializers.uniform(0.01))).toEqual(draw(initializers.uniform()));
    expect(draw(initializers.truncatedNormal({ lower: -2 }))).toEqual(
      draw(initializers.truncatedNormal(0.01)),
    );
  });

  it("scale with the fans", () => {
    // he is sqrt(2) lecun; a kernel of four times the fan has half the numbers' size.
    const lecun = initializers.lecunUniform()(key(2), [4, 8], "float32").data;
    const he = initializers.heUniform()(key(2), [4, 8], "float32").data;
    const wide = initializers.lecunUniform()(key(2), [4, 4, 8], "float32").data;
    for (let i = 0; i < 32; i++) {
      expect(he[i]! / lecun[i]!).toBeCloseTo(Math.SQRT2, 6);
      expect(wide[i]! / lecun[i]!).toBeCloseTo(0.5, 6);
    }
    expect(initializers.kaimingNormal).toBe(initializers.heNormal);
    expect(initializers.xavierUniform).toBe(initializers.glorotUniform);
  });

  it("negative and positive axes mean the same", () => {
    const options = { scale: 1, mode: "fan_avg", distribution: "normal" } as const;
    const a = initializers.varianceScaling({ ...options, inAxis: [0, -2], outAxis: 2 })(
      key(0),
      [2, 3, 4],
      "float32",
    );
    const b = initializers.varianceScaling({ ...options, inAxis: [-3, 1], outAxis: -1 })(
      key(0),
      [2, 3, 4],
      "float32",
    );
    expect(a).toEqual(b);
  });

  it("refuse shapes without a fan", () => {
    const lecun = initializers.lecunNormal();
    const code = (shape: number[], init = lecun): string => {
      try {
        init(key(0), shape, "float32");
      } catch (error) {
        if (error instanceof ShapeError) return error.code;
      }
      return "accepted";
    };
    expect(code([4])).toBe("fan-rank");
    expect(code([])).toBe("fan-rank");
    expect(code([3, 0, 4])).toBe("zero-fan");
    expect(code([3, 3, 0])).toBe("zero-fan");
    expect(code([0, 3, 3])).toBe("zero-fan");
    expect(code([4], initializers.lecunNormal({ inAxis: 0, outAxis: 0 }))).toBe("accepted");
    expect(code([4], initializers.lecunNormal({ inAxis: 1 }))).toBe("fan-axis");
    expect(code([4, 4], initializers.lecunNormal({ outAxis: -3 }))).toBe("fan-axis");
  });

  it("refuse wrong options when they are made", () => {
    const scaling = (options: object) => () => initializers.varianceScaling(options as VarianceScaling);
    const good = { scale: 1, mode: "fan_in", distribution: "normal" };
    expect(scaling({ ...good, mode: "fanIn" })).toThrow(/fan_in, fan_out/);
    expect(scaling({ ...good, distribution: "gauss" })).toThrow(ConfigError);
    expect(scaling({ ...good, scale: NaN })).toThrow(ConfigError);
    expect(scaling({ ...good, in_axis: 1 })).toThrow(/unknown option "in_axis"/);
    expect(() => initializers.normal({ std: 1 } as object)).toThrow(/stddev/);
    expect(() => initializers.constant("1" as unknown as number)).toThrow(ConfigError);
  });
});
