/** lax.conv_transpose (spec 2.6), on traced values. */
import { dilatedExtent } from "../../ir/window.js";
import type { DType } from "../../runtime/tensor.js";
import { booleanOption, checkOptions, listOf, show } from "../option.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import type { Traced } from "../traced.js";
import { checkTraced } from "../traced.js";
import { checkRanks, convolution, readFactors, readPadding, readPreferredType } from "./conv-node.js";
import type { DimensionNumbers } from "./dimension-numbers.js";
import { readDimensionNumbers } from "./dimension-numbers.js";
import type { LaxPadding, PaddingPair } from "./padding.js";
import type { Precision } from "./precision.js";
import { readPrecision } from "./precision.js";

export interface ConvTransposeOptions {
  /** How far apart the elements of lhs lie in the result: one per spatial dimension. */
  readonly strides: readonly number[];
  /**
   * "SAME" (each extent becomes extent times stride), "VALID" (everything lhs reaches), or a (low, high) pair per
   * spatial dimension: padding of the dilated lhs, not of the convolution this is the transpose of.
   */
  readonly padding: LaxPadding;
  /** Distance of the kernel's taps: one per spatial dimension, default ones. */
  readonly rhsDilation?: readonly number[] | null | undefined;
  /** Default: channels last, `["NHWC", "HWIO", "NHWC"]` for two spatial dimensions; there is none for four and more. */
  readonly dimensionNumbers?: DimensionNumbers | null | undefined;
  /** Turns the kernel round in space and exchanges its two feature axes: the adjoint of a convolution with it. */
  readonly transposeKernel?: boolean | undefined;
  readonly precision?: Precision | null | undefined;
  /** A floating dtype no narrower than the operands', whose own is the default. */
  readonly preferredElementType?: DType | null | undefined;
}

const owner = "lax.convTranspose";
const optionNames = [
  "strides",
  "padding",
  "rhsDilation",
  "dimensionNumbers",
  "transposeKernel",
  "precision",
  "preferredElementType",
];

/** For no to three spatial dimensions. */
const layouts = [
  ["NC", "IO", "NC"],
  ["NHC", "HIO", "NHC"],
  ["NHWC", "HWIO", "NHWC"],
  ["NHWDC", "HWDIO", "NHWDC"],
] as const satisfies readonly DimensionNumbers[];

/**
 * A transposed (fractionally strided) convolution: a convolution of lhs with `stride - 1` zeros between its elements. No
 * zero is multiplied in the compiled program. Source: jax.lax.conv_transpose.
 *
 * @param lhs float32, float16, bfloat16 or complex64, rank n + 2
 * @param rhs of the dtype of lhs, rank n + 2; with `transposeKernel` its O axis meets the features of lhs
 * @param options see {@link ConvTransposeOptions}
 * @returns of the operands' dtype; each spatial extent is, with "SAME", `lhs * stride`, with "VALID",
 * `lhs * stride + max(dilated rhs - stride, 0)`, else `dilated lhs + low + high - dilated rhs + 1`
 * @throws ConfigError for an argument wrong on its own, ShapeError for one that does not fit the operands,
 * UnsupportedError `integer-unsupported` for integer operands
 *
 * @example
 * const twice = (x: Traced, k: Traced) => lax.convTranspose(x, k, { strides: [2, 2], padding: "SAME" });
 * trace(twice, { inputs: [[1, 8, 8, 3], [3, 3, 3, 4]] });
 */
export function convTranspose(lhs: Traced, rhs: Traced, options: ConvTransposeOptions): Traced {
  checkTraced(lhs, `${owner}: lhs`);
  checkTraced(rhs, `${owner}: rhs`);
  checkOptions(owner, options, optionNames, ["strides", "padding"]);
  const { padding, rhsDilation, transposeKernel = false } = options;
  const reversal = booleanOption(owner, "transposeKernel", transposeKernel);
  checkRanks(owner, lhs, rhs);
  const spatial = lhs.shape.length - 2;
  const numbers = options.dimensionNumbers ?? layouts[spatial];
  if (numbers === undefined)
    return refuse(
      "bad-dimension-numbers",
      `${owner}: ${spatial} spatial dimensions have no default layout; give dimensionNumbers`,
      here(),
    );
  const [dims, axes] = readDimensionNumbers(owner, numbers, lhs.shape.length, reversal);
  if (listOf(options.strides) === undefined)
    refuse("bad-strides", `${owner}: strides is ${show(options.strides)}; give a list`, here());
  const strides = readFactors(owner, "strides", options.strides, spatial, "strides-rank", "bad-strides");
  const dilation = readFactors(owner, "rhsDilation", rhsDilation, spatial, "dilation-rank", "bad-dilation");
  const taps = axes.rhs.spatial.map((axis, d) => dilatedExtent(rhs.shape[axis]!, dilation[d]!));
  const pads =
    padding === "SAME" || padding === "VALID"
      ? taps.map((extent, d) => transposedPadding(padding, extent, strides[d]!))
      : readPadding(owner, padding, strides, "strides");
  const precision = readPrecision(owner, options.precision);
  readPreferredType(owner, options.preferredElementType);
  return convolution(owner, {
    lhs,
    rhs,
    windowStrides: null,
    padding: pads,
    lhsDilation: strides,
    rhsDilation: dilation,
    dims,
    axes,
    precision,
    preferredElementType: options.preferredElementType,
    reversal,
  });
}

/** Padding of the dilated lhs for a kernel that reaches over `taps` elements; the odd element goes to the low side. */
export function transposedPadding(name: "SAME" | "VALID", taps: number, stride: number): PaddingPair {
  const least = taps + stride - 2;
  if (name === "VALID") return [taps - 1, least + Math.max(taps - stride, 0) - (taps - 1)];
  const low = stride > taps - 1 ? taps - 1 : Math.ceil(least / 2);
  return [low, least - low];
}
