/**
 * Random bits to float32 samples: uniform, normal, truncated normal (spec sections 4.4 and 4.6).
 *
 * Each sampler maps the 32 bits of one element to its sample, so the samples are a pure function of the bits. Only the
 * top 23 bits count. Bit for bit what jax returns op by op on CPU.
 */
import { erf, erfInv, fromBits } from "./float32-math.js";

const { fround } = Math;

const SQRT_2 = fromBits(0x3fb504f3);
const SQRT_HALF = fromBits(0x3f3504f3);
/** The float32 after -1: erf_inv must not see -1 itself. */
const ABOVE_MINUS_ONE = fromBits(0xbf7fffff);

/** Uniform samples in [low, high), both float32. */
export function uniform(bits: Uint32Array, low: number, high: number): Float32Array {
  const [from, range] = [fround(low), fround(fround(high) - fround(low))];
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    // 23 random mantissa bits in [1, 2), minus 1; XLA fuses the multiplication and the addition that follow.
    const unit = (bits[i]! >>> 9) * 2 ** -23;
    out[i] = Math.max(from, fround(unit * range + from));
  }
  return out;
}

/** Standard normal samples. */
export function normal(bits: Uint32Array): Float32Array {
  const out = uniform(bits, ABOVE_MINUS_ONE, 1);
  for (let i = 0; i < out.length; i++) out[i] = erfInv(out[i]!) * SQRT_2;
  return out;
}

/** Standard normal samples cut to the open interval (lower, upper). */
export function truncatedNormal(bits: Uint32Array, lower: number, upper: number): Float32Array {
  const [from, to] = [fround(lower), fround(upper)];
  const out = uniform(bits, erf(fround(from * SQRT_HALF)), erf(fround(to * SQRT_HALF)));
  const [least, most] = [nextAfter(from, 1), nextAfter(to, -1)];
  for (let i = 0; i < out.length; i++)
    out[i] = Math.min(most, Math.max(least, fround(erfInv(out[i]!) * SQRT_2)));
  return out;
}

/**
 * The neighbouring float32 of x: the next larger for direction 1, the next smaller for -1.
 * 0's neighbours are subnormal, and XLA's CPU code takes subnormal numbers for 0.
 */
function nextAfter(x: number, direction: 1 | -1): number {
  if (x === 0) return 0 * direction;
  const word = new Uint32Array(Float32Array.of(x).buffer);
  word[0]! += x > 0 === direction > 0 ? 1 : -1;
  return fromBits(word[0]!);
}
