/** Nests without a reduction in vectors: copies, maps and transforms along their innermost loop. */
import { coefficient } from "../../ir/kernel.js";
import type { Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { freeNames, loadsIn } from "../../ir/visit.js";
import { inlineIndexLets } from "./apply.js";
import type { LoopNest } from "./loop-nest.js";
import { prefixOf } from "./loop-nest.js";

/** Steps that vectorise the innermost loop of a nest without a reduction; none where that would gather. */
export function vectorSteps(nest: LoopNest, target: Target, atOnce = copiedVectors): Step[] {
  const last = nest.loops.at(-1);
  if (target.lanes === 1 || last === undefined || last.extent < target.lanes) return [];
  const strides = new Set(addressCoefficients(inlineIndexLets(nest), last.axis));
  if ([...strides].some((stride) => stride !== 0 && stride !== 1)) return [];
  if (nest.lets.some((l) => l.value.kind !== "index" && freeNames(l.value).has(last.axis))) return [];
  if (target.grid?.adapter === "software" && accessesOf(nest) > fewAccesses) return [];
  // Lanes of a grid take single elements rather than the ends of rows.
  if (target.grid !== null && last.extent % target.lanes !== 0) return [];
  const axis = `${prefixOf(nest)}${last.axis}`;
  const vectors =
    target.grid === null ? vectorsAtOnce(nest, Math.floor(last.extent / target.lanes), atOnce) : 1;
  const factor = target.lanes * vectors;
  const tail = last.extent % factor === 0 ? "exact" : "cut";
  return [
    { do: "split", axis, factor, into: [`${axis}.o`, `${axis}.i`], tail },
    { do: "mode", axis: `${axis}.i`, mode: "vector" },
  ];
}

/**
 * Loads and stores of an iteration up to which a lane of a software adapter takes a vector: each of its elements is moved by
 * itself either way, and a shader with many of them is long to compile.
 */
const fewAccesses = 4;

function accessesOf({ stores }: LoopNest): number {
  return stores.reduce((count, { value }) => count + 1 + loadsIn(value).length, 0);
}

/** Vectors an iteration of a copy moves: the loop around one would take longer than it. */
export const copiedVectors = 4;

/** As many of a row's vectors as leave few over; 1 where an iteration computes more than a copy does. */
function vectorsAtOnce({ stores, lets }: LoopNest, vectors: number, most: number): number {
  const computes = ({ value }: LoopNest["stores"][number]): boolean => value.kind !== "load";
  if (stores.length > 1 || stores.some(computes) || lets.some((l) => l.value.kind !== "index")) return 1;
  const best = Math.min(most, vectors);
  for (let count = best; count > best / 2; count--) if (vectors % count === 0) return count;
  return best;
}

/** Coefficients of an axis in the addresses of all loads and stores. */
function addressCoefficients(nest: LoopNest, axis: string): number[] {
  const out: number[] = [];
  for (const { to, value } of nest.stores) {
    out.push(coefficient(to.at, axis));
    for (const { from } of loadsIn(value)) out.push(coefficient(from.at, axis));
  }
  return out;
}
