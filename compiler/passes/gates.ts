/** Gates, guards and selects whose condition the ranges decide, removed; used wherever a pass narrows ranges. */
import type { Access, Expr, Stmt } from "../../ir/kernel.js";
import { exprKey } from "../../ir/keys.js";
import type { Range, Ranges } from "../../ir/range.js";
import { axisRange, decide, integerRange } from "../../ir/range.js";
import { exprChildren, mapExpr, mapStmts } from "../../ir/visit.js";

/** The ranges with one more name. */
export function withRange(ranges: Ranges, name: string, range: Range): Ranges {
  return new Map(ranges).set(name, range);
}

/** The ranges after a let; a let of a value adds none. */
export function afterLet(ranges: Ranges, name: string, value: Expr): Ranges {
  return value.kind === "index" || value.kind === "integer"
    ? withRange(ranges, name, integerRange(value, ranges))
    : ranges;
}

/** Whether an expression holds anything a range could decide; `seen` holds what does not. */
function hasCondition(expr: Expr, seen: Set<Expr>): boolean {
  if (seen.has(expr)) return false;
  const own =
    (expr.kind === "load" && expr.from.gate !== null) ||
    (expr.kind === "call" && (expr.fn === "select" || expr.fn === "and"));
  if (own || exprChildren(expr).some((child) => hasCondition(child, seen))) return true;
  seen.add(expr);
  return false;
}

function hasConditions(stmts: readonly Stmt[], seen: Set<Expr>): boolean {
  return stmts.some((stmt) => {
    switch (stmt.kind) {
      case "for":
        return stmt.extent === 0 || stmt.body.length === 0 || hasConditions(stmt.body, seen);
      case "if":
        return true;
      case "let":
        return hasCondition(stmt.value, seen);
      case "store":
      case "reduce":
        return stmt.to.gate !== null || hasCondition(stmt.value, seen);
      case "alloc":
      case "barrier":
        return false;
      default:
        return stmt satisfies never;
    }
  });
}

export function decideExpr(expr: Expr, ranges: Ranges): Expr {
  return mapExpr(expr, (e) => {
    if (e.kind === "load" && e.from.gate !== null) {
      const holds = decide(e.from.gate.when, ranges);
      if (holds === true) return { ...e, from: { ...e.from, gate: null } };
      if (holds === false) return { kind: "lit", value: e.from.gate.otherwise };
    }
    if (e.kind === "call" && e.fn === "select") {
      const holds = decide(e.args[0]!, ranges);
      if (holds !== null) return holds ? e.args[1]! : e.args[2]!;
    }
    if (e.kind === "call" && e.fn === "and") {
      const [a, b] = e.args as [Expr, Expr];
      if (decide(a, ranges) === true) return b;
      if (decide(b, ranges) === true) return a;
    }
    return e;
  });
}

/** Lets and registers alone are seen by nobody. */
function acts(body: readonly Stmt[]): boolean {
  return body.some((stmt) => stmt.kind !== "let" && stmt.kind !== "alloc");
}

function decideAccess(access: Access, ranges: Ranges): Access | null {
  if (access.gate === null) return access;
  const holds = decide(access.gate.when, ranges);
  if (holds === false) return null;
  if (holds) return { ...access, gate: null };
  const when = decideExpr(access.gate.when, ranges);
  return when === access.gate.when ? access : { ...access, gate: { ...access.gate, when } };
}

/** The statements with every decided condition taken out, and every loop and `if` that is left with nothing to do. */
export function decideGates(stmts: readonly Stmt[], ranges: Ranges): readonly Stmt[] {
  return hasConditions(stmts, new Set()) ? decided(stmts, ranges) : stmts;
}

function decided(stmts: readonly Stmt[], outer: Ranges): readonly Stmt[] {
  let ranges = outer;
  return stmts.flatMap((stmt): readonly Stmt[] => {
    switch (stmt.kind) {
      case "for": {
        const body = decided(stmt.body, withRange(ranges, stmt.axis, axisRange(stmt)));
        return acts(body) ? [{ ...stmt, body }] : [];
      }
      case "let": {
        const value = decideExpr(stmt.value, ranges);
        ranges = afterLet(ranges, stmt.name, value);
        return [{ ...stmt, value }];
      }
      case "store":
      case "reduce": {
        const to = decideAccess(stmt.to, ranges);
        return to === null ? [] : [{ ...stmt, to, value: decideExpr(stmt.value, ranges) }];
      }
      case "if": {
        const holds = decide(stmt.when, ranges);
        if (holds === false) return [];
        const body = decided(stmt.body, ranges);
        if (!acts(body)) return [];
        return holds ? body : [{ ...stmt, when: decideExpr(stmt.when, ranges), body }];
      }
      case "alloc":
      case "barrier":
        return [stmt];
      default:
        return stmt satisfies never;
    }
  });
}

/** The statements where a test is known to hold, or not to: gates and `and`s of it are decided. */
export function assumeTest(stmts: readonly Stmt[], test: Expr, holds: boolean): readonly Stmt[] {
  const key = exprKey(test);
  const isTest = (expr: Expr): boolean => expr.kind === "test" && exprKey(expr) === key;
  /** What is left of a condition; true and false where nothing is. */
  const rest = (when: Expr): Expr | boolean => {
    if (isTest(when)) return holds;
    if (when.kind !== "call" || when.fn !== "and") return when;
    const [a, b] = when.args.map(rest) as [Expr | boolean, Expr | boolean];
    if (a === false || b === false) return false;
    if (a === true) return b;
    return b === true ? a : { ...when, args: [a, b] };
  };
  const decided = (expr: Expr): Expr =>
    mapExpr(expr, (e) => {
      if (e.kind === "load" && e.from.gate !== null) {
        const { otherwise } = e.from.gate;
        const when = rest(e.from.gate.when);
        if (when === false) return { kind: "lit", value: otherwise };
        return { ...e, from: { ...e.from, gate: when === true ? null : { when, otherwise } } };
      }
      if (e.kind !== "call" || e.fn !== "select") return e;
      const when = rest(e.args[0]!);
      return typeof when === "boolean" ? e.args[when ? 1 : 2]! : { ...e, args: [when, ...e.args.slice(1)] };
    });
  return mapStmts(stmts, (stmt): Stmt | readonly Stmt[] => {
    if (stmt.kind === "let") return { ...stmt, value: decided(stmt.value) };
    if (stmt.kind === "if") {
      const when = rest(stmt.when);
      return typeof when === "boolean" ? (when ? stmt.body : []) : { ...stmt, when };
    }
    if (stmt.kind !== "store" && stmt.kind !== "reduce") return stmt;
    const value = decided(stmt.value);
    const when = stmt.to.gate === null ? true : rest(stmt.to.gate.when);
    if (when === false) return [];
    return { ...stmt, to: { ...stmt.to, gate: when === true ? null : { when, otherwise: 0 } }, value };
  });
}
