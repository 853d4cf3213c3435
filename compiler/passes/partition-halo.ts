/**
 * partition-halo: splits a loop into border, interior, border, so that the interior needs no gate.
 *
 *   for oh in 28 { .. x[..] when inside(oh + kh - 1, 28) .. }
 *   -> oh in 0..1 with gates; oh in 1..27 without; oh in 27..28 with gates
 *
 * Only serial and parallel loops are split, and only where an interior exists. Inside a border piece only small bodies
 * are split further: borders are thin, and each further split would copy the body again. A loop around nests that run together is
 * not split, for it would copy nests that have no gate; there a test is asked before the loops that it does not vary in.
 *
 *   for oh.b { for ih { for iw { .. x[..] when inside(ih + 14*oh.b, 56) else 0 } }; for oh .. }
 *   -> for oh.b { for ih { if (inside(..)) { for iw { .. x[..] } } if (!inside(..)) { for iw { .. 0 } } }; for oh .. }
 *
 * On a grid nothing is split: its lanes run one code, whichever are at the border. Exact: iterations keep their order.
 */
import type { Affine, Expr, For, Kernel, Stmt } from "../../ir/kernel.js";
import { coefficient } from "../../ir/kernel.js";
import type { Ranges } from "../../ir/range.js";
import { affineRange, axisRange, integerRange } from "../../ir/range.js";
import {
  exprChildren,
  mapBodies,
  mapStmts,
  stmtExprs,
  walkAccesses,
  walkExpr,
  walkExprs,
} from "../../ir/visit.js";
import type { PassContext } from "../pass.js";
import { afterLet, assumeTest, decideGates, withRange } from "./gates.js";

export function partitionHalo(kernel: Kernel, { target }: PassContext): Kernel {
  return mapBodies(kernel, (given) => {
    const body = decideGates(given, new Map());
    return target.grid === null && holdsTest(body) ? partition(body, new Map()) : body;
  });
}

function holdsTest(stmts: readonly Stmt[], seen = new Set<Expr>()): boolean {
  const inExpr = (expr: Expr): boolean => {
    if (expr.kind === "test") return true;
    const children = exprChildren(expr);
    if (children.length === 0 || seen.has(expr)) return false;
    seen.add(expr);
    return children.some(inExpr);
  };
  return stmts.some(
    (stmt) =>
      stmtExprs(stmt).some(inExpr) ||
      ((stmt.kind === "for" || stmt.kind === "if") && holdsTest(stmt.body, seen)),
  );
}

function partition(stmts: readonly Stmt[], outer: Ranges): readonly Stmt[] {
  let ranges = outer;
  return stmts.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind === "let") ranges = afterLet(ranges, stmt.name, stmt.value);
    if (stmt.kind === "if") return [{ ...stmt, body: partition(stmt.body, ranges) }];
    return stmt.kind === "for" ? splitLoop(stmt, ranges) : [stmt];
  });
}

/** Statements that may be copied once more for a border: those of a copy of elements. */
const smallBody = 16;

/** As many as there will be when the loops that are not to stay are gone. */
function statementsIn(stmts: readonly Stmt[]): number {
  return stmts.reduce((count, stmt) => {
    if (stmt.kind !== "for" && stmt.kind !== "if") return count + 1;
    const copies =
      stmt.kind === "for" && (stmt.mode === "unroll" || stmt.mode === "vector") ? stmt.extent / 4 : 1;
    return count + Math.max(copies, 1) * statementsIn(stmt.body);
  }, 0);
}

type Test = Extract<Expr, { readonly kind: "test" }>;

/** Whether something inside the loop is no concern of any test: splitting the loop would copy it for nothing. */
function holdsOthers(loop: For): boolean {
  const tested = loop.body.map((stmt) => {
    let found = false;
    walkExprs([stmt], (e) => {
      if (e.kind === "test" && e.fn === "inside") found = true;
    });
    return found;
  });
  return loop.body.some((stmt, i) => stmt.kind === "for" && !tested[i]) && tested.includes(true);
}

/** A test of some gate in the loop that is the same in all its iterations, but not in those of the loops around it. */
function constantTest(loop: For): Test | null {
  const inner = new Set([loop.axis]);
  mapStmts(loop.body, (stmt) => {
    if (stmt.kind === "for") inner.add(stmt.axis);
    if (stmt.kind === "let") inner.add(stmt.name);
    return stmt;
  });
  let found: Test | null = null;
  const look = (when: Expr): void => {
    if (when.kind === "call" && when.fn === "and") when.args.forEach(look);
    else if (when.kind === "test" && when.of.terms.every((term) => !inner.has(term.of))) found ??= when;
  };
  walkAccesses(loop.body, ({ gate }) => gate !== null && look(gate.when));
  return found;
}

/** The loop as it is where the test holds, and as it is where it does not. */
function askBefore(loop: For, test: Test, ranges: Ranges): readonly Stmt[] {
  const not: Expr = { kind: "call", fn: "not", args: [test] };
  const assuming = (holds: boolean): readonly Stmt[] => partition(assumeTest([loop], test, holds), ranges);
  return [
    { kind: "if", when: test, body: assuming(true) },
    { kind: "if", when: not, body: assuming(false) },
  ];
}

function splitLoop(loop: For, ranges: Ranges): readonly Stmt[] {
  const whole = axisRange(loop);
  const descend = (piece: For): Stmt => ({
    ...piece,
    body: partition(piece.body, withRange(ranges, piece.axis, axisRange(piece))),
  });
  if (loop.mode !== "serial" && loop.mode !== "parallel") return [descend(loop)];
  const test = constantTest(loop);
  if (test !== null) return askBefore(loop, test, ranges);
  const interior = holdsOthers(loop) ? null : interiorOf(loop, ranges);
  if (interior === null) return [descend(loop)];
  const piece = (min: number, max: number, inside: boolean): readonly Stmt[] => {
    if (max < min) return [];
    const range = { min, max };
    const body = decideGates(loop.body, withRange(ranges, loop.axis, range));
    const part: For = { ...loop, start: min, extent: max - min + 1, body };
    return [inside || statementsIn(body) <= smallBody ? descend(part) : part];
  };
  return [
    ...piece(whole.min, interior.min - 1, false),
    ...piece(interior.min, interior.max, true),
    ...piece(interior.max + 1, whole.max, false),
  ];
}

/** The iterations in which every test on the axis holds whatever the loops inside do; null where splitting gains nothing. */
function interiorOf(loop: For, ranges: Ranges): { min: number; max: number } | null {
  const whole = axisRange(loop);
  let { min, max } = whole;
  let tested = false;
  const visit = (of: Affine, by: number, inner: Ranges): void => {
    const coef = coefficient(of, loop.axis);
    if (coef === 0) return;
    tested = true;
    const rest = affineRange({ offset: of.offset, terms: of.terms.filter((t) => t.of !== loop.axis) }, inner);
    const low = -rest.min / coef;
    const high = (by - 1 - rest.max) / coef;
    min = Math.max(min, Math.ceil(coef > 0 ? low : high));
    max = Math.min(max, Math.floor(coef > 0 ? high : low));
  };
  visitTests(loop.body, withRange(ranges, loop.axis, whole), visit);
  if (!tested || max < min || (min === whole.min && max === whole.max)) return null;
  return { min, max };
}

/** Every `inside` test of a gate or select, with the ranges of the names around it. */
function visitTests(
  stmts: readonly Stmt[],
  outer: Ranges,
  visit: (of: Affine, by: number, ranges: Ranges) => void,
): void {
  let ranges = outer;
  const look = (expr: Expr): void =>
    walkExpr(expr, (e) => {
      if (e.kind === "test" && e.fn === "inside") visit(e.of, e.by, ranges);
    });
  for (const stmt of stmts) {
    if (stmt.kind === "for") visitTests(stmt.body, withRange(ranges, stmt.axis, axisRange(stmt)), visit);
    else if (stmt.kind === "if") visitTests(stmt.body, ranges, visit);
    else {
      for (const expr of stmtExprs(stmt)) look(expr);
      if (stmt.kind === "let" && (stmt.value.kind === "index" || stmt.value.kind === "integer"))
        ranges = withRange(ranges, stmt.name, integerRange(stmt.value, ranges));
    }
  }
}
