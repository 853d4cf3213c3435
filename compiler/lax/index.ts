/** jax.lax's functions as `lax.…`. */

export type {
  ConvDimensionNumbers,
  ConvGeneralDilatedOptions,
  DimensionNumbers,
  LaxPadding,
  Precision,
} from "./members.js";
export * as lax from "./members.js";
