/** Samples by themselves; test/oracle and test/conformance compare them with jax's. */
import { describe, expect, it } from "vitest";
import { complexTruncatedNormal, complexUniform } from "../../compiler/random/complex-sample.js";
import { cos, erf, erfInv, fromBits, log, log1p, sin } from "../../compiler/random/float32-math.js";
import { normal, truncatedNormal, uniform } from "../../compiler/random/sample.js";
import {
  smallFormats,
  smallNormals,
  smallTruncatedNormals,
  smallUniforms,
} from "../../compiler/random/small-float-sample.js";
import { key } from "../../compiler/random/threefry.js";

describe("bounds", () => {
  const extremes = Uint32Array.of(0, 1 << 9, 0x7fffffff, 0x80000000, 0xffffffff);

  it("uniform includes low and never reaches high", () => {
    const draw = uniform(extremes, -1, 1);
    expect(draw[0]).toBe(-1);
    expect(Math.max(...draw)).toBeLessThan(1);
  });

  it("normal is finite for every draw", () => {
    expect([...normal(extremes)].every(Number.isFinite)).toBe(true);
  });

  it("truncated normal stays strictly inside", () => {
    const draw = truncatedNormal(extremes, -2, 2);
    expect(Math.min(...draw)).toBeGreaterThan(-2);
    expect(Math.max(...draw)).toBeLessThan(2);
  });
});

describe("16-bit types", () => {
  it.each(["float16", "bfloat16"] as const)(
    "%s: every sample is inside, and no draw is left out",
    (dtype) => {
      const format = smallFormats[dtype];
      const uniforms = smallUniforms(format, -1, 1);
      expect(uniforms).toHaveLength(dtype === "float16" ? 1024 : 128);
      expect(uniforms[0]).toBe(-1);
      expect(Math.max(...uniforms)).toBeLessThan(1);
      expect([...smallNormals(format)].every(Number.isFinite)).toBe(true);
      const cut = smallTruncatedNormals(format, -2, 2);
      expect(Math.min(...cut)).toBeGreaterThan(-2);
      expect(Math.max(...cut)).toBeLessThan(2);
    },
  );
});

describe("complex samples", () => {
  const moduli = (pairs: Float32Array): number[] =>
    Array.from({ length: pairs.length / 2 }, (_, i) => Math.hypot(pairs[2 * i]!, pairs[2 * i + 1]!));
  const power = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value * value, 0) / values.length;

  it("stay in their disks, with the variance they say", () => {
    const disk = moduli(complexUniform(key(1), 20_000));
    expect(Math.max(...disk)).toBeLessThanOrEqual(Math.SQRT2 * (1 + 2e-7));
    expect(power(disk)).toBeCloseTo(1, 1);
    const cut = moduli(complexTruncatedNormal(key(1), 20_000));
    expect(Math.max(...cut)).toBeLessThanOrEqual(2 * (1 + 2e-7));
    expect(power(cut)).toBeCloseTo(0.9531116438049121 ** 2, 1);
  });
});

describe("float32 functions", () => {
  it("sin and cos are close to the real ones", () => {
    for (let x = 0; x < 7; x += 0.0013) {
      const f = Math.fround(x);
      expect(Math.abs(sin(f) - Math.sin(f))).toBeLessThan(6e-8);
      expect(Math.abs(cos(f) - Math.cos(f))).toBeLessThan(6e-8);
    }
    expect([sin(0), cos(0)]).toEqual([0, 1]);
    // Here glibc's last bit is not the nearest float32.
    expect(cos(fromBits(0x3d6b7750))).toBe(fromBits(0x3f7f93be));
  });

  it("log and log1p are close to the real ones", () => {
    for (let x = 0.001; x < 20; x *= 1.07) {
      const f = Math.fround(x);
      expect(Math.abs(log(f) - Math.log(f))).toBeLessThan(3e-7 * Math.max(1, Math.abs(Math.log(f))));
      expect(Math.abs(log1p(f) / Math.log1p(f) - 1)).toBeLessThan(3e-7);
    }
  });

  it("erf and erf_inv undo each other", () => {
    for (let x = -2; x <= 2; x += 0.01) expect(Math.abs(erfInv(erf(Math.fround(x))) - x)).toBeLessThan(1e-5);
    expect(erfInv(1)).toBe(Infinity);
    expect(erfInv(-1)).toBe(-Infinity);
    // XLA's value at -sqrt(2), which bounds the default truncated normal.
    expect(erf(-2 * fromBits(0x3f3504f3))).toBe(fromBits(0xbf745a18));
  });
});
