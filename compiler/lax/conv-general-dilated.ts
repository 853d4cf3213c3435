/** lax.conv_general_dilated (spec section 2), on traced values. */
import type { ConvAxes } from "../../ir/graph.js";
import { identityFused } from "../../ir/graph.js";
import type { PaddingName, WindowDim } from "../../ir/window.js";
import { dilatedExtent, namedPadding, windowDim } from "../../ir/window.js";
import type { DType } from "../../runtime/tensor.js";
import { checkOptions, dtypeOption, intOf, listOf, show } from "../option.js";
import type { Code } from "../refusal.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import type { Traced } from "../traced.js";
import { emit, valueId } from "../traced.js";
import type { DimensionNumbers } from "./dimension-numbers.js";
import { readDimensionNumbers } from "./dimension-numbers.js";
import type { LaxPadding, PaddingPair } from "./padding.js";
import { readPaddingName, readPaddingPairs } from "./padding.js";
import type { Precision } from "./precision.js";
import { readPrecision } from "./precision.js";

export interface ConvGeneralDilatedOptions {
  /** One per spatial dimension. */
  readonly windowStrides: readonly number[];
  /** "SAME", "SAME_LOWER", "VALID", or a (low, high) pair per spatial dimension; negative crops. */
  readonly padding: LaxPadding;
  /** Zeros between elements of lhs: one per spatial dimension, default ones. */
  readonly lhsDilation?: readonly number[] | null | undefined;
  /** Distance of the kernel's taps: one per spatial dimension, default ones. */
  readonly rhsDilation?: readonly number[] | null | undefined;
  /** Default: lhs and out NC…, rhs OI…. */
  readonly dimensionNumbers?: DimensionNumbers | null | undefined;
  readonly featureGroupCount?: number | undefined;
  readonly batchGroupCount?: number | undefined;
  readonly precision?: Precision | null | undefined;
  /** float32, which it is anyway. */
  readonly preferredElementType?: DType | null | undefined;
}

const owner = "lax.convGeneralDilated";
const optionNames = [
  "windowStrides",
  "padding",
  "lhsDilation",
  "rhsDilation",
  "dimensionNumbers",
  "featureGroupCount",
  "batchGroupCount",
  "precision",
  "preferredElementType",
];

/**
 * An n-dimensional convolution (a cross-correlation: the kernel is not flipped). Source: jax.lax.conv_general_dilated.
 *
 * @param lhs float32, rank n + 2
 * @param rhs float32, rank n + 2
 * @param options see {@link ConvGeneralDilatedOptions}
 * @returns float32; each spatial extent is `max(floor((dilated lhs + low + high - dilated rhs) / stride) + 1, 0)`
 * @throws ConfigError for an argument wrong on its own, ShapeError for one that does not fit the operands,
 * UnsupportedError `integer-unsupported` for integer operands
 *
 * @example
 * const same = (x: Traced, k: Traced) =>
 *   lax.convGeneralDilated(x, k, { windowStrides: [1, 1], padding: "SAME", dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });
 * trace(same, { inputs: [[1, 8, 8, 3], [3, 3, 3, 4]] });
 */
export function convGeneralDilated(lhs: Traced, rhs: Traced, options: ConvGeneralDilatedOptions): Traced {
  valueId(lhs, `${owner}: lhs`);
  valueId(rhs, `${owner}: rhs`);
  checkOptions(owner, options, optionNames, ["windowStrides", "padding"]);
  const { featureGroupCount = 1, batchGroupCount = 1 } = options;
  if (lhs.shape.length < 2)
    refuse("input-rank", `${owner}: lhs ${lhs} has rank ${lhs.shape.length}; it must be at least 2`, here());
  const padding = readPadding(options);
  const precision = readPrecision(owner, options.precision);
  checkPreferredType(options.preferredElementType);
  if (lhs.shape.length !== rhs.shape.length)
    refuse(
      "rank-mismatch",
      `${owner}: lhs and rhs must have the same rank, but are ${lhs} and ${rhs}`,
      here(),
    );
  const [dims, axes] = readDimensionNumbers(owner, options.dimensionNumbers, lhs.shape.length);
  checkGroups(lhs, rhs, axes, featureGroupCount, batchGroupCount);
  const window = readWindow(lhs, rhs, axes, options, padding);
  checkDTypes(lhs, rhs);
  return emit(
    {
      op: "conv",
      window,
      dims,
      groups: Number(featureGroupCount),
      batchGroups: Number(batchGroupCount),
      local: false,
      precision,
      skippedTaps: [],
      fused: identityFused,
    },
    [lhs, rhs],
  );
}

function readPadding({
  padding,
  lhsDilation,
}: ConvGeneralDilatedOptions): PaddingName | readonly PaddingPair[] {
  if (typeof padding !== "string") return readPaddingPairs(owner, padding);
  if (listOf(lhsDilation)?.some((dilation) => intOf(dilation) !== 1))
    refuse(
      "string-padding-dilated",
      `${owner}: padding "${padding}" cannot be used with lhsDilation ${show(lhsDilation)}; give (low, high) pairs`,
      here(),
    );
  return readPaddingName(owner, padding);
}

function checkPreferredType(type: unknown): void {
  if (type === undefined || type === null) return;
  if (dtypeOption(owner, "preferredElementType", type) !== "float32")
    refuse(
      "preferred-element-type",
      `${owner}: preferredElementType ${show(type)} cannot hold float32 results; use float32`,
    );
}

/** jax's checks of the group counts, in its order: the first that holds is refused. */
function checkGroups(lhs: Traced, rhs: Traced, axes: ConvAxes, groups: unknown, batchGroups: unknown): void {
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

/** One positive integer per spatial dimension. */
function readFactors(
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

function readWindow(
  lhs: Traced,
  rhs: Traced,
  axes: ConvAxes,
  options: ConvGeneralDilatedOptions,
  padding: PaddingName | readonly PaddingPair[],
): readonly WindowDim[] {
  const spatial = lhs.shape.length - 2;
  const strides = readFactors("windowStrides", options.windowStrides, spatial, "strides-rank", "bad-strides");
  const lhsDilation = readFactors(
    "lhsDilation",
    options.lhsDilation,
    spatial,
    "dilation-rank",
    "bad-dilation",
  );
  const rhsDilation = readFactors(
    "rhsDilation",
    options.rhsDilation,
    spatial,
    "dilation-rank",
    "bad-dilation",
  );
  if (typeof padding !== "string" && padding.length !== spatial)
    refuse(
      "padding-rank",
      `${owner}: ${padding.length} pads for ${spatial} spatial dimensions; give one pair for each`,
      here(),
    );
  return axes.rhs.spatial.map((axis, d) => {
    const size = rhs.shape[axis]!;
    const extent = lhs.shape[axes.lhs.spatial[d]!]!;
    const [stride, dilation] = [strides[d]!, rhsDilation[d]!];
    const [low, high] =
      typeof padding === "string" ? namedPadding(padding, extent, size, stride, dilation) : padding[d]!;
    if (dilatedExtent(extent, lhsDilation[d]!) + low + high < 0)
      refuse(
        "negative-padding",
        `${owner}: padding (${low}, ${high}) crops more than dimension ${d} has; lhs is ${lhs}, rhs ${rhs}`,
        here(),
      );
    if (size === 0)
      refuse("empty-window", `${owner}: rhs ${rhs} has no taps in spatial dimension ${d}`, here());
    return windowDim(size, { stride, low, high, lhsDilation: lhsDilation[d]!, rhsDilation: dilation });
  });
}

function checkDTypes(lhs: Traced, rhs: Traced): void {
  if (lhs.dtype !== rhs.dtype)
    refuse(
      "dtype-mismatch",
      `${owner}: lhs is ${lhs.dtype}, rhs ${rhs.dtype}; convert with lax.convertElementType`,
      here(),
    );
  if (lhs.dtype !== "float32")
    refuse(
      "integer-unsupported",
      `${owner}: ${lhs.dtype} convolution is not supported; convert to float32 first`,
      here(),
    );
}
