/** Gives buffers byte offsets in one memory, so that buffers never alive together may share space. */
import type { Region } from "../ir/program.js";

export interface Lifetime {
  readonly bytes: number;
  /** First and last moment the contents matter, both included. */
  readonly from: number;
  readonly to: number;
}

/** Vectors start on a cache line. */
const alignment = 64;

export function alignUp(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

interface Placed extends Lifetime {
  readonly offset: number;
}

/**
 * Places every buffer; `fixed` ones come first, in order and one after another, whatever their lifetimes, so that
 * programs for different targets agree on them. The others take the lowest gap, the largest first.
 */
export function assignOffsets<K>(
  fixed: readonly (readonly [K, Lifetime])[],
  others: readonly (readonly [K, Lifetime])[],
): { readonly offsets: ReadonlyMap<K, number>; readonly bytes: number } {
  const placed: Placed[] = [];
  const offsets = new Map<K, number>();
  let end = 0;
  const put = (key: K, lifetime: Lifetime, offset: number): void => {
    offsets.set(key, offset);
    placed.push({ ...lifetime, offset });
    end = Math.max(end, offset + lifetime.bytes);
  };
  let next = 0;
  for (const [key, lifetime] of fixed) {
    put(key, lifetime, next);
    next = alignUp(next + lifetime.bytes);
  }
  const bySize = [...others].sort((a, b) => b[1].bytes - a[1].bytes);
  for (const [key, lifetime] of bySize) put(key, lifetime, lowestGap(placed, lifetime));
  return { offsets, bytes: end };
}

function lowestGap(placed: readonly Placed[], wanted: Lifetime): number {
  const together = placed
    .filter((other) => other.from <= wanted.to && wanted.from <= other.to)
    .sort((a, b) => a.offset - b.offset);
  let at = 0;
  for (const other of together) {
    if (at + wanted.bytes <= other.offset) break;
    at = Math.max(at, alignUp(other.offset + other.bytes));
  }
  return at;
}

/** A buffer of its own begins where bindings may. */
const regionAlignment = 256;

/**
 * Places every buffer in a region, for memories that are many buffers: fixed ones in one of their own each, the others,
 * the largest first, in the first that is large enough and free all their life.
 */
export function assignRegions<K>(
  fixed: readonly (readonly [K, Lifetime])[],
  others: readonly (readonly [K, Lifetime])[],
): { readonly offsets: ReadonlyMap<K, number>; readonly bytes: number; readonly regions: readonly Region[] } {
  const regions: { readonly offset: number; readonly bytes: number; readonly lives: Lifetime[] }[] = [];
  const offsets = new Map<K, number>();
  let end = 0;
  const open = (key: K, lifetime: Lifetime): void => {
    offsets.set(key, end);
    regions.push({ offset: end, bytes: lifetime.bytes, lives: [lifetime] });
    end += Math.max(1, Math.ceil(lifetime.bytes / regionAlignment)) * regionAlignment;
  };
  for (const [key, lifetime] of fixed) open(key, lifetime);
  const meets = (a: Lifetime, b: Lifetime): boolean => a.from <= b.to && b.from <= a.to;
  for (const [key, lifetime] of [...others].sort((a, b) => b[1].bytes - a[1].bytes)) {
    const home = regions.find(
      ({ bytes, lives }) => bytes >= lifetime.bytes && !lives.some((other) => meets(other, lifetime)),
    );
    if (home === undefined) {
      open(key, lifetime);
      continue;
    }
    offsets.set(key, home.offset);
    home.lives.push(lifetime);
  }
  return { offsets, bytes: end, regions: regions.map(({ offset, bytes }) => ({ offset, bytes })) };
}
