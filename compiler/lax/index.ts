/** jax.lax's functions as `lax.…`. */

export type {
  ConvDimensionNumbers,
  ConvGeneralDilatedLocalOptions,
  ConvGeneralDilatedOptions,
  ConvTransposeOptions,
  DimensionNumbers,
  LaxPadding,
  Precision,
} from "./members.js";
export * as lax from "./members.js";
