/**
 * Tiles of a workgroup for adapters whose shared buffers are near: the lanes copy what a block of pixels reads of the
 * lhs (with its halo) and what a block of output channels reads of the rhs, then each computes a register tile from it.
 * Every factor divides its axis, so that no lane idles and all reach every barrier.
 */
import { coefficient } from "../../ir/kernel.js";
import type { Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { draftOf } from "./apply.js";
import { gridCycles, sharedTileCycles } from "./cost.js";
import { divisorsOf } from "./divisors.js";
import { isPixel, packAxes } from "./factors.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { findLoop } from "./loop-nest.js";
import { findRead } from "./stage.js";
import type { Plan, Tileable } from "./tile.js";
import { epilogueWeight, mostWritten } from "./tile.js";

/** The block of a workgroup and the tile of a lane in it. */
interface Block {
  /** Of output channels: lanes, and channels of each. */
  readonly ocLanes: number;
  readonly channels: number;
  /** Of the innermost pixels: lanes, and pixels of each; of the pixels outside them: lanes. */
  readonly rowLanes: number;
  readonly pixels: number;
  readonly columnLanes: number;
  /** Input channels staged at once; 0: all terms are, before the sum begins. */
  readonly depth: number;
}

/** null where the nest has no such block, or gains nothing from one. */
export function sharedTile(tileable: Tileable, target: Target): Plan | null {
  const { nest, lowered } = tileable;
  const operands = operandsOf(nest, lowered);
  if (target.grid === null || operands === null) return null;
  let best: Plan | null = null;
  for (const block of blocksOf(nest, operands, target)) {
    const plan = planOf(tileable, operands, block, target, best);
    if (plan !== null && (best === null || plan.cycles < best.cycles)) best = plan;
  }
  return best;
}

/** The buffers and axes of a product of two loads, the second of which can be packed; null for any other reduction. */
function operandsOf(nest: LoopNest, lowered: LoweredKernel): Operands | null {
  const { reduce } = nest;
  if (reduce === null || reduce.guard !== null) return null;
  if (reduce.value.kind !== "call" || reduce.value.fn !== "mul") return null;
  const [left, right] = reduce.value.args;
  if (left?.kind !== "load" || right?.kind !== "load") return null;
  const rhs = right.from.buffer;
  if (lowered.params.find(({ name }) => name === rhs)?.access !== "constant") return null;
  if (findRead(nest, left.from.buffer) === null || findRead(nest, rhs) === null) return null;
  const oc = findLoop(nest, "oc");
  // What the rhs varies along has nothing to share.
  const pixels = nest.loops.filter(
    (l) => isPixel(l) && l.axis !== "n" && coefficient(right.from.at, l.axis) === 0,
  );
  const row = pixels.at(-1);
  if (oc === null || row === undefined || oc.extent % 4 !== 0) return null;
  return { lhs: left.from.buffer, rhs, oc, row, column: pixels.at(-2) ?? null };
}

function* blocksOf(nest: LoopNest, { oc, row, column }: Operands, target: Target): Generator<Block> {
  const ic = nest.loops.filter((l) => l.kind === "reduce").at(-1);
  const depths = ic === undefined ? [0] : [0, ...[8, 16].filter((depth) => ic.extent % depth === 0)];
  const most = Math.min(256, target.grid!.invocations, target.grid!.workgroupSize);
  for (const channels of [4, 8].filter((n) => oc.extent % n === 0))
    for (const ocLanes of divisorsOf(oc.extent / channels, 64))
      for (const pixels of divisorsOf(row.extent, 8))
        for (const rowLanes of divisorsOf(row.extent / pixels, 32))
          for (const columnLanes of divisorsOf(column?.extent ?? 1, 32)) {
            const lanes = ocLanes * rowLanes * columnLanes;
            // Whole groups of 32 lanes, which is what adapters run together.
            if (lanes % 32 !== 0 || lanes > most || pixels * channels < 16) continue;
            for (const depth of depths) yield { ocLanes, channels, rowLanes, pixels, columnLanes, depth };
          }
}

interface Operands {
  readonly lhs: string;
  readonly rhs: string;
  readonly oc: Loop;
  readonly row: Loop;
  readonly column: Loop | null;
}

function planOf(
  tileable: Tileable,
  operands: Operands,
  block: Block,
  target: Target,
  best: Plan | null,
): Plan | null {
  const { nest } = tileable;
  const { oc, row, column } = operands;
  const limit = target.grid!.sharedBytes / 4;
  const least = leastSizes(nest, block);
  if (least.lhs + least.rhs > limit) return null;
  if ((block.pixels * block.channels * epilogueWeight(nest)) / target.lanes > mostWritten) return null;
  // Sizes are what the steps make of them, which costs too much to ask of blocks that are worse at best.
  if (best !== null && cyclesOf(nest, block, least, target) >= best.cycles) return null;
  const steps = stepsOf(tileable, operands, block);
  const sizes = stagedSizes(tileable, steps, limit);
  if (sizes === null) return null;
  const where = column === null ? "" : `${block.columnLanes} ${column.axis} x `;
  return {
    steps,
    cycles: cyclesOf(nest, block, sizes, target),
    tile: `${block.pixels} x ${block.channels} of shared buffers`,
    why: `${where}${block.rowLanes * block.pixels} ${row.axis} x ${block.ocLanes * block.channels} ${oc.axis} a workgroup from shared buffers, ${block.pixels} x ${block.channels} a lane`,
  };
}

interface Sizes {
  readonly lhs: number;
  readonly rhs: number;
}

function cyclesOf(nest: LoopNest, block: Block, sizes: Sizes, target: Target): number {
  const products = nest.loops.reduce((product, l) => product * l.extent, 1);
  const inBlock = block.ocLanes * block.channels * block.rowLanes * block.pixels * block.columnLanes;
  const perStage = inBlock * (block.depth === 0 ? termsOf(nest) : block.depth);
  const cycles = sharedTileCycles({
    products,
    loads: (products / perStage) * (sizes.lhs + sizes.rhs),
    tile: { rows: block.pixels, columns: block.channels },
    workgroups: products / (termsOf(nest) * inBlock),
    target,
  });
  return gridCycles(cycles, target.grid!);
}

function termsOf(nest: LoopNest): number {
  return nest.loops.filter((l) => l.kind === "reduce").reduce((product, l) => product * l.extent, 1);
}

/** Lower bounds of what two stages hold: the rhs, and of the lhs each pixel's channels once. */
function leastSizes(
  nest: LoopNest,
  { ocLanes, channels, rowLanes, pixels, columnLanes, depth }: Block,
): Sizes {
  const terms = depth === 0 ? termsOf(nest) : depth;
  const channelsOf = depth === 0 ? (nest.loops.findLast((l) => l.axis === "ic")?.extent ?? 1) : depth;
  return { lhs: rowLanes * pixels * columnLanes * channelsOf, rhs: ocLanes * channels * terms };
}

/** Elements of the two shared buffers; null where they are too many or cannot be made. */
function stagedSizes({ lowered, nest }: Tileable, steps: readonly Step[], limit: number): Sizes | null {
  try {
    const made = draftOf(lowered, steps).nests.find((each) => each.name === nest.name);
    const [lhs, rhs] = made?.shared ?? [];
    if (lhs === undefined || rhs === undefined || lhs.buffer.size + rhs.buffer.size > limit) return null;
    return { lhs: lhs.buffer.size, rhs: rhs.buffer.size };
  } catch {
    return null;
  }
}

function stepsOf(
  { nest, prefix }: Tileable,
  { lhs, rhs, oc, row, column }: Operands,
  block: Block,
): readonly Step[] {
  const steps: Step[] = [];
  const name = (axis: string): string => prefix + axis;
  const split = (axis: string, factor: number, outer: string, inner: string): void => {
    steps.push({ do: "split", axis: name(axis), factor, into: [name(outer), name(inner)], tail: "exact" });
  };
  const parts = (l: Loop, lanes: number, each: number): void => {
    split(l.axis, lanes * each, `${l.axis}.g`, `${l.axis}.t`);
    split(`${l.axis}.t`, each, `${l.axis}.l`, `${l.axis}.i`);
  };
  const reduced = nest.loops.filter((l) => l.kind === "reduce").map((l) => l.axis);
  parts(oc, block.ocLanes, block.channels);
  parts(row, block.rowLanes, block.pixels);
  if (column !== null) split(column.axis, block.columnLanes, `${column.axis}.g`, `${column.axis}.l`);
  const ic = reduced.at(-1);
  if (block.depth > 0 && ic !== undefined) {
    split(ic, block.depth, `${ic}.o`, `${ic}.i`);
    reduced.splice(-1, 1, `${ic}.o`, `${ic}.i`);
  }
  const others = nest.loops
    .filter((l) => l.kind === "pure" && l !== oc && l !== row && l !== column)
    .map((l) => l.axis);
  const outer = column === null ? [] : [column.axis];
  const groups = [...others, ...[oc.axis, ...outer, row.axis].map((axis) => `${axis}.g`)];
  const lanes = [...outer, row.axis, oc.axis].map((axis) => `${axis}.l`);
  const order = [...groups, ...lanes, ...reduced, `${row.axis}.i`, `${oc.axis}.i`];
  steps.push({ do: "reorder", axes: order.map(name) });
  for (const axis of groups) steps.push({ do: "mode", axis: name(axis), mode: "workgroup" });
  for (const axis of lanes) steps.push({ do: "mode", axis: name(axis), mode: "lane" });
  steps.push({ do: "mode", axis: name(`${row.axis}.i`), mode: "unroll" });
  steps.push({ do: "mode", axis: name(`${oc.axis}.i`), mode: "vector" });
  steps.push({ do: "pack", operand: rhs, axes: packAxes(nest, order) });
  const at = name(block.depth > 0 && ic !== undefined ? `${ic}.o` : lanes.at(-1)!);
  steps.push({ do: "stage", operand: lhs, at, space: "shared" });
  steps.push({ do: "stage", operand: `${rhs}.packed`, at, space: "shared" });
  return steps;
}
