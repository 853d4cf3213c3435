/**
 * What a register tile should cost on a target. Cycles are of a nominal 3.5 GHz core; only their ratios choose, and the
 * time shown by explain() is this divided by the clock.
 */
import type { Expr } from "../../ir/kernel.js";
import type { AdapterClass, Target, TargetName } from "../../ir/target.js";
import { walkExpr } from "../../ir/visit.js";
import type { LoopNest } from "./loop-nest.js";

const clockHz = 3.5e9;

interface Costs {
  /** One multiply-add of a whole register (lanes wide). */
  readonly multiplyAdd: number;
  /** One load of a register from L1. */
  readonly load: number;
  /** Loading one element into every lane of a register. */
  readonly splat: number;
  /** Gathering one lane, and putting one lane somewhere else. */
  readonly laneMove: number;
  /** One store. */
  readonly store: number;
  /** Entering a register tile: addresses, zeroing and loop control. */
  readonly tile: number;
  /** One iteration of the innermost loop that is left after unrolling. */
  readonly iteration: number;
  /** Terms to unroll of a long innermost reduction loop. */
  readonly unroll: number;
  /** Multiply-adds that short reduction loops may be unrolled to. */
  readonly body: number;
  /** Accumulators and operands that fit the registers. */
  readonly registers: number;
  /** How much slower a tile is whose values do not fit the registers. */
  readonly spill: number;
}

/**
 * Measured with register-only loops and the tiles of test/bench: wasm-simd and js on Node 20, whose code generator wants
 * small tiles and short bodies (unrolled terms halve its speed), wasm-relaxed on Node 24; wgsl-software by the instructions
 * SwiftShader makes: each element a lane loads or stores is tested against the end of its buffer and moved by itself, at
 * the price of ten multiply-adds or more.
 */
export const costs: Readonly<Record<TargetName, Costs>> = {
  js: {
    multiplyAdd: 2,
    load: 1,
    splat: 1,
    laneMove: 1,
    store: 1,
    tile: 10,
    iteration: 2,
    unroll: 2,
    body: 48,
    registers: 15,
    spill: 1.3,
  },
  "js-wide": {
    multiplyAdd: 1,
    load: 1,
    splat: 1,
    laneMove: 1,
    store: 1,
    tile: 10,
    iteration: 2,
    unroll: 2,
    body: 48,
    registers: 15,
    spill: 1.3,
  },
  "wasm-simd": {
    multiplyAdd: 0.8,
    load: 0.5,
    splat: 0.5,
    laneMove: 1,
    store: 1,
    tile: 12,
    iteration: 1,
    unroll: 1,
    body: 24,
    registers: 12,
    spill: 2,
  },
  "wasm-relaxed": {
    multiplyAdd: 0.5,
    load: 0.52,
    splat: 0.52,
    laneMove: 0.38,
    store: 1.17,
    tile: 10,
    iteration: 1.2,
    unroll: 4,
    body: 288,
    registers: 16,
    spill: 1.4,
  },
  "wgsl-software": {
    multiplyAdd: 4,
    load: 32,
    splat: 8,
    laneMove: 0,
    store: 50,
    tile: 40,
    iteration: 8,
    unroll: 1,
    body: 40,
    registers: 40,
    spill: 1.3,
  },
  "wgsl-gpu": {
    multiplyAdd: 0.02,
    load: 0.06,
    splat: 0.06,
    laneMove: 0.06,
    store: 0.06,
    tile: 0.4,
    iteration: 0.04,
    unroll: 4,
    body: 64,
    registers: 24,
    spill: 2,
  },
};

/** The register tile of a reduction: `rows` positions by `columns` positions, `columns` along the lanes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Loads of the lhs are vectors along the columns (depthwise), not splats. */
  readonly lhsVector: boolean;
  /** Loads of the lhs, the rhs and stores of the result that go lane by lane. */
  readonly gathers: { readonly lhs: boolean; readonly rhs: boolean; readonly out: boolean };
}

/** The straight-line part of a reduction: how many terms it holds, and what it loads for all of them. */
export interface Body {
  readonly terms: number;
  /** Registers loaded from the lhs, each once where its uses stand together. */
  readonly lhsLoads: number;
  /** Registers loaded from the rhs. */
  readonly rhsLoads: number;
  /** Taps of a window that slides along the rows, whose weights are all needed at once; 1 where none does. */
  readonly taps: number;
}

/** Cycles of one tile over `terms` terms of the sum, `body.terms` of them in a straight line. */
export function tileCycles(tile: Tile, terms: number, body: Body, target: Target): number {
  const cost = costs[target.name];
  const { rows, columns, lhsVector, gathers } = tile;
  const vectors = vectorsOf(columns, target);
  const gather = (gathered: boolean): number => (gathered ? cost.laneMove * target.lanes : 0);
  const arithmetic = body.terms * rows * vectors * cost.multiplyAdd;
  const loads =
    body.rhsLoads * (cost.load + gather(gathers.rhs)) +
    body.lhsLoads * (lhsVector ? cost.load + gather(gathers.lhs) : cost.splat);
  // A single row needs each register of the rhs once only.
  const weights = Math.max(Math.min(vectors, rows === 1 ? 1 : 4), lhsVector ? body.taps * vectors : 0);
  const live = rows * vectors + weights + 1;
  const spill = live > cost.registers ? cost.spill : 1;
  const turn = Math.max(arithmetic, loads) * spill + 0.15 * Math.min(arithmetic, loads) + cost.iteration;
  const stores = rows * vectors * (cost.store + gather(gathers.out));
  return (terms / body.terms) * turn + stores + cost.tile;
}

/**
 * What compiling the code of a tile for a software adapter adds to each of the runs in which it has to pay: shaders are compiled
 * on the processor, before the first result.
 */
export function compileCycles({ rows, columns, lhsVector }: Tile, body: Body, target: Target): number {
  const elements = target.lanes * body.rhsLoads + (lhsVector ? target.lanes : 1) * body.lhsLoads;
  const ms = vectorMs * rows * vectorsOf(columns, target) + elementMs * elements;
  return (ms / 1000 / runsToPay) * clockHz;
}

/**
 * By the processor time SwiftShader takes for a vector of the tile, with its products, for an element loaded, and for a
 * shader of ordinary size.
 */
const vectorMs = 3.5;
const elementMs = 1;
export const shaderMs = 40;
/** Runs in which what is done before the first has to pay. */
export const runsToPay = 30;

/** Registers that hold `columns` values: what fills no register takes one each. */
export function vectorsOf(columns: number, target: Target): number {
  return Math.floor(columns / target.lanes) + (columns % target.lanes);
}

/** Which reduction loops of a tile are unrolled: the innermost `whole` ones, or a part of the innermost. */
export interface Unrolling {
  readonly whole: number;
  readonly partial: number;
}

/** Short loops whole, while the body stays small; else a few terms of a long one. `extents` go from outermost to innermost. */
export function unrolling(extents: readonly number[], accumulators: number, target: Target): Unrolling {
  const { unroll, body } = costs[target.name];
  let terms = 1;
  let whole = 0;
  for (const extent of [...extents].reverse()) {
    if (extent > 16 || terms * extent * accumulators > body) break;
    terms *= extent;
    whole++;
  }
  const last = extents.at(-1) ?? 1;
  if (whole > 0 || last <= 1) return { whole, partial: 1 };
  const partial = accumulators >= 16 ? Math.min(unroll, 2) : unroll;
  return { whole, partial: last % partial === 0 || last > 2 * partial ? partial : 1 };
}

/** Whether so many terms may be unrolled in a tile of ordinary size. */
export function unrollsWhole(terms: number, target: Target): boolean {
  return terms * 8 <= costs[target.name].body;
}

/** Cycles of copying elements, `lanes` at a time where both sides are contiguous. */
export function copyCycles(elements: number, vector: boolean, target: Target): number {
  const cost = costs[target.name];
  return (elements / elementsAtOnce(vector, target)) * (cost.load + cost.store);
}

/** On a software adapter lanes of the grid fill the registers: a vector of one lane's takes as long as its elements one by one. */
function elementsAtOnce(vector: boolean, { grid, lanes }: Target): number {
  return vector || grid?.adapter === "software" ? lanes : 1;
}

/** What one core's second-level cache keeps, and what the third-level cache it shares may be counted on to keep. */
export const nearBytes = 1024 * 1024;
const farBytes = 16 * nearBytes;

/** Cycles of reading bytes that were last touched one pass over them ago. */
export function trafficCycles(bytes: number): number {
  if (bytes <= nearBytes) return 0;
  return bytes / (bytes <= farBytes ? 8 : 3);
}

/** Cycles of writing a copy and reading it back, beyond those of the instructions: what does not stay near comes from afar. */
export function passCycles(bytes: number): number {
  if (bytes <= nearBytes / 32) return 0;
  return (2 * bytes) / (bytes <= nearBytes / 2 ? 64 : 16);
}

/** Cycles of a nest that computes several values an iteration from shared operands (a transform). */
export function storesCycles(nest: LoopNest, iterations: number, vector: boolean, target: Target): number {
  const cost = costs[target.name];
  const seen = new Set<Expr>();
  let loads = 0;
  let operations = 0;
  for (const { value } of nest.stores)
    walkExpr(
      value,
      (e) => {
        if (e.kind === "load") loads++;
        if (e.kind === "call") operations++;
      },
      seen,
    );
  const each = loads * cost.load + nest.stores.length * cost.store + operations * cost.multiplyAdd;
  return (iterations / elementsAtOnce(vector, target)) * each;
}

/** What it costs to share a nest: waiting for each other, and lines that change hands. A wait takes 0.3 us, at worst 50. */
const sharingCycles = 2e-6 * clockHz;

/** Cycles of a nest that workers share, of which the busiest does `part`. */
export function sharedCycles(cycles: number, part: number): number {
  return cycles * part + sharingCycles;
}

/** A dispatch: encoding it, starting it, and waiting for the one before. */
const dispatchCycles: Readonly<Record<AdapterClass, number>> = {
  gpu: 10e-6 * clockHz,
  software: 60e-6 * clockHz,
};

/** Cycles of a nest that a grid runs; what one lane costs has the number of lanes in it already. */
export function gridCycles(cycles: number, { adapter }: NonNullable<Target["grid"]>): number {
  return cycles + dispatchCycles[adapter];
}

/** What lanes do that compute from shared buffers. */
export interface SharedWork {
  readonly products: number;
  /** Scalars that are copied from memory to shared buffers. */
  readonly loads: number;
  readonly tile: { readonly rows: number; readonly columns: number };
  readonly workgroups: number;
  readonly target: Target;
}

/** An adapter has many workgroups under way; fewer leave parts of it idle. */
const fullWorkgroups = 48;

export function sharedTileCycles({ products, loads, tile, workgroups, target }: SharedWork): number {
  const cost = costs[target.name];
  const shared = (products * (tile.rows + tile.columns / target.lanes)) / (tile.rows * tile.columns);
  const spills = tile.rows * (tile.columns / target.lanes) > cost.registers ? cost.spill : 1;
  const work =
    ((products / target.lanes) * cost.multiplyAdd + 0.25 * shared * cost.load) * spills + loads * cost.load;
  return work * Math.max(1, Math.sqrt(fullWorkgroups / workgroups));
}

/** How much longer it takes where there are too few lanes to fill the adapter. */
export function idleFactor(lanes: number, { grid }: Target): number {
  return grid?.adapter === "gpu" ? Math.max(1, Math.sqrt((fullWorkgroups * lanesOfWorkgroup) / lanes)) : 1;
}

const lanesOfWorkgroup = 64;

export function milliseconds(cycles: number): number {
  return (cycles / clockHz) * 1000;
}
