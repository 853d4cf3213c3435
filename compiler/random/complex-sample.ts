/**
 * complex64 samples, as interleaved pairs (spec sections 4.6 and 4.7): the normal distribution, and two round ones that
 * variance scaling draws from. Each splits the key in two.
 *
 * jax writes them in complex arithmetic; the imaginary halves that are always 0 are left out here, except where one
 * decides the sign of a zero.
 */
import { cos, fromBits, log, log1p, sin } from "./float32-math.js";
import { normal as realNormal, uniform } from "./sample.js";
import { type Key, randomBits, split } from "./threefry.js";

const { fround } = Math;

/** XLA divides by the square root of 2 this way. */
const SQRT_HALF = fromBits(0x3f3504f3);
const TWO_PI = fround(2 * Math.PI);
/** 1 - exp(-2^2): the share of a complex normal distribution that lies within radius 2. */
const WITHIN_TWO = fromBits(0x3f7b4fab);

/** Normal samples of variance 1, half of it in each component. */
export function complexNormal(key: Key, count: number): Float32Array {
  const [first, second] = split(key) as [Key, Key];
  const [re, im] = [realNormal(randomBits(first, count)), realNormal(randomBits(second, count))];
  const out = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    out[2 * i] = re[i]! * SQRT_HALF;
    out[2 * i + 1] = im[i]! * SQRT_HALF;
  }
  return out;
}

/** Uniform samples of the disk with variance 1. */
export function complexUniform(key: Key, count: number): Float32Array {
  return inDisk(key, count, (u) => Math.sqrt(fround(2 * u)));
}

/** Normal samples of variance 1 whose modulus is cut at 2. */
export function complexTruncatedNormal(key: Key, count: number): Float32Array {
  return inDisk(key, count, (u) => {
    const x = fround(1 - fround(WITHIN_TWO * u));
    const square = fround(x * x - 1);
    // XLA takes the logarithm of a modulus near 1 from its square less 1, which it computes with a compensated sum.
    // 0 - log, not -log: the root of -0 would be -0.
    return Math.sqrt(0 - (Math.abs(square) < 0.5 ? fround(0.5 * log1p(square)) : log(x)));
  });
}

/** Samples with a radius made from one uniform number and a uniform angle. */
function inDisk(key: Key, count: number, radius: (u: number) => number): Float32Array {
  const [first, second] = split(key) as [Key, Key];
  const out = new Float32Array(2 * count);
  const radii = uniform(randomBits(first, count), 0, 1).map(radius);
  const turns = uniform(randomBits(second, count), 0, 1);
  for (let i = 0; i < count; i++) {
    const [r, angle] = [radii[i]!, fround(TWO_PI * turns[i]!)];
    const [c, s] = [cos(angle), sin(angle)];
    out[2 * i] = r * c - 0 * s;
    out[2 * i + 1] = r * s + 0 * c;
  }
  return out;
}
