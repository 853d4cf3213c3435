/**
 * What both backends find out about a block before they print it: the parts of addresses that are not constant, so
 * that each is computed once, where its innermost name is defined; and expressions that occur more than once by identity.
 */
import type { Affine, Expr, Stmt } from "../ir/kernel.js";
import { exprChildren, stmtExprs, walkAccesses } from "../ir/visit.js";

export type Terms = Affine["terms"];

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
  walkAccesses(body, ({ buffer, at: { terms } }) => {
    if (terms.length === 0) return;
    const key = `${buffer}|${termsKey(terms)}`;
    if (!found.has(key)) found.set(key, { buffer, terms });
  });
  return [...found.values()];
}

/** The nodes a statement's own expressions reach by more than one way, each after those it is made of. */
export function sharedNodes(stmt: Stmt): readonly Expr[] {
  const uses = new Map<Expr, number>();
  const done: Expr[] = [];
  const visit = (expr: Expr): void => {
    const before = uses.get(expr) ?? 0;
    uses.set(expr, before + 1);
    if (before > 0) return;
    for (const child of exprChildren(expr)) visit(child);
    done.push(expr);
  };
  for (const expr of stmtExprs(stmt)) visit(expr);
  return done.filter((expr) => uses.get(expr)! > 1 && worthLocal(expr));
}

function worthLocal(expr: Expr): boolean {
  switch (expr.kind) {
    case "lit":
    case "var":
    case "index":
    case "integer":
      return false;
    case "splat":
      return expr.value.kind !== "lit";
    case "test":
    case "load":
    case "vector":
    case "lane":
    case "call":
      return true;
  }
  return expr satisfies never;
}
