/**
 * Loops outside a reduction as workgroups and lanes, so that a target that runs grids runs them at once: from the
 * innermost outwards whole loops become lanes as long as a workgroup holds them, then one is split; the others are
 * workgroups.
 *
 *   for oh in 56 { for p in 14 { for c in 8 { .. } } }
 *   -> workgroup oh in 56 { workgroup p.g in 2 { lane p.l in 8 { lane c in 8 { .. when p < 14 } } } }
 */
import type { Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { freeNames } from "../../ir/visit.js";
import type { Loop, LoopNest } from "./loop-nest.js";

/** Lanes of a workgroup: enough for any adapter to fill its vectors, few enough that small layers fill many. */
const wantedLanes = 64;

/** Steps that make a grid of the serial loops outside the reduction. */
export function gridSteps(nest: LoopNest, target: Target): readonly Step[] {
  if (target.grid === null) return [];
  const loops = freeLoops(nest);
  if (loops.length === 0) return [];
  const prefix = nest.name === "main" ? "" : `${nest.name}/`;
  const most = Math.min(wantedLanes, target.grid.invocations, target.grid.workgroupSize);
  const { whole, split } = lanesOf(loops, most, target.grid);
  const steps: Step[] = [];
  const name = (axis: string): string => prefix + axis;
  const groups = loops.filter((l) => !whole.includes(l) && l !== split?.loop).map((l) => l.axis);
  const lanes = whole.map((l) => l.axis);
  if (split !== null) {
    const { loop, factor } = split;
    const into = [`${loop.axis}.g`, `${loop.axis}.l`] as const;
    const tail = loop.extent % factor === 0 ? "exact" : "gate";
    steps.push({ do: "split", axis: name(loop.axis), factor, into: [name(into[0]), name(into[1])], tail });
    groups.push(into[0]);
    lanes.unshift(into[1]);
  }
  const order = [...groups, ...lanes];
  if (order.length > 1) steps.push({ do: "reorder", axes: order.map(name) });
  for (const axis of groups) steps.push({ do: "mode", axis: name(axis), mode: "workgroup" });
  for (const axis of lanes) steps.push({ do: "mode", axis: name(axis), mode: "lane" });
  return steps;
}

interface Lanes {
  readonly whole: readonly Loop[];
  readonly split: { readonly loop: Loop; readonly factor: number } | null;
}

function lanesOf(loops: readonly Loop[], most: number, grid: NonNullable<Target["grid"]>): Lanes {
  const whole: Loop[] = [];
  let count = 1;
  for (const loop of [...loops].reverse()) {
    if (count * loop.extent <= most) {
      whole.unshift(loop);
      count *= loop.extent;
      continue;
    }
    const factor = splitFactor(loop.extent, Math.floor(most / count), grid);
    return { whole, split: factor > 1 ? { loop, factor } : null };
  }
  return { whole, split: null };
}

/**
 * The largest divisor that leaves few lanes out, else all that fit: then some lanes of the last workgroup idle. The lanes of a
 * software adapter are computed four at a time, and its workgroups may be small.
 */
function splitFactor(extent: number, most: number, { adapter }: NonNullable<Target["grid"]>): number {
  if (adapter === "software")
    for (let factor = most - (most % 4); factor >= 8; factor -= 4) if (extent % factor === 0) return factor;
  for (let factor = most; factor > most / 2; factor--) if (extent % factor === 0) return factor;
  return most;
}

/** Serial loops of a fixed extent around everything that is not one: the tile, a reduction, loops with a tail. */
function freeLoops({ loops, lets }: LoopNest): readonly Loop[] {
  const end = loops.findIndex((l) => l.kind === "reduce" || l.mode !== "serial" || l.cut !== null);
  const outside = end < 0 ? loops : loops.slice(0, end);
  // What a value let depends on stays where the let is computed.
  const values = lets.filter((l) => l.value.kind !== "index" && l.value.kind !== "integer");
  return outside.filter((l) => l.extent > 0 && !values.some((v) => freeNames(v.value).has(l.axis)));
}
