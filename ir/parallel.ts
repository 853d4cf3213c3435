/**
 * Which nests several workers share, and how.
 *
 * The workers of a parallel axis each take a part of its values, and run everything around the axis's loops themselves:
 *
 *   for oc { parallel oh in 0..1 { .. } parallel oh in 1..27 { .. } parallel oh in 27..28 { .. } }
 *
 * is one range, oh in 0..28, of which each worker runs its part for every oc. Nobody waits inside a nest, so that nothing
 * may be written outside the axis's loops, and nothing read (but a worker's own scratch) that the nest writes.
 */
import type { Kernel, Nest, Stmt } from "./kernel.js";
import { walkAccesses } from "./visit.js";

/** The values of the axis: start … end - 1. */
export interface ParallelRange {
  readonly axis: string;
  readonly start: number;
  readonly end: number;
}

/** null: one worker runs the nest. Of parallel loops inside each other, the outermost counts. */
export function parallelRange({ locals }: Pick<Kernel, "locals">, nest: Nest): ParallelRange | null {
  const found = rangeOf(nest.body);
  if (found === null || found === "none") return null;
  const own = new Set(locals.flatMap(({ name, space }) => (space === "scratch" ? [name] : [])));
  return readsItself(nest.body, own) ? null : found;
}

/** null: what is written is not all inside loops of one parallel axis; "none": nothing is written to memory. */
function rangeOf(body: readonly Stmt[]): ParallelRange | "none" | null {
  const registers = new Set<string>();
  let range: ParallelRange | "none" = "none";
  for (const stmt of body) {
    const part = rangeOfStmt(stmt, registers);
    if (part === null) return null;
    if (part === "none") continue;
    const joined: ParallelRange | null = range === "none" ? part : join(range, part, stmt);
    if (joined === null) return null;
    range = joined;
  }
  return range;
}

/** Pieces of one loop follow each other; loops around all pieces repeat them. */
function join(range: ParallelRange, part: ParallelRange, stmt: Stmt): ParallelRange | null {
  if (range.axis !== part.axis) return null;
  if (isPiece(stmt)) return part.start === range.end ? { ...range, end: part.end } : null;
  return range.start === part.start && range.end === part.end ? range : null;
}

function rangeOfStmt(stmt: Stmt, registers: Set<string>): ParallelRange | "none" | null {
  switch (stmt.kind) {
    case "for":
      if (isPiece(stmt)) return { axis: stmt.axis, start: stmt.start, end: stmt.start + stmt.extent };
      return rangeOf(stmt.body);
    case "if":
      return rangeOf(stmt.body);
    case "alloc":
      registers.add(stmt.buffer.name);
      return "none";
    case "store":
    case "reduce":
      return registers.has(stmt.to.buffer) ? "none" : null;
    case "let":
      return "none";
    case "barrier":
      return null;
    default:
      return stmt satisfies never;
  }
}

function isPiece(stmt: Stmt): boolean {
  return stmt.kind === "for" && stmt.mode === "parallel";
}

function readsItself(body: readonly Stmt[], own: ReadonlySet<string>): boolean {
  const read = new Set<string>();
  const written = new Set<string>();
  const registers = new Set<string>();
  const define = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === "alloc") registers.add(stmt.buffer.name);
      if (stmt.kind === "for" || stmt.kind === "if") define(stmt.body);
    }
  };
  define(body);
  walkAccesses(body, ({ buffer }, use) => void (use === "load" ? read : written).add(buffer));
  return [...written].some((name) => read.has(name) && !own.has(name) && !registers.has(name));
}
