/**
 * jax's counter-based random numbers: keys, and the 32 random bits of every element of a shape (spec sections 4.1-4.3).
 *
 * Bits depend only on the key and the element's row-major index (jax_threefry_partitionable, jax's default), so a longer
 * array starts with the shorter one's numbers.
 */
import { ConfigError } from "../../runtime/error.js";

/** A jax PRNG key: two unsigned 32-bit words. Immutable; make one with {@link key}, more with {@link split}. */
export interface Key {
  readonly k0: number;
  readonly k1: number;
}

const PARITY = 0x1bd11bda;
const TWO_32 = 2 ** 32;

/**
 * Writes the 20-round threefry2x32 block of the counter (c0, c1) to out[0] and out[1].
 * An out parameter rather than a pair: this runs once for every random number there is.
 */
function threefryInto(k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void {
  const k2 = k0 ^ k1 ^ PARITY;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 1) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 2) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k0) | 0;
  x1 = (x1 + k1 + 3) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 4) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 5) | 0;

  out[0] = x0;
  out[1] = x1;
}

/** One threefry2x32 block: the two output words for counter (c0, c1). */
export function threefry2x32(key: Key, c0: number, c1: number): readonly [number, number] {
  const out = new Uint32Array(2);
  threefryInto(key.k0 | 0, key.k1 | 0, c0 | 0, c1 | 0, out);
  return [out[0]!, out[1]!];
}

/**
 * The root key of a seed, `jax.random.key(seed)` with x64 off: only the seed's low 32 bits count, -1 is 0xFFFFFFFF.
 * Throws ConfigError `bad-seed` unless the seed is an integer of at most 64 bits.
 *
 * @example
 * const variables = new Conv({ features: 8, kernelSize: [3, 3] }).init(key(0), [1, 28, 28, 3]);
 */
export function key(seed: number | bigint): Key {
  if (typeof seed === "bigint" ? BigInt.asIntN(64, seed) !== seed : !Number.isSafeInteger(seed))
    throw new ConfigError("bad-seed", `seed: expected an integer of at most 64 bits, got ${String(seed)}`);
  return { k0: 0, k1: Number(BigInt.asUintN(32, BigInt(seed))) };
}

/**
 * A new key from a key and an unsigned 32-bit number, `jax.random.fold_in`. Throws ConfigError `bad-fold-data`.
 *
 * @example
 * const layerKey = foldIn(key(0), 4);
 */
export function foldIn(key: Key, data: number): Key {
  if (!Number.isInteger(data) || data < 0 || data >= TWO_32)
    throw new ConfigError("bad-fold-data", `foldIn: expected an integer in 0..4294967295, got ${data}`);
  return blockKey(key, data);
}

/**
 * `count` independent keys, `jax.random.split`. Throws ConfigError `bad-split-count`.
 *
 * @example
 * const [weights, noise] = split(key(0));
 */
export function split(key: Key, count = 2): Key[] {
  if (!Number.isInteger(count) || count < 0 || count >= TWO_32)
    throw new ConfigError("bad-split-count", `split: expected a number of keys, got ${count}`);
  return Array.from({ length: count }, (_, i) => blockKey(key, i));
}

function blockKey(key: Key, index: number): Key {
  const [k0, k1] = threefry2x32(key, 0, index);
  return { k0, k1 };
}

/** 32 random bits for each of `count` elements, in row-major order (`jax.random.bits`). */
export function randomBits(key: Key, count: number): Uint32Array {
  const bits = new Uint32Array(count);
  const block = new Uint32Array(2);
  const [k0, k1] = [key.k0 | 0, key.k1 | 0];
  for (let i = 0; i < count; i++) {
    threefryInto(k0, k1, (i / TWO_32) | 0, i | 0, block);
    bits[i] = block[0]! ^ block[1]!;
  }
  return bits;
}
