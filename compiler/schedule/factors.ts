/** What the two factors of a reduction read: the lhs varies along the rows of a tile, the rhs along its columns. */
import type { Access, Affine, Expr } from "../../ir/kernel.js";
import { coefficient } from "../../ir/kernel.js";
import { loadsIn } from "../../ir/visit.js";
import type { LoweredKernel } from "../lower/lowered.js";
import type { Loop, LoopNest } from "./loop-nest.js";

/** Not a channel: what a row of a tile may be. */
export function isPixel(l: Loop): boolean {
  return l.kind === "pure" && l.axis !== "g" && l.axis !== "oc";
}

/** What a nest's two factors read: steps of each load along each axis, worked out once for all candidates. */
interface Factors {
  readonly rhsBuffers: ReadonlySet<string>;
  readonly rhs: readonly Affine[];
  readonly lhs: readonly Affine[];
}

const factorsOfNest = new WeakMap<LoopNest, Factors>();

/** The second factor of what is summed, or all of it. */
function rhsOf({ reduce }: LoopNest): Expr {
  const { value } = reduce!;
  return value.kind === "call" && value.fn === "mul" ? value.args[1]! : value;
}

export function factorsOf(nest: LoopNest): Factors {
  const known = factorsOfNest.get(nest);
  if (known !== undefined) return known;
  const { value } = nest.reduce!;
  const rhsLoads = loadsIn(rhsOf(nest)).map((load) => load.from);
  const rhsBuffers = new Set(rhsLoads.map((from) => from.buffer));
  const factors: Factors = {
    rhsBuffers,
    rhs: rhsLoads.map((from) => from.at),
    lhs: loadsIn(value).flatMap(({ from }) => (rhsBuffers.has(from.buffer) ? [] : [from.at])),
  };
  factorsOfNest.set(nest, factors);
  return factors;
}

/** The load that is all of the rhs, of f32; null where it is more than that. */
export function plainRhs(nest: LoopNest, lowered: LoweredKernel): Access | null {
  const rhs = rhsOf(nest);
  if (rhs.kind !== "load") return null;
  const { from } = rhs;
  return lowered.params.find((p) => p.name === from.buffer)?.element === "f32" ? from : null;
}

/** Largest |step| of an axis in some loads. */
export function largestStep(loads: readonly Affine[], axis: string): number {
  return loads.reduce((step, at) => Math.max(step, Math.abs(coefficient(at, axis))), 0);
}

/** Whether what the rhs reads can be packed. */
export function packs(lowered: LoweredKernel, rhs: ReadonlySet<string>): boolean {
  return (
    rhs.size > 0 &&
    [...rhs].every((name) => lowered.params.find((p) => p.name === name)?.access === "constant")
  );
}

/**
 * Whether the rhs is a kernel for every pixel, f32 and next to each other along the columns, which are all in one tile
 * (or one cache line): it passes from memory once and in order, and a copy would not be read faster.
 */
export function isReadInOrder(
  nest: LoopNest,
  lowered: LoweredKernel,
  column: Loop,
  columns: number,
): boolean {
  if (column.extent > Math.max(columns, 16)) return false;
  const load = plainRhs(nest, lowered);
  if (load === null || coefficient(load.at, column.axis) !== 1) return false;
  const pixels = nest.loops.filter((l) => isPixel(l) && l.axis !== "n");
  return pixels.length > 0 && pixels.every((l) => coefficient(load.at, l.axis) !== 0);
}

/** The axes that what is packed with the rhs varies along, in loop order. */
export function packAxes(nest: LoopNest, order: readonly string[]): string[] {
  const used = new Set(factorsOf(nest).rhs.flatMap((at) => at.terms.map((term) => term.of)));
  return order.filter((axis) => used.has(axis) || used.has(axis.replace(/\.[oilg]$/, "")));
}
