/**
 * Functions that a program holds as subroutines of its own, where its target has them: written into each unrolled copy,
 * their many operations would be most of the code. Both backends print one expression, that of ir/expand.ts.
 */
import { InternalError } from "../ir/diagnostic.js";
import { expandFn } from "../ir/expand.js";
import type { Expr, Kernel, Stmt } from "../ir/kernel.js";
import type { Scalar } from "../ir/scalar.js";
import { arg } from "../ir/scalar.js";
import type { Target } from "../ir/target.js";
import { exprType, type ValueType } from "../ir/verify-expr.js";
import { mapStmtExprs, walkExprs } from "../ir/visit.js";

export const derivedFns = ["rsqrt", "exp", "expm1", "log", "log1p", "tanh", "erf", "erfc"] as const;

export type DerivedFn = (typeof derivedFns)[number];

type Call = Extract<Expr, { readonly kind: "call" }>;
type CallOfDerived = Call & { readonly fn: DerivedFn };

const derived: ReadonlySet<string> = new Set(derivedFns);

function callsDerived(expr: Expr): expr is CallOfDerived {
  return expr.kind === "call" && derived.has(expr.fn);
}

/** What the argument of a subroutine is called. */
export const argumentName = "x";

/** What a subroutine computes, as `let fn = …`; sub-trees used more than once are shared by identity. */
export function subroutineBody(fn: DerivedFn): Extract<Stmt, { kind: "let" }> {
  return { kind: "let", name: fn, value: expansion(fn, { kind: "var", name: argumentName }) };
}

function expansion(fn: DerivedFn, argument: Expr): Expr {
  const done = new Map<Scalar, Expr>();
  const visit = (node: Scalar): Expr => {
    if (node.kind === "lit") return node;
    if (node.kind === "arg") return argument;
    const expr = done.get(node) ?? { kind: "call", fn: node.fn, args: node.args.map(visit) };
    done.set(node, expr);
    return expr;
  };
  return visit(expandFn(fn, [arg(0)]));
}

function callsAny(body: readonly Stmt[]): boolean {
  let found = false;
  walkExprs(body, (expr) => {
    if (callsDerived(expr)) found = true;
  });
  return found;
}

/** A function that the kernel calls in one place, of so many lanes, is written there: not larger, and without the call. */
export function inlineSingleCalls(kernel: Kernel, target: Target): Kernel {
  if (!kernel.nests.some(({ body }) => callsAny(body))) return kernel;
  const lets = new Map<string, ValueType | null>();
  const typeOf = (expr: Expr): ValueType | null =>
    exprType(expr, { typeOf: (name) => lets.get(name), target: null, report: () => {} });
  const siteOf = (call: CallOfDerived): string => `${call.fn} of ${typeOf(call)?.lanes} lanes`;
  const sites = new Map<string, number>();
  for (const { body } of kernel.nests)
    walkExprs(body, (expr, stmt) => {
      if (stmt.kind === "let" && expr === stmt.value) lets.set(stmt.name, typeOf(expr));
      if (!callsDerived(expr)) return;
      if (!target.fns.has(expr.fn)) throw new InternalError(`${expr.fn} reached the ${target.name} backend`);
      sites.set(siteOf(expr), (sites.get(siteOf(expr)) ?? 0) + 1);
    });
  if (sites.size === 0) return kernel;
  const single = (expr: Expr): Expr =>
    callsDerived(expr) && sites.get(siteOf(expr)) === 1 ? expansion(expr.fn, expr.args[0]!) : expr;
  const nests = kernel.nests.map((nest) => ({ ...nest, body: mapStmtExprs(nest.body, { expr: single }) }));
  return { ...kernel, nests };
}
