/** 16-bit floats on js and wasm: every pattern is read right, every number is rounded to its nearest, alone and in vectors. */
import { describe, expect, it } from "vitest";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, roundToBf16, roundToF16 } from "../../ir/float16.js";
import { parseKernel } from "../../ir/parse.js";
import type { TargetName } from "../../ir/target.js";
import { random } from "../support/random.js";
import { execute } from "./execute.js";

const ways = [
  ["js", 1],
  ["js-wide", 1],
  ["wasm-simd", 1],
  ["wasm-simd", 4],
] as const satisfies readonly (readonly [TargetName, 1 | 4])[];

const formats = {
  f16: { decode: f16ToF32, encode: f32ToF16, round: roundToF16, fraction: 10 },
  bf16: { decode: bf16ToF32, encode: f32ToBf16, round: roundToBf16, fraction: 7 },
} as const;
type Format = keyof typeof formats;

const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** Every number of the format, the ties between neighbours, what lies just beside them, and any bits at all. */
function numbersFor(format: Format): Float32Array {
  const { decode, fraction } = formats[format];
  const bits: number[] = [];
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (const pattern of patterns) {
    float[0] = decode(pattern);
    const half = 1 << (22 - fraction);
    for (const beside of [0, half - 1, half, half + 1]) bits.push((word[0]! + beside) >>> 0);
  }
  // Ties of the subnormal numbers of f16, which keep fewer bits.
  for (let k = 0; k < 1024; k++)
    for (const part of [0.5, 0.5 - 2 ** -13, 0.5 + 2 ** -13, 0.25]) {
      float[0] = (k + part) * 2 ** -24;
      bits.push(word[0]!, word[0]! | 0x80000000);
    }
  const r = random(7);
  while (bits.length % 4 !== 0 || bits.length < 300_000) bits.push(r.int(0, 2 ** 32 - 1));
  return new Float32Array(Uint32Array.from(bits).buffer);
}

function kernel(from: string, to: string, value: string, count: number, lanes: 1 | 4) {
  const at = lanes === 4 ? "4*i : 4" : "i";
  return parseKernel(`kernel @k(x: ${from}[${count}] read, y: ${to}[${count}] write) {
    nest main {
      serial i in ${count / lanes} {
        y[${at}] = ${value.replace("$x", `x[${at}]`)}
      }
    }
  }`);
}

/** The first element that is not as expected; NaN is one value. */
function firstWrong(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  x: ArrayLike<number>,
): string | null {
  for (let i = 0; i < expected.length; i++)
    if (!Object.is(found[i], expected[i])) return `of ${x[i]}: ${found[i]}, not ${expected[i]}`;
  return null;
}

describe.each(Object.keys(formats) as Format[])("%s", (format) => {
  const { decode, encode, round } = formats[format];
  const numbers = numbersFor(format);

  it.each(ways)("is read, all 65,536 patterns, on %s, %i at a time", async (target, lanes) => {
    const { y } = await execute(target, kernel(format, "f32", "$x", patterns.length, lanes), { x: patterns });
    expect(firstWrong(y!, Float32Array.from(patterns, decode), patterns)).toBeNull();
  });

  it.each(ways)("is written, rounded to nearest even, on %s, %i at a time", async (target, lanes) => {
    const { y } = await execute(target, kernel("f32", format, "$x", numbers.length, lanes), { x: numbers });
    expect(firstWrong(y!, Uint16Array.from(numbers, encode), numbers)).toBeNull();
  });

  it.each(ways)("is what its function rounds to, on %s, %i at a time", async (target, lanes) => {
    const text = kernel("f32", "f32", `${format}($x)`, numbers.length, lanes);
    const { y } = await execute(target, text, { x: numbers });
    expect(firstWrong(y!, Float32Array.from(numbers, round), numbers)).toBeNull();
  });

  it.each(ways)("is read and written in one expression, on %s, %i at a time", async (target, lanes) => {
    const one = lanes === 4 ? "splat(1)" : "1";
    const text = kernel(
      format,
      format,
      `${format}(${format}($x + ${one}) * $x)`.replace("* $x", `* x[${lanes === 4 ? "4*i : 4" : "i"}]`),
      patterns.length,
      lanes,
    );
    const { y } = await execute(target, text, { x: patterns });
    const expected = Uint16Array.from(patterns, (bits) => {
      const x = decode(bits);
      return encode(round(round(x + 1) * x));
    });
    expect(firstWrong(y!, expected, patterns)).toBeNull();
  });
});

it("reduces into 16-bit memory by rounding each time", async () => {
  for (const target of ["js", "wasm-simd"] as const) {
    const text = parseKernel(`kernel @k(x: f32[8] read, y: bf16[1] read-write) {
      nest main {
        serial i in 8 {
          y[0] += x[i]
        }
      }
    }`);
    const x = Float32Array.from({ length: 8 }, (_, i) => 1 + i / 64);
    const { y } = await execute(target, text, { x, y: Uint16Array.of(0) });
    expect(y![0]).toBe(x.reduce((sum, value) => f32ToBf16(bf16ToF32(sum) + value), 0));
  }
});
