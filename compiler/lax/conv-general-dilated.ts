/** lax.conv_general_dilated (spec section 2), on traced values. */
import type { DType } from "../../runtime/tensor.js";
import { checkOptions } from "../option.js";
import type { Traced } from "../traced.js";
import { checkTraced } from "../traced.js";
import { checkRanks, convolution, readPadding, readPreferredType } from "./conv-node.js";
import type { DimensionNumbers } from "./dimension-numbers.js";
import { readDimensionNumbers } from "./dimension-numbers.js";
import type { LaxPadding } from "./padding.js";
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
  /** A floating dtype no narrower than the operands', whose own is the default. */
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
 * @param lhs float32, float16, bfloat16 or complex64, rank n + 2
 * @param rhs of the dtype of lhs, rank n + 2
 * @param options see {@link ConvGeneralDilatedOptions}
 * @returns of the operands' dtype, the float32 sum rounded to it once; each spatial extent is `max(floor((dilated lhs + low + high - dilated rhs) / stride) + 1, 0)`
 * @throws ConfigError for an argument wrong on its own, ShapeError for one that does not fit the operands,
 * UnsupportedError `integer-unsupported` for integer operands
 *
 * @example
 * const same = (x: Traced, k: Traced) =>
 *   lax.convGeneralDilated(x, k, { windowStrides: [1, 1], padding: "SAME", dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });
 * trace(same, { inputs: [[1, 8, 8, 3], [3, 3, 3, 4]] });
 */
export function convGeneralDilated(lhs: Traced, rhs: Traced, options: ConvGeneralDilatedOptions): Traced {
  checkTraced(lhs, `${owner}: lhs`);
  checkTraced(rhs, `${owner}: rhs`);
  checkOptions(owner, options, optionNames, ["windowStrides", "padding"]);
  const padding = readPadding(owner, options.padding, options.lhsDilation);
  const precision = readPrecision(owner, options.precision);
  readPreferredType(owner, options.preferredElementType);
  checkRanks(owner, lhs, rhs);
  const [dims, axes] = readDimensionNumbers(owner, options.dimensionNumbers, lhs.shape.length);
  return convolution(owner, { ...options, lhs, rhs, padding, precision, dims, axes });
}
