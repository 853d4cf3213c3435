/**
 * Walks and rewrites of kernel statements and expressions.
 *
 * Expressions are DAGs: nodes may share sub-trees by identity, so every rewrite remembers what it made of a node and
 * keeps the sharing. A rewrite that changes nothing returns the very object it was given.
 */
import type { Access, Affine, Expr, Kernel, Stmt } from "./kernel.js";

/** What to do with the parts of statements; each part not named stays as it is. */
export interface Rewrite {
  readonly expr?: (expr: Expr) => Expr;
  readonly affine?: (at: Affine) => Affine;
  readonly access?: (access: Access) => Access;
}

export type AccessUse = "load" | "store" | "reduce";

/** The list with f applied to every item; the same list where nothing changed. */
function mapList<T>(list: readonly T[], f: (item: T) => T): readonly T[] {
  let out: T[] | null = null;
  for (let index = 0; index < list.length; index++) {
    const item = list[index]!;
    const mapped = f(item);
    if (mapped !== item) out ??= list.slice();
    if (out !== null) out[index] = mapped;
  }
  return out ?? list;
}

/** The access with `f` applied to the gate's condition (as a whole) and `at` to the address. */
export function mapAccess(access: Access, f: (expr: Expr) => Expr, at: (at: Affine) => Affine): Access {
  const address = at(access.at);
  const { gate } = access;
  const when = gate === null ? null : f(gate.when);
  if (address === access.at && (gate === null || when === gate.when)) return access;
  return { ...access, at: address, gate: gate === null ? null : { ...gate, when: when! } };
}

/** One rewriter of expressions and accesses; it remembers every node it has seen, in whichever call. */
export function rewriter(rewrite: Rewrite): {
  readonly expr: (expr: Expr) => Expr;
  readonly access: (access: Access) => Access;
} {
  const same = <T>(value: T): T => value;
  const { expr: onExpr = same, affine: onAffine = same, access: onAccess = same } = rewrite;
  const done = new Map<Expr, Expr>();
  const children = (node: Expr): Expr => {
    switch (node.kind) {
      case "lit":
      case "var":
        return node;
      case "index": {
        const at = onAffine(node.at);
        return at === node.at ? node : { ...node, at };
      }
      case "integer":
      case "test": {
        const of = onAffine(node.of);
        return of === node.of ? node : { ...node, of };
      }
      case "load": {
        const from = access(node.from);
        return from === node.from ? node : { ...node, from };
      }
      case "splat": {
        const value = expr(node.value);
        return value === node.value ? node : { ...node, value };
      }
      case "vector": {
        const items = mapList(node.items, expr);
        return items === node.items ? node : { ...node, items };
      }
      case "lane": {
        const of = expr(node.of);
        return of === node.of ? node : { ...node, of };
      }
      case "call": {
        const args = mapList(node.args, expr);
        return args === node.args ? node : { ...node, args };
      }
    }
    node satisfies never;
    return node;
  };
  const expr = (node: Expr): Expr => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const mapped = onExpr(children(node));
    done.set(node, mapped);
    return mapped;
  };
  const access = (of: Access): Access => onAccess(mapAccess(of, expr, onAffine));
  return { expr, access };
}

/** Bottom-up: children first (the conditions of gates included), then f. */
export function mapExpr(expr: Expr, f: (expr: Expr) => Expr): Expr {
  return rewriter({ expr: f }).expr(expr);
}

/** The kernel with the body of each nest rewritten; the same kernel where each came back as it was. */
export function mapBodies(kernel: Kernel, f: (body: readonly Stmt[]) => readonly Stmt[]): Kernel {
  const nests = mapList(kernel.nests, (nest) => {
    const body = f(nest.body);
    return body === nest.body ? nest : { ...nest, body };
  });
  return nests === kernel.nests ? kernel : { ...kernel, nests };
}

/** Each of the blocks directly inside the statements rewritten. */
export function mapBlocks(
  stmts: readonly Stmt[],
  f: (body: readonly Stmt[]) => readonly Stmt[],
): readonly Stmt[] {
  return mapList(stmts, (stmt) => {
    if (stmt.kind !== "for" && stmt.kind !== "if") return stmt;
    const body = f(stmt.body);
    return body === stmt.body ? stmt : { ...stmt, body };
  });
}

/** Bottom-up over nested bodies: f sees a statement whose body is already rewritten, and may return several. */
export function mapStmts(stmts: readonly Stmt[], f: (stmt: Stmt) => Stmt | readonly Stmt[]): readonly Stmt[] {
  let changed = false;
  const out: Stmt[] = [];
  for (const stmt of stmts) {
    let inner = stmt;
    if (stmt.kind === "for" || stmt.kind === "if") {
      const body = mapStmts(stmt.body, f);
      if (body !== stmt.body) inner = { ...stmt, body };
    }
    const mapped = f(inner);
    if (mapped !== stmt) changed = true;
    if ("kind" in mapped) out.push(mapped);
    else out.push(...mapped);
  }
  return changed ? out : stmts;
}

/** Rewrites every expression, address and access of the statements; an access after its parts, a node after its own. */
export function mapStmtExprs(stmts: readonly Stmt[], rewrite: Rewrite): readonly Stmt[] {
  const { expr, access } = rewriter(rewrite);
  return mapStmts(stmts, (stmt) => {
    switch (stmt.kind) {
      case "for":
      case "alloc":
      case "barrier":
        return stmt;
      case "let": {
        const value = expr(stmt.value);
        return value === stmt.value ? stmt : { ...stmt, value };
      }
      case "store":
      case "reduce": {
        const to = access(stmt.to);
        const value = expr(stmt.value);
        return to === stmt.to && value === stmt.value ? stmt : { ...stmt, to, value };
      }
      case "if": {
        const when = expr(stmt.when);
        return when === stmt.when ? stmt : { ...stmt, when };
      }
    }
    stmt satisfies never;
    return stmt;
  });
}

const none: readonly Expr[] = [];

/** The expressions directly below a node; of a load, its gate's condition. */
export function exprChildren(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "lit":
    case "var":
    case "index":
    case "integer":
    case "test":
      return none;
    case "load":
      return expr.from.gate === null ? none : [expr.from.gate.when];
    case "splat":
      return [expr.value];
    case "vector":
      return expr.items;
    case "lane":
      return [expr.of];
    case "call":
      return expr.args;
  }
  expr satisfies never;
  return none;
}

/** The expressions a statement holds itself: not those of its body, but those of the gate it writes through. */
export function stmtExprs(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case "for":
    case "alloc":
    case "barrier":
      return none;
    case "let":
      return [stmt.value];
    case "store":
    case "reduce":
      return stmt.to.gate === null ? [stmt.value] : [stmt.to.gate.when, stmt.value];
    case "if":
      return [stmt.when];
  }
  stmt satisfies never;
  return none;
}

/** Every node below and including `expr`, children first, a shared one once. */
export function walkExpr(expr: Expr, visit: (expr: Expr) => void, seen: Set<Expr> = new Set()): void {
  if (seen.has(expr)) return;
  seen.add(expr);
  for (const child of exprChildren(expr)) walkExpr(child, visit, seen);
  visit(expr);
}

/** Every expression node of the statements, in program order, children first; a shared node once per statement. */
export function walkExprs(stmts: readonly Stmt[], visit: (expr: Expr, stmt: Stmt) => void): void {
  for (const stmt of stmts) {
    const seen = new Set<Expr>();
    for (const expr of stmtExprs(stmt)) walkExpr(expr, (node) => visit(node, stmt), seen);
    if (stmt.kind === "for" || stmt.kind === "if") walkExprs(stmt.body, visit);
  }
}

type Load = Extract<Expr, { readonly kind: "load" }>;

const loadsOf = new WeakMap<Expr, readonly Load[]>();

/** The loads of an expression, each node once, children first; worked out once for each expression a statement holds. */
export function loadsIn(expr: Expr): readonly Load[] {
  const known = loadsOf.get(expr);
  if (known !== undefined) return known;
  const loads: Load[] = [];
  collectLoads(expr, loads, new Set());
  loadsOf.set(expr, loads);
  return loads;
}

/** As walkExpr would find them; what has nothing below it and is no load is not remembered. */
function collectLoads(expr: Expr, loads: Load[], seen: Set<Expr>): void {
  const children = exprChildren(expr);
  if ((children.length === 0 && expr.kind !== "load") || seen.has(expr)) return;
  seen.add(expr);
  for (const child of children) collectLoads(child, loads, seen);
  if (expr.kind === "load") loads.push(expr);
}

/** Whether an expression loads from a buffer. */
export function readsBuffer(expr: Expr, buffer: string): boolean {
  return loadsIn(expr).some((load) => load.from.buffer === buffer);
}

/** Every access of the statements, in program order: a statement's loads, then what it writes. */
export function walkAccesses(
  stmts: readonly Stmt[],
  visit: (access: Access, use: AccessUse, stmt: Stmt) => void,
): void {
  for (const stmt of stmts) {
    walkOwnAccesses(stmt, visit);
    if (stmt.kind === "for" || stmt.kind === "if") walkAccesses(stmt.body, visit);
  }
}

/** The accesses of a statement without those of its body. */
export function walkOwnAccesses(
  stmt: Stmt,
  visit: (access: Access, use: AccessUse, stmt: Stmt) => void,
): void {
  const exprs = stmtExprs(stmt);
  if (exprs.length > 0) {
    const loads = exprs.length === 1 ? loadsIn(exprs[0]!) : new Set(exprs.flatMap(loadsIn));
    for (const load of loads) visit(load.from, "load", stmt);
  }
  if (stmt.kind === "store" || stmt.kind === "reduce") visit(stmt.to, stmt.kind, stmt);
}

const noNames: ReadonlySet<string> = new Set();
const namesOf = new WeakMap<Expr, ReadonlySet<string>>();

/** The axes and lets an expression reads (buffers are not among them). */
export function freeNames(expr: Expr): ReadonlySet<string> {
  if (expr.kind === "lit") return noNames;
  const known = namesOf.get(expr);
  if (known !== undefined) return known;
  let names = ownNames(expr);
  for (const child of exprChildren(expr)) names = union(names, freeNames(child));
  namesOf.set(expr, names);
  return names;
}

function ownNames(expr: Expr): ReadonlySet<string> {
  return expr.kind === "var" ? new Set([expr.name]) : termNames(ownTerms(expr));
}

const noTerms: Affine["terms"] = [];

/** The terms of the address or integer that a node holds itself. */
function ownTerms(expr: Expr): Affine["terms"] {
  switch (expr.kind) {
    case "index":
      return expr.at.terms;
    case "integer":
    case "test":
      return expr.of.terms;
    case "load":
      return expr.from.at.terms;
    case "lit":
    case "var":
    case "splat":
    case "vector":
    case "lane":
    case "call":
      return noTerms;
  }
  return expr satisfies never;
}

const namesOfTerms = new WeakMap<Affine["terms"], ReadonlySet<string>>();

function termNames(terms: Affine["terms"]): ReadonlySet<string> {
  if (terms.length === 0) return noNames;
  let names = namesOfTerms.get(terms);
  if (names === undefined) {
    names = new Set(terms.map(({ of }) => of));
    namesOfTerms.set(terms, names);
  }
  return names;
}

/** All names of both, a's first; one of the two where it has them all. */
function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (a === b || b.size === 0) return a;
  if (a.size === 0) return b;
  let all: Set<string> | null = null;
  for (const name of b) if (!a.has(name)) all = (all ?? new Set(a)).add(name);
  return all ?? a;
}

/** The axes and lets a statement reads, those of its body included, each perhaps more than once. */
export function walkNames(stmt: Stmt, visit: (name: string) => void): void {
  walkOwnNames(stmt, visit);
  if (stmt.kind === "store" || stmt.kind === "reduce") for (const { of } of stmt.to.at.terms) visit(of);
  if (stmt.kind === "for" || stmt.kind === "if") for (const inner of stmt.body) walkNames(inner, visit);
}

/** Those that a statement's own expressions read. */
export function walkOwnNames(stmt: Stmt, visit: (name: string) => void): void {
  const seen = new Set<Expr>();
  const inExpr = (expr: Expr): void => {
    if (expr.kind === "var") visit(expr.name);
    else for (const { of } of ownTerms(expr)) visit(of);
    const children = exprChildren(expr);
    if (children.length === 0 || seen.has(expr)) return;
    seen.add(expr);
    children.forEach(inExpr);
  };
  stmtExprs(stmt).forEach(inExpr);
}
