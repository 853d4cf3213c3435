/**
 * A nest as a grid: which of its loops are workgroups and which are lanes.
 *
 *   workgroup oh in 56 { workgroup c in 4 { let ..; shared s; lane p in 64 { .. } } }
 *
 * The workgroup loops of a nest lie around its lane loops, each in the body of the one before, beside nothing but lets
 * and shared buffers; everything else is inside all of them. A nest without such loops is one lane of one workgroup.
 */
import type { Buffer, For, Nest, Stmt } from "./kernel.js";

export interface Grid {
  /** Outermost first. */
  readonly workgroups: readonly For[];
  readonly lanes: readonly For[];
  readonly shared: readonly Buffer[];
}

export function workgroupCount({ workgroups }: Grid): number {
  return workgroups.reduce((count, loop) => count * loop.extent, 1);
}

export function laneCount({ lanes }: Grid): number {
  return lanes.reduce((count, loop) => count * loop.extent, 1);
}

/** The loops of a nest that are a grid; where it is none, why. */
export function gridOf({ body }: Pick<Nest, "body">): Grid | string {
  const workgroups: For[] = [];
  const lanes: For[] = [];
  const shared: Buffer[] = [];
  let block: readonly Stmt[] = body;
  for (;;) {
    const loop: For | undefined = block.find(
      (stmt): stmt is For => stmt.kind === "for" && isConcurrent(stmt),
    );
    if (loop === undefined) break;
    const odd = block.find((stmt) => stmt !== loop && !isSetting(stmt, lanes));
    if (odd !== undefined) return `${loop.mode} ${loop.axis} is beside other statements`;
    if (loop.mode === "workgroup" && lanes.length > 0)
      return `workgroup ${loop.axis} is inside lane ${lanes[0]!.axis}`;
    for (const stmt of block) if (stmt.kind === "alloc") shared.push(stmt.buffer);
    (loop.mode === "lane" ? lanes : workgroups).push(loop);
    block = loop.body;
  }
  const stray = strayLoop(block);
  return stray === null ? { workgroups, lanes, shared } : `${stray.mode} ${stray.axis} is inside other loops`;
}

function isConcurrent({ mode }: For): boolean {
  return mode === "workgroup" || mode === "lane";
}

/** What may stand beside a loop of the grid: it does nothing that another lane would do too. */
function isSetting(stmt: Stmt, lanes: readonly For[]): boolean {
  return (
    stmt.kind === "let" || (stmt.kind === "alloc" && stmt.buffer.space === "shared" && lanes.length === 0)
  );
}

function strayLoop(stmts: readonly Stmt[]): For | null {
  for (const stmt of stmts) {
    if (stmt.kind !== "for" && stmt.kind !== "if") continue;
    if (stmt.kind === "for" && isConcurrent(stmt)) return stmt;
    const inner = strayLoop(stmt.body);
    if (inner !== null) return inner;
  }
  return null;
}
