/** Random convolutions that reach every branch: dilations, groups, borders, cropping, empty axes, any layout. */
import type { WindowDim } from "../../ir/window.js";
import { outputExtent } from "../../ir/window.js";
import type { Random } from "./random.js";

export interface RandomConv {
  readonly lhsShape: readonly number[];
  readonly rhsShape: readonly number[];
  readonly window: readonly WindowDim[];
  readonly dims: string;
  readonly groups: number;
  readonly batchGroups: number;
  readonly local: boolean;
  readonly skippedTaps: readonly number[];
}

function randomWindow(source: Random, extent: number): WindowDim {
  const size = source.pick([1, 1, 2, 3, 3, 4]);
  const rhsDilation = source.pick([1, 1, 1, 2, 3]);
  const stride = source.pick([1, 1, 2, 3]);
  const border = extent === 0 ? "zero" : source.pick(["zero", "zero", "zero", "wrap", "reflect"] as const);
  const lhsDilation = border === "zero" ? source.pick([1, 1, 1, 2, 3]) : 1;
  const lowest = border === "zero" ? -2 : 0;
  const low = source.int(lowest, 4);
  const dilated = extent === 0 ? 0 : (extent - 1) * lhsDilation + 1;
  const high = Math.max(source.int(lowest, 4), -dilated - low);
  return { size, stride, low, high, lhsDilation, rhsDilation, reversal: source.chance(0.2), border };
}

export function randomConv(source: Random): RandomConv {
  const rank = source.pick([1, 2, 2, 2, 3]);
  const extents = Array.from({ length: rank }, () =>
    source.chance(0.04) ? 0 : source.int(1, rank === 3 ? 4 : 7),
  );
  const window = extents.map((extent) => randomWindow(source, extent));
  const kind = source.pick(["plain", "plain", "local", "groups", "depthwise", "batch"] as const);
  const groups = kind === "groups" ? 2 : kind === "depthwise" ? source.pick([2, 3, 5]) : 1;
  const batchGroups = kind === "batch" ? source.pick([2, 3]) : 1;
  const depth = kind === "depthwise" ? 1 : source.chance(0.04) ? 0 : source.pick([1, 2, 3, 4]);
  const features = groups * batchGroups * (source.chance(0.04) ? 0 : source.pick([1, 2, 3]));
  const batch = batchGroups * (source.chance(0.04) ? 0 : source.pick([1, 1, 2]));
  const digits = "012".slice(0, rank);
  const order = (labels: string): string =>
    source.chance(0.3) ? source.shuffle([...labels]).join("") : labels;
  const [lhs, rhs, out] = [order(`b${digits}f`), order(`${digits}io`), order(`b${digits}f`)];
  const shapeOf = (labels: string, named: Readonly<Record<string, number>>): number[] =>
    [...labels].map((label) => named[label]!);
  const numbered = (values: readonly number[]) => Object.fromEntries(values.entries());
  const taps = window.reduce((product, dim) => product * dim.size, 1);
  const local = kind === "local";
  const sizes = numbered(window.map((dim, d) => (local ? outputExtent(extents[d]!, dim) : dim.size)));
  const skippedTaps = source.chance(0.15)
    ? Array.from({ length: taps }, (_, tap) => tap).filter(() => source.chance(0.4))
    : [];
  return {
    lhsShape: shapeOf(lhs, { ...numbered(extents), b: batch, f: depth * groups }),
    rhsShape: shapeOf(rhs, { ...sizes, i: local ? depth * taps : depth, o: features }),
    window,
    dims: `${lhs}_${rhs}->${out}`,
    groups,
    batchGroups,
    local,
    skippedTaps,
  };
}
