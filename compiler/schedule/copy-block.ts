/**
 * Whether an lhs is better copied block by block than as a whole, and in which blocks: a group's channels, which then lie
 * side by side, or some rows, which then stay near until they are read.
 */
import type { Step } from "../../ir/schedule.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { draftOf } from "./apply.js";
import { divisorsOf } from "./divisors.js";
import type { LoopNest } from "./loop-nest.js";

/** The steps that make a loop over blocks, and its axis. */
export interface CopyBlock {
  readonly steps: readonly Step[];
  readonly at: string;
}

/** What a copy may hold to stay near beside what is computed from it. */
const blockBytes = 512 * 1024;
const floatBytes = 4;

/** null where the whole copy is small, or no loop makes blocks that are. */
export function blockToCopy(lowered: LoweredKernel, nest: LoopNest): CopyBlock | null {
  if (lowered.nests.length > 1 || lowered.together !== null) return null;
  const bytes = (block: CopyBlock | null): number => copiedBytes(lowered, block);
  if (bytes(null) <= blockBytes) return null;
  const candidates = nest.loops.some((l) => l.axis === "g")
    ? [...groupBlocks(nest), ...rowBlocks(nest)]
    : rowBlocks(nest);
  return candidates.find((block) => bytes(block) <= blockBytes) ?? null;
}

function copiedBytes(lowered: LoweredKernel, block: CopyBlock | null): number {
  const operand = lowered.params[0]!.name;
  const stage: Step = { do: "stage", operand, at: block?.at ?? null, space: "arena" };
  const draft = draftOf(lowered, [...(block?.steps ?? []), stage]);
  return floatBytes * draft.locals.at(-1)!.size;
}

/** One group after another, where a group has channels to sum over; with one channel a group they lie along the lanes. */
function groupBlocks(nest: LoopNest): CopyBlock[] {
  if (!nest.loops.some((l) => l.axis === "ic")) return [];
  const outer = nest.loops.filter((l) => l.kind === "pure" && l.axis !== "oc" && l.axis !== "g");
  return [{ steps: [{ do: "reorder", axes: ["g", ...outer.map((l) => l.axis)] }], at: "g" }];
}

/** Rows of the outermost spatial axis, most first. */
function rowBlocks(nest: LoopNest): CopyBlock[] {
  const rows = nest.loops.find((l) => l.kind === "pure" && l.axis !== "n");
  if (rows === undefined || rows.axis === "g" || rows.axis === "oc") return [];
  const factors = divisorsOf(rows.extent, rows.extent / 2)
    .slice(1)
    .reverse();
  return factors.map((factor) => ({
    steps: [{ do: "split", axis: rows.axis, factor, into: [`${rows.axis}.b`, rows.axis], tail: "exact" }],
    at: `${rows.axis}.b`,
  }));
}
