/** The options of flax's convolution modules: their types, defaults, and everything that is wrong without a shape. */
import type { DType, Tensor } from "../../runtime/tensor.js";
import type { InexactDType } from "../element-type.js";
import { isInexact } from "../element-type.js";
import type { LaxPadding, PaddingPair } from "../lax/padding.js";
import { readPaddingName, readPaddingPairs } from "../lax/padding.js";
import type { Precision } from "../lax/precision.js";
import { readOperandPrecision, readPrecision } from "../lax/precision.js";
import {
  booleanOption,
  checkOptions,
  dtypeOption,
  inexactDTypeOption,
  integerOption,
  intOf,
  isWholeTensor,
  listOf,
  perDimension,
  show,
} from "../option.js";
import type { Initializer } from "../random/initializers.js";
import { initializers } from "../random/initializers.js";
import { refuse } from "../refusal.js";
import type { ConvGeneralDilated, InjectionOptions, PromoteDType } from "./conv-hooks.js";
import { functionOption, readInjection } from "./conv-hooks.js";

/** One integer for all spatial dimensions, or one for each; nothing means 1. */
export type PerDimension = number | Iterable<number> | null | undefined;

/** A name, one integer for every side, or an integer or (low, high) pair per spatial dimension. */
export type Padding =
  | "SAME"
  | "SAME_LOWER"
  | "VALID"
  | "CIRCULAR"
  | "REFLECT"
  | "CAUSAL"
  | (string & {})
  | number
  | boolean
  | readonly (number | PaddingPair)[];

/** What every convolution module takes. */
export interface SharedConvOptions {
  /** Number of output features. */
  readonly features: number;
  /** One integer is a 1-D convolution, whatever the input's rank. */
  readonly kernelSize: number | Iterable<number>;
  /** Default 1. */
  readonly strides?: PerDimension;
  /** Default "SAME". */
  readonly padding?: Padding | undefined;
  /** Default 1. */
  readonly kernelDilation?: PerDimension;
  /** Default true. */
  readonly useBias?: boolean | undefined;
  /** Multiplied with the kernel, whose shape it must have. */
  readonly mask?: Tensor | null | undefined;
  /**
   * What inputs and parameters are converted to, and the result is: float32, float16, bfloat16 or complex64. Default: the
   * dtype that holds them all, float32 where none of them is floating. Sums are float32 whatever it is.
   */
  readonly dtype?: DType | null | undefined;
  /** What parameters are made in: float32 (the default), float16, bfloat16 or complex64. */
  readonly paramDtype?: DType | undefined;
  /** "highest" or "float32" keeps this layer at precision "highest" whatever compile's option says. */
  readonly precision?: Precision | null | undefined;
  /** Default `initializers.lecunNormal()`. */
  readonly kernelInit?: Initializer | undefined;
  /** Default `initializers.zeros`. */
  readonly biasInit?: Initializer | undefined;
  readonly promoteDtype?: PromoteDType | undefined;
  /** Name in the params tree. */
  readonly name?: string | null | undefined;
}

/** The options of Conv and ConvLocal. */
export interface ConvOptions extends SharedConvOptions, InjectionOptions {
  /** Zeros between input elements; only with numeric padding. Default 1. */
  readonly inputDilation?: PerDimension;
  /** Groups of features; must divide input and output features. ConvLocal has none. Default 1. */
  readonly featureGroupCount?: number | undefined;
}

const convOptionNames: readonly (keyof ConvOptions)[] = [
  "features",
  "kernelSize",
  "strides",
  "padding",
  "inputDilation",
  "kernelDilation",
  "featureGroupCount",
  "useBias",
  "mask",
  "dtype",
  "paramDtype",
  "precision",
  "kernelInit",
  "biasInit",
  "promoteDtype",
  "convGeneralDilated",
  "convGeneralDilatedCls",
  "name",
];

/** Shared options with defaults filled in and lists of the right length. */
export interface SharedConvConfig {
  readonly features: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: LaxPadding;
  readonly kernelDilation: readonly number[];
  readonly useBias: boolean;
  readonly mask: Tensor | null;
  readonly dtype: InexactDType | null;
  readonly paramDtype: InexactDType;
  readonly precision: Precision | null;
  readonly kernelInit: Initializer;
  readonly biasInit: Initializer;
  readonly promoteDtype: PromoteDType | null;
}

export interface ConvConfig extends SharedConvConfig {
  readonly inputDilation: readonly number[];
  readonly featureGroupCount: number;
  /** Makes the function used in place of lax.convGeneralDilated; null for lax itself. */
  readonly inject: (() => ConvGeneralDilated) | null;
}

/** @throws ConfigError or UnsupportedError; see the table in refusal.ts */
export function readConvOptions(owner: string, options: ConvOptions): ConvConfig {
  checkOptions(owner, options, convOptionNames, ["features", "kernelSize"]);
  const inject = readInjection(owner, options);
  const shared = readSharedOptions(owner, options);
  const { featureGroupCount: groups = 1 } = options;
  const config: ConvConfig = {
    ...shared,
    inputDilation: perDimension(
      owner,
      "inputDilation",
      options.inputDilation,
      shared.kernelSize.length,
      "bad-dilation",
    ),
    featureGroupCount: integerOption(owner, "featureGroupCount", groups, 1, "bad-group-count"),
    inject,
  };
  checkTogether(owner, config);
  return config;
}

/** As Conv's options, less what a kernel for every position rules out. */
export function readConvLocalOptions(owner: string, options: ConvOptions): ConvConfig {
  const config = readConvOptions(owner, options);
  readOperandPrecision(owner, config.precision);
  if (config.kernelSize.length === 0)
    refuse("bad-kernel-size", `${owner}: kernelSize is []; there must be at least one spatial dimension`);
  if (config.featureGroupCount !== 1)
    refuse(
      "local-groups",
      `${owner}: featureGroupCount is ${config.featureGroupCount}; ConvLocal has no feature groups: give 1`,
    );
  return config;
}

/** What all convolution modules take, the meaning of a padding's name aside. */
export function readSharedOptions(owner: string, options: SharedConvOptions): SharedConvConfig {
  const { padding = "SAME", useBias = true, precision = null } = options;
  const kernelSize = readKernelSize(owner, options.kernelSize);
  const n = kernelSize.length;
  readPrecision(owner, precision);
  return {
    features: readFeatures(owner, options),
    kernelSize,
    strides: perDimension(owner, "strides", options.strides, n, "bad-strides"),
    padding: readPadding(owner, padding, n),
    kernelDilation: perDimension(owner, "kernelDilation", options.kernelDilation, n, "bad-dilation"),
    useBias: booleanOption(owner, "useBias", useBias),
    mask: readMask(owner, options.mask ?? null),
    dtype: options.dtype == null ? null : inexactDTypeOption(owner, "dtype", options.dtype),
    paramDtype: readParamDType(owner, options),
    precision,
    kernelInit: functionOption(owner, "kernelInit", options.kernelInit) ?? initializers.lecunNormal(),
    biasInit: functionOption(owner, "biasInit", options.biasInit) ?? initializers.zeros,
    promoteDtype: functionOption(owner, "promoteDtype", options.promoteDtype) ?? null,
  };
}

function readKernelSize(owner: string, value: unknown): readonly number[] {
  const single = intOf(value);
  const items = single === undefined ? listOf(value) : [single];
  const sizes = items?.map(intOf);
  if (sizes?.every((size): size is number => size !== undefined && size > 0)) return sizes;
  return refuse(
    "bad-kernel-size",
    `${owner}: kernelSize is ${show(value)}; give a positive integer for each spatial dimension: [3, 3]`,
  );
}

/** No features at all are legal, as long as the initialiser has no fan to divide by. */
function readFeatures(owner: string, { features, kernelInit }: SharedConvOptions): number {
  return integerOption(owner, "features", features, kernelInit === undefined ? 1 : 0, "bad-features");
}

/** flax's canonicalize_padding (spec 1.4). */
function readPadding(owner: string, padding: unknown, n: number): LaxPadding {
  if (typeof padding === "string") return padding;
  const int = intOf(padding);
  if (int !== undefined) return new Array<PaddingPair>(n).fill([int, int]);
  if (!Array.isArray(padding) || padding.length !== n)
    return refuse(
      "bad-padding",
      `${owner}: padding is ${show(padding)}; give a name, an integer, or a list of ${n} integers or (low, high) pairs`,
    );
  return readPaddingPairs(
    owner,
    padding.map((item: unknown) => (intOf(item) === undefined ? item : [item, item])),
  );
}

function readMask(owner: string, mask: unknown): Tensor | null {
  if (mask === null) return null;
  if (!isWholeTensor(mask))
    return refuse("bad-mask", `${owner}: mask is ${show(mask)}; it must be a Tensor: tensor(data, shape)`);
  return mask;
}

function readParamDType(owner: string, { paramDtype, kernelInit }: SharedConvOptions): InexactDType {
  const dtype = dtypeOption(owner, "paramDtype", paramDtype === undefined ? "float32" : paramDtype);
  // The default initialiser draws floats only; with another one flax takes any dtype, and we not yet.
  if (kernelInit === undefined || isInexact(dtype)) return inexactDTypeOption(owner, "paramDtype", dtype);
  return refuse(
    "dtype-unsupported",
    `${owner}: paramDtype ${dtype} is not supported; float32, float16, bfloat16 and complex64 work`,
  );
}

/** What two options cannot mean together. An injected convolution decides for itself. */
function checkTogether(owner: string, config: ConvConfig): void {
  const { padding, inputDilation, features, featureGroupCount, inject } = config;
  const n = config.kernelSize.length;
  if (padding === "CAUSAL" && n !== 1)
    refuse(
      "causal-rank",
      `${owner}: padding "CAUSAL" is for 1-D convolutions; kernelSize has ${n} dimensions`,
    );
  if (inject !== null) return;
  if (typeof padding === "string") {
    const own = ["CIRCULAR", "REFLECT", "CAUSAL"];
    if (!own.includes(padding)) readPaddingName(owner, padding, own);
    if (inputDilation.some((dilation) => dilation !== 1))
      refuse(
        "string-padding-dilated",
        `${owner}: padding "${padding}" cannot be used with inputDilation [${inputDilation}]; give (low, high) pairs`,
      );
  }
  if (features % featureGroupCount !== 0)
    refuse(
      "features-not-divisible",
      `${owner}: features ${features} is no multiple of featureGroupCount ${featureGroupCount}`,
    );
}
