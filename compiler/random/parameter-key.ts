/** The key flax gives each parameter it creates (spec section 4.8). */
import { sha1 } from "@noble/hashes/legacy.js";
import { foldIn, type Key } from "./threefry.js";

/**
 * The key of the `count`-th parameter (from 1) created in the scope at `path`.
 * The names and the counter are hashed without separators, flax's default (flax_fix_rng_separator False).
 */
export function parameterKey(root: Key, path: readonly string[], count: number): Key {
  const digest = sha1
    .create()
    .update(new TextEncoder().encode(path.join("")))
    .update(bigEndian(count))
    .digest();
  return foldIn(root, new DataView(digest.buffer, digest.byteOffset).getUint32(0));
}

/** As few bytes as hold the number; none for 0, as Python's to_bytes does it. */
function bigEndian(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}
