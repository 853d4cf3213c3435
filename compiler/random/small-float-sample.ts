/**
 * Samples of the 16-bit float types (spec sections 4.4 and 4.6).
 *
 * A float16 has 10 random bits and a bfloat16 7, so every sample there is fits a table of 1024 or 128, and drawing is
 * looking up. The tables are made op by op: each operation computes in float32 and rounds to the type.
 */
import {
  bfloat16,
  float16,
  type SmallFloat,
  smallFloatBits,
  smallFloatValues,
} from "../../runtime/small-float.js";
import { erf, erfInv, fromBits } from "./float32-math.js";

const { fround } = Math;

/** A 16-bit type and which of an element's random bits it uses. */
export interface SmallFormat {
  readonly float: SmallFloat;
  /** Random bits of a sample, 2^`randomBits` samples. */
  readonly randomBits: number;
  /** Low bits that are dropped: jax draws 16 bits for a float16 and 8 for a bfloat16. */
  readonly dropped: number;
  /** What XLA multiplies by in place of dividing by the square root of 2. */
  readonly sqrtHalf: number;
  /** Whether a Python number becomes a float32 on its way to the type. */
  readonly viaFloat32: boolean;
}

export const smallFormats: Readonly<Record<"float16" | "bfloat16", SmallFormat>> = {
  float16: {
    float: float16,
    randomBits: 10,
    dropped: 6,
    sqrtHalf: 0.70703125,
    viaFloat32: false,
  },
  bfloat16: {
    float: bfloat16,
    randomBits: 7,
    dropped: 1,
    sqrtHalf: fromBits(0x3f3509e7),
    viaFloat32: true,
  },
};

/** A number as jax converts it to the type. */
export function smallConstant({ float, viaFloat32 }: SmallFormat, x: number): number {
  return smallFloatValues(smallFloatBits([viaFloat32 ? fround(x) : x], float), float)[0]!;
}

/** Results of a float32 operation, rounded to the type. */
export function roundedTo({ float }: SmallFormat, values: Float32Array): Float32Array {
  return smallFloatValues(smallFloatBits(values, float), float);
}

/** The result of a float32 operation on one number. */
export function roundedResult(format: SmallFormat, x: number): number {
  return roundedTo(format, Float32Array.of(x))[0]!;
}

/** Every uniform sample in [low, high), by draw. */
export function smallUniforms(format: SmallFormat, low: number, high: number): Float32Array {
  const range = roundedResult(format, high - low);
  const unit = Float32Array.from(
    { length: 2 ** format.randomBits },
    (_, draw) => draw * 2 ** -format.randomBits,
  );
  const scaled = roundedTo(
    format,
    unit.map((x) => x * range),
  );
  return roundedTo(
    format,
    scaled.map((x) => x + low),
  ).map((x) => Math.max(low, x));
}

/** Every standard normal sample, by draw. */
export function smallNormals(format: SmallFormat): Float32Array {
  return normalAt(format, smallUniforms(format, 2 ** -format.float.precision - 1, 1));
}

/** Every standard normal sample cut to the open interval (lower, upper), by draw. */
export function smallTruncatedNormals(format: SmallFormat, lower: number, upper: number): Float32Array {
  const [from, to] = [smallConstant(format, lower), smallConstant(format, upper)];
  const edge = (x: number): number => roundedResult(format, erf(roundedResult(format, x * format.sqrtHalf)));
  const samples = normalAt(format, smallUniforms(format, edge(from), edge(to)));
  const [least, most] = [nextAfter(format, from, 1), nextAfter(format, to, -1)];
  return samples.map((x) => Math.min(most, Math.max(least, x)));
}

/** sqrt(2) erf_inv(u). */
function normalAt(format: SmallFormat, u: Float32Array): Float32Array {
  const root = smallConstant(format, Math.SQRT2);
  return roundedTo(
    format,
    roundedTo(format, u.map(erfInv)).map((x) => x * root),
  );
}

/** The neighbour of x; a bfloat16 next to 0 is a subnormal float32, which XLA's CPU code takes for 0. */
function nextAfter({ float }: SmallFormat, x: number, direction: 1 | -1): number {
  const least = 2 ** (float.lowest - float.precision + 1);
  if (x === 0) return direction * (least < 2 ** -126 ? 0 : least);
  const bits = smallFloatBits([x], float)[0]! + (x > 0 === direction > 0 ? 1 : -1);
  return smallFloatValues([bits], float)[0]!;
}

/** The sample of each element: its entry of a table of bit patterns. */
export function drawSmall(format: SmallFormat, table: Uint16Array, bits: Uint32Array): Uint16Array {
  const { dropped } = format;
  const mask = table.length - 1;
  const out = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = table[(bits[i]! >>> dropped) & mask]!;
  return out;
}
