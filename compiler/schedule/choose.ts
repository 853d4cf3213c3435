/**
 * Chooses how a node is computed: one of its lowerings, and a schedule for it. These are the only heuristics of the
 * project; every candidate is costed by cost.ts, and the answer is data with a sentence that says why.
 */

import { printSchedule } from "../../ir/print.js";
import type { Schedule, Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { withThreads } from "../../ir/target.js";
import { freeNames, readsBuffer } from "../../ir/visit.js";
import type { Algorithm, LoweredKernel } from "../lower/lowered.js";
import type { Draft } from "./apply.js";
import { canFuse, draftOf, withSteps } from "./apply.js";
import type { CopyBlock } from "./copy-block.js";
import { blockToCopy } from "./copy-block.js";
import {
  copyCycles,
  gridCycles,
  milliseconds,
  passCycles,
  runsToPay,
  shaderMs,
  storesCycles,
  tileCycles,
  unrollsWhole,
} from "./cost.js";
import { isPixel } from "./factors.js";
import { gridSteps } from "./grid.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { prefixOf } from "./loop-nest.js";
import { blockToShare, loopToShare } from "./share-work.js";
import { sharedTile } from "./shared-tile.js";
import { findRead } from "./stage.js";
import { bestTile } from "./tile.js";
import { copiedVectors, vectorSteps } from "./vectorize.js";

/** One of the schedules of a lowering: by its rank, the lhs copied as a whole or in blocks; or by the name of its tile. */
export type SchedulePick = { readonly rank: number; readonly blocks: boolean } | { readonly tile: string };

export interface Choice {
  readonly lowered: LoweredKernel;
  readonly schedule: Schedule;
  readonly algorithm: Algorithm;
  readonly why: string;
  readonly predictedMs: number;
  /** The register tile of its reduction; null where there is none. */
  readonly tile: string | null;
}

/**
 * The lowering that should take least time, with its schedule. `shared` are the same lowerings as workers share them:
 * how many there are decides nothing of what is computed, so that it does not change a bit.
 */
export function choose(
  lowerings: readonly LoweredKernel[],
  target: Target,
  shared: readonly LoweredKernel[] = lowerings,
): Choice {
  const alone = withThreads(target, 1);
  const choices = lowerings.map((lowered) => scheduleFor(lowered, alone));
  const costs = choices.map((choice) => choice.predictedMs + startMs(choice, alone));
  const best = choices[costs.indexOf(Math.min(...costs))]!;
  const others = choices.filter((other) => other !== best);
  const chosen = target.threads === 1 ? best : scheduleFor(shared[choices.indexOf(best)]!, target);
  if (others.length === 0) return chosen;
  const beaten = others.map((other) => `${other.lowered.name} ${other.predictedMs.toFixed(3)} ms`).join(", ");
  return { ...chosen, why: `${chosen.why}; rather than ${beaten}` };
}

/**
 * What has to be done before the first run, for each of the runs in which it has to pay: on a software adapter shaders are
 * compiled and operands prepared by the processor. Elsewhere it is little, or done ahead of time.
 */
function startMs({ lowered }: Choice, target: Target): number {
  if (target.grid?.adapter !== "software") return 0;
  const prepared = lowered.prepared.map((operand) => scheduleFor(operand.lowered, target).predictedMs);
  const shaders = lowered.nests.length + prepared.length;
  return prepared.reduce((sum, ms) => sum + ms, shaders * shaderMs) / runsToPay;
}

/** The few ways that should be fastest where one worker computes it, best first: what `choose` decides between. */
export function candidates(
  lowerings: readonly LoweredKernel[],
  target: Target,
  most: number,
): readonly Choice[] {
  const alone = withThreads(target, 1);
  const found = new Map<string, Choice>();
  const add = (choice: Choice): void => {
    const text = printSchedule(choice.schedule);
    if (!found.has(text)) found.set(text, choice);
  };
  for (const lowered of lowerings) {
    add(scheduleFor(lowered, alone));
    for (const blocks of [false, true])
      for (let rank = 0; rank < most; rank++) {
        const choice = scheduleFor(lowered, alone, { rank, blocks });
        if (choice.tile === null) break;
        add(choice);
      }
  }
  return [...found.values()].sort((a, b) => a.predictedMs - b.predictedMs).slice(0, most);
}

/** A schedule for one lowering: the best, or that with the tile picked. */
export function scheduleFor(lowered: LoweredKernel, target: Target, pick?: SchedulePick): Choice {
  const steps: Step[] = [];
  const why: string[] = [];
  let tile: string | null = null;
  let cycles = 0;
  let blocks = 0;
  for (const nest of lowered.nests) {
    const inBlocks = lowered.together?.nests.includes(nest.name) === true;
    // Workers share the blocks, not the nests in them.
    const workers = inBlocks ? 1 : target.threads;
    const part =
      nest.reduce === null
        ? mapPart(lowered, nest, target, workers)
        : reductionPart(lowered, nest, target, workers, pick);
    tile ??= part.tile ?? null;
    steps.push(...part.steps);
    why.push(...part.why);
    if (inBlocks) blocks += part.cycles * blockCount(lowered);
    else cycles += part.cycles;
  }
  const { together } = lowered;
  const shared =
    together === null || target.threads === 1 ? null : blockToShare(together.loops, blocks, target.threads);
  if (shared !== null) {
    steps.push({ do: "mode", axis: `${together!.nests[0]}/${shared.axis}`, mode: "parallel" });
    why.push(sharedWhy(shared.axis));
  }
  cycles += shared?.cycles ?? blocks;
  return {
    lowered,
    schedule: { kernel: lowered.name, target: target.name, steps, reassociates: false },
    algorithm: lowered.algorithm,
    why: why.join(", "),
    predictedMs: milliseconds(cycles),
    tile,
  };
}

function blockCount({ together }: Pick<LoweredKernel, "together">): number {
  return together === null ? 1 : together.loops.reduce((count, l) => count * l.extent, 1);
}

/** The steps, and those that make workers or a grid share the nest that they make. */
function sharing(
  lowered: LoweredKernel,
  steps: readonly Step[],
  name: string,
  cycles: number,
  workers: number,
  target: Target,
): Part {
  if (target.grid !== null) {
    const grid = gridSteps(named(draftOf(lowered, steps), name), target);
    return { steps: [...steps, ...grid], why: [], cycles: gridCycles(cycles, target.grid) };
  }
  const draft = workers === 1 ? null : draftOf(lowered, steps);
  const shared = draft && loopToShare(draft, named(draft, name), cycles, workers);
  if (shared === null) return { steps, why: [], cycles };
  const axis = name === "main" ? shared.axis : `${name}/${shared.axis}`;
  return {
    steps: [...steps, { do: "mode", axis, mode: "parallel" }],
    why: [sharedWhy(shared.axis)],
    cycles: shared.cycles,
  };
}

function sharedWhy(axis: string): string {
  return `${axis} shared by the workers`;
}

interface Part {
  readonly steps: readonly Step[];
  readonly why: readonly string[];
  readonly cycles: number;
  readonly tile?: string;
}

/** A nest without a reduction: the innermost axis in vectors where every operand is contiguous or constant along it. */
function mapPart(lowered: LoweredKernel, nest: LoopNest, target: Target, workers: number): Part {
  // Beside the products of its kernel a copy hardly counts, but for its code.
  const steps = vectorSteps(nest, target, lowered.nests.length > 1 ? 1 : copiedVectors);
  const iterations = iterationsOf(nest);
  const vector = steps.length > 0;
  const cycles =
    nest.stores.length === 1
      ? copyCycles(iterations, vector, target)
      : storesCycles(nest, iterations, vector, target);
  const shared = sharing(lowered, steps, nest.name, cycles, workers, target);
  if (lowered.nests.length > 1) return { ...shared, why: [] };
  const what = vector ? `${iterations} elements, ${target.lanes} at a time` : `${iterations} elements`;
  return { ...shared, why: [what, ...shared.why] };
}

/** A reduction: borders staged, skipped taps unrolled away, pixels fused, then the best register tile. */
function reductionPart(
  lowered: LoweredKernel,
  nest: LoopNest,
  target: Target,
  workers: number,
  pick?: SchedulePick,
): Part {
  const guard = nest.reduce!.guard;
  const tapAxes = nest.loops.filter(
    (l) => l.kind === "reduce" && guard !== null && freeNames(guard).has(l.axis),
  );
  // A guard on anything but taps (inserted zeros) varies with the output: it stays a test, and nothing is tiled.
  const varies =
    guard !== null && [...freeNames(guard)].some((name) => !tapAxes.some((l) => l.axis === name));
  // What a prologue makes of the lhs may read it not at all, or twice in different ways.
  const stageable = nest.lets.length === 0 || findRead(nest, lowered.params[0]!.name) !== null;
  if (!varies && stageable && target.grid?.adapter === "gpu" && nest.loops.every((l) => l.extent > 0)) {
    const shared = sharedPart(lowered, nest, target);
    if (shared !== null) return shared;
  }
  const tiled =
    varies || !stageable || nest.loops.some((l) => l.extent === 0)
      ? null
      : tiledPart({ lowered, nest, tapAxes, target, workers }, pick);
  if (tiled !== null) return tiled;
  const terms = iterationsOf(nest);
  const gathers = { lhs: false, rhs: false, out: false };
  const scalar = tileCycles(
    { rows: 1, columns: 1, lhsVector: false, gathers },
    terms,
    { terms: 1, lhsLoads: 1, rhsLoads: 1, taps: 1 },
    target,
  );
  const shared = sharing(lowered, [], nest.name, scalar, workers, target);
  return { ...shared, why: ["one output at a time: nothing to tile", ...shared.why] };
}

/** Blocks of workgroups that share what they read; null where there are none. */
function sharedPart(lowered: LoweredKernel, nest: LoopNest, target: Target): Part | null {
  const draft = draftOf(lowered, []);
  const fused = fusePixels(draft, nest.name);
  const tileable = { lowered: withSteps(draft, fused), prefix: prefixOf(nest), around: [] };
  const plan = sharedTile({ ...tileable, nest: named(tileable.lowered, nest.name) }, target);
  return plan && { steps: [...fused, ...plan.steps], why: [plan.why], cycles: plan.cycles, tile: plan.tile };
}

/** What copying block by block has to save to be worth its smaller tiles. */
const blockGain = 1.05;

/** In the name of a tile whose lhs is copied block by block. */
const inBlocks = ", lhs in blocks";

/** The nest tiled, its lhs copied as a whole or block by block. Which does not depend on the workers. */
function tiledPart(tiled: Tiled, pick?: SchedulePick): Part | null {
  const { lowered, nest, workers } = tiled;
  const staged = stagedOperands(lowered, nest);
  const part = (block: CopyBlock | null, count: number): Part | null =>
    stagedPart({ ...tiled, workers: count }, staged, block, pick);
  // Nests that run together, block by block, are no grid.
  const inBlock = tiled.target.grid === null && staged[0]?.operand === lowered.params[0]!.name;
  const block = inBlock ? blockToCopy(lowered, nest) : null;
  const wanted = pick === undefined ? undefined : "tile" in pick ? pick.tile.endsWith(inBlocks) : pick.blocks;
  if (wanted === true) return block && part(block, workers);
  if (block === null || wanted === false) return part(null, workers);
  const [whole, blocks] = [part(null, 1), part(block, 1)];
  const inWhole = whole === null || blocks === null || whole.cycles < blockGain * blocks.cycles;
  if (workers === 1) return inWhole ? whole : blocks;
  return part(inWhole ? null : block, workers);
}

interface Tiled {
  readonly lowered: LoweredKernel;
  readonly nest: LoopNest;
  readonly tapAxes: readonly Loop[];
  readonly target: Target;
  readonly workers: number;
}

function stagedPart(
  { lowered, nest, tapAxes, target, workers }: Tiled,
  staged: readonly Staged[],
  block: CopyBlock | null,
  pick?: SchedulePick,
): Part | null {
  const steps: Step[] = [...(block?.steps ?? [])];
  let draft = draftOf(lowered, steps);
  const take = (more: readonly Step[]): void => {
    steps.push(...more);
    draft = withSteps(draft, more);
  };
  const why: string[] = [];
  let cycles = 0;
  for (const [i, { operand, reason }] of staged.entries()) {
    const at = i === 0 && block !== null ? block.at : null;
    take([{ do: "stage", operand, at, space: "arena" }]);
    const copy = named(draft, `stage-${operand}`);
    const elements = iterationsOf(copy);
    const copySteps = vectorSteps(copy, target);
    const times = at === null ? 1 : blockCount(draft);
    const alone =
      times * (copyCycles(elements, copySteps.length > 0, target) + passCycles(floatBytes * elements));
    // Workers share the blocks, not the nests in them.
    const shared = sharing(
      lowered,
      [...steps, ...copySteps],
      copy.name,
      alone,
      at === null ? workers : 1,
      target,
    );
    take(shared.steps.slice(steps.length));
    cycles += shared.cycles;
    why.push(
      at === null
        ? `${reason} in a copy of ${elements} elements`
        : `${reason} block by block, in ${times} copies of ${elements} elements`,
    );
  }
  const prefix = prefixOf(nest);
  take(tapAxes.map((l): Step => ({ do: "mode", axis: prefix + l.axis, mode: "unroll" })));
  take(fusePixels(draft, nest.name));
  take(fuseTaps(draft, nest.name, target));
  const around = block === null ? [] : draft.together!.loops;
  const tileable = { lowered, nest: named(draft, nest.name), prefix, around };
  const tile = pick && ("tile" in pick ? { tile: pick.tile.replace(inBlocks, "") } : pick);
  const plan = bestTile(tileable, target, block === null ? workers : 1, tile);
  if (plan === null) return null;
  const all = [...steps, ...plan.steps];
  const shared =
    block === null
      ? sharing(lowered, all, nest.name, plan.cycles, workers, target)
      : sharingBlocks(around, all, prefix, plan.cycles + cycles, workers);
  return {
    steps: shared.steps,
    why: [plan.why, ...why, ...shared.why],
    cycles: block === null ? cycles + shared.cycles : shared.cycles,
    tile: plan.tile + (block === null ? "" : inBlocks),
  };
}

/** The steps, and one more if workers are to share the blocks. */
function sharingBlocks(
  around: readonly Loop[],
  steps: readonly Step[],
  prefix: string,
  cycles: number,
  workers: number,
): Part {
  const shared = workers === 1 ? null : blockToShare(around, cycles, workers);
  if (shared === null) return { steps, why: [], cycles };
  return {
    steps: [...steps, { do: "mode", axis: prefix + shared.axis, mode: "parallel" }],
    why: [sharedWhy(shared.axis)],
    cycles: shared.cycles,
  };
}

interface Staged {
  readonly operand: string;
  readonly reason: string;
}

const floatBytes = 4;

/** Uses of an element from which on it is converted to f32 once, in a copy. */
const manyUses = 8;

/** Operands to copy first: an lhs whose borders have to be made real, and what would be converted to f32 often. */
function stagedOperands(lowered: LoweredKernel, nest: LoopNest): readonly Staged[] {
  const lhs = lowered.params[0]!.name;
  const made =
    lowered.params[0]!.element === "f32" ? "borders filled" : `${lowered.params[0]!.element} converted`;
  const out: Staged[] = nest.lets.length > 0 ? [{ operand: lhs, reason: made }] : [];
  for (const { name, element, access, size } of lowered.params) {
    if (element === "f32" || access === "write" || out.some((staged) => staged.operand === name)) continue;
    // Constants are packed, which converts them in setup.
    if (name !== lhs && access === "constant") continue;
    const read = nest.reduce === null ? null : findRead(nest, name);
    if (read === null || iterationsOf(nest) < manyUses * size) continue;
    if (readsBuffer(nest.reduce!.value, name)) out.push({ operand: name, reason: `${element} converted` });
  }
  return out;
}

function iterationsOf(nest: LoopNest): number {
  return nest.loops.reduce((total, l) => total * l.extent, 1);
}

function named(lowered: Pick<LoweredKernel, "nests">, name: string): LoopNest {
  return lowered.nests.find((candidate) => candidate.name === name)!;
}

/**
 * Fuses the innermost taps with few channels where every address walks both as one and they are too many to unroll: one
 * loop then runs over both, instead of one of a few iterations inside another.
 */
function fuseTaps(draft: Draft, name: string, target: Target): readonly Step[] {
  const nest = named(draft, name);
  const [taps, channels] = nest.loops.filter((l) => l.kind === "reduce").slice(-2);
  if (taps === undefined || channels === undefined || channels.extent > mostFew) return [];
  if (taps.mode !== "serial" || unrollsWhole(taps.extent * channels.extent, target)) return [];
  return fuseSteps(nest, taps, channels, "k");
}

/** Channels of a pixel that fill no vector. */
const mostFew = 4;

/** Fuses neighbouring pixel axes that every address walks as one, so that a tile need not end with a row. */
function fusePixels(draft: Draft, name: string): readonly Step[] {
  const nest = named(draft, name);
  const [outer, inner] = nest.loops.filter(isPixel).slice(-2);
  if (outer === undefined || inner === undefined) return [];
  const steps = fuseSteps(nest, outer, inner, "p");
  return steps.length === 0 ? [] : [...steps, ...fusePixels(withSteps(draft, steps), name)];
}

function fuseSteps(nest: LoopNest, outer: Loop, inner: Loop, into: string): readonly Step[] {
  if (!canFuse(nest, outer.axis, inner.axis)) return [];
  const prefix = prefixOf(nest);
  return [{ do: "fuse", axes: [prefix + outer.axis, prefix + inner.axis], into: prefix + into }];
}
