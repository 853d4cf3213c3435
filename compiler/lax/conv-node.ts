/**
 * What lax's convolutions have in common: the checks of their arguments, in jax's order (spec 2.4), and the graph node.
 *
 * Each function that can refuse takes the name its messages begin with.
 */
import type { ConvAxes, DimLabels } from "../../ir/graph.js";
import { identityFused } from "../../ir/graph.js";
import { arg, call } from "../../ir/scalar.js";
import type { PaddingName, WindowDim } from "../../ir/window.js";
import { dilatedExtent, namedPadding, outputExtent, windowDim } from "../../ir/window.js";
import type { InexactDType } from "../element-type.js";
import { floatElement, isInexact } from "../element-type.js";
import { dtypeOption, intOf, listOf, show } from "../option.js";
import type { Code } from "../refusal.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import type { Parts, Traced } from "../traced.js";
import { complexOf, emit, map, partsOf } from "../traced.js";
import type { PaddingPair } from "./padding.js";
import { readPaddingName, readPaddingPairs } from "./padding.js";

/** A convolution whose arguments have been read one by one, and not yet held against each other. */
export interface ConvArguments {
  readonly lhs: Traced;
  readonly rhs: Traced;
  readonly windowStrides: unknown;
  readonly padding: PaddingName | readonly PaddingPair[];
  readonly lhsDilation?: unknown;
  readonly rhsDilation?: unknown;
  readonly dims: DimLabels;
  readonly axes: ConvAxes;
  readonly featureGroupCount?: unknown;
  readonly batchGroupCount?: unknown;
  readonly precision: "default" | "highest";
  readonly preferredElementType?: unknown;
  /** The kernel is turned round along every spatial dimension. */
  readonly reversal?: boolean;
  /** Extents of the windows of a local convolution; null where the kernel has them. */
  readonly filterShape?: readonly number[] | null;
}

export function checkRanks(owner: string, lhs: Traced, rhs: Traced): void {
  if (lhs.shape.length < 2)
    refuse("input-rank", `${owner}: lhs ${lhs} has rank ${lhs.shape.length}; it must be at least 2`, here());
  if (lhs.shape.length !== rhs.shape.length)
    refuse(
      "rank-mismatch",
      `${owner}: lhs and rhs must have the same rank, but are ${lhs} and ${rhs}`,
      here(),
    );
}

/** A name only where nothing is dilated. */
export function readPadding(
  owner: string,
  padding: unknown,
  lhsDilation: unknown,
  named = "lhsDilation",
): PaddingName | readonly PaddingPair[] {
  if (typeof padding !== "string") return readPaddingPairs(owner, padding);
  if (listOf(lhsDilation)?.some((dilation) => intOf(dilation) !== 1))
    refuse(
      "string-padding-dilated",
      `${owner}: padding "${padding}" cannot be used with ${named} ${show(lhsDilation)}; give (low, high) pairs`,
      here(),
    );
  return readPaddingName(owner, padding);
}

/** A floating dtype; whether it is wide enough depends on the operands. */
export function readPreferredType(owner: string, type: unknown): InexactDType | null {
  if (type === undefined || type === null) return null;
  const dtype = dtypeOption(owner, "preferredElementType", type);
  if (isInexact(dtype)) return dtype;
  return refuse(
    "preferred-element-type",
    `${owner}: preferredElementType ${dtype} cannot hold floating results; use float32`,
  );
}

/** One positive integer per spatial dimension; ones where there is no list. */
export function readFactors(
  owner: string,
  name: string,
  value: unknown,
  spatial: number,
  rank: Code,
  wrong: Code,
): readonly number[] {
  if (value === undefined || value === null) return new Array<number>(spatial).fill(1);
  const items = listOf(value);
  if (items === undefined)
    return refuse(
      wrong,
      `${owner}: ${name} is ${show(value)}; give a list, one per spatial dimension`,
      here(),
    );
  if (items.length !== spatial)
    refuse(
      rank,
      `${owner}: ${name} ${show(value)} has ${items.length} entries for ${spatial} spatial dimensions`,
      here(),
    );
  return items.map((item) => {
    const int = intOf(item);
    if (int !== undefined && int > 0) return int;
    return refuse(
      wrong,
      `${owner}: ${name} is ${show(value)}; every entry must be a positive integer`,
      here(),
    );
  });
}

/** Holds the arguments against each other and adds the node. */
export function convolution(owner: string, conv: ConvArguments): Traced {
  const { lhs, rhs, dims, precision, featureGroupCount = 1, batchGroupCount = 1 } = conv;
  const local = conv.filterShape != null;
  if (!local) checkGroups(owner, conv, featureGroupCount, batchGroupCount);
  const window = readWindow(owner, conv, `lhs is ${lhs}, rhs ${rhs}`);
  if (local) checkLocal(owner, conv, window);
  const dtype = resultDType(owner, conv);
  const ofParts = (a: Traced, b: Traced): Traced =>
    emit(
      {
        op: "conv",
        window,
        dims,
        groups: Number(featureGroupCount),
        batchGroups: Number(batchGroupCount),
        local,
        precision,
        element: floatElement(dtype === "complex64" ? "float32" : dtype),
        skippedTaps: [],
        fused: identityFused,
      },
      [a, b],
    );
  return dtype === "complex64" ? complexConvolution(partsOf(lhs), partsOf(rhs), ofParts) : ofParts(lhs, rhs);
}

/**
 * Three convolutions, as jax on CPU has it: of (a + ib) and (c + id), k1 = (a + b)c, k2 = a(d - c) and k3 = b(c + d) give
 * k1 - k3 + i(k1 + k2). Two, or one, where an imaginary part is known to be 0.
 */
function complexConvolution(
  { re: a, im: b }: Parts,
  { re: c, im: d }: Parts,
  convolve: (lhs: Traced, rhs: Traced) => Traced,
): Traced {
  if (d === null) return complexOf({ re: convolve(a, c), im: b && convolve(b, c) });
  if (b === null) return complexOf({ re: convolve(a, c), im: convolve(a, d) });
  const add = (x: Traced, y: Traced): Traced => map(call("add", arg(0), arg(1)), x, y);
  const sub = (x: Traced, y: Traced): Traced => map(call("sub", arg(0), arg(1)), x, y);
  const k1 = convolve(add(a, b), c);
  const k2 = convolve(a, sub(d, c));
  const k3 = convolve(b, add(c, d));
  return complexOf({ re: sub(k1, k3), im: add(k1, k2) });
}

/** jax's checks of the group counts, in its order: the first that holds is refused. */
function checkGroups(
  owner: string,
  { lhs, rhs, axes }: ConvArguments,
  groups: unknown,
  batchGroups: unknown,
): void {
  const [G, B] = [intOf(groups) ?? 0, intOf(batchGroups) ?? 0];
  const features = lhs.shape[axes.lhs.feature]!;
  const batch = lhs.shape[axes.lhs.batch]!;
  const [inputs, outputs] = [rhs.shape[axes.rhs.in]!, rhs.shape[axes.rhs.out]!];
  const positive = "it must be a positive integer";
  const shapes = `lhs is ${lhs}, rhs ${rhs}`;
  const grouped = G === 1 ? "" : ` in ${G} groups`;
  const rules: readonly (readonly [broken: boolean, code: Code, message: string])[] = [
    [G <= 0, "bad-group-count", `featureGroupCount is ${show(groups)}; ${positive}`],
    [
      features % G !== 0,
      "group-count-shape",
      `featureGroupCount ${G} does not divide ${features} lhs features; ${shapes}`,
    ],
    [
      features / G !== inputs,
      "feature-mismatch",
      `rhs has ${inputs} input features, lhs has ${features}${grouped}; ${shapes}`,
    ],
    [
      outputs % G !== 0,
      "group-count-shape",
      `featureGroupCount ${G} does not divide ${outputs} rhs output features; ${shapes}`,
    ],
    [B <= 0, "bad-batch-group-count", `batchGroupCount is ${show(batchGroups)}; ${positive}`],
    [
      batch % B !== 0,
      "group-count-shape",
      `batchGroupCount ${B} does not divide a batch of ${batch}; ${shapes}`,
    ],
    [
      outputs % B !== 0,
      "group-count-shape",
      `batchGroupCount ${B} does not divide ${outputs} rhs output features; ${shapes}`,
    ],
    [
      B > 1 && G > 1,
      "two-group-counts",
      `featureGroupCount ${G} and batchGroupCount ${B}; at most one may exceed 1`,
    ],
  ];
  for (const [broken, code, message] of rules) if (broken) refuse(code, `${owner}: ${message}`, here());
}

/** The windows of a convolution with filterShape need no rhs. */
export function readWindow(
  owner: string,
  conv: Omit<ConvArguments, "rhs" | "dims" | "precision"> & { readonly rhs?: Traced },
  shapes: string,
): readonly WindowDim[] {
  const { lhs, rhs, axes, padding, reversal = false } = conv;
  const spatial = lhs.shape.length - 2;
  const dilations = (name: "lhsDilation" | "rhsDilation"): readonly number[] =>
    readFactors(owner, name, conv[name], spatial, "dilation-rank", "bad-dilation");
  const strides = readFactors(
    owner,
    "windowStrides",
    conv.windowStrides,
    spatial,
    "strides-rank",
    "bad-strides",
  );
  const lhsDilation = dilations("lhsDilation");
  const rhsDilation = dilations("rhsDilation");
  if (typeof padding !== "string" && padding.length !== spatial)
    refuse(
      "padding-rank",
      `${owner}: ${padding.length} pads for ${spatial} spatial dimensions; give one pair for each`,
      here(),
    );
  return axes.rhs.spatial.map((axis, d) => {
    const size = conv.filterShape?.[d] ?? rhs!.shape[axis]!;
    const extent = lhs.shape[axes.lhs.spatial[d]!]!;
    const [stride, dilation] = [strides[d]!, rhsDilation[d]!];
    const [low, high] =
      typeof padding === "string" ? namedPadding(padding, extent, size, stride, dilation) : padding[d]!;
    if (dilatedExtent(extent, lhsDilation[d]!) + low + high < 0)
      refuse(
        "negative-padding",
        `${owner}: padding (${low}, ${high}) crops more than dimension ${d} has; ${shapes}`,
        here(),
      );
    if (size === 0) refuse("empty-window", `${owner}: no taps in spatial dimension ${d}; ${shapes}`, here());
    return windowDim(size, {
      stride,
      low,
      high,
      lhsDilation: lhsDilation[d]!,
      rhsDilation: dilation,
      reversal,
    });
  });
}

/** A kernel for every position of the result, with the taps of all input features in one axis. */
function checkLocal(owner: string, { lhs, rhs, axes }: ConvArguments, window: readonly WindowDim[]): void {
  const needed = [...rhs.shape];
  const taps = window.reduce((count, dim) => count * dim.size, 1);
  needed[axes.rhs.in] = lhs.shape[axes.lhs.feature]! * taps;
  window.forEach((dim, d) => {
    needed[axes.rhs.spatial[d]!] = outputExtent(lhs.shape[axes.lhs.spatial[d]!]!, dim);
  });
  if (needed.join() !== rhs.shape.join())
    refuse(
      "shape-mismatch",
      `${owner}: rhs is ${rhs}; lhs ${lhs} and windows [${window.map((dim) => dim.size)}] need [${needed}]`,
      here(),
    );
}

/** The operands' dtype, or a preferred one that is no narrower. */
function resultDType(
  owner: string,
  { lhs, rhs, preferredElementType: preferred }: ConvArguments,
): InexactDType {
  if (lhs.dtype !== rhs.dtype)
    refuse(
      "dtype-mismatch",
      `${owner}: lhs is ${lhs.dtype}, rhs ${rhs.dtype}; convert with lax.convertElementType`,
      here(),
    );
  if (!isInexact(lhs.dtype))
    return refuse(
      "integer-unsupported",
      `${owner}: ${lhs.dtype} convolution is not supported; convert to float32 first`,
      here(),
    );
  const wanted = readPreferredType(owner, preferred);
  if (wanted === null || wanted === lhs.dtype) return lhs.dtype;
  if (lhs.dtype === "float32" || lhs.dtype === "complex64" || wanted === "complex64")
    refuse(
      "preferred-element-type",
      `${owner}: preferredElementType ${wanted} is no wider floating dtype than the operands' ${lhs.dtype}`,
      here(),
    );
  return wanted;
}
