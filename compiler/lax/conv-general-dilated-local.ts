/** lax.conv_general_dilated_local: a convolution with a kernel of its own for every output position, on traced values. */
import { outputExtent } from "../../ir/window.js";
import { checkOptions, intOf, listOf, show } from "../option.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import type { Traced } from "../traced.js";
import { checkTraced } from "../traced.js";
import { checkRanks, convolution, readPadding, readWindow } from "./conv-node.js";
import type { DimensionNumbers } from "./dimension-numbers.js";
import { readDimensionNumbers } from "./dimension-numbers.js";
import type { LaxPadding } from "./padding.js";
import type { Precision } from "./precision.js";
import { readOperandPrecision } from "./precision.js";

export interface ConvGeneralDilatedLocalOptions {
  /** One per spatial dimension. */
  readonly windowStrides: readonly number[];
  /** "SAME", "SAME_LOWER", "VALID", or a (low, high) pair per spatial dimension; negative crops. */
  readonly padding: LaxPadding;
  /** Extents of the window: one per spatial dimension. */
  readonly filterShape: readonly number[];
  /** Zeros between elements of lhs: one per spatial dimension, default ones. */
  readonly lhsDilation?: readonly number[] | null | undefined;
  /** Distance of the window's taps: one per spatial dimension, default ones. */
  readonly rhsDilation?: readonly number[] | null | undefined;
  /** Default: lhs and out NC…, rhs OI…. */
  readonly dimensionNumbers?: DimensionNumbers | null | undefined;
  readonly precision?: Precision | null | undefined;
}

const owner = "lax.convGeneralDilatedLocal";
const optionNames = [
  "windowStrides",
  "padding",
  "filterShape",
  "lhsDilation",
  "rhsDilation",
  "dimensionNumbers",
  "precision",
];

/**
 * An n-dimensional convolution whose kernel differs from output position to output position. Source:
 * jax.lax.conv_general_dilated_local.
 *
 * @param lhs float32, float16, bfloat16 or complex64, rank n + 2
 * @param rhs of the dtype of lhs, rank n + 2: its spatial extents are those of the result, and its I axis holds the taps of input
 * feature 0, row-major over the window, then those of feature 1, and so on: `[8, 8, 9 * features, outputs]`
 * @param options see {@link ConvGeneralDilatedLocalOptions}
 * @returns of the operands' dtype and the shape {@link convGeneralDilated} has
 * @throws ConfigError for an argument wrong on its own, ShapeError for one that does not fit the operands,
 * UnsupportedError `integer-unsupported` for integer operands
 *
 * @example
 * const local = (x: Traced, k: Traced) => lax.convGeneralDilatedLocal(x, k, {
 *   windowStrides: [1, 1], padding: "SAME", filterShape: [3, 3], dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });
 * trace(local, { inputs: [[1, 8, 8, 2], [8, 8, 18, 4]] });
 */
export function convGeneralDilatedLocal(
  lhs: Traced,
  rhs: Traced,
  options: ConvGeneralDilatedLocalOptions,
): Traced {
  checkTraced(lhs, `${owner}: lhs`);
  checkTraced(rhs, `${owner}: rhs`);
  checkOptions(owner, options, optionNames, ["windowStrides", "padding", "filterShape"]);
  checkRanks(owner, lhs, rhs);
  return convolution(owner, { ...readArguments(lhs, options), lhs, rhs });
}

/** The spatial extents of the result, which are also those of rhs: one per spatial dimension, in the order of filterShape. */
export function localPositions(lhs: Traced, options: ConvGeneralDilatedLocalOptions): readonly number[] {
  const read = readArguments(lhs, options);
  const window = readWindow(owner, { ...read, lhs }, `lhs is ${lhs}, windows [${read.filterShape}]`);
  return window.map((dim, d) => outputExtent(lhs.shape[read.axes.lhs.spatial[d]!]!, dim));
}

function readArguments(lhs: Traced, options: ConvGeneralDilatedLocalOptions) {
  const precision = readOperandPrecision(owner, options.precision);
  const padding = readPadding(owner, options.padding, options.lhsDilation);
  const filterShape = readFilterShape(options.filterShape, lhs);
  const [dims, axes] = readDimensionNumbers(owner, options.dimensionNumbers, lhs.shape.length);
  const { windowStrides, lhsDilation, rhsDilation } = options;
  return { windowStrides, lhsDilation, rhsDilation, precision, padding, filterShape, dims, axes };
}

function readFilterShape(value: unknown, lhs: Traced): readonly number[] {
  const sizes = listOf(value)?.map(intOf) ?? [undefined];
  if (!sizes.every((size): size is number => size !== undefined && size > 0))
    return refuse(
      "bad-kernel-size",
      `${owner}: filterShape is ${show(value)}; give a positive integer for each spatial dimension`,
      here(),
    );
  if (sizes.length !== lhs.shape.length - 2)
    refuse(
      "rank-mismatch",
      `${owner}: filterShape ${show(value)} has ${sizes.length} entries; lhs ${lhs} has ${lhs.shape.length - 2} spatial dimensions`,
      here(),
    );
  return sizes;
}
