/**
 * Loops outside a reduction as workgroups and lanes, so that a target that runs grids runs them at once: from the
 * innermost outwards whole loops become lanes as long as a workgroup holds them, then one is split; the others are
 * workgroups. Where lanes of a GPU would idle, parts of several loops become lanes.
 *
 *   for oh in 56 { for p in 14 { for c in 8 { .. } } }
 *   -> workgroup oh in 56 { workgroup p.g in 2 { lane p.l in 8 { lane c in 8 { .. when p < 14 } } } }
 */
import type { Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { freeNames } from "../../ir/visit.js";
import { divisorsOf } from "./divisors.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { prefixOf } from "./loop-nest.js";

/** Lanes of a workgroup: enough for any adapter to fill its vectors, few enough that small layers fill many. */
const wantedLanes = 64;

/** Lanes that a GPU runs together: those beyond the last multiple of it idle. */
const wave = 32;

/** Steps that make a grid of the serial loops outside the reduction. */
export function gridSteps(nest: LoopNest, target: Target): readonly Step[] {
  if (target.grid === null) return [];
  const loops = freeLoops(nest);
  if (loops.length === 0) return [];
  const prefix = prefixOf(nest);
  const steps: Step[] = [];
  const name = (axis: string): string => prefix + axis;
  const lanesOfLoop = lanesOf(loops, target.grid);
  const groups: string[] = [];
  const lanes: string[] = [];
  loops.forEach((loop, i) => {
    const { axis, extent } = loop;
    const factor = lanesOfLoop[i]!;
    if (factor === extent || factor === 1) {
      (factor === extent && extent > 1 ? lanes : groups).push(axis);
      return;
    }
    const into = [`${axis}.g`, `${axis}.l`] as const;
    const tail = extent % factor === 0 ? "exact" : "gate";
    steps.push({ do: "split", axis: name(axis), factor, into: [name(into[0]), name(into[1])], tail });
    groups.push(into[0]);
    lanes.push(into[1]);
  });
  const order = [...groups, ...lanes];
  if (order.length > 1) steps.push({ do: "reorder", axes: order.map(name) });
  for (const axis of groups) steps.push({ do: "mode", axis: name(axis), mode: "workgroup" });
  for (const axis of lanes) steps.push({ do: "mode", axis: name(axis), mode: "lane" });
  return steps;
}

/** How many iterations of each loop are lanes. */
function lanesOf(loops: readonly Loop[], grid: NonNullable<Target["grid"]>): readonly number[] {
  const most = Math.min(grid.invocations, grid.workgroupSize);
  const simple = innermostLanes(loops, Math.min(wantedLanes, most), grid);
  if (grid.adapter === "software" || waste(loops, simple) < fewIdle) return simple;
  const fuller = fullLanes(loops, Math.min(mostLanes, most));
  return waste(loops, fuller) < waste(loops, simple) ? fuller : simple;
}

/** The share of lanes that may idle before a workgroup is put together otherwise, and its size then. */
const fewIdle = 0.1;
const mostLanes = 128;

/** From the innermost loop outwards whole ones as long as they fit, then a part of one. */
function innermostLanes(
  loops: readonly Loop[],
  most: number,
  grid: NonNullable<Target["grid"]>,
): readonly number[] {
  const factors = loops.map(() => 1);
  let count = 1;
  for (let i = loops.length - 1; i >= 0; i--) {
    const { extent } = loops[i]!;
    const whole = count * extent <= most;
    factors[i] = whole ? extent : splitFactor(extent, Math.floor(most / count), grid);
    count *= factors[i]!;
    if (!whole) break;
  }
  return factors;
}

/** Parts of several loops that divide them: those that fill waves best, of them the most lanes along the innermost loops. */
function fullLanes(loops: readonly Loop[], most: number): readonly number[] {
  let best = loops.map(() => 1);
  const better = (factors: readonly number[]): boolean => {
    const gain = waste(loops, best) - waste(loops, factors);
    if (Math.abs(gain) > 0.01) return gain > 0;
    const last = factors.findLastIndex((factor, i) => factor !== best[i]);
    return last >= 0 && factors[last]! > best[last]!;
  };
  const search = (i: number, factors: readonly number[], count: number): void => {
    if (i < 0) {
      if (better(factors)) best = [...factors];
      return;
    }
    for (const factor of divisorsOf(loops[i]!.extent, most / count))
      search(i - 1, [...factors.slice(0, i), factor, ...factors.slice(i + 1)], count * factor);
  };
  search(loops.length - 1, best, 1);
  return best;
}

/** The share of lanes that compute nothing: beyond the ends of loops, and in the last wave of a workgroup. */
function waste(loops: readonly Loop[], factors: readonly number[]): number {
  const lanes = factors.reduce((count, factor) => count * factor, 1);
  const used = loops.reduce((share, { extent }, i) => {
    const factor = factors[i]!;
    return (share * extent) / (Math.ceil(extent / factor) * factor);
  }, lanes);
  return 1 - used / (Math.ceil(lanes / wave) * wave);
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
