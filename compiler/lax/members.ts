/** What `lax` has: jax.lax's functions, on traced values. */
export type { ConvGeneralDilatedOptions } from "./conv-general-dilated.js";
export { convGeneralDilated } from "./conv-general-dilated.js";
export type { ConvGeneralDilatedLocalOptions } from "./conv-general-dilated-local.js";
export { convGeneralDilatedLocal } from "./conv-general-dilated-local.js";
export type { ConvTransposeOptions } from "./conv-transpose.js";
export { convTranspose } from "./conv-transpose.js";
export type { ConvDimensionNumbers, DimensionNumbers } from "./dimension-numbers.js";
export {
  abs,
  add,
  div,
  erf,
  erfc,
  exp,
  expm1,
  floor,
  log,
  log1p,
  logistic,
  max,
  min,
  mul,
  neg,
  rsqrt,
  sqrt,
  sub,
  tanh,
} from "./elementwise.js";
export type { LaxPadding } from "./padding.js";
export type { Precision } from "./precision.js";
export { concatenate, convertElementType, reshape, slice, transpose } from "./shape.js";
