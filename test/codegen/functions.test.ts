/** Every primitive function on hard values: js and wasm agree bit for bit, with each other and with the definition. */
import { describe, expect, it } from "vitest";
import { roundToBf16, roundToF16 } from "../../ir/float16.js";
import type { Kernel } from "../../ir/kernel.js";
import { parseKernel } from "../../ir/parse.js";
import { type ScalarFn, scalarFns } from "../../ir/scalar.js";
import { execute, executeBoth } from "./execute.js";

const hard = [
  0,
  -0,
  1,
  -1,
  0.5,
  -1.5,
  2.5,
  3.999999761581421,
  1e-45,
  -1e-45,
  1.1754943508222875e-38,
  -1e-40,
  16777216,
  -16777217,
  2147483648,
  -3e9,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  Infinity,
  -Infinity,
  NaN,
  0.1,
  -126,
  127,
];
const { fround } = Math;

/** All pairs of hard values, as two lists. */
const left = Float32Array.from(hard.flatMap((a) => hard.map(() => a)));
const right = Float32Array.from(hard.flatMap(() => hard));
const count = left.length;

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);
function ofBits(value: number): number {
  bits[0] = value;
  return float[0]!;
}
function bitsOf(value: number): number {
  float[0] = value;
  return bits[0]!;
}
function saturated(value: number): number {
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1));
}

type Primitive = Exclude<
  ScalarFn,
  "rsqrt" | "exp" | "expm1" | "log" | "log1p" | "tanh" | "erf" | "erfc" | "and" | "or" | "not" | "select"
>;
const meaning: Readonly<Record<Primitive, (a: number, b: number) => number>> = {
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  neg: (a) => -a,
  abs: Math.abs,
  max: Math.max,
  min: Math.min,
  floor: Math.floor,
  sqrt: (a) => fround(Math.sqrt(a)),
  pow2: (a) => ofBits((saturated(a) + 127) << 23),
  mantissa: (a) => ofBits((bitsOf(a) & 0x7fffff) | 0x3f000000),
  f16: roundToF16,
  bf16: roundToBf16,
  exponent: (a) => ((bitsOf(a) >> 23) & 255) - 126,
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  eq: (a, b) => (a === b ? 1 : 0),
};

function kernelOf(expr: string, lanes: 1 | 4): Kernel {
  const at = lanes === 4 ? "4*i : 4" : "i";
  const one = lanes === 4 ? "splat(1)" : "1";
  const text = expr.replace(/\$a/g, "a").replace(/\$b/g, "b").replace(/\$one/g, one);
  return parseKernel(`kernel @k(x: f32[${count}] read, y: f32[${count}] read, z: f32[${count}] write) {
    nest main {
      serial i in ${count / lanes} {
        let a = x[${at}]
        let b = y[${at}]
        z[${at}] = ${text}
      }
    }
  }`);
}

/** js has no vectors: the vector kernel runs on wasm only. */
async function results(expr: string): Promise<readonly (readonly number[])[]> {
  const given = { x: left, y: right };
  const both = await executeBoth(kernelOf(expr, 1), given);
  const vector = await execute("wasm-simd", kernelOf(expr, 4), given);
  return [[...both.z!], [...vector.z!]];
}

describe("every primitive function", () => {
  it.each(Object.keys(meaning) as Primitive[])("%s", async (fn) => {
    const args = scalarFns[fn].arity === 1 ? "$a" : "$a, $b";
    // As text, div(a, b) is the function of integers.
    const value = fn === "div" ? "$a / $b" : `${fn}(${args})`;
    const call = scalarFns[fn].gives === "truth" ? `select(${value}, $one, $one - $one)` : value;
    const expected = [...left].map((a, i) => meaning[fn](a, right[i]!));
    for (const found of await results(call)) expect(found).toEqual(expected);
  });

  it("and, or, not, select on truth values", async () => {
    const call = "select(or(lt($a, $b) & not(eq($a, $b * $b)), le($b, $a) & eq($a, $a)), $a - $b, $b)";
    const expected = [...left].map((a, i) => {
      const b = right[i]!;
      return (a < b && !(a === fround(b * b))) || (b <= a && !Number.isNaN(a)) ? fround(a - b) : b;
    });
    for (const found of await results(call)) expect(found).toEqual(expected);
  });

  it("is covered by this file", () => {
    const primitive = (Object.keys(scalarFns) as ScalarFn[]).filter((fn) => scalarFns[fn].primitive);
    expect([...Object.keys(meaning), "and", "or", "not", "select"].sort()).toEqual(primitive.sort());
  });
});

describe("rounding", () => {
  const values = {
    x: Float32Array.of(0.1, 16777216, 1 / 3, 1e30),
    y: Float32Array.of(0.3, 1, 3, 1e30),
  };
  const text = `kernel @k(x: f32[4] read, y: f32[4] read, z: f32[4] write) {
    nest main {
      serial i in 4 {
        register acc: f32[1] = 0
        acc[0] += x[i] * y[i]
        acc[0] += x[i] * x[i]
        z[i] = sqrt(acc[0] + y[i]) - acc[0] / y[i]
      }
    }
  }`;

  it("happens after each operation on js and wasm", async () => {
    const expected = [...values.x].map((x, i) => {
      const y = values.y[i]!;
      const acc = fround(fround(x * y) + fround(x * x));
      return fround(fround(Math.sqrt(fround(acc + y))) - fround(acc / y));
    });
    expect([...(await executeBoth(text, values)).z!]).toEqual(expected);
  });

  it("happens only where js-wide stores", async () => {
    const expected = [...values.x].map((x, i) => {
      const y = values.y[i]!;
      const acc = x * y + x * x;
      return fround(Math.sqrt(acc + y) - acc / y);
    });
    expect([...(await execute("js-wide", text, values)).z!]).toEqual(expected);
  });
});
