/**
 * expand-unroll: a loop of mode unroll becomes its iterations, one after another, with the axis a constant.
 *
 *   unroll i in 2 { acc[i] += x[4*i] }   ->   acc[0] += x[0]; acc[1] += x[4]
 *
 * A serial loop whose axis addresses a register buffer is unrolled too: registers have no addresses. Where there are no
 * private buffers they become registers. Exact.
 */
import type { Kernel, Stmt } from "../../ir/kernel.js";
import { affine, coefficient, substituteAffine } from "../../ir/kernel.js";
import { mapBodies, mapStmtExprs, mapStmts, walkAccesses } from "../../ir/visit.js";
import type { PassContext } from "../pass.js";
import { decideGates } from "./gates.js";

export function expandUnroll(kernel: Kernel, { target }: PassContext): Kernel {
  return mapBodies(kernel, (body) => {
    const given = target.grid === null ? withoutPrivate(body) : body;
    const registers = registerNames(given);
    const unrolled = mapStmts(given, (stmt) => {
      if (stmt.kind !== "for") return stmt;
      if (stmt.mode !== "unroll" && !(stmt.mode === "serial" && addresses(stmt.body, stmt.axis, registers)))
        return stmt;
      return iterations(stmt.body, stmt.axis, stmt.start, stmt.extent, 1);
    });
    return unrolled === given ? given : decideGates(unrolled, new Map());
  });
}

/** Only lanes of a grid have arrays of their own; elsewhere they are registers. */
function withoutPrivate(stmts: readonly Stmt[]): readonly Stmt[] {
  return mapStmts(stmts, (stmt) =>
    stmt.kind === "alloc" && stmt.buffer.space === "private"
      ? { ...stmt, buffer: { ...stmt.buffer, space: "register" } }
      : stmt,
  );
}

export function registerNames(stmts: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  mapStmts(stmts, (stmt) => {
    if (stmt.kind === "alloc" && stmt.buffer.space === "register") names.add(stmt.buffer.name);
    return stmt;
  });
  return names;
}

function addresses(stmts: readonly Stmt[], axis: string, buffers: ReadonlySet<string>): boolean {
  if (buffers.size === 0) return false;
  let found = false;
  walkAccesses(stmts, (access) => {
    if (buffers.has(access.buffer) && coefficient(access.at, axis) !== 0) found = true;
  });
  return found;
}

/** Copies of a body with the axis at start, start + step, …; names each copy defines get its number. */
export function iterations(
  body: readonly Stmt[],
  axis: string,
  start: number,
  count: number,
  step: number,
): readonly Stmt[] {
  const defined = definedNames(body);
  const out: Stmt[] = [];
  for (let k = 0; k < count; k++) {
    const value = affine(start + k * step);
    const renamed = rename(body, defined, `.${axis}${start + k * step}`);
    out.push(...mapStmtExprs(renamed, { affine: (at) => substituteAffine(at, axis, value) }));
  }
  return out;
}

function definedNames(stmts: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  mapStmts(stmts, (stmt) => {
    if (stmt.kind === "let") names.add(stmt.name);
    if (stmt.kind === "alloc") names.add(stmt.buffer.name);
    return stmt;
  });
  return names;
}

/** Gives the lets and buffers a body defines names of its own. */
function rename(stmts: readonly Stmt[], names: ReadonlySet<string>, suffix: string): readonly Stmt[] {
  if (names.size === 0) return stmts;
  const to = (name: string): string => (names.has(name) ? name + suffix : name);
  const uses = mapStmtExprs(stmts, {
    expr: (e) => (e.kind === "var" && names.has(e.name) ? { kind: "var", name: to(e.name) } : e),
    access: (access) => (names.has(access.buffer) ? { ...access, buffer: to(access.buffer) } : access),
    affine: (at) => {
      let out = at;
      for (const { of } of at.terms)
        if (names.has(of)) out = substituteAffine(out, of, affine(0, { [to(of)]: 1 }));
      return out;
    },
  });
  return mapStmts(uses, (stmt) => {
    if (stmt.kind === "let" && names.has(stmt.name)) return { ...stmt, name: to(stmt.name) };
    if (stmt.kind === "alloc" && names.has(stmt.buffer.name))
      return { ...stmt, buffer: { ...stmt.buffer, name: to(stmt.buffer.name) } };
    return stmt;
  });
}
