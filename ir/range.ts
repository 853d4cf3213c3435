/**
 * The interval prover: what values addresses, integer lets and conditions can take.
 *
 * All answers are conservative: a range may be too wide, `decide` may say null, `accessInRange` may say false, but
 * what is claimed holds for every assignment of the names within their ranges. A name with an empty range (max < min)
 * has no value at all, so anything holds.
 */
import { InternalError } from "./diagnostic.js";
import type { Access, Affine, Expr } from "./kernel.js";
import { addAffine, affine, coefficient } from "./kernel.js";
import { reflectIndex, wrapIndex } from "./window.js";

/** Inclusive at both ends; empty where max < min. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Of the loop axes and integer lets in scope. */
export type Ranges = ReadonlyMap<string, Range>;

/** The values of the integer lets in scope, in the order they are defined. */
export type IntegerLets = ReadonlyMap<string, Expr>;

const noLets: IntegerLets = new Map();

/** 0 <= of < by, known to hold. */
export interface Fact {
  readonly of: Affine;
  readonly by: number;
}

/** The values the axis of a loop takes. */
export function axisRange(loop: { readonly start: number; readonly extent: number }): Range {
  return { min: loop.start, max: loop.start + loop.extent - 1 };
}

function isEmpty(range: Range): boolean {
  return range.max < range.min;
}

function rangeOf(name: string, ranges: Ranges): Range {
  const range = ranges.get(name);
  if (range === undefined) throw new InternalError(`${name} has no known range`);
  return range;
}

/** Throws InternalError on a name without a range. */
export function affineRange(at: Affine, ranges: Ranges): Range {
  let min = at.offset;
  let max = at.offset;
  for (const { of, coef } of at.terms) {
    const range = rangeOf(of, ranges);
    if (isEmpty(range)) return { min: 0, max: -1 };
    min += coef * (coef > 0 ? range.min : range.max);
    max += coef * (coef > 0 ? range.max : range.min);
  }
  return { min, max };
}

type IntegerExpr = Extract<Expr, { readonly kind: "integer" }>;

/** The value of an integer function (kernel.ts says what each is). */
function integerValue(fn: IntegerExpr["fn"], value: number, by: number): number {
  switch (fn) {
    case "div":
      return Math.floor(value / by);
    case "mod":
    case "wrap":
      return wrapIndex(value, by);
    case "clamp":
      return Math.min(Math.max(value, 0), by - 1);
    case "reflect":
      return reflectIndex(value, by);
  }
  return fn satisfies never;
}

/** The range of an integer expression (`index` or `integer`); InternalError for any other. */
export function integerRange(expr: Expr, ranges: Ranges): Range {
  if (expr.kind === "index") return affineRange(expr.at, ranges);
  if (expr.kind !== "integer") throw new InternalError(`${expr.kind} is not an integer`);
  return integerImage(expr, affineRange(expr.of, ranges));
}

/** The range of an integer function whose operand has the given range. */
function integerImage({ fn, by }: IntegerExpr, { min, max }: Range): Range {
  if (max < min) return { min, max };
  const ends = [integerValue(fn, min, by), integerValue(fn, max, by)] as const;
  switch (fn) {
    case "div":
    case "clamp":
      return { min: ends[0], max: ends[1] };
    case "mod":
    case "wrap":
      if (Math.floor(min / by) === Math.floor(max / by)) return { min: ends[0], max: ends[1] };
      return { min: 0, max: by - 1 };
    case "reflect":
      if (min >= 0 && max < by) return { min, max };
      return { min: 0, max: by - 1 };
  }
  return fn satisfies never;
}

/** Whether a condition built of test, and, or, not always holds (true), never (false), or cannot be told (null). */
export function decide(when: Expr, ranges: Ranges): boolean | null {
  if (when.kind === "test")
    return when.fn === "inside" ? decideInside(when, ranges) : decideDivides(when, ranges);
  if (when.kind !== "call") return null;
  const [a, b] = when.args;
  if (when.fn === "not") {
    const inner = decide(a!, ranges);
    return inner === null ? null : !inner;
  }
  if (when.fn !== "and" && when.fn !== "or") return null;
  const settles = when.fn === "or";
  const left = decide(a!, ranges);
  if (left === settles) return settles;
  const right = decide(b!, ranges);
  if (right === settles) return settles;
  return left === null || right === null ? null : !settles;
}

function decideInside({ of, by }: Fact, ranges: Ranges): boolean | null {
  const { min, max } = affineRange(of, ranges);
  if (min >= 0 && max < by) return true;
  return max < 0 || min >= by ? false : null;
}

function decideDivides({ of, by }: Fact, ranges: Ranges): boolean | null {
  // Terms whose coefficient `by` divides never change the answer; the others move in steps of their gcd with it.
  const rest = affine(of.offset, Object.fromEntries(of.terms.map((term) => [term.of, term.coef % by])));
  const { min, max } = affineRange(rest, ranges);
  if (min === max) return min % by === 0;
  const step = rest.terms.reduce((divisor, term) => gcd(divisor, Math.abs(term.coef)), by);
  return of.offset % step === 0 ? null : false;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** What `inside` tests promise where the condition holds: those of its conjunction, none of an `or` or `not`. */
export function facts(when: Expr): readonly Fact[] {
  if (when.kind === "test") return when.fn === "inside" ? [{ of: when.of, by: when.by }] : [];
  if (when.kind === "call" && when.fn === "and") return when.args.flatMap(facts);
  return [];
}

/** The ranges where the facts hold: of each name in coef*name + rest in [0, by), as far as the range of the rest says. */
export function narrow(ranges: Ranges, known: readonly Fact[]): Ranges {
  const out = new Map(ranges);
  for (const { of, by } of known)
    for (const { of: name, coef } of of.terms) {
      const range = rangeOf(name, out);
      const rest = affineRange(addAffine(of, affine(0, { [name]: 1 }), -coef), out);
      const ends = [-rest.max / coef, (by - 1 - rest.min) / coef] as const;
      out.set(
        name,
        intersect(range, { min: Math.ceil(Math.min(...ends)), max: Math.floor(Math.max(...ends)) }),
      );
    }
  return out;
}

function intersect(a: Range, b: Range): Range {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
}

/**
 * The range of an address where the facts hold. A fact about a let narrows the lets made of it too, so that
 * `x[j] when (inside(i, 55))` with `let j = div(i, 2)` is known to read below 28.
 */
export function addressRange(
  at: Affine,
  ranges: Ranges,
  known: readonly Fact[],
  lets: IntegerLets = noLets,
): Range {
  if (known.length === 0) return affineRange(at, ranges);
  const narrowed = new Map(narrow(ranges, known));
  for (const [name, value] of lets) {
    const again =
      value.kind === "integer"
        ? integerImage(value, sumRange(value.of, narrowed, known))
        : integerRange(value, narrowed);
    narrowed.set(name, intersect(rangeOf(name, narrowed), again));
  }
  return sumRange(at, narrowed, known);
}

/** A sum of several names that the address holds a whole multiple of becomes one name with the range it is known to have. */
function sumRange(at: Affine, ranges: Ranges, known: readonly Fact[]): Range {
  const extended = new Map(ranges);
  let rest = at;
  for (const { name, of, range } of knownSums(known, ranges)) {
    const times = timesIn(rest, of);
    if (times === 0) continue;
    extended.set(name, range);
    rest = addAffine(addAffine(rest, of, -times), affine(0, { [name]: times }));
  }
  return affineRange(rest, extended);
}

/**
 * A sum of several names, its coefficients without a common divisor and the first of them positive, with all that some
 * facts say of it.
 */
export interface KnownSum {
  readonly name: string;
  readonly of: Affine;
  readonly range: Range;
}

/** The sums that facts are about; those of most names, which say most, first. */
export function knownSums(known: readonly Fact[], ranges: Ranges): readonly KnownSum[] {
  const sums = new Map<string, KnownSum>();
  for (const fact of known) {
    if (fact.of.terms.length < 2) continue;
    const divisor = fact.of.terms.reduce((divisor, { coef }) => gcd(divisor, Math.abs(coef)), 0);
    const step = divisor * Math.sign(fact.of.terms[0]!.coef);
    const of = { offset: 0, terms: fact.of.terms.map((term) => ({ of: term.of, coef: term.coef / step })) };
    const name = `?${of.terms.map((term) => `${term.coef}*${term.of}`).join("+")}`;
    const ends = [-fact.of.offset / step, (fact.by - 1 - fact.of.offset) / step] as const;
    const range = intersect(sums.get(name)?.range ?? affineRange(of, ranges), {
      min: Math.ceil(Math.min(...ends)),
      max: Math.floor(Math.max(...ends)),
    });
    sums.set(name, { name, of, range });
  }
  return [...sums.values()].sort((a, b) => b.of.terms.length - a.of.terms.length);
}

/** How often an address holds a whole sum; 0 where it does not. */
export function timesIn(at: Affine, { terms }: Affine): number {
  const times = coefficient(at, terms[0]!.of) / terms[0]!.coef;
  return terms.every((term) => coefficient(at, term.of) === times * term.coef) ? times : 0;
}

/**
 * Whether every element the access touches lies in a buffer of `size` elements. A gate counts only as far as `inside`
 * tests narrow the address; `known` are facts that hold besides (from enclosing ifs), `lets` what lets are made of.
 */
export function accessInRange(
  access: Access,
  size: number,
  ranges: Ranges,
  known: readonly Fact[] = [],
  lets: IntegerLets = noLets,
): boolean {
  const all = access.gate === null ? known : [...known, ...facts(access.gate.when)];
  const { min, max } = addressRange(access.at, ranges, all, lets);
  return max < min || (min >= 0 && max + access.lanes - 1 < size);
}
