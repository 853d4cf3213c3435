/**
 * Which loop of a nest its workers share, if any: the one whose parts are most equal, and of those the one by which each
 * worker reads least.
 *
 *   for oc.o in 8 { for p.o in 98 { .. } }   ->   for oc.o in 8 { parallel p.o in 98 { .. } }
 */
import { coefficient } from "../../ir/kernel.js";
import { lineBytes } from "../../ir/program.js";
import { elementBytes } from "../../ir/types.js";
import { freeNames } from "../../ir/visit.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { sharedCycles } from "./cost.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { loadsOf } from "./loop-nest.js";

const floatBytes = 4;

export interface SharedLoop {
  readonly axis: string;
  /** With the loop shared. */
  readonly cycles: number;
}

/** null where sharing the nest costs more time than it saves. */
export function loopToShare(
  lowered: Pick<LoweredKernel, "params" | "locals">,
  nest: LoopNest,
  cycles: number,
  workers: number,
): SharedLoop | null {
  let best: { readonly loop: Loop; readonly score: number } | null = null;
  for (const loop of sharedLoops(nest)) {
    const score =
      partOf(nest, loop, workers) *
      (1 + 0.05 * readPart(lowered, nest, loop, workers) + (writesLines(nest, loop, workers) ? 0 : 0.2));
    if (best === null || score < best.score) best = { loop, score };
  }
  if (best === null) return null;
  const shared = sharedCycles(cycles, partOf(nest, best.loop, workers));
  return shared < cycles ? { axis: best.loop.axis, cycles: shared } : null;
}

/** The loop of several, around nests that run together, that is cut most equally. */
export function blockToShare(loops: readonly Loop[], cycles: number, workers: number): SharedLoop | null {
  const parts = loops.map((l) => ({ axis: l.axis, part: largestPart(l.extent, 0, workers) }));
  const best = parts.reduce<(typeof parts)[number] | null>(
    (least, each) => (least === null || each.part < least.part ? each : least),
    null,
  );
  if (best === null) return null;
  const shared = sharedCycles(cycles, best.part);
  return shared < cycles ? { axis: best.axis, cycles: shared } : null;
}

/**
 * What the busiest worker does of the work, where worker i takes the iterations [E*i/workers, E*(i+1)/workers) of `full`
 * ones and perhaps a last one, which is `tail` of a full one.
 */
export function largestPart(full: number, tail: number, workers: number): number {
  const extent = full + (tail > 0 ? 1 : 0);
  const bound = (worker: number): number => Math.floor((extent * worker) / workers);
  const parts = Array.from({ length: workers }, (_, i) => {
    const to = bound(i + 1);
    return to - bound(i) - (tail > 0 && to === extent && to > bound(i) ? 1 - tail : 0);
  });
  return Math.max(...parts) / (full + tail);
}

function partOf(nest: LoopNest, { extent, cut }: Loop, workers: number): number {
  const inner = cut === null ? undefined : nest.loops.find((l) => l.axis === cut.inner);
  return largestPart(extent, cut === null || inner === undefined ? 0 : cut.extent / inner.extent, workers);
}

/** Serial pure loops outside the reduction, whose iterations are always as many. */
function sharedLoops(nest: LoopNest): readonly Loop[] {
  const end = nest.loops.findIndex((l) => l.kind === "reduce");
  const outside = end < 0 ? nest.loops : nest.loops.slice(0, end);
  const cutShort = new Set(nest.loops.map((l) => l.cut?.inner));
  return outside.filter(
    (l) => l.mode === "serial" && !cutShort.has(l.axis) && l.extent + (l.cut === null ? 0 : 1) > 1,
  );
}

/** How much of all that is read one worker reads: less where what is read varies along the loop. */
function readPart(
  { params, locals }: Pick<LoweredKernel, "params" | "locals">,
  nest: LoopNest,
  { axis }: Loop,
  workers: number,
): number {
  const moving = new Set([axis]);
  for (const { name, value } of nest.lets)
    if ([...freeNames(value)].some((used) => moving.has(used))) moving.add(name);
  const varies = new Map<string, boolean>();
  for (const { buffer, at } of loadsOf(nest))
    varies.set(buffer, varies.get(buffer) === true || at.terms.some(({ of }) => moving.has(of)));
  let all = 0;
  let part = 0;
  for (const { name, size, element } of [...params, ...locals]) {
    if (!varies.has(name)) continue;
    const bytes = size * elementBytes(element);
    all += bytes;
    part += varies.get(name) ? bytes / workers : bytes;
  }
  return all === 0 ? 0 : part / all;
}

/** Whether a worker writes a few cache lines in a row, or far from the others: none of its lines is another's too. */
function writesLines(nest: LoopNest, { axis, extent }: Loop, workers: number): boolean {
  const apart = ({ to: { at } }: LoopNest["stores"][number]): number =>
    Math.abs(coefficient(at, axis)) * floatBytes * (extent / workers);
  return nest.stores.every((store) => apart(store) >= 2 * lineBytes);
}
