/**
 * The kernel IR: loops over flat buffers. Every backend prints this and nothing else.
 *
 * Loop extents are constants. Addresses are affine in the loop axes and integer lets, in elements of the buffer.
 * Values are f32 (scalars or vectors of lanes); a load converts the stored element to f32, a store converts back: to a
 * 16-bit float by rounding to nearest, ties to even, to an integer exactly (what is stored must be one that fits). Each arithmetic call rounds to f32 once, except `fma`, which may
 * keep the product unrounded.
 */
import type { ScalarFn } from "./scalar.js";
import type { ElementType } from "./types.js";

export type LoopMode = "serial" | "parallel" | "unroll" | "vector" | "workgroup" | "lane";

/** offset + sum(coef * of), `of` a loop axis or an integer let; terms are sorted by name, none has coef 0. */
export interface Affine {
  readonly offset: number;
  readonly terms: readonly { readonly of: string; readonly coef: number }[];
}

export type Lanes = 1 | 4;

/** Where a gate's condition is false a load yields `otherwise` and a store does nothing. */
export interface Gate {
  readonly when: Expr;
  readonly otherwise: number;
}

/** Lane k touches element at + k. `gate: null` is a promise the verifier proves. */
export interface Access {
  readonly buffer: string;
  readonly at: Affine;
  readonly lanes: Lanes;
  readonly gate: Gate | null;
}

/** On integers, with a constant `by` > 0; floor division. wrap and reflect map into [0, by). */
export type IntegerFn = "div" | "mod" | "clamp" | "wrap" | "reflect";

/** inside: 0 <= of < by. divides: of mod by = 0. */
export type TestFn = "inside" | "divides";

/** fma(a, b, c) = a*b + c with the product rounded or not, as the target does fastest. */
export type KernelFn = ScalarFn | "fma";

export type Expr =
  | { readonly kind: "lit"; readonly value: number }
  /** A scalar or vector let. */
  | { readonly kind: "var"; readonly name: string }
  /** An integer; only as the value of a let. */
  | { readonly kind: "index"; readonly at: Affine }
  /** An integer; only as the value of a let. */
  | { readonly kind: "integer"; readonly fn: IntegerFn; readonly of: Affine; readonly by: number }
  /** A truth value. */
  | { readonly kind: "test"; readonly fn: TestFn; readonly of: Affine; readonly by: number }
  | { readonly kind: "load"; readonly from: Access }
  /** A vector of equal lanes. */
  | { readonly kind: "splat"; readonly value: Expr }
  /** A vector from scalars, lane 0 first. */
  | { readonly kind: "vector"; readonly items: readonly Expr[] }
  | { readonly kind: "lane"; readonly of: Expr; readonly index: number }
  | { readonly kind: "call"; readonly fn: KernelFn; readonly args: readonly Expr[] };

export type ReduceFn = "add" | "max" | "min";

export type Stmt =
  /** axis takes the values start … start + extent - 1. */
  | {
      readonly kind: "for";
      readonly axis: string;
      readonly start: number;
      readonly extent: number;
      readonly mode: LoopMode;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: "let"; readonly name: string; readonly value: Expr }
  /** A register, private or shared buffer, alive to the end of the block; every element starts at init. */
  | { readonly kind: "alloc"; readonly buffer: Buffer; readonly init: number }
  | { readonly kind: "store"; readonly to: Access; readonly value: Expr }
  /** to = fn(to, value): the place where summation order is visible. */
  | { readonly kind: "reduce"; readonly fn: ReduceFn; readonly to: Access; readonly value: Expr }
  | { readonly kind: "if"; readonly when: Expr; readonly body: readonly Stmt[] }
  | { readonly kind: "barrier" };

export type For = Extract<Stmt, { readonly kind: "for" }>;

/**
 * register: locals of the innermost code, at constant addresses in the end. private: an array of one lane, at any address.
 * scratch: per worker. shared: per workgroup. arena: program memory.
 */
export type BufferSpace = "register" | "private" | "scratch" | "shared" | "arena";

export interface Buffer {
  readonly name: string;
  readonly element: ElementType;
  /** In elements. */
  readonly size: number;
  readonly space: BufferSpace;
}

/**
 * A buffer the caller binds. `size` counts elements from the bound address on. `constant` is read, and holds the same
 * values in every run (weights and what depends on weights only), so that it may be re-laid out once.
 */
export interface Parameter {
  readonly name: string;
  readonly element: ElementType;
  readonly size: number;
  readonly access: "read" | "constant" | "write" | "read-write";
}

/** One loop nest; the nests of a kernel run one after another. */
export interface Nest {
  readonly name: string;
  readonly body: readonly Stmt[];
}

export interface Kernel {
  readonly name: string;
  readonly params: readonly Parameter[];
  /** Intermediate buffers (arena or scratch) between the nests. */
  readonly locals: readonly Buffer[];
  readonly nests: readonly Nest[];
}

export function affine(offset: number, terms: Readonly<Record<string, number>> = {}): Affine {
  const list = Object.entries(terms)
    .filter(([, coef]) => coef !== 0)
    .map(([of, coef]) => ({ of, coef }))
    .sort((a, b) => (a.of < b.of ? -1 : a.of > b.of ? 1 : 0));
  return { offset, terms: list };
}

/** a + scale * b. */
export function addAffine(a: Affine, b: Affine, scale = 1): Affine {
  const offset = a.offset + b.offset * scale;
  const terms: Affine["terms"][number][] = [];
  // Both lists are sorted: they are merged.
  let j = 0;
  for (const term of a.terms) {
    for (; j < b.terms.length && b.terms[j]!.of < term.of; j++) pushTerm(terms, b.terms[j]!, scale);
    const same = b.terms[j];
    if (same === undefined || same.of !== term.of) terms.push(term);
    else {
      j++;
      pushTerm(terms, { of: term.of, coef: term.coef + same.coef * scale }, 1);
    }
  }
  for (; j < b.terms.length; j++) pushTerm(terms, b.terms[j]!, scale);
  return { offset, terms };
}

function pushTerm(terms: Affine["terms"][number][], term: Affine["terms"][number], scale: number): void {
  const coef = term.coef * scale;
  if (coef !== 0) terms.push(scale === 1 ? term : { of: term.of, coef });
}

/** True where every condition holds; null where there are none. */
export function allOf(conditions: readonly Expr[]): Expr | null {
  return conditions.reduce<Expr | null>(
    (a, b) => (a === null ? b : { kind: "call", fn: "and", args: [a, b] }),
    null,
  );
}

/** Coefficient of an axis or let; 0 where it does not occur. */
export function coefficient(at: Affine, of: string): number {
  for (const term of at.terms) if (term.of === of) return term.coef;
  return 0;
}

/** Replaces an axis or let by an affine expression. */
export function substituteAffine(at: Affine, of: string, by: Affine): Affine {
  const coef = coefficient(at, of);
  if (coef === 0) return at;
  const rest = { offset: at.offset, terms: without(at.terms, of) };
  return by.terms.length === 0
    ? { offset: rest.offset + by.offset * coef, terms: rest.terms }
    : addAffine(rest, by, coef);
}

const shorter = new WeakMap<Affine["terms"], Map<string, Affine["terms"]>>();

/** The same list each time it is asked for: the copies of an unrolled body share the terms of their addresses. */
function without(terms: Affine["terms"], of: string): Affine["terms"] {
  let known = shorter.get(terms);
  if (known === undefined) {
    known = new Map();
    shorter.set(terms, known);
  }
  let rest = known.get(of);
  if (rest === undefined) {
    rest = terms.filter((term) => term.of !== of);
    known.set(of, rest);
  }
  return rest;
}
