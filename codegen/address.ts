/**
 * Addresses: the part of an affine index that is not constant, found once per block so that an emitter can compute
 * each where its innermost name is defined, from the sum it has of the outer names.
 */
import type { Access, Affine, Expr, Stmt } from "../ir/kernel.js";

export type Terms = Affine["terms"];

/** Smallest and largest value of a loop axis or integer let. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export type Ranges = ReadonlyMap<string, Range>;

/** The non-constant part of where an access of `buffer` goes. */
export interface Base {
  readonly buffer: string;
  readonly terms: Terms;
}

export function termsKey(terms: Terms): string {
  return terms.map(({ of, coef }) => `${coef}*${of}`).join("+");
}

/** Every distinct (buffer, terms) of the accesses in a block and the blocks inside it, in order of first use. */
export function basesIn(body: readonly Stmt[]): readonly Base[] {
  const found = new Map<string, Base>();
  for (const access of accessesIn(body)) {
    if (access.at.terms.length === 0) continue;
    const key = `${access.buffer}|${termsKey(access.at.terms)}`;
    if (!found.has(key)) found.set(key, { buffer: access.buffer, terms: access.at.terms });
  }
  return [...found.values()];
}

/** Every access of a block and the blocks inside it. */
export function* accessesIn(body: readonly Stmt[]): Generator<Access> {
  for (const stmt of body) {
    switch (stmt.kind) {
      case "for":
        yield* accessesIn(stmt.body);
        break;
      case "if":
        yield* accessesOf(stmt.when);
        yield* accessesIn(stmt.body);
        break;
      case "let":
        yield* accessesOf(stmt.value);
        break;
      case "store":
      case "reduce":
        yield* accessAndGate(stmt.to);
        yield* accessesOf(stmt.value);
        break;
      case "alloc":
      case "barrier":
        break;
      default:
        stmt satisfies never;
    }
  }
}

function* accessAndGate(access: Access): Generator<Access> {
  if (access.gate !== null) yield* accessesOf(access.gate.when);
  yield access;
}

function* accessesOf(expr: Expr): Generator<Access> {
  switch (expr.kind) {
    case "lit":
    case "var":
    case "index":
    case "integer":
    case "test":
      break;
    case "load":
      yield* accessAndGate(expr.from);
      break;
    case "splat":
      yield* accessesOf(expr.value);
      break;
    case "vector":
      for (const item of expr.items) yield* accessesOf(item);
      break;
    case "lane":
      yield* accessesOf(expr.of);
      break;
    case "call":
      for (const arg of expr.args) yield* accessesOf(arg);
      break;
    default:
      expr satisfies never;
  }
}

/** The values an affine expression may take; unbounded where a name is unknown. */
export function rangeOf(at: Affine, ranges: Ranges): Range {
  let low = at.offset;
  let high = at.offset;
  for (const { of, coef } of at.terms) {
    const range = ranges.get(of) ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    low += coef * (coef > 0 ? range.low : range.high);
    high += coef * (coef > 0 ? range.high : range.low);
  }
  return { low, high };
}

/** The values an integer let may take. */
export function integerRange(value: Extract<Expr, { kind: "index" | "integer" }>, ranges: Ranges): Range {
  if (value.kind === "index") return rangeOf(value.at, ranges);
  if (value.fn !== "div") return { low: 0, high: value.by - 1 };
  const { low, high } = rangeOf(value.of, ranges);
  return { low: Math.floor(low / value.by), high: Math.floor(high / value.by) };
}
