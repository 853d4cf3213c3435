/** Which axis is which in the three tensors of a convolution (spec 2.2). */
import type { ConvAxes, DimLabels } from "../../ir/graph.js";
import { convAxes } from "../../ir/graph.js";
import { checkOptions, intOf, show } from "../option.js";
import { refuse } from "../refusal.js";

/** jax's ConvDimensionNumbers: (batch, feature, spatial…) for lhs and out, (out, in, spatial…) for rhs. */
export interface ConvDimensionNumbers {
  readonly lhsSpec: readonly number[];
  readonly rhsSpec: readonly number[];
  readonly outSpec: readonly number[];
}

/** Three strings such as `["NHWC", "HWIO", "NHWC"]`, or the axes as numbers. */
export type DimensionNumbers = readonly [lhs: string, rhs: string, out: string] | ConvDimensionNumbers;

/** The labels of channels-last convolutions, as flax hands them to lax. */
export function channelsLastNumbers(spatial: number): ConvDimensionNumbers {
  const axes = Array.from({ length: spatial }, (_, d) => d);
  const lhsSpec = [0, spatial + 1, ...axes.map((axis) => axis + 1)];
  return { lhsSpec, rhsSpec: [spatial + 1, spatial, ...axes], outSpec: lhsSpec };
}

/**
 * The graph's labels and axes for a convolution of the given rank; with `swapFeatures` the O axis of rhs is read as its
 * I axis and the other way round.
 *
 * @throws ConfigError `bad-dimension-numbers`
 */
export function readDimensionNumbers(
  owner: string,
  value: unknown,
  rank: number,
  swapFeatures = false,
): [DimLabels, ConvAxes] {
  if (rank > 12) refuse("too-many-dimensions", `${owner}: ${rank - 2} spatial dimensions; at most 10 work`);
  const spatial = Array.from({ length: rank - 2 }, (_, d) => d);
  const first = [0, 1, ...spatial.map((axis) => axis + 2)];
  const numbers =
    value === undefined || value === null
      ? { lhsSpec: first, rhsSpec: first, outSpec: first }
      : Array.isArray(value)
        ? fromStrings(owner, value, rank)
        : fromAxes(owner, value, rank);
  const dims = `${labels(numbers.lhsSpec, "bf")}_${labels(numbers.rhsSpec, swapFeatures ? "io" : "oi")}->${labels(numbers.outSpec, "bf")}`;
  return [dims, convAxes(dims)];
}

/** `(0, 3, 1, 2)` of lhs is `b01f`. */
function labels(spec: readonly number[], special: string): string {
  const out = new Array<string>(spec.length);
  spec.forEach((axis, i) => {
    out[axis] = special[i] ?? String(i - 2);
  });
  return out.join("");
}

function fromAxes(owner: string, value: unknown, rank: number): ConvDimensionNumbers {
  if (typeof value === "object" && value !== null)
    checkOptions(`${owner}: dimensionNumbers`, value, ["lhsSpec", "rhsSpec", "outSpec"]);
  const record = value as Readonly<Record<keyof ConvDimensionNumbers, unknown>>;
  const read = (name: keyof ConvDimensionNumbers): readonly number[] => {
    const spec: unknown = typeof value === "object" && value !== null ? record[name] : undefined;
    const axes = Array.isArray(spec) ? spec.map(intOf) : [];
    const whole = axes.length === rank && spec0to(rank).every((axis) => axes.includes(axis));
    if (whole) return axes as number[];
    return refuse(
      "bad-dimension-numbers",
      `${owner}: dimensionNumbers is ${show(value)}; give three strings, or lhsSpec, rhsSpec and outSpec, ` +
        `each naming the axes 0 to ${rank - 1} once`,
    );
  };
  return { lhsSpec: read("lhsSpec"), rhsSpec: read("rhsSpec"), outSpec: read("outSpec") };
}

function spec0to(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}

function fromStrings(owner: string, value: readonly unknown[], rank: number): ConvDimensionNumbers {
  const bad = (why: string): never =>
    refuse("bad-dimension-numbers", `${owner}: dimensionNumbers is ${show(value)}; ${why}`);
  if (value.length !== 3) return bad(`give three strings, not ${value.length}`);
  const [lhs, rhs, out] = value.map((spec, i) => {
    if (typeof spec !== "string") return bad(`entry ${i} must be a string`);
    if (spec.length !== rank) return bad(`"${spec}" must have one letter for each of the ${rank} axes`);
    if (new Set(spec).size !== spec.length) return bad(`"${spec}" repeats a letter`);
    for (const needed of i === 1 ? "OI" : "NC")
      if (!spec.includes(needed)) return bad(`"${spec}" must have one ${needed}`);
    return spec;
  }) as [string, string, string];
  // Windows, strides and pads follow the order of the spatial letters in the rhs string.
  const spatial = [...rhs].filter((letter) => !"OI".includes(letter));
  for (const spec of [lhs, out])
    if (spatial.some((letter) => !spec.includes(letter)))
      return bad(`"${spec}" and "${rhs}" must have the same spatial letters`);
  const axes = (spec: string, special: string): number[] =>
    [...special, ...spatial].map((letter) => spec.indexOf(letter));
  return { lhsSpec: axes(lhs, "NC"), rhsSpec: axes(rhs, "OI"), outSpec: axes(out, "NC") };
}
