/** What `nn` has: flax.linen's modules, activations, and what networks are put together with. */
import { activations } from "./activation.js";

export { add } from "../lax/elementwise.js";
export { initializers } from "../random/initializers.js";
export type { Activation, ActivationName } from "./activation.js";
export { identity } from "./activation.js";
export { Conv } from "./conv.js";
export type { ConvGeneralDilated, PromoteDType } from "./conv-hooks.js";
export { ConvLocal } from "./conv-local.js";
export type { ConvOptions, Padding, PerDimension } from "./conv-options.js";
export { ConvTranspose } from "./conv-transpose.js";
export type { ConvTransposeOptions } from "./conv-transpose-options.js";
export type { AppliedOutput, ModuleOptions } from "./module.js";
export { Module } from "./module.js";
export type { Layer } from "./sequential.js";
export { Sequential } from "./sequential.js";

/** Source: flax.linen's functions of the same name. */
export const {
  relu,
  relu6,
  sigmoid,
  tanh,
  silu,
  swish,
  gelu,
  leakyRelu,
  elu,
  celu,
  selu,
  softplus,
  logSigmoid,
  hardSigmoid,
  hardSilu,
  hardSwish,
  hardTanh,
  softSign,
  mish,
  squareplus,
  sparsePlus,
} = activations;
