/**
 * readNest: the inverse of buildNest for the empty schedule, so that a schedule can be tried on a kernel that is text.
 *
 *   a nest of stores      for pure.. { let..; y[..] = value; .. }
 *   a nest that reduces   for pure.. { let..; register acc = init;
 *                                      for reduced.. { let..; [if (guard)] acc += value }; y[..] = f(acc[0]); .. }
 *
 * Every loop is serial and starts at 0, every let is an integer, every access has one lane. What is not of this form is
 * refused: its writer has scheduled it already.
 */
import type { Access, Expr, Kernel, Nest, Stmt } from "../../ir/kernel.js";
import { printExpr, printStmt } from "../../ir/print.js";
import { mapExpr, mapStmtExprs, readsBuffer } from "../../ir/visit.js";
import { ConfigError } from "../../runtime/error.js";
import type { LoweredKernel } from "../lower/lowered.js";
import type { AxisKind, IntegerLet, Loop, LoopNest, Store } from "./loop-nest.js";
import { accumulator, loop } from "./loop-nest.js";

/** Throws ConfigError where the kernel is not naive. */
export function readKernel(kernel: Kernel): LoweredKernel {
  if (kernel.locals.length > 0)
    throw notNaive(`kernel ${kernel.name}`, "it has intermediate buffers already");
  const nests = kernel.nests.map(readNest);
  const terms = (nest: LoopNest): number =>
    nest.reduce === null ? 0 : nest.loops.reduce((total, l) => total * l.extent, 1);
  return {
    name: kernel.name,
    algorithm: nests.some((nest) => nest.reduce !== null) ? "direct" : "map",
    params: kernel.params,
    prepared: [],
    locals: [],
    nests,
    together: null,
    macs: nests.reduce((sum, nest) => sum + terms(nest), 0),
  };
}

/** buildNest(readNest(nest)) is the nest again. Throws ConfigError where it is not of the form above. */
export function readNest(nest: Nest): LoopNest {
  const refuse = (because: string): ConfigError => notNaive(`nest ${nest.name}`, because);
  mapStmtExprs(nest.body, { expr: (e) => scalar(e, refuse) });
  const { loops, lets, rest } = descend(nest.body, "pure", refuse);
  const end = rest.findIndex((stmt) => stmt.kind === "store");
  const [before, after] = end < 0 ? [rest, []] : [rest.slice(0, end), rest.slice(end)];
  const stores = (register: string | null): readonly Store[] =>
    after.map((stmt) => storeOf(stmt, register, refuse));
  const [alloc, ...reduction] = before;
  if (alloc === undefined && after.length > 0)
    return { name: nest.name, loops, lets, reduce: null, stores: stores(null) };
  if (alloc?.kind !== "alloc" || after.length === 0 || reduction.length > 1)
    throw refuse(`its loops hold ${described(rest)}, not stores, or a register, its reduction and stores`);
  const { name, size } = alloc.buffer;
  if (size !== 1 || alloc.buffer.element !== "f32") throw refuse(`register ${name} is more than one f32`);
  const place: Access = { buffer: name, at: { offset: 0, terms: [] }, lanes: 1, gate: null };
  const reduced = reductionOf(reduction, place, refuse);
  return {
    name: nest.name,
    loops: [...loops, ...reduced.loops],
    lets: [...lets, ...reduced.lets],
    reduce: { ...reduced.term, init: alloc.init },
    stores: stores(name),
  };
}

type Refuse = (because: string) => ConfigError;

function notNaive(what: string, because: string): ConfigError {
  return new ConfigError(
    "schedule-illegal",
    `${what} is not naive, so no schedule applies to it: ${because}`,
  );
}

function described(stmts: readonly Stmt[]): string {
  const texts = stmts.map((stmt) => `"${printStmt(stmt).replace(/ \{$/, "")}"`);
  return texts.length === 0 ? "nothing" : texts.join(", ");
}

function scalar(expr: Expr, refuse: Refuse): Expr {
  const vector = expr.kind === "splat" || expr.kind === "vector" || expr.kind === "lane";
  if (vector || (expr.kind === "load" && expr.from.lanes !== 1))
    throw refuse(`${printExpr(expr)} has more than one lane`);
  return expr;
}

interface Descent {
  readonly loops: readonly Loop[];
  readonly lets: readonly IntegerLet[];
  /** The first statements that are not a lone loop and the lets before it. */
  readonly rest: readonly Stmt[];
}

/** Goes inwards as long as there is one loop, collecting lets. */
function descend(body: readonly Stmt[], kind: AxisKind, refuse: Refuse): Descent {
  const loops: Loop[] = [];
  const lets: IntegerLet[] = [];
  let rest = body;
  for (;;) {
    const end = rest.findIndex((stmt) => stmt.kind !== "let");
    for (const stmt of end < 0 ? rest : rest.slice(0, end)) {
      if (stmt.kind !== "let") continue;
      if (stmt.value.kind !== "index" && stmt.value.kind !== "integer")
        throw refuse(`let ${stmt.name} is not an integer`);
      lets.push({ name: stmt.name, value: stmt.value });
    }
    rest = end < 0 ? [] : rest.slice(end);
    const [only] = rest;
    if (only?.kind !== "for" || rest.length > 1) return { loops, lets, rest };
    if (only.mode !== "serial") throw refuse(`loop ${only.axis} is ${only.mode}, not serial`);
    if (only.start !== 0) throw refuse(`loop ${only.axis} starts at ${only.start}, not at 0`);
    loops.push(loop(only.axis, only.extent, kind));
    rest = only.body;
  }
}

interface Reduction {
  readonly loops: readonly Loop[];
  readonly lets: readonly IntegerLet[];
  readonly term: Omit<NonNullable<LoopNest["reduce"]>, "init">;
}

/** What stands between the register and the store; nothing there is a sum without terms. */
function reductionOf(stmts: readonly Stmt[], place: Access, refuse: Refuse): Reduction {
  if (stmts.length === 0) {
    const none = loop("none", 0, "reduce");
    return { loops: [none], lets: [], term: { fn: "add", value: { kind: "lit", value: 0 }, guard: null } };
  }
  const { loops, lets, rest } = descend(stmts, "reduce", refuse);
  const [outer] = rest;
  const inner = outer?.kind === "if" && rest.length === 1 ? outer.body : rest;
  const [term] = inner;
  if (term?.kind !== "reduce" || inner.length > 1)
    throw refuse(`its reduction holds ${described(inner)}, not one reduction into ${place.buffer}`);
  const { to, fn, value } = term;
  if (to.buffer !== place.buffer || to.lanes !== 1 || to.gate !== null || to.at.terms.length > 0)
    throw refuse(`${described([term])} is no reduction into ${place.buffer}[0]`);
  if (readsBuffer(value, place.buffer)) throw refuse(`the term ${printExpr(value)} reads ${place.buffer}`);
  return { loops, lets, term: { fn, value, guard: outer?.kind === "if" ? outer.when : null } };
}

/** Reads of the register become the accumulator. */
function storeOf(stmt: Stmt, register: string | null, refuse: Refuse): Store {
  if (stmt.kind !== "store" || stmt.to.lanes !== 1 || stmt.to.buffer === register)
    throw refuse(`${described([stmt])} is no store of one element`);
  const value = mapExpr(stmt.value, (e) =>
    e.kind === "load" && e.from.buffer === register ? accumulator : e,
  );
  return { to: stmt.to, value };
}
