/**
 * Chooses a schedule for a lowered kernel: the only heuristics of the project. Every candidate is costed by cost.ts; the
 * answer is data (a Schedule), with a sentence that says why.
 */
import { coefficient } from "../../ir/kernel.js";
import type { Schedule, Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { freeNames, walkExpr } from "../../ir/visit.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { canFuse, draftOf } from "./apply.js";
import type { Tile } from "./cost.js";
import { copyCycles, milliseconds, tileCycles, unrollCount } from "./cost.js";
import type { Loop, LoopNest } from "./loop-nest.js";

export interface Choice {
  readonly schedule: Schedule;
  /** direct: the sum as defined. map: elementwise. */
  readonly algorithm: "direct" | "map";
  readonly why: string;
  readonly predictedMs: number;
}

export function choose(lowered: LoweredKernel, target: Target): Choice {
  const nest = lowered.nests.find((candidate) => candidate.name === "main")!;
  return nest.reduce === null ? chooseMap(lowered, nest, target) : chooseReduction(lowered, nest, target);
}

function scheduleOf(lowered: LoweredKernel, target: Target, steps: readonly Step[]): Schedule {
  return { kernel: lowered.name, target: target.name, steps, reassociates: false };
}

/** An elementwise kernel: the innermost axis in vectors where every operand is contiguous or constant along it. */
function chooseMap(lowered: LoweredKernel, nest: LoopNest, target: Target): Choice {
  const elements = nest.loops.reduce((total, l) => total * l.extent, 1);
  const steps = vectorSteps(nest, "", target);
  const vector = steps.length > 0;
  return {
    schedule: scheduleOf(lowered, target, steps),
    algorithm: "map",
    why: vector ? `${elements} elements, ${target.lanes} at a time` : `${elements} elements, one at a time`,
    predictedMs: milliseconds(copyCycles(elements, vector, target)),
  };
}

/** Steps that vectorise the innermost loop of a nest without a reduction; none where that would gather. */
function vectorSteps(nest: LoopNest, prefix: string, target: Target): Step[] {
  const last = nest.loops.at(-1);
  if (target.lanes === 1 || last === undefined || last.extent < target.lanes) return [];
  const strides = new Set(addressCoefficients(nest, last.axis));
  if ([...strides].some((stride) => stride !== 0 && stride !== 1)) return [];
  if (nest.lets.some((l) => freeNames(l.value).has(last.axis))) return [];
  const axis = `${prefix}${last.axis}`;
  return [
    {
      do: "split",
      axis,
      factor: target.lanes,
      into: [`${axis}.o`, `${axis}.i`],
      tail: last.extent % target.lanes === 0 ? "exact" : "cut",
    },
    { do: "mode", axis: `${axis}.i`, mode: "vector" },
  ];
}

/** Coefficients of an axis in the addresses of all loads and stores. */
function addressCoefficients(nest: LoopNest, axis: string): number[] {
  const out: number[] = [];
  for (const { to, value } of nest.stores) {
    out.push(coefficient(to.at, axis));
    walkExpr(value, (e) => {
      if (e.kind === "load") out.push(coefficient(e.from.at, axis));
    });
  }
  return out;
}

interface Plan {
  readonly steps: readonly Step[];
  readonly cycles: number;
  readonly why: string;
}

function chooseReduction(lowered: LoweredKernel, nest: LoopNest, target: Target): Choice {
  const prepared = prepare(lowered, nest, target);
  const plans = prepared === null ? [] : candidates(prepared, target);
  const best = plans.reduce<Plan | null>(
    (least, plan) => (least === null || plan.cycles < least.cycles ? plan : least),
    null,
  );
  if (best === null) {
    const terms = nest.loops.reduce((total, l) => total * l.extent, 1);
    const scalar: Tile = {
      rows: 1,
      columns: 1,
      lhsVector: false,
      gathers: { lhs: false, rhs: false, out: false },
    };
    return {
      schedule: scheduleOf(lowered, target, []),
      algorithm: "direct",
      why: "one output at a time: nothing to tile",
      predictedMs: milliseconds(tileCycles(scalar, terms, 1, target)),
    };
  }
  return {
    schedule: scheduleOf(lowered, target, best.steps),
    algorithm: "direct",
    why: best.why,
    predictedMs: milliseconds(best.cycles),
  };
}

/** A reduction after the steps every candidate shares: borders staged, skipped taps unrolled away, pixels fused. */
interface Prepared {
  readonly lowered: LoweredKernel;
  readonly nest: LoopNest;
  readonly steps: readonly Step[];
  readonly cycles: number;
  readonly notes: readonly string[];
}

function mainNest(lowered: LoweredKernel): LoopNest {
  return lowered.nests.find((candidate) => candidate.name === "main")!;
}

function prepare(lowered: LoweredKernel, nest: LoopNest, target: Target): Prepared | null {
  if (nest.loops.some((l) => l.extent === 0)) return null;
  const guard = nest.reduce!.guard;
  const tapAxes = nest.loops.filter(
    (l) => l.kind === "reduce" && guard !== null && freeNames(guard).has(l.axis),
  );
  // A guard on anything but taps (inserted zeros) varies with the output: it stays a test, and nothing is tiled.
  if (guard !== null && [...freeNames(guard)].some((name) => !tapAxes.some((l) => l.axis === name)))
    return null;
  const steps: Step[] = [];
  const notes: string[] = [];
  let cycles = 0;
  if (nest.lets.length > 0) {
    steps.push({ do: "stage", operand: lowered.params[0]!.name, space: "arena" });
    const copy = draftOf(lowered, steps).nests.find((candidate) => candidate.name.startsWith("stage-"))!;
    const copySteps = vectorSteps(copy, `${copy.name}/`, target);
    steps.push(...copySteps);
    const elements = copy.loops.reduce((total, l) => total * l.extent, 1);
    cycles += copyCycles(elements, copySteps.length > 0, target);
    notes.push(`borders filled in a copy of ${elements} elements`);
  }
  steps.push(...tapAxes.map((l): Step => ({ do: "mode", axis: l.axis, mode: "unroll" })));
  fusePixels(lowered, steps);
  return { lowered, nest: mainNest(draftOf(lowered, steps)), steps, cycles, notes };
}

function isPixel(l: Loop): boolean {
  return l.kind === "pure" && l.axis !== "g" && l.axis !== "oc";
}

/** Fuses neighbouring pixel axes that every address walks as one, so that a tile need not end with a row. */
function fusePixels(lowered: LoweredKernel, steps: Step[]): void {
  for (;;) {
    const nest = mainNest(draftOf(lowered, steps));
    const [outer, inner] = nest.loops.filter(isPixel).slice(-2);
    if (outer === undefined || inner === undefined || !canFuse(nest, outer.axis, inner.axis)) return;
    steps.push({ do: "fuse", axes: [outer.axis, inner.axis], into: "p" });
  }
}

/** Every register tile worth considering, with what it should cost. */
function candidates(prepared: Prepared, target: Target): Plan[] {
  const { nest } = prepared;
  const plans: Plan[] = [];
  const pure = nest.loops.filter((l) => l.kind === "pure");
  for (const column of pure.filter((l) => l.extent > 1 || pure.length === 1)) {
    const rows = pure.filter(isPixel).filter((l) => l !== column);
    for (const row of [rows.at(-1) ?? null, ...(rows.length > 1 ? [rows.at(-2)!] : [])])
      for (const columns of columnCounts(column, target))
        for (const rowCount of row === null ? [1] : rowCounts(row, target))
          plans.push(planTile(prepared, { column, columns, row, rows: rowCount }, target));
  }
  return plans;
}

function columnCounts(column: Loop, target: Target): number[] {
  const counts = target.lanes === 1 ? [1, 2, 4] : [target.lanes, 2 * target.lanes, 4 * target.lanes];
  const fitting = counts.filter((count) => count <= column.extent);
  return fitting.length > 0 ? fitting : [column.extent];
}

function rowCounts(row: Loop, target: Target): number[] {
  const most = target.lanes === 1 ? 4 : 8;
  return Array.from({ length: Math.min(most, row.extent) }, (_, i) => i + 1);
}

interface TileChoice {
  /** The axis along the lanes. */
  readonly column: Loop;
  readonly columns: number;
  readonly row: Loop | null;
  readonly rows: number;
}

function planTile(prepared: Prepared, choice: TileChoice, target: Target): Plan {
  const { nest, lowered } = prepared;
  const { column, columns, row, rows } = choice;
  const reduced = nest.loops.filter((l) => l.kind === "reduce");
  const last = reduced.at(-1);
  const unroll =
    last === undefined || last.mode === "unroll"
      ? 1
      : unrollCount(last.extent, rows * Math.ceil(columns / target.lanes), target);
  const rhs = lowered.params[1]!;
  const packs = rhs.access === "constant";
  const strides = operandStrides(nest, column.axis, lowered.params[1]!.name);
  const shape = {
    lhsVector: strides.lhs !== 0,
    gathers: {
      lhs: strides.lhs > 1,
      rhs: !packs && strides.rhs > 1,
      out: strides.out > 1,
    },
  };
  const terms = reduced.reduce((total, l) => total * l.extent, 1);
  const outside = nest.loops
    .filter((l) => l.kind === "pure" && l !== column && l !== row)
    .reduce((total, l) => total * l.extent, 1);
  let cycles = 0;
  for (const [c, columnTiles] of parts(column.extent, columns))
    for (const [r, rowTiles] of parts(row?.extent ?? 1, rows))
      cycles += columnTiles * rowTiles * tileCycles({ rows: r, columns: c, ...shape }, terms, unroll, target);
  return {
    steps: [...prepared.steps, ...tileSteps(lowered, nest, choice, last ?? null, unroll)],
    cycles: prepared.cycles + cycles * outside,
    why: [
      `${rows} ${row?.axis ?? "position"} x ${columns} ${column.axis} in registers`,
      `${unroll} terms unrolled`,
      ...prepared.notes,
    ].join(", "),
  };
}

/** How a split covers an extent: full tiles, then the tail. */
function parts(extent: number, factor: number): readonly (readonly [size: number, count: number])[] {
  const full = Math.floor(extent / factor);
  const rest = extent % factor;
  return [...(full > 0 ? [[factor, full] as const] : []), ...(rest > 0 ? [[rest, 1] as const] : [])];
}

function operandStrides(
  nest: LoopNest,
  axis: string,
  rhs: string,
): { lhs: number; rhs: number; out: number } {
  let left = 0;
  let right = 0;
  walkExpr(nest.reduce!.value, (e) => {
    if (e.kind !== "load") return;
    const stride = Math.abs(coefficient(e.from.at, axis));
    if (e.from.buffer === rhs) right = Math.max(right, stride);
    else left = Math.max(left, stride);
  });
  return {
    lhs: left,
    rhs: right,
    out: Math.max(...nest.stores.map((store) => Math.abs(coefficient(store.to.at, axis)))),
  };
}

/** Splits, order and modes of a tile; pack last, when the order of the rhs's axes is known. */
function tileSteps(
  lowered: LoweredKernel,
  nest: LoopNest,
  choice: TileChoice,
  last: Loop | null,
  unroll: number,
): Step[] {
  const { column, columns, row, rows } = choice;
  const steps: Step[] = [];
  const split = (axis: string, extent: number, factor: number): void => {
    const tail = extent % factor === 0 ? "exact" : "cut";
    steps.push({ do: "split", axis, factor, into: [`${axis}.o`, `${axis}.i`], tail });
  };
  split(column.axis, column.extent, columns);
  if (row !== null) split(row.axis, row.extent, rows);
  const unrolls = last !== null && unroll > 1 && unroll < last.extent;
  if (unrolls) split(last.axis, last.extent, unroll);
  const isTiled = (l: Loop): boolean => l === column || l === row;
  const others = nest.loops.filter((l) => l.kind === "pure" && !isTiled(l));
  const reduced = nest.loops
    .filter((l) => l.kind === "reduce")
    .flatMap((l) => (unrolls && l === last ? [`${l.axis}.o`, `${l.axis}.i`] : [l.axis]));
  // Blocks of output channels outermost, so that their weights stay near while the pixels pass.
  const channelsOutside = column.axis === "oc";
  const order = [
    ...(channelsOutside ? others.filter((l) => l.axis === "n" || l.axis === "g").map((l) => l.axis) : []),
    ...(channelsOutside ? [`${column.axis}.o`] : []),
    ...others.filter((l) => !channelsOutside || (l.axis !== "n" && l.axis !== "g")).map((l) => l.axis),
    ...(row === null ? [] : [`${row.axis}.o`]),
    ...(channelsOutside ? [] : [`${column.axis}.o`]),
    ...reduced,
    ...(row === null ? [] : [`${row.axis}.i`]),
    `${column.axis}.i`,
  ];
  steps.push({ do: "reorder", axes: order });
  if (unrolls) steps.push({ do: "mode", axis: `${last.axis}.i`, mode: "unroll" });
  else if (last !== null && unroll > 1 && last.mode !== "unroll")
    steps.push({ do: "mode", axis: last.axis, mode: "unroll" });
  if (row !== null) steps.push({ do: "mode", axis: `${row.axis}.i`, mode: "unroll" });
  steps.push({ do: "mode", axis: `${column.axis}.i`, mode: "vector" });
  const rhs = lowered.params[1]!;
  if (rhs.access !== "constant") return steps;
  const constants = new Set(lowered.params.filter((p) => p.access === "constant").map((p) => p.name));
  steps.push({ do: "pack", operand: rhs.name, axes: packAxes(nest, constants, order) });
  return steps;
}

/** The axes that what is packed with the rhs varies along, in loop order. */
function packAxes(nest: LoopNest, constants: ReadonlySet<string>, order: readonly string[]): string[] {
  const used = new Set<string>();
  walkExpr(nest.reduce!.value, (e) => {
    if (e.kind === "load" && constants.has(e.from.buffer))
      for (const term of e.from.at.terms) used.add(term.of);
  });
  return order.filter((axis) => used.has(axis) || used.has(axis.replace(/\.[oi]$/, "")));
}
