/** Every expansion against a float64 reference, over all exponents and in every way of rounding. */
import { describe, expect, it } from "vitest";
import { expandFn, expandScalar } from "../../ir/expand.js";
import type { Scalar, ScalarFn } from "../../ir/scalar.js";
import { arg, call, lit, scalarFns } from "../../ir/scalar.js";
import { random } from "../support/random.js";
import type { Rounding } from "../support/scalar-js.js";
import { scalarToFunction } from "../support/scalar-js.js";

/** The all-positive series e^(-x²)·Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!: no cancellation. */
function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return x === 0 ? x : (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Laplace's continued fraction from 2 on. */
function erfc(x: number): number {
  if (!(x > 2)) return 1 - erf(x);
  if (x > 30) return 0;
  let fraction = x;
  for (let n = 120; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const references: ReadonlyMap<ScalarFn, (x: number) => number> = new Map([
  ["rsqrt", (x) => 1 / Math.sqrt(x)],
  ["exp", Math.exp],
  ["expm1", Math.expm1],
  ["log", Math.log],
  ["log1p", Math.log1p],
  ["tanh", Math.tanh],
  ["erf", erf],
  ["erfc", erfc],
]);

/** Distance in units of the last f32 place of the truth; overflow counts as 2^128. */
function ulps(got: number, truth: number): number {
  if (Number.isNaN(truth) || Number.isNaN(got)) return Object.is(got, truth) ? 0 : Number.POSITIVE_INFINITY;
  if (got === truth) return 0;
  const top = 2 ** 128;
  const [a, b] = [got, truth].map((v) => Math.max(Math.min(v, top), -top)) as [number, number];
  if (b === 0) return Math.abs(a) / 2 ** -149;
  const exponent = Math.min(Math.max(Math.floor(Math.log2(Math.abs(b))), -126), 127);
  return Math.abs(a - b) / 2 ** (exponent - 23);
}

const specials = [
  ...[
    0,
    1,
    0.5,
    2,
    0.25,
    0.35,
    0.4142135,
    0.4375,
    0.625,
    Math.SQRT1_2,
    Math.SQRT2,
    4,
    9.01,
    10.05,
    10.5,
    17.33,
    87.34,
  ],
  ...[88.72, 88.73, 89, 103.9, 104, 2 ** -149, 2 ** -127, 2 ** -126, 2 ** -120, 2 ** -24, 2 ** -23, 2 ** 24],
  ...[3.4028234663852886e38, Number.POSITIVE_INFINITY],
].flatMap((x) => [Math.fround(x), -Math.fround(x)]);

/** Where the interesting part of each function lies, besides all floats. */
const samples = (seed: number, count: number): Float64Array => {
  const source = random(seed);
  return Float64Array.from({ length: count }, (_, i) =>
    Math.fround(
      i % 4 === 0
        ? source.anyFloat()
        : i % 4 === 1
          ? (source.unit() - 0.5) * 2.2
          : i % 4 === 2
            ? (source.unit() - 0.5) * 24
            : (source.unit() - 0.5) * 210,
    ),
  );
};

const counts: Readonly<Record<Rounding, number>> = {
  exact: 200_000,
  wide: 50_000,
  "wide-bits": 50_000,
  fused: 50_000,
};

function primitiveOnly(scalar: Scalar): boolean {
  return scalar.kind !== "call" || (scalarFns[scalar.fn].primitive && scalar.args.every(primitiveOnly));
}

/** What each function gives, exactly, at -0, +0, -inf, +inf; NaN gives NaN. */
const limits: ReadonlyMap<ScalarFn, readonly [number, number, number, number]> = new Map([
  ["rsqrt", [-Infinity, Infinity, NaN, 0]],
  ["exp", [1, 1, 0, Infinity]],
  ["expm1", [-0, 0, -1, Infinity]],
  ["log", [-Infinity, -Infinity, NaN, Infinity]],
  ["log1p", [-0, 0, NaN, Infinity]],
  ["tanh", [-0, 0, -1, 1]],
  ["erf", [-0, 0, -1, 1]],
  ["erfc", [1, 1, 2, 0]],
]);

describe("expansions", () => {
  for (const [fn, reference] of references) {
    for (const rounding of ["exact", "wide", "wide-bits", "fused"] as const) {
      it(`${fn} is within 2 ulp (${rounding})`, () => {
        const f = scalarToFunction(expandFn(fn, [arg(0)]), rounding);
        let worst = 0;
        let at = 0;
        for (const x of [...specials, ...samples(7, counts[rounding])]) {
          const error = ulps(f(x), reference(x));
          if (error > worst) [worst, at] = [error, x];
        }
        expect(worst, `at ${at}: ${f(at)}, should be ${reference(at)}`).toBeLessThanOrEqual(2);
      });
    }
  }

  it("covers every function that is not primitive", () => {
    const derived = (Object.keys(scalarFns) as ScalarFn[]).filter((fn) => !scalarFns[fn].primitive);
    expect([...references.keys()].sort()).toEqual(derived.sort());
    for (const fn of derived) expect(primitiveOnly(expandFn(fn, [arg(0)]))).toBe(true);
  });

  for (const [fn, values] of limits) {
    for (const rounding of ["exact", "wide", "wide-bits", "fused"] as const) {
      it(`${fn} at zeros, infinities and NaN (${rounding})`, () => {
        const f = scalarToFunction(expandFn(fn, [arg(0)]), rounding);
        expect([-0, 0, -Infinity, Infinity].map(f)).toEqual(values);
        expect(f(Number.NaN)).toBeNaN();
      });
    }
  }

  it("log and log1p are NaN below their domain and -inf at its edge", () => {
    const log = scalarToFunction(expandFn("log", [arg(0)]), "exact");
    const log1p = scalarToFunction(expandFn("log1p", [arg(0)]), "exact");
    expect([log(-1e-45), log(-3), log1p(-1.0000001), log1p(-3)]).toEqual([NaN, NaN, NaN, NaN]);
    expect(log1p(-1)).toBe(-Infinity);
  });

  it("every subnormal power of two has the right logarithm", () => {
    const log = scalarToFunction(expandFn("log", [arg(0)]), "exact");
    for (let n = -149; n < -120; n++) expect(ulps(log(2 ** n), n * Math.LN2)).toBeLessThan(1);
  });

  it("small arguments of odd functions come back as they are", () => {
    for (const fn of ["tanh", "expm1", "log1p"] as const) {
      const f = scalarToFunction(expandFn(fn, [arg(0)]), "exact");
      for (const x of [2 ** -149, -(2 ** -149), 3 * 2 ** -130, -(2 ** -60)]) expect(f(x)).toBe(x);
    }
  });

  it("keeps shared sub-trees shared and primitive trees themselves", () => {
    const plain = call("add", call("mul", arg("lhs"), lit(2)), lit(1));
    expect(expandScalar(plain)).toBe(plain);
    const shared = call("exp", arg(0));
    const out = expandScalar(call("add", shared, shared));
    expect(out.kind === "call" && out.args[0] === out.args[1]).toBe(true);
    expect(primitiveOnly(expandScalar(call("log1p", call("exp", arg(0)))))).toBe(true);
  });

  it("refuses a wrong number of arguments", () => {
    expect(() => expandFn("exp", [])).toThrow("exp takes 1 arguments, not 0");
    expect(() => expandFn("add", [arg(0)])).toThrow("add takes 2 arguments, not 1");
  });
});
