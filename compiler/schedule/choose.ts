/**
 * Chooses how a node is computed: one of its lowerings, and a schedule for it. These are the only heuristics of the
 * project; every candidate is costed by cost.ts, and the answer is data with a sentence that says why.
 */

import type { Expr } from "../../ir/kernel.js";
import { coefficient } from "../../ir/kernel.js";
import type { Schedule, Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { withThreads } from "../../ir/target.js";
import { freeNames, walkExpr } from "../../ir/visit.js";
import type { Algorithm, LoweredKernel } from "../lower/lowered.js";
import { canFuse, draftOf, inlineIndexLets } from "./apply.js";
import { copyCycles, gridCycles, milliseconds, storesCycles, tileCycles } from "./cost.js";
import { gridSteps } from "./grid.js";
import type { LoopNest } from "./loop-nest.js";
import { blockToShare, loopToShare } from "./share-work.js";
import { sharedTile } from "./shared-tile.js";
import { findRead } from "./stage.js";
import { bestTile, isPixel } from "./tile.js";

export interface Choice {
  readonly lowered: LoweredKernel;
  readonly schedule: Schedule;
  readonly algorithm: Algorithm;
  readonly why: string;
  readonly predictedMs: number;
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
  const best = choices.reduce((least, other) => (other.predictedMs < least.predictedMs ? other : least));
  const others = choices.filter((other) => other !== best);
  const chosen = target.threads === 1 ? best : scheduleFor(shared[choices.indexOf(best)]!, target);
  if (others.length === 0) return chosen;
  const beaten = others.map((other) => `${other.lowered.name} ${other.predictedMs.toFixed(3)} ms`).join(", ");
  return { ...chosen, why: `${chosen.why}; rather than ${beaten}` };
}

/** A schedule for one lowering. */
export function scheduleFor(lowered: LoweredKernel, target: Target): Choice {
  const steps: Step[] = [];
  const why: string[] = [];
  let cycles = 0;
  let blocks = 0;
  for (const nest of lowered.nests) {
    const inBlocks = lowered.together?.nests.includes(nest.name) === true;
    // Workers share the blocks, not the nests in them.
    const workers = inBlocks ? 1 : target.threads;
    const part =
      nest.reduce === null
        ? mapPart(lowered, nest, target, workers)
        : reductionPart(lowered, nest, target, workers);
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
  };
}

function blockCount({ together }: LoweredKernel): number {
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
}

function prefixOf(nest: LoopNest): string {
  return nest.name === "main" ? "" : `${nest.name}/`;
}

/** A nest without a reduction: the innermost axis in vectors where every operand is contiguous or constant along it. */
function mapPart(lowered: LoweredKernel, nest: LoopNest, target: Target, workers: number): Part {
  const steps = vectorSteps(nest, target);
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

/** Steps that vectorise the innermost loop of a nest without a reduction; none where that would gather. */
function vectorSteps(nest: LoopNest, target: Target): Step[] {
  const last = nest.loops.at(-1);
  if (target.lanes === 1 || last === undefined || last.extent < target.lanes) return [];
  const strides = new Set(addressCoefficients(inlineIndexLets(nest), last.axis));
  if ([...strides].some((stride) => stride !== 0 && stride !== 1)) return [];
  if (nest.lets.some((l) => l.value.kind !== "index" && freeNames(l.value).has(last.axis))) return [];
  // Lanes of a grid take single elements rather than the ends of rows.
  if (target.grid !== null && last.extent % target.lanes !== 0) return [];
  const axis = `${prefixOf(nest)}${last.axis}`;
  const tail = last.extent % target.lanes === 0 ? "exact" : "cut";
  return [
    { do: "split", axis, factor: target.lanes, into: [`${axis}.o`, `${axis}.i`], tail },
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

/** A reduction: borders staged, skipped taps unrolled away, pixels fused, then the best register tile. */
function reductionPart(lowered: LoweredKernel, nest: LoopNest, target: Target, workers: number): Part {
  const steps: Step[] = [];
  const why: string[] = [];
  let cycles = 0;
  const guard = nest.reduce!.guard;
  const tapAxes = nest.loops.filter(
    (l) => l.kind === "reduce" && guard !== null && freeNames(guard).has(l.axis),
  );
  // A guard on anything but taps (inserted zeros) varies with the output: it stays a test, and nothing is tiled.
  const varies =
    guard !== null && [...freeNames(guard)].some((name) => !tapAxes.some((l) => l.axis === name));
  // What a prologue makes of the lhs may read it not at all, or twice in different ways.
  const stageable = nest.lets.length === 0 || findRead(nest, lowered.params[0]!.name) !== null;
  if (!varies && stageable && nest.loops.every((l) => l.extent > 0)) {
    const shared = target.grid?.adapter === "gpu" ? sharedPart(lowered, nest, target) : null;
    if (shared !== null) return shared;
    for (const { operand, reason } of stagedOperands(lowered, nest)) {
      steps.push({ do: "stage", operand, space: "arena" });
      const copy = named(draftOf(lowered, steps), `stage-${operand}`);
      const elements = iterationsOf(copy);
      const copySteps = vectorSteps(copy, target);
      const alone = copyCycles(elements, copySteps.length > 0, target);
      const shared = sharing(lowered, [...steps, ...copySteps], copy.name, alone, workers, target);
      steps.splice(0, steps.length, ...shared.steps);
      cycles += shared.cycles;
      why.push(`${reason} in a copy of ${elements} elements`);
    }
    const prefix = prefixOf(nest);
    steps.push(...tapAxes.map((l): Step => ({ do: "mode", axis: prefix + l.axis, mode: "unroll" })));
    fusePixels(lowered, nest.name, steps);
    const tileable = { lowered, nest: named(draftOf(lowered, steps), nest.name), prefix };
    const plan = bestTile(tileable, target, workers);
    if (plan !== null) {
      const shared = sharing(lowered, [...steps, ...plan.steps], nest.name, plan.cycles, workers, target);
      return { ...shared, why: [plan.why, ...why, ...shared.why], cycles: cycles + shared.cycles };
    }
  }
  const terms = iterationsOf(nest);
  const gathers = { lhs: false, rhs: false, out: false };
  const scalar = tileCycles(
    { rows: 1, columns: 1, lhsVector: false, gathers },
    terms,
    { terms: 1, lhsLoads: 1 },
    target,
  );
  const shared = sharing(lowered, [], nest.name, scalar, workers, target);
  return { ...shared, why: ["one output at a time: nothing to tile", ...shared.why] };
}

/** Blocks of workgroups that share what they read; null where there are none. */
function sharedPart(lowered: LoweredKernel, nest: LoopNest, target: Target): Part | null {
  const fused: Step[] = [];
  fusePixels(lowered, nest.name, fused);
  const tileable = { lowered: draftOf(lowered, fused), prefix: prefixOf(nest) };
  const plan = sharedTile({ ...tileable, nest: named(tileable.lowered, nest.name) }, target);
  return plan && { steps: [...fused, ...plan.steps], why: [plan.why], cycles: plan.cycles };
}

interface Staged {
  readonly operand: string;
  readonly reason: string;
}

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
    if (reads(nest.reduce!.value, name)) out.push({ operand: name, reason: `${element} converted` });
  }
  return out;
}

function reads(expr: Expr, buffer: string): boolean {
  let found = false;
  walkExpr(expr, (e) => {
    if (e.kind === "load" && e.from.buffer === buffer) found = true;
  });
  return found;
}

function iterationsOf(nest: LoopNest): number {
  return nest.loops.reduce((total, l) => total * l.extent, 1);
}

function named(lowered: Pick<LoweredKernel, "nests">, name: string): LoopNest {
  return lowered.nests.find((candidate) => candidate.name === name)!;
}

/** Fuses neighbouring pixel axes that every address walks as one, so that a tile need not end with a row. */
function fusePixels(lowered: LoweredKernel, name: string, steps: Step[]): void {
  for (;;) {
    const nest = named(draftOf(lowered, steps), name);
    const [outer, inner] = nest.loops.filter(isPixel).slice(-2);
    if (outer === undefined || inner === undefined || !canFuse(nest, outer.axis, inner.axis)) return;
    const prefix = prefixOf(nest);
    steps.push({ do: "fuse", axes: [prefix + outer.axis, prefix + inner.axis], into: `${prefix}p` });
  }
}
