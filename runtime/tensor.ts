/** Tensors at the edge of a program: a typed array, a shape and a dtype. */
import { ConfigError, ShapeError } from "./error.js";

export type DType =
  | "float32"
  | "float16"
  | "bfloat16"
  | "float64"
  | "int32"
  | "uint32"
  | "int8"
  | "uint8"
  | "bool"
  | "complex64";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray;

/** Row-major. complex64 is interleaved pairs, bool bytes of 0 and 1, 16-bit floats their bits. */
export interface Tensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}
