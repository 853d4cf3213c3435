/**
 * The scalar language: what a `map` computes per element and what a `conv` does to its operands and result.
 *
 * One table lists every function. Values are f32; a comparison yields a truth value that only `and`, `or`, `not`
 * and the first operand of `select` may take. Each arithmetic call rounds its result to f32 once.
 */
import { InternalError } from "./diagnostic.js";
import type { FloatElement } from "./types.js";

export type ScalarFn =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "neg"
  | "abs"
  | "max"
  | "min"
  | "floor"
  | "f16"
  | "bf16"
  | "sqrt"
  | "pow2"
  | "mantissa"
  | "exponent"
  | "rsqrt"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "tanh"
  | "erf"
  | "erfc"
  | "lt"
  | "le"
  | "eq"
  | "and"
  | "or"
  | "not"
  | "select";

export type ScalarArg = "lhs" | "rhs" | "acc" | number;

/** Trees may share sub-trees by identity; they are then evaluated once. */
export type Scalar =
  | { readonly kind: "lit"; readonly value: number }
  | { readonly kind: "arg"; readonly of: ScalarArg }
  | { readonly kind: "call"; readonly fn: ScalarFn; readonly args: readonly Scalar[] };

export interface ScalarFnInfo {
  readonly arity: 1 | 2 | 3;
  /** What the arguments are: numbers, truth values, or (select) one truth value then numbers. */
  readonly takes: "number" | "truth" | "select";
  readonly gives: "number" | "truth";
  /** How the text spells it, where it is an operator; otherwise `name(args)`. */
  readonly operator: "+" | "-" | "*" | "/" | "&" | null;
  /** True where one IEEE operation computes it; the others are expanded into those (`expandScalar`). */
  readonly primitive: boolean;
}

const number1 = { arity: 1, takes: "number", gives: "number", operator: null, primitive: true } as const;
const number2 = { ...number1, arity: 2 } as const;
const compare = { ...number2, gives: "truth" } as const;
const derived = { ...number1, primitive: false } as const;

/**
 * `f16(x)` and `bf16(x)` are x rounded to f32, then to the nearest number of that type, ties to even, beyond the largest
 * to infinity. `pow2(n)` is exactly 2ⁿ for an integral n in [-126, 127]. `exponent(x)` is the integral e and `mantissa(x)` the m
 * in [0.5, 1) with x = m·2ᵉ, for a positive normal x.
 */
export const scalarFns: Readonly<Record<ScalarFn, ScalarFnInfo>> = {
  add: { ...number2, operator: "+" },
  sub: { ...number2, operator: "-" },
  mul: { ...number2, operator: "*" },
  div: { ...number2, operator: "/" },
  neg: number1,
  abs: number1,
  max: number2,
  min: number2,
  floor: number1,
  f16: number1,
  bf16: number1,
  sqrt: number1,
  pow2: number1,
  mantissa: number1,
  exponent: number1,
  rsqrt: derived,
  exp: derived,
  expm1: derived,
  log: derived,
  log1p: derived,
  tanh: derived,
  erf: derived,
  erfc: derived,
  lt: compare,
  le: compare,
  eq: compare,
  and: { arity: 2, takes: "truth", gives: "truth", operator: "&", primitive: true },
  or: { arity: 2, takes: "truth", gives: "truth", operator: null, primitive: true },
  not: { arity: 1, takes: "truth", gives: "truth", operator: null, primitive: true },
  select: { arity: 3, takes: "select", gives: "number", operator: null, primitive: true },
};

/** A literal, rounded to f32. */
export function lit(value: number): Scalar {
  return { kind: "lit", value: Math.fround(value) };
}

export function arg(of: ScalarArg): Scalar {
  return { kind: "arg", of };
}

export function call(fn: ScalarFn, ...args: readonly Scalar[]): Scalar {
  const { arity } = scalarFns[fn];
  if (args.length !== arity) throw new InternalError(`${fn} takes ${arity} arguments, not ${args.length}`);
  return { kind: "call", fn, args };
}

/** The value as it is after being stored in a float element. */
export function rounded(element: FloatElement, value: Scalar): Scalar {
  return element === "f32" ? value : call(element, value);
}

/**
 * A scalar that rounds to the same number of the element: rounding is monotone, so that none is needed below max, min,
 * neg and abs when the result is rounded anyway.
 */
export function unrounded(element: FloatElement, value: Scalar): Scalar {
  if (element === "f32" || value.kind !== "call") return value;
  if (value.fn === element) return unrounded(element, value.args[0]!);
  if (!["max", "min", "neg", "abs"].includes(value.fn)) return value;
  const args = value.args.map((argument) => unrounded(element, argument));
  return args.every((argument, i) => argument === value.args[i]) ? value : { ...value, args };
}

/** Rebuilds a scalar with every argument replaced; shared sub-trees stay shared. */
export function substitute(scalar: Scalar, replace: (of: ScalarArg) => Scalar): Scalar {
  const done = new Map<Scalar, Scalar>();
  const visit = (node: Scalar): Scalar => {
    const known = done.get(node);
    if (known !== undefined) return known;
    let out: Scalar;
    if (node.kind === "lit") out = node;
    else if (node.kind === "arg") {
      const replaced = replace(node.of);
      out = replaced.kind === "arg" && replaced.of === node.of ? node : replaced;
    } else {
      const args = node.args.map(visit);
      out = args.every((a, i) => a === node.args[i]) ? node : { kind: "call", fn: node.fn, args };
    }
    done.set(node, out);
    return out;
  };
  return visit(scalar);
}

/** The distinct nodes of a scalar, each once. */
export function nodesOf(scalar: Scalar): ReadonlySet<Scalar> {
  const seen = new Set<Scalar>();
  const visit = (node: Scalar): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "call") node.args.forEach(visit);
  };
  visit(scalar);
  return seen;
}

/** The arguments a scalar reads, each once, in order of first use. */
export function scalarArgs(scalar: Scalar): ScalarArg[] {
  const found = new Set<ScalarArg>();
  for (const node of nodesOf(scalar)) if (node.kind === "arg") found.add(node.of);
  return [...found];
}

/** The functions a scalar calls. */
export function scalarFunctions(scalar: Scalar): ReadonlySet<ScalarFn> {
  const found = new Set<ScalarFn>();
  for (const node of nodesOf(scalar)) if (node.kind === "call") found.add(node.fn);
  return found;
}
