/** Keys and bits by themselves; test/oracle and test/conformance compare them with jax's. */
import { describe, expect, it } from "vitest";
import { parameterKey } from "../../compiler/random/parameter-key.js";
import { foldIn, key, randomBits, split, threefry2x32 } from "../../compiler/random/threefry.js";
import { ConfigError } from "../../runtime/error.js";

describe("threefry2x32", () => {
  // The known answers of the Random123 distribution.
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])("key %j of counter %j", ([k0, k1], [c0, c1], out) => {
    expect(threefry2x32({ k0: k0!, k1: k1! }, c0!, c1!)).toEqual(out);
  });
});

describe("keys", () => {
  it("of bigint seeds are those of the same number", () => {
    expect(key(-1n)).toEqual(key(-1));
    expect(key(2n ** 32n + 5n)).toEqual(key(5));
  });

  it("refuse seeds that are no 64-bit integers", () => {
    for (const seed of [0.5, NaN, Infinity, 2 ** 60, 2n ** 63n, "1" as unknown as number])
      expect(() => key(seed)).toThrow(ConfigError);
  });

  it("split in none, and not in less", () => {
    expect(split(key(0), 0)).toEqual([]);
    expect(() => split(key(0), -1)).toThrow(/number of keys/);
  });

  it("fold in no negative data", () => {
    expect(() => foldIn(key(0), -1)).toThrow(/0\.\.4294967295/);
  });

  it("of flax parameters collide without separators, as flax's do", () => {
    expect(parameterKey(key(0), ["A", "BC"], 1)).toEqual(parameterKey(key(0), ["ABC"], 1));
  });
});

describe("random bits", () => {
  it("of a longer array start with the shorter one's", () => {
    expect(randomBits(key(9), 100).subarray(0, 7)).toEqual(randomBits(key(9), 7));
  });
});
