/**
 * expand-vector: a loop of mode vector becomes groups of the target's lanes, then single iterations for what is left.
 *
 *   vector c in 6 { y[c] = x[c] + b[0] }   ->   y[0 : 4] = x[0 : 4] + splat(b[0]); y[4] = ..; y[5] = ..
 *
 * A load whose address steps by something else than 1, or whose gate depends on the axis, is gathered lane by lane; such
 * a store is scattered. Where a body holds more than stores and reductions, it is unrolled instead. Afterwards each
 * register buffer is cut into one buffer an element or vector, so that an emitter can name them. Exact: lanes are
 * independent.
 */
import { InternalError } from "../../ir/diagnostic.js";
import type { Access, Affine, Expr, For, Gate, Kernel, Lanes, Stmt } from "../../ir/kernel.js";
import { affine, coefficient, substituteAffine } from "../../ir/kernel.js";
import {
  exprChildren,
  freeNames,
  mapBlocks,
  mapBodies,
  mapExpr,
  mapStmtExprs,
  mapStmts,
  walkAccesses,
} from "../../ir/visit.js";
import type { PassContext } from "../pass.js";
import { iterations, registerNames } from "./expand-unroll.js";
import { decideGates } from "./gates.js";

export function expandVector(kernel: Kernel, { target }: PassContext): Kernel {
  return mapBodies(kernel, (given) => {
    const single = singleRegisters(given);
    const body = mapStmts(given, (stmt) =>
      stmt.kind === "for" && stmt.mode === "vector" ? expand(stmt, target.lanes, single) : stmt,
    );
    return splitRegisters(body === given ? given : decideGates(body, new Map()));
  });
}

/** Registers that some vector loop uses one element at a time: then all do, so that each element has one name. */
function singleRegisters(stmts: readonly Stmt[]): ReadonlySet<string> {
  const registers = registerNames(stmts);
  const single = new Set<string>();
  if (registers.size === 0) return single;
  mapStmts(stmts, (stmt) => {
    if (stmt.kind === "for" && stmt.mode === "vector" && !canExpand(stmt))
      walkAccesses(stmt.body, ({ buffer }) => void (registers.has(buffer) && single.add(buffer)));
    return stmt;
  });
  return single;
}

function usesAny(stmts: readonly Stmt[], buffers: ReadonlySet<string>): boolean {
  if (buffers.size === 0) return false;
  let found = false;
  walkAccesses(stmts, ({ buffer }) => {
    if (buffers.has(buffer)) found = true;
  });
  return found;
}

function canExpand(loop: For): boolean {
  const seen = new Set<Expr>();
  return loop.body.every((stmt) => canVectorise(stmt, loop.axis, seen));
}

function expand(loop: For, lanes: Lanes, single: ReadonlySet<string>): readonly Stmt[] {
  const groups =
    lanes === 1 || !canExpand(loop) || usesAny(loop.body, single) ? 0 : Math.floor(loop.extent / lanes);
  const out: Stmt[] = [];
  for (let group = 0; group < groups; group++) {
    const at = affine(loop.start + group * lanes);
    const vector = vectoriser(loop.axis, lanes, at);
    for (const stmt of loop.body) out.push(...vectorise(stmt, loop.axis, lanes, at, vector));
  }
  const done = groups * lanes;
  out.push(...iterations(loop.body, loop.axis, loop.start + done, loop.extent - done, 1));
  return out;
}

function canVectorise(stmt: Stmt, axis: string, seen: Set<Expr>): boolean {
  if (stmt.kind !== "store" && stmt.kind !== "reduce") return false;
  if (stmt.to.gate !== null && freeNames(stmt.to.gate.when).has(axis)) return false;
  if (stmt.kind === "reduce" && coefficient(stmt.to.at, axis) !== 1) return false;
  return !hasBareTest(stmt.value, axis, seen);
}

/** A test on the axis outside a load's gate: its lanes would differ. `seen` holds what has none. */
function hasBareTest(expr: Expr, axis: string, seen: Set<Expr>): boolean {
  if (expr.kind === "test") return coefficient(expr.of, axis) !== 0;
  if (expr.kind === "load" || seen.has(expr)) return false;
  seen.add(expr);
  return exprChildren(expr).some((child) => hasBareTest(child, axis, seen));
}

function vectorise(
  stmt: Stmt,
  axis: string,
  lanes: Lanes,
  at: Affine,
  vector: (expr: Expr) => Typed,
): readonly Stmt[] {
  if (stmt.kind !== "store" && stmt.kind !== "reduce")
    throw new InternalError(`cannot vectorise ${stmt.kind}`);
  const value = asVector(vector(stmt.value));
  const to: Access = { ...stmt.to, at: substituteAffine(stmt.to.at, axis, at) };
  const step = coefficient(stmt.to.at, axis);
  if (step === 1) return [{ ...stmt, to: { ...to, lanes }, value: value.expr }];
  return Array.from({ length: lanes }, (_, k) => ({
    ...stmt,
    to: { ...to, at: { ...to.at, offset: to.at.offset + k * step } },
    value: { kind: "lane", of: value.expr, index: k },
  }));
}

interface Typed {
  readonly expr: Expr;
  readonly vector: boolean;
}

function asVector(typed: Typed): Typed {
  return typed.vector ? typed : { expr: { kind: "splat", value: typed.expr }, vector: true };
}

/** Makes of an expression that for `lanes` iterations at once; scalar where it does not depend on the axis. */
function vectoriser(axis: string, lanes: Lanes, at: Affine): (expr: Expr) => Typed {
  const done = new Map<Expr, Typed>();
  const visit = (expr: Expr): Typed => {
    const known = done.get(expr);
    if (known !== undefined) return known;
    const typed = compute(expr);
    done.set(expr, typed);
    return typed;
  };
  const compute = (expr: Expr): Typed => {
    if (expr.kind === "load") return vectorLoad(expr.from, axis, lanes, at);
    if (expr.kind === "call") {
      const args = expr.args.map(visit);
      if (!args.some((a) => a.vector))
        return { expr: { ...expr, args: args.map((a) => a.expr) }, vector: false };
      return {
        expr: { ...expr, args: args.map((a) => (isTruth(a.expr) ? a : asVector(a)).expr) },
        vector: true,
      };
    }
    return { expr: mapExpr(expr, (e) => substituted(e, axis, at)), vector: false };
  };
  return visit;
}

/** A condition that is the same in every lane stays one truth value. */
function isTruth(expr: Expr): boolean {
  return (
    expr.kind === "test" ||
    (expr.kind === "call" && ["and", "or", "not"].includes(expr.fn) && expr.args.every(isTruth))
  );
}

function substituted(e: Expr, axis: string, at: Affine): Expr {
  if (e.kind === "index") return { ...e, at: substituteAffine(e.at, axis, at) };
  if (e.kind === "integer" || e.kind === "test") return { ...e, of: substituteAffine(e.of, axis, at) };
  return e;
}

function vectorLoad(from: Access, axis: string, lanes: Lanes, at: Affine): Typed {
  const step = coefficient(from.at, axis);
  const gated = from.gate !== null && freeNames(from.gate.when).has(axis);
  if (step === 1 && !gated)
    return { expr: { kind: "load", from: { ...shifted(from, axis, at), lanes } }, vector: true };
  if (step === 0 && !gated) return { expr: { kind: "load", from }, vector: false };
  const items = Array.from({ length: lanes }, (_, k): Expr => {
    return { kind: "load", from: shifted(from, axis, { ...at, offset: at.offset + k }) };
  });
  return { expr: { kind: "vector", items }, vector: true };
}

function shifted(from: Access, axis: string, at: Affine): Access {
  const gate: Gate | null = from.gate && {
    ...from.gate,
    when: mapExpr(from.gate.when, (e) => substituted(e, axis, at)),
  };
  return { ...from, at: substituteAffine(from.at, axis, at), gate };
}

/** One register buffer an address: `acc` with elements 0..3 as a vector and 4 alone becomes `acc.0` and `acc.4`. */
function splitRegisters(stmts: readonly Stmt[]): readonly Stmt[] {
  let out = mapBlocks(stmts, splitRegisters);
  for (const alloc of out) {
    if (alloc.kind !== "alloc" || alloc.buffer.space !== "register") continue;
    const { buffer } = alloc;
    const places = registerPlaces(out, buffer.name);
    if (places.size === 1 && places.get(0) === buffer.size) continue;
    const named = (offset: number): string => `${buffer.name}.${offset}`;
    const parts: readonly Stmt[] = [...places].map(([offset, lanes]) => ({
      ...alloc,
      buffer: { ...buffer, name: named(offset), size: lanes },
    }));
    const split = out.flatMap((stmt) => (stmt === alloc ? parts : [stmt]));
    out = mapStmtExprs(split, {
      access: (a) => (a.buffer === buffer.name ? { ...a, buffer: named(a.at.offset), at: affine(0) } : a),
    });
  }
  return out;
}

/** The constant addresses a register buffer is used at, with the lanes used there. */
function registerPlaces(stmts: readonly Stmt[], buffer: string): ReadonlyMap<number, Lanes> {
  const places = new Map<number, Lanes>();
  walkAccesses(stmts, (access) => {
    if (access.buffer !== buffer) return;
    if (access.at.terms.length > 0) throw new InternalError(`register ${buffer} is addressed by a loop axis`);
    places.set(access.at.offset, access.lanes);
  });
  return places;
}
