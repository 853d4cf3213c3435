/** The options of ConvTranspose, and everything that is wrong with them without a shape. */
import type { DType } from "../../runtime/tensor.js";
import { readPreferredType } from "../lax/conv-node.js";
import { readPaddingName } from "../lax/padding.js";
import { booleanOption, checkOptions } from "../option.js";
import { refuse } from "../refusal.js";
import type { SharedConvConfig, SharedConvOptions } from "./conv-options.js";
import { readSharedOptions } from "./conv-options.js";

export interface ConvTransposeOptions extends SharedConvOptions {
  /**
   * The kernel is turned round in space and stored `[...kernelSize, features, inputFeatures]`: the adjoint of a Conv
   * that has the same kernel. Default false.
   */
  readonly transposeKernel?: boolean | undefined;
  /** Dtype of the convolution's result, no narrower than the one computed in. */
  readonly preferredElementType?: DType | null | undefined;
}

const optionNames: readonly (keyof ConvTransposeOptions)[] = [
  "features",
  "kernelSize",
  "strides",
  "padding",
  "kernelDilation",
  "useBias",
  "mask",
  "dtype",
  "paramDtype",
  "precision",
  "kernelInit",
  "biasInit",
  "transposeKernel",
  "promoteDtype",
  "preferredElementType",
  "name",
];

export interface ConvTransposeConfig extends SharedConvConfig {
  readonly transposeKernel: boolean;
  readonly preferredElementType: DType | null;
}

/** @throws ConfigError or UnsupportedError; see the table in refusal.ts */
export function readConvTransposeOptions(owner: string, options: ConvTransposeOptions): ConvTransposeConfig {
  checkOptions(owner, options, optionNames, ["features", "kernelSize"]);
  const { transposeKernel = false, preferredElementType = null } = options;
  const shared = readSharedOptions(owner, options);
  const { kernelSize } = shared;
  if (kernelSize.length > 3)
    refuse(
      "bad-kernel-size",
      `${owner}: kernelSize [${kernelSize}] has ${kernelSize.length} dimensions; transposed convolutions have at most 3`,
    );
  checkPadding(owner, shared);
  return {
    ...shared,
    transposeKernel: booleanOption(owner, "transposeKernel", transposeKernel),
    preferredElementType: readPreferredType(owner, preferredElementType),
  };
}

/** Without strides lax also takes its other names, as for an ordinary convolution (spec 1.4). */
function checkPadding(owner: string, { padding, strides }: SharedConvConfig): void {
  if (typeof padding !== "string" || ["SAME", "VALID", "CIRCULAR"].includes(padding)) return;
  if (strides.some((stride) => stride !== 1))
    refuse(
      "string-padding-dilated",
      `${owner}: padding "${padding}" cannot be used with strides [${strides}]; SAME, VALID, CIRCULAR and pairs can`,
    );
  if (padding === "REFLECT" || padding === "CAUSAL")
    refuse(
      "unknown-padding",
      `${owner}: padding "${padding}" is not for transposed convolutions; SAME, VALID, CIRCULAR and pairs are`,
    );
  readPaddingName(owner, padding, ["CIRCULAR"]);
}
