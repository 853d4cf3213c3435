/**
 * The proof that different iterations of a loop write different elements.
 *
 * Two iterations of axis p differ by d = ±1 … ±(extent - 1) and write addresses whose difference is
 *   coef(p)*d + (what the axes inside the loop, smaller than coef(p), can differ by) + a multiple of the larger ones.
 * They are different where no d lets that sum be 0: neither with the larger terms equal, nor with a multiple of their
 * greatest common divisor to make up for. Names that were fixed before the loop are the same on both sides and cancel.
 * Writes of which one lies behind the other as a whole never meet either.
 */
import type { Affine } from "./kernel.js";
import { addAffine, affine, coefficient } from "./kernel.js";
import type { Fact, KnownSum, Range, Ranges } from "./range.js";
import { affineRange, knownSums, timesIn } from "./range.js";

/** One write inside the loop; `at` over axes and opaque integer lets, index lets replaced by what they stand for. */
export interface Write {
  readonly at: Affine;
  readonly lanes: number;
  readonly ranges: Ranges;
  /** What is known of sums of several axes where the write happens. */
  readonly sums?: readonly Fact[];
}

export interface RaceLoop {
  readonly axis: string;
  readonly extent: number;
  /** Names that have one value while the loop runs. */
  readonly fixed: ReadonlySet<string>;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Whether the two writes (or one and itself) never meet in different iterations of the loop. */
export function neverMeet(a: Write, b: Write, { axis, extent, fixed }: RaceLoop): boolean {
  // Gates may leave some iterations out, at each write others.
  const [of, from] = [a.ranges.get(axis), b.ranges.get(axis)];
  const most = extent - 1;
  const apart =
    of === undefined || from === undefined
      ? { min: -most, max: most }
      : { min: Math.max(-most, of.min - from.max), max: Math.min(most, of.max - from.min) };
  return neverMeetAt(a, b, axis, fixed, apart);
}

/** The same of writes in different pieces of a loop: the axis takes the values it has at each of them. */
export function neverMeetInPieces(
  a: Write,
  b: Write,
  { axis, fixed }: Pick<RaceLoop, "axis" | "fixed">,
): boolean {
  const [of, from] = [a.ranges.get(axis), b.ranges.get(axis)];
  if (of === undefined || from === undefined) return false;
  return neverMeetAt(a, b, axis, fixed, { min: of.min - from.max, max: of.max - from.min });
}

/** `apart`: by how much the axis at `a` may exceed that at `b`. */
function neverMeetAt(a: Write, b: Write, axis: string, fixed: ReadonlySet<string>, apart: Range): boolean {
  const sums = sumsOf(a, b, fixed);
  const others = sums.filter(({ of }) => coefficient(of, axis) === 0);
  if (areApart(withSums(a, others), withSums(b, others), axis, fixed, apart)) return true;
  // Where the axis is a digit of a sum, other values of it are other sums.
  const [first, second] = [withSums(a, sums), withSums(b, sums)];
  return sums.some(({ name, of: sum }) => {
    if (!hasDigit(sum, axis, a.ranges) || !hasDigit(sum, axis, b.ranges)) return false;
    const of = first.ranges.get(name);
    const from = second.ranges.get(name);
    if (of === undefined || from === undefined) return false;
    return areApart(first, second, name, fixed, { min: of.min - from.max, max: of.max - from.min });
  });
}

/** Sums of axes that something is known of at one of the writes; none of axes that are fixed, which are alike at both. */
function sumsOf(a: Write, b: Write, fixed: ReadonlySet<string>): readonly KnownSum[] {
  const known = [a, b].flatMap(({ sums, ranges }) => knownSums(sums ?? [], ranges));
  return known.filter(
    ({ name, of }, i) =>
      known.findIndex((sum) => sum.name === name) === i && !of.terms.every((term) => fixed.has(term.of)),
  );
}

/** Whether what else is in the sum cannot make up for another value of the axis. */
function hasDigit(sum: Affine, axis: string, ranges: Ranges): boolean {
  const step = Math.abs(coefficient(sum, axis));
  const rest = addAffine(sum, affine(0, { [axis]: 1 }), -coefficient(sum, axis));
  const { min, max } = affineRange(rest, ranges);
  return step > max - min;
}

function areApart(a: Write, b: Write, axis: string, fixed: ReadonlySet<string>, apart: Range): boolean {
  if ((apart.min >= 0 && apart.max <= 0) || neverHappens(a) || neverHappens(b)) return true;
  if (sameFixedTerms(a.at, b.at, fixed) && liesApart(a, b, fixed)) return true;
  const coef = coefficient(a.at, axis);
  const step = Math.abs(coef);
  if (step === 0 || coef !== coefficient(b.at, axis)) return false;
  let period = 0;
  let low = a.at.offset - b.at.offset - (b.lanes - 1);
  let high = a.at.offset - b.at.offset + (a.lanes - 1);
  const add = (from: Write, sign: 1 | -1): boolean => {
    for (const { of, coef } of from.at.terms) {
      if (of === axis || fixed.has(of)) continue;
      const range = from.ranges.get(of);
      if (range === undefined) return false;
      if (Math.abs(coef) > step && range.min < range.max) {
        period = gcd(period, Math.abs(coef));
        // The larger terms count as multiples of the period from their first value on.
        low += sign * coef * range.min;
        high += sign * coef * range.min;
        continue;
      }
      const ends = [sign * coef * range.min, sign * coef * range.max];
      low += Math.min(...ends);
      high += Math.max(...ends);
    }
    return true;
  };
  if (!sameFixedTerms(a.at, b.at, fixed) || !add(a, 1) || !add(b, -1)) return false;
  const { min, max } = coef > 0 ? apart : { min: -apart.max, max: -apart.min };
  const misses = (from: number, to: number): boolean =>
    from > to || missesMultiples(low + step * from, high + step * to, period);
  return misses(Math.max(1, min), max) && misses(min, Math.min(-1, max));
}

/** The write with each of the sums as one name, whose range may be known to be smaller than those of its axes say. */
function withSums(write: Write, sums: readonly KnownSum[]): Write {
  let { at } = write;
  const ranges = new Map(write.ranges);
  const own = knownSums(write.sums ?? [], write.ranges);
  for (const { name, of } of sums) {
    const times = timesIn(at, of);
    if (times === 0) continue;
    ranges.set(name, own.find((sum) => sum.name === name)?.range ?? affineRange(of, write.ranges));
    at = addAffine(addAffine(at, of, -times), affine(0, { [name]: times }));
  }
  return { ...write, at, ranges };
}

/** Whether all that one writes lies before or behind all that the other writes, in any iterations. */
function liesApart(a: Write, b: Write, fixed: ReadonlySet<string>): boolean {
  const [first, second] = [extentOf(a, fixed), extentOf(b, fixed)];
  return first !== null && second !== null && (first.max < second.min || second.max < first.min);
}

/** The elements a write reaches, but for what was fixed before the loop; null where that is not known. */
function extentOf({ at, lanes, ranges }: Write, fixed: ReadonlySet<string>): Range | null {
  let [min, max] = [at.offset, at.offset + lanes - 1];
  for (const { of, coef } of at.terms) {
    if (fixed.has(of)) continue;
    const range = ranges.get(of);
    if (range === undefined) return null;
    min += Math.min(coef * range.min, coef * range.max);
    max += Math.max(coef * range.min, coef * range.max);
  }
  return { min, max };
}

/** Inside a loop of no iterations. */
function neverHappens({ at, ranges }: Write): boolean {
  return at.terms.some(({ of }) => {
    const range = ranges.get(of);
    return range !== undefined && range.max < range.min;
  });
}

/** What was fixed before the loop must cancel. */
function sameFixedTerms(a: Affine, b: Affine, fixed: ReadonlySet<string>): boolean {
  const names = [...a.terms, ...b.terms].map((term) => term.of).filter((of) => fixed.has(of));
  return names.every((of) => coefficient(a, of) === coefficient(b, of));
}

/** Whether no multiple of the period lies in the interval; period 0 means only 0 counts. */
function missesMultiples(low: number, high: number, period: number): boolean {
  if (period === 0) return low > 0 || high < 0;
  return Math.ceil(low / period) > Math.floor(high / period);
}
