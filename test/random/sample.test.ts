import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { erf, erfInv, fromBits, log, log1p } from "../../compiler/random/float32-math.js";
import { normal, truncatedNormal, uniform } from "../../compiler/random/sample.js";
import { key, randomBits } from "../../compiler/random/threefry.js";
import { hexBits, recorded } from "../oracle/vectors.js";

describe("samples equal jax's bit for bit", () => {
  for (const { sampler, low, high, seed, count, first, sha256 } of recorded.random.samples)
    it(`${sampler} ${low} ${high}`, () => {
      const bits = randomBits(key(seed), count);
      const draw = {
        uniform: () => uniform(bits, low!, high!),
        normal: () => normal(bits),
        truncatedNormal: () => truncatedNormal(bits, low!, high!),
      }[sampler]();
      expect(hexBits(draw.subarray(0, first.length / 8))).toBe(first);
      expect(createHash("sha256").update(new Uint8Array(draw.buffer)).digest("hex")).toBe(sha256);
    });
});

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

describe("float32 functions", () => {
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
