/**
 * What both backends find out about a block before they print it: the parts of addresses that are not constant, so
 * that each is computed once, where its innermost name is defined; where its registers are used; and expressions that
 * occur more than once by identity.
 */
import type { Access, Affine, Expr, Stmt } from "../ir/kernel.js";
import { termsKey } from "../ir/keys.js";
import { exprChildren, stmtExprs, walkAccesses, walkOwnAccesses } from "../ir/visit.js";

export type Terms = Affine["terms"];

/** The non-constant part of where an access of `buffer` goes. */
export interface Base {
  readonly buffer: string;
  readonly terms: Terms;
}

const basesOf = new WeakMap<readonly Stmt[], readonly Base[]>();

/** Every distinct (buffer, terms) of the accesses in a block and the blocks inside it, in order of first use. */
export function basesIn(body: readonly Stmt[]): readonly Base[] {
  const known = basesOf.get(body);
  if (known !== undefined) return known;
  const found = new Map<string, Base>();
  const add = (base: Base): void => {
    const key = `${base.buffer}|${termsKey(base.terms)}`;
    if (!found.has(key)) found.set(key, base);
  };
  for (const stmt of body) {
    walkOwnAccesses(stmt, ({ buffer, at: { terms } }) => {
      if (terms.length > 0) add({ buffer, terms });
    });
    if (stmt.kind === "for" || stmt.kind === "if") basesIn(stmt.body).forEach(add);
  }
  const bases = [...found.values()];
  basesOf.set(body, bases);
  return bases;
}

/** The accesses of each register buffer that the block defines. */
export function registerAccesses(body: readonly Stmt[]): ReadonlyMap<string, readonly Access[]> {
  const places = new Map<string, Access[]>();
  for (const stmt of body) if (stmt.kind === "alloc") places.set(stmt.buffer.name, []);
  walkAccesses(body, (access) => void places.get(access.buffer)?.push(access));
  return places;
}

/** The nodes a statement's own expressions reach by more than one way, each after those it is made of. */
export function sharedNodes(stmt: Stmt): readonly Expr[] {
  const exprs = stmtExprs(stmt);
  if (exprs.length === 0) return exprs;
  const seen = new Set<Expr>();
  const again = new Set<Expr>();
  const done: Expr[] = [];
  const visit = (expr: Expr): void => {
    if (!worthLocal(expr) && exprChildren(expr).length === 0) return;
    if (seen.has(expr)) {
      again.add(expr);
      return;
    }
    seen.add(expr);
    for (const child of exprChildren(expr)) visit(child);
    done.push(expr);
  };
  for (const expr of exprs) visit(expr);
  return again.size === 0 ? [] : done.filter((expr) => again.has(expr) && worthLocal(expr));
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
