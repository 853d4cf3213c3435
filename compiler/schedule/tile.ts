/**
 * Register tiles of one reduction nest: every candidate as schedule steps with what it should cost. The lhs is what
 * varies along the rows of a tile, the rhs (the second factor) along its columns, which run along the lanes.
 */
import type { Expr } from "../../ir/kernel.js";
import { coefficient } from "../../ir/kernel.js";
import { scalarFns } from "../../ir/scalar.js";
import type { Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { walkExpr } from "../../ir/visit.js";
import type { LoweredKernel } from "../lower/lowered.js";
import type { Body, Tile } from "./cost.js";
import { compileCycles, idleFactor, tileCycles, trafficCycles, unrolling, vectorsOf } from "./cost.js";
import { divisorsOf } from "./divisors.js";
import { factorsOf, isPixel, isReadInOrder, largestStep, packAxes, packs, plainRhs } from "./factors.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { largestPart } from "./share-work.js";

export interface Plan {
  readonly steps: readonly Step[];
  readonly cycles: number;
  readonly why: string;
  /** Which tile it is: the same words for the same tile, however many workers there are. */
  readonly tile: string;
}

/** Which of a nest's tiles: the best but so many, or one by its words. */
export type TilePick = { readonly rank: number } | { readonly tile: string };

/** A nest to tile, after the steps every candidate shares. */
export interface Tileable {
  readonly lowered: LoweredKernel;
  readonly nest: LoopNest;
  /** `main` is written without its name. */
  readonly prefix: string;
  /** Loops around the nest and others that run together with it. */
  readonly around: readonly Loop[];
}

/**
 * The plan that should cost least where so many workers share the loops around its tile; null where there is nothing to
 * tile. Its cycles are those of one worker alone. What lies along the lanes does not depend on the workers: there, a
 * multiply-add may round otherwise than where there are no lanes.
 *
 * With `pick` another one, or null where there are not so many; a tile that does not fit is one as good. All of Winograd's have the lanes along the same axis:
 * workers cut its blocks otherwise, and along other axes the cuts would show in the roundings.
 */
export function bestTile(
  tileable: Tileable,
  target: Target,
  workers: number,
  pick: TilePick = { rank: 0 },
): Plan | null {
  const traffic = rhsTraffic(tileable, target);
  const tiles = new Map<string, number>();
  const all = tileChoices(tileable, target)
    .filter((choice) => fits(tileable, choice, target))
    .map((choice) => {
      const cycles = tilesCycles(tileable, choice, target, tiles) + traffic;
      return { choice, cycles, cost: cycles + compiledCycles(tileable, choice, target) };
    });
  const cheapest = [...all].sort((a, b) => a.cost - b.cost);
  const [alone] = cheapest;
  const alike = cheapest.filter(({ choice }) => choice.column === alone?.choice.column);
  const choices = tileable.lowered.algorithm === "winograd" ? alike : cheapest;
  const busiest = ({ choice, cycles }: (typeof choices)[number]): number =>
    cycles * smallestPart(tileable, choice, workers);
  const best =
    "tile" in pick
      ? (choices.find(({ choice }) => tileName(choice) === pick.tile) ?? alike[0])
      : workers === 1
        ? choices[pick.rank]
        : [...alike].sort((a, b) => busiest(a) - busiest(b))[pick.rank];
  return best === undefined ? null : planOf(tileable, best.choice, best.cycles, target);
}

/** Operations an epilogue may be written out to: a shader is compiled where it runs, function calls written out too. */
export const mostWritten = 24;

/** Costly functions of an epilogue, for each element or vector. */
export function epilogueWeight({ stores }: LoopNest): number {
  const seen = new Set<Expr>();
  let count = 0;
  for (const { value } of stores)
    walkExpr(
      value,
      (e) => {
        if (e.kind === "call" && (!scalarFns[e.fn === "fma" ? "mul" : e.fn].primitive || roundings.has(e.fn)))
          count++;
      },
      seen,
    );
  return count;
}

const roundings: ReadonlySet<string> = new Set(["f16", "bf16"]);

function fits({ nest }: Tileable, { rows, columns }: TileChoice, target: Target): boolean {
  const vectors = rows * vectorsOf(columns, target);
  if (target.grid === null || vectors <= 1) return true;
  if (target.grid.adapter === "software" && vectors > mostCompiled) return false;
  const copies = finishesByLoop(vectors, target) ? 1 : vectors;
  return copies * epilogueWeight(nest) <= mostWritten;
}

/** Vectors of a tile on a software adapter: a larger one would compute faster, but not before it is compiled. */
const mostCompiled = 32;

/** Whether outputs are finished by a loop: on a software adapter the code of a store is longer than that of ten products. */
function finishesByLoop(vectors: number, { grid }: Target): boolean {
  return grid?.adapter === "software" && vectors >= 2;
}

function planOf(tileable: Tileable, choice: TileChoice, cycles: number, target: Target): Plan {
  const { terms } = unrolledOf(tileable, choice, target);
  return {
    steps: tileSteps(tileable, choice, target),
    cycles,
    why: `${tileName(choice)} in registers, ${terms} term${terms === 1 ? "" : "s"} unrolled`,
    tile: tileName(choice),
  };
}

/** What the busiest worker does, if they share the loop that is cut most equally. */
function smallestPart(
  { nest }: Tileable,
  { column, columns, row, rows }: TileChoice,
  workers: number,
): number {
  if (workers === 1) return 1;
  const factor = (l: Loop): number => (l === column ? columns : l === row ? rows : 1);
  const pure = nest.loops.filter((l) => l.kind === "pure");
  return Math.min(
    1,
    ...pure.map((l) =>
      largestPart(Math.floor(l.extent / factor(l)), (l.extent % factor(l)) / factor(l), workers),
    ),
  );
}

interface TileChoice {
  /** The axis along the lanes. */
  readonly column: Loop;
  readonly columns: number;
  readonly row: Loop | null;
  readonly rows: number;
}

function tileChoices({ nest }: Tileable, target: Target): TileChoice[] {
  const choices: TileChoice[] = [];
  const pure = nest.loops.filter((l) => l.kind === "pure");
  const factors = factorsOf(nest);
  for (const column of pure.filter((l) => l.extent > 1 || pure.length === 1)) {
    // Rows share the rhs; an axis it varies along has nothing to share.
    const rows = pure.filter((l) => isPixel(l) && l !== column && largestStep(factors.rhs, l.axis) === 0);
    for (const row of rows.length === 0 ? [null] : rows.slice(-2))
      for (const columns of columnCounts(
        column,
        row === null && target.lanes > 1 ? [1, 2, 4, 8] : [1, 2, 4],
        target,
      ))
        for (const rowCount of row === null ? [1] : rowCounts(row, target))
          choices.push({ column, columns, row, rows: rowCount });
  }
  return choices;
}

function columnCounts(column: Loop, registers: readonly number[], target: Target): number[] {
  if (target.grid !== null) return wholeColumns(column, target);
  const counts = registers.map((count) => count * target.lanes);
  const fitting = counts.filter((count) => count <= column.extent);
  return fitting.length > 0 ? fitting : [column.extent];
}

/**
 * Lanes of a grid do the same work each: tiles divide the axis, or the last one is masked. Whole vectors are best; small axes
 * are one tile.
 */
function wholeColumns({ axis, extent }: Loop, target: Target): number[] {
  const divisors = divisorsOf(extent, 8 * target.lanes);
  const vectors = divisors.filter((count) => count % target.lanes === 0);
  if (vectors.length > 0) return vectors;
  if (extent <= 2 * target.lanes) return [extent];
  return axis === "oc" ? [2 * target.lanes, 4 * target.lanes] : divisors;
}

function rowCounts(row: Loop, target: Target): number[] {
  if (target.grid !== null) return divisorsOf(row.extent, target.grid.adapter === "gpu" ? 8 : 16);
  const most = target.lanes === 1 ? 4 : 8;
  return Array.from({ length: Math.min(most, row.extent) }, (_, i) => i + 1);
}

function reductionLoops(nest: LoopNest): readonly Loop[] {
  return nest.loops.filter((l) => l.kind === "reduce");
}

/** The reduction loops that are unrolled, innermost last: whole ones, or a few terms of the last. */
interface Unrolled {
  readonly whole: readonly Loop[];
  readonly partial: { readonly loop: Loop; readonly factor: number } | null;
  readonly terms: number;
}

function unrolledOf({ nest }: Tileable, { rows, columns }: TileChoice, target: Target): Unrolled {
  const loops = reductionLoops(nest);
  // Loops that are unrolled already (skipped taps) count as they are.
  const open = loops.filter((l) => l.mode !== "unroll");
  const fixed = loops.filter((l) => l.mode === "unroll").reduce((terms, l) => terms * l.extent, 1);
  const { whole, partial } = unrolling(
    open.map((l) => l.extent),
    fixed * rows * vectorsOf(columns, target),
    target,
  );
  const list = open.slice(open.length - whole);
  const last = open.at(-1);
  const part = partial > 1 && last !== undefined ? { loop: last, factor: partial } : null;
  return {
    whole: list,
    partial: part,
    terms: fixed * partial * list.reduce((terms, l) => terms * l.extent, 1),
  };
}

/** What the straight-line body loads of the lhs: a sliding window meets the same element for several rows and taps. */
function bodyOf(tileable: Tileable, choice: TileChoice, lhsVector: boolean, target: Target): Body {
  const { nest } = tileable;
  const { row, rows, column, columns } = choice;
  const { whole, partial, terms } = unrolledOf(tileable, choice, target);
  const factors = factorsOf(nest);
  const stride = (axis: string): number =>
    factors.lhs[0] === undefined ? 0 : coefficient(factors.lhs[0], axis);
  const unrolled = [
    ...whole.map((l) => [stride(l.axis), l.extent] as const),
    ...nest.loops
      .filter((l) => l.kind === "reduce" && l.mode === "unroll")
      .map((l) => [stride(l.axis), l.extent] as const),
    ...(partial === null ? [] : [[stride(partial.loop.axis), partial.factor] as const]),
  ];
  const along = row === null ? [] : [[stride(row.axis), rows] as const];
  const rhsLoads = terms * vectorsOf(columns, target);
  if (!lhsVector) return { terms, lhsLoads: distinct([...unrolled, ...along]), rhsLoads, taps: 1 };
  if (target.grid?.adapter === "software") {
    // No vector is loaded as one: elements that several vectors hold, or all lanes of one, are loaded once.
    const elements = distinct([...unrolled, ...along, [stride(column.axis), columns]]);
    const rhsElements = terms * (largestStep(factors.rhs, column.axis) === 0 ? 1 : columns);
    return { terms, lhsLoads: elements / target.lanes, rhsLoads: rhsElements / target.lanes, taps: 1 };
  }
  // Vectors stay in registers only while the window slides over the row: for the innermost taps.
  const innermost = unrolled.slice(-1);
  const [[, taps]] = innermost.length === 0 ? [[0, 1]] : (innermost as [readonly [number, number]]);
  const outer = unrolled.slice(0, -1).reduce((product, [, count]) => product * count, 1);
  const loads = distinct([...innermost, ...along]);
  const vectors = column.kind === "pure" ? vectorsOf(columns, target) : 1;
  return { terms, lhsLoads: outer * loads * vectors, rhsLoads, taps: loads < taps * rows ? taps : 1 };
}

/** Places that some loops, each with a step and a number of iterations, reach together: counted one by one only where they meet. */
function distinct(loops: readonly (readonly [step: number, count: number])[]): number {
  const apart = loops
    .filter(([step, count]) => step !== 0 && count > 1)
    .sort(([a], [b]) => Math.abs(a) - Math.abs(b));
  let reach = 0;
  const meets = apart.some(([step, count]) => {
    const meeting = Math.abs(step) <= reach;
    reach += Math.abs(step) * (count - 1);
    return meeting;
  });
  if (!meets) return apart.reduce((places, [, count]) => places * count, 1);
  let places = new Set([0]);
  for (const [step, count] of apart) {
    const next = new Set<number>();
    for (const base of places) for (let i = 0; i < count; i++) next.add(base + i * step);
    places = next;
  }
  return places.size;
}

/** What there is to know of a tile's operands and results along its columns. */
function shapeOf(nest: LoopNest, lowered: LoweredKernel, column: Loop): Omit<Tile, "rows" | "columns"> {
  const factors = factorsOf(nest);
  const lhsStride = largestStep(factors.lhs, column.axis);
  return {
    lhsVector: lhsStride !== 0,
    gathers: {
      lhs: lhsStride > 1,
      rhs: !packs(lowered, factors.rhsBuffers) && largestStep(factors.rhs, column.axis) > 1,
      out: nest.stores.some((store) => Math.abs(coefficient(store.to.at, column.axis)) > 1),
    },
  };
}

/** Of the tile's code, where the user's processor compiles it. */
function compiledCycles(tileable: Tileable, choice: TileChoice, target: Target): number {
  if (target.grid?.adapter !== "software") return 0;
  const shape = shapeOf(tileable.nest, tileable.lowered, choice.column);
  const body = bodyOf(tileable, choice, shape.lhsVector, target);
  return compileCycles({ ...choice, ...shape }, body, target);
}

/** `tiles`: cycles of tiles by what they are, for one choice's tail may be another's whole tile. */
function tilesCycles(
  tileable: Tileable,
  choice: TileChoice,
  target: Target,
  tiles: Map<string, number>,
): number {
  const { nest, lowered } = tileable;
  const { column, columns, row, rows } = choice;
  const shape = shapeOf(nest, lowered, column);
  const terms = reductionLoops(nest).reduce((total, l) => total * l.extent, 1);
  const outside = nest.loops
    .filter((l) => l.kind === "pure" && l !== column && l !== row)
    .reduce((total, l) => total * l.extent, 1);
  let cycles = 0;
  for (const [c, columnTiles] of target.grid === null
    ? parts(column.extent, columns)
    : [[columns, Math.ceil(column.extent / columns)] as const])
    for (const [r, rowTiles] of parts(row?.extent ?? 1, rows)) {
      const key = `${r} ${row?.axis} ${c} ${column.axis}`;
      let each = tiles.get(key);
      if (each === undefined) {
        const body = bodyOf(tileable, { ...choice, rows: r, columns: c }, shape.lhsVector, target);
        each = tileCycles({ rows: r, columns: c, ...shape }, terms, body, target);
        tiles.set(key, each);
      }
      cycles += columnTiles * rowTiles * each;
    }
  const lanes = (outside * (row?.extent ?? 1) * column.extent) / (rows * columns);
  return cycles * outside * iterationsOf(tileable.around) * idleFactor(lanes, target);
}

/** The rhs passes once for each batch element, and for each block of loops around that it does not vary along. */
function rhsTraffic({ nest, around }: Tileable, { grid }: Target): number {
  const { rhs } = factorsOf(nest);
  const varies = (l: Loop): boolean => largestStep(rhs, l.axis) > 0;
  const bytes = 4 * iterationsOf([...around, ...nest.loops].filter(varies));
  const again = [...around.filter((l) => !varies(l)), ...nest.loops.filter((l) => l.axis === "n")];
  // Lanes that are computed one after another ask for an element here and there.
  const scattered = grid?.adapter === "software" ? 3 : 1;
  return scattered * trafficCycles(bytes) * iterationsOf(again);
}

function iterationsOf(loops: readonly Loop[]): number {
  return loops.reduce((total, l) => total * l.extent, 1);
}

/** How a split covers an extent: full tiles, then the tail. */
function parts(extent: number, factor: number): readonly (readonly [size: number, count: number])[] {
  const full = Math.floor(extent / factor);
  const rest = extent % factor;
  return [...(full > 0 ? [[factor, full] as const] : []), ...(rest > 0 ? [[rest, 1] as const] : [])];
}

function tileName({ column, columns, row, rows }: TileChoice): string {
  return `${rows} ${row?.axis ?? "position"} x ${columns} ${column.axis}`;
}

/** Splits, order and modes of a tile; pack last, when the order of the rhs's axes is known. */
function tileSteps(tileable: Tileable, choice: TileChoice, target: Target): Step[] {
  const { nest, lowered, prefix } = tileable;
  const { column, columns, row, rows } = choice;
  const name = (axis: string): string => prefix + axis;
  const steps: Step[] = [];
  const split = (l: Loop, factor: number): void => {
    const left = target.grid === null || l.kind === "reduce" ? "cut" : "mask";
    const tail = l.extent % factor === 0 ? "exact" : left;
    const into = [name(`${l.axis}.o`), name(`${l.axis}.i`)] as const;
    steps.push({ do: "split", axis: name(l.axis), factor, into, tail });
  };
  const mode = (axis: string, how: "unroll" | "vector"): void => {
    steps.push({ do: "mode", axis: name(axis), mode: how });
  };
  split(column, columns);
  if (row !== null) split(row, rows);
  const { whole, partial } = unrolledOf(tileable, choice, target);
  if (partial !== null) split(partial.loop, partial.factor);
  const order = loopOrder(tileable, choice, partial?.loop ?? null, target);
  steps.push({ do: "reorder", axes: order.map(name) });
  if (partial !== null) mode(`${partial.loop.axis}.i`, "unroll");
  for (const l of whole) mode(l.axis, "unroll");
  if (row !== null) mode(`${row.axis}.i`, "unroll");
  mode(`${column.axis}.i`, "vector");
  if (finishesByLoop(rows * vectorsOf(columns, target), target))
    steps.push({ do: "finish", nest: nest.name, by: "loop" });
  const factors = factorsOf(nest);
  const [operand] = factors.rhsBuffers;
  // A software adapter moves each element by itself, in whatever order they lie.
  const asItIs =
    isReadInOrder(nest, lowered, column, columns) ||
    (target.grid?.adapter === "software" && plainRhs(nest, lowered) !== null);
  if (operand !== undefined && packs(lowered, factors.rhsBuffers) && !asItIs)
    steps.push({
      do: "pack",
      operand,
      axes: packAxes(nest, [...tileable.around.map((l) => l.axis), ...order]),
    });
  return steps;
}

/**
 * Batch and groups, what else the rhs varies along, blocks of columns, then the pixels in their own order, the rows of a
 * tile standing for their axis: the rhs of a block stays near while the pixels pass, and the pixels pass row by row
 * whichever way a tile lies. Where the lanes are not along output channels the blocks of columns come after the pixels.
 */
function loopOrder(
  { nest }: Tileable,
  { column, row }: TileChoice,
  split: Loop | null,
  target: Target,
): string[] {
  const factors = factorsOf(nest);
  const outermost = (l: Loop): boolean =>
    l !== row && (l.axis === "n" || l.axis === "g" || largestStep(factors.rhs, l.axis) > 0);
  const others = nest.loops.filter((l) => l.kind === "pure" && l !== column);
  const names = (list: readonly Loop[]): string[] => list.map((l) => (l === row ? `${l.axis}.o` : l.axis));
  const groups = others.filter((l) => l.axis === "g" && l !== row);
  const outside =
    // Neighbouring lanes read neighbouring channels.
    target.grid?.adapter === "software" && column.axis !== "oc" && groups.length > 0
      ? [...names(others.filter((l) => !groups.includes(l))), `${column.axis}.o`, ...names(groups)]
      : column.axis === "oc"
        ? [
            ...names(others.filter(outermost)),
            `${column.axis}.o`,
            ...names(others.filter((l) => !outermost(l))),
          ]
        : [...names(others), `${column.axis}.o`];
  const reduced = reductionLoops(nest).flatMap((l) =>
    l === split ? [`${l.axis}.o`, `${l.axis}.i`] : [l.axis],
  );
  return [...outside, ...reduced, ...(row === null ? [] : [`${row.axis}.i`]), `${column.axis}.i`];
}
