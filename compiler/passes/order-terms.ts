/**
 * order-terms: terms of several sums in an order in which the uses of what they share stand close together, so that it
 * need not stay in a register for long.
 *
 *   acc.0 += x[0]*w[0]; acc.1 += x[1]*w[0]; acc.0 += x[1]*w[1]; acc.1 += x[2]*w[1]     x[1] waits for other terms
 *   -> as soon as all earlier terms of its own sum are there, a term follows the one it shares a load with
 *
 * With that a window slides over the row of a depthwise convolution. Only where less is alive at once than before, and
 * only where it was more than the registers. Exact: every sum adds its own terms in their own order.
 */
import type { Kernel, Stmt } from "../../ir/kernel.js";
import { freeNames, stmtExprs, walkOwnNames } from "../../ir/visit.js";
import type { PassContext } from "../pass.js";

export function orderTerms(kernel: Kernel, { target }: PassContext): Kernel {
  const nests = kernel.nests.map((nest) => {
    // One register is the code generator's own.
    const body = orderBlock(nest.body, target.registers - 1);
    return body === nest.body ? nest : { ...nest, body };
  });
  return nests.every((nest, i) => nest === kernel.nests[i]) ? kernel : { ...kernel, nests };
}

function orderBlock(stmts: readonly Stmt[], registers: number): readonly Stmt[] {
  const inner = stmts.map((stmt) => {
    if (stmt.kind !== "for" && stmt.kind !== "if") return stmt;
    const body = orderBlock(stmt.body, registers);
    return body === stmt.body ? stmt : { ...stmt, body };
  });
  const same = inner.every((stmt, i) => stmt === stmts[i]) ? stmts : inner;
  if (!same.some(isTerm)) return same;
  const alive = mostAlive(same);
  if (alive <= registers) return same;
  const ordered = inOrder(same);
  return mostAlive(ordered) < alive ? ordered : same;
}

/** Terms from one use of a value to the next that are close enough. */
const near = 4;

type Term = Extract<Stmt, { readonly kind: "store" | "reduce" }>;
type Let = Extract<Stmt, { readonly kind: "let" }>;

/** A term added to a sum in a register: `acc += ..`, or `acc = fma(.., acc)`. */
function isTerm(stmt: Stmt): stmt is Term {
  if (stmt.kind === "reduce") return true;
  if (stmt.kind !== "store" || stmt.value.kind !== "call") return false;
  const { buffer } = stmt.to;
  return stmt.value.args.some((e) => e.kind === "load" && e.from.buffer === buffer);
}

function namesOf(stmt: Stmt): ReadonlySet<string> {
  return new Set(stmtExprs(stmt).flatMap((expr) => [...freeNames(expr)]));
}

/** Sums and lets that are alive together, where most are. */
function mostAlive(stmts: readonly Stmt[]): number {
  const last = new Map<string, number>();
  const lets = new Set(stmts.flatMap((stmt) => (stmt.kind === "let" ? [stmt.name] : [])));
  if (lets.size > 0)
    stmts.forEach((stmt, i) => {
      walkOwnNames(stmt, (name) => void (lets.has(name) && last.set(name, i)));
    });
  const ends = new Map<number, number>();
  let alive = new Set(stmts.filter(isTerm).map((stmt) => stmt.to.buffer)).size;
  let most = alive;
  stmts.forEach((stmt, i) => {
    const end = stmt.kind === "let" ? last.get(stmt.name) : undefined;
    if (end !== undefined) {
      ends.set(end, (ends.get(end) ?? 0) + 1);
      alive++;
      most = Math.max(most, alive);
    }
    alive -= ends.get(i) ?? 0;
  });
  return most;
}

/** Each run of terms, with the lets they share, in the new order. */
function inOrder(stmts: readonly Stmt[]): readonly Stmt[] {
  const out: Stmt[] = [];
  let run: (Term | Let)[] = [];
  const flush = (): void => {
    out.push(...orderRun(run));
    run = [];
  };
  for (const stmt of stmts) {
    if (isTerm(stmt) || (stmt.kind === "let" && isSharedLoad(stmt))) run.push(stmt);
    else {
      flush();
      out.push(stmt);
    }
  }
  flush();
  return out;
}

function isSharedLoad({ value }: Let): boolean {
  const load = value.kind === "splat" ? value.value : value;
  return load.kind === "load";
}

function orderRun(run: readonly (Term | Let)[]): readonly Stmt[] {
  const terms = run.filter(isTerm);
  const written = new Set(terms.map((term) => term.to.buffer));
  const lets = new Map<string, Let>();
  for (const stmt of run) if (stmt.kind === "let") lets.set(stmt.name, stmt);
  // A let of a sum itself stays where it is, and so does everything around it.
  if ([...lets.values()].some((l) => readsAny(l, written))) return run;
  const shared = terms.map((term) => [...namesOf(term)].filter((name) => lets.has(name)));
  const users = new Map<string, number[]>();
  const waiting = new Map<string, number[]>();
  terms.forEach((term, i) => {
    for (const name of shared[i]!) users.set(name, [...(users.get(name) ?? []), i]);
    waiting.set(term.to.buffer, [...(waiting.get(term.to.buffer) ?? []), i]);
  });
  const done = new Set<number>();
  const out: Stmt[] = [];
  const emit = (i: number): void => {
    done.add(i);
    waiting.get(terms[i]!.to.buffer)!.shift();
    for (const name of shared[i]!) {
      const own = lets.get(name);
      if (own === undefined) continue;
      lets.delete(name);
      out.push(own);
    }
    out.push(terms[i]!);
  };
  terms.forEach((_, i) => {
    if (done.has(i)) return;
    emit(i);
    let farthest: readonly number[] = [];
    for (const name of shared[i]!) {
      const open = users.get(name)!.filter((at) => !done.has(at));
      // What the next terms read anyway needs no one to follow it.
      if ((open[0] ?? i) - i > Math.max(near, (farthest[0] ?? i) - i)) farthest = open;
    }
    for (const at of farthest) if (waiting.get(terms[at]!.to.buffer)![0] === at) emit(at);
  });
  // What no term reads is read further down.
  return [...lets.values(), ...out];
}

function readsAny({ value }: Let, buffers: ReadonlySet<string>): boolean {
  const load = value.kind === "splat" ? value.value : value;
  return load.kind === "load" && buffers.has(load.from.buffer);
}
