/**
 * What a kernel reads, counted by walking it: control flow is run, values are not. Loops whose axis no condition asks
 * about count as often as they run; the others are run through. A load behind a gate counts, since it happens all the
 * same where there is no branch; one of four lanes counts four.
 */
import type { Grid } from "./grid.js";
import { gridOf, laneCount, workgroupCount } from "./grid.js";
import type { Affine, Expr, For, Kernel, Nest, Stmt } from "./kernel.js";
import { elementBytes } from "./types.js";
import { exprChildren, stmtExprs } from "./visit.js";

export interface NestCount {
  readonly nest: string;
  /** Scalars read from parameters and intermediate buffers. */
  readonly scalars: number;
  readonly sharedBytes: number;
  readonly workgroups: number;
  readonly lanes: number;
  /** Part of the lanes that do nothing: outside the work, or missing from the last group of 32. */
  readonly idle: number;
}

/** Lanes that an adapter runs together. */
const together = 32;

export function countKernel(kernel: Kernel): readonly NestCount[] {
  const buffers = new Set([...kernel.params, ...kernel.locals].map(({ name }) => name));
  return kernel.nests.map((nest) => countNest(nest, buffers));
}

function countNest(nest: Nest, buffers: ReadonlySet<string>): NestCount {
  const grid = gridOf(nest);
  const empty: Grid = { workgroups: [], lanes: [], shared: [] };
  const { workgroups, lanes, shared } = typeof grid === "string" ? empty : grid;
  const shape = { workgroups, lanes, shared };
  const counter = new Counter(buffers);
  counter.block(nest.body, new Map(), { runs: 1, lanes: 1 });
  const width = laneCount(shape);
  const all = workgroupCount(shape) * Math.ceil(width / together) * together;
  return {
    nest: nest.name,
    scalars: counter.scalars,
    sharedBytes: shared.reduce((sum, { size, element }) => sum + size * elementBytes(element), 0),
    workgroups: workgroupCount(shape),
    lanes: width,
    idle: Math.max(0, 1 - counter.working / all),
  };
}

type Values = ReadonlyMap<string, number>;

/** How often a block runs with the same values, and by how many lanes. */
interface Times {
  readonly runs: number;
  readonly lanes: number;
}

class Counter {
  scalars = 0;
  /** Lanes that store something outside the workgroup, each once. */
  working = 0;

  constructor(private readonly buffers: ReadonlySet<string>) {}

  block(stmts: readonly Stmt[], values: Values, times: Times): void {
    const asked = axesAsked(stmts);
    let known = values;
    let stored = false;
    for (const stmt of stmts) {
      this.loads(stmt, times);
      switch (stmt.kind) {
        case "for":
          this.loop(stmt, known, times, asked.has(stmt.axis));
          break;
        case "if":
          if (holds(stmt.when, known)) this.block(stmt.body, known, times);
          break;
        case "let":
          known = withLet(known, stmt.name, stmt.value);
          break;
        case "store":
        case "reduce":
          if (this.buffers.has(stmt.to.buffer)) stored = true;
          break;
        case "alloc":
        case "barrier":
          break;
        default:
          stmt satisfies never;
      }
    }
    if (stored) this.working += times.lanes;
  }

  /** Iterations of a serial loop are all one lane's. */
  private loop(stmt: For, values: Values, { runs, lanes }: Times, asked: boolean): void {
    const { axis, start, extent, body, mode } = stmt;
    const grid = mode === "workgroup" || mode === "lane";
    if (!asked) {
      this.block(body, values, { runs: runs * extent, lanes: grid ? lanes * extent : lanes });
      return;
    }
    for (let i = 0; i < extent; i++)
      this.block(body, new Map(values).set(axis, start + i), { runs, lanes: grid || i === 0 ? lanes : 0 });
  }

  private loads(stmt: Stmt, { runs }: Times): void {
    const seen = new Set<Expr>();
    const visit = (expr: Expr): void => {
      if (seen.has(expr)) return;
      seen.add(expr);
      if (expr.kind === "load" && this.buffers.has(expr.from.buffer)) this.scalars += runs * expr.from.lanes;
      exprChildren(expr).forEach(visit);
    };
    for (const expr of stmtExprs(stmt)) visit(expr);
  }
}

/** Axes, and what integer lets are made of, that the conditions of `if`s in the statements depend on. */
function axesAsked(stmts: readonly Stmt[]): ReadonlySet<string> {
  const known = askedBy.get(stmts);
  if (known !== undefined) return known;
  const asked = new Set<string>();
  const lets = new Map<string, readonly string[]>();
  const add = (name: string): void => {
    asked.add(name);
    for (const inner of lets.get(name) ?? []) if (!asked.has(inner)) add(inner);
  };
  const visit = (list: readonly Stmt[]): void => {
    for (const stmt of list) {
      if (stmt.kind === "let" && (stmt.value.kind === "index" || stmt.value.kind === "integer"))
        lets.set(
          stmt.name,
          affineOf(stmt.value).terms.map(({ of }) => of),
        );
      if (stmt.kind === "if") for (const name of testNames(stmt.when)) add(name);
      if (stmt.kind === "for" || stmt.kind === "if") visit(stmt.body);
    }
  };
  visit(stmts);
  askedBy.set(stmts, asked);
  return asked;
}

const askedBy = new WeakMap<readonly Stmt[], ReadonlySet<string>>();

function affineOf(expr: Extract<Expr, { kind: "index" | "integer" }>): Affine {
  return expr.kind === "index" ? expr.at : expr.of;
}

function testNames(when: Expr): readonly string[] {
  if (when.kind === "test") return when.of.terms.map(({ of }) => of);
  return exprChildren(when).flatMap(testNames);
}

function affineValue({ offset, terms }: Affine, values: Values): number | null {
  let sum = offset;
  for (const { of, coef } of terms) {
    const value = values.get(of);
    if (value === undefined) return null;
    sum += coef * value;
  }
  return sum;
}

function withLet(values: Values, name: string, value: Expr): Values {
  if (value.kind !== "index") return values;
  const at = affineValue(value.at, values);
  return at === null ? values : new Map(values).set(name, at);
}

/** What cannot be told (a test on what a let divides) is taken to hold. */
function holds(when: Expr, values: Values): boolean {
  if (when.kind === "test") {
    const of = affineValue(when.of, values);
    if (of === null) return true;
    return when.fn === "inside" ? of >= 0 && of < when.by : of % when.by === 0;
  }
  if (when.kind !== "call") return true;
  if (when.fn === "not") return !holds(when.args[0]!, values);
  return when.fn === "and"
    ? when.args.every((arg) => holds(arg, values))
    : when.args.some((arg) => holds(arg, values));
}
