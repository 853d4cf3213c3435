/** The one place where dtypes of the surface and element types of the IR meet. */
import type { ElementType, FloatElement } from "../ir/types.js";
import type { DType } from "../runtime/tensor.js";

/** How the IR stores each dtype; float64 is narrowed on the way in, complex64 is two f32 values. */
const elements = {
  float32: "f32",
  float16: "f16",
  bfloat16: "bf16",
  int32: "i32",
  uint32: "u32",
  int8: "i8",
  uint8: "u8",
  bool: "bool",
} as const satisfies Readonly<Record<Exclude<DType, "float64" | "complex64">, ElementType>>;

export type StoredDType = keyof typeof elements;
/** What a program may be given: every dtype but float64. */
export type InputDType = StoredDType | "complex64";

/** What arithmetic on real numbers may give. */
export type FloatDType = "float32" | "float16" | "bfloat16";
/** jax's inexact dtypes. */
export type InexactDType = FloatDType | "complex64";

/** Fails to compile when an element type has no dtype. */
type Unmatched = Exclude<ElementType, (typeof elements)[StoredDType]>;
const everyElementHasADType: Unmatched extends never ? true : never = true;
void everyElementHasADType;

export const dtypes: readonly DType[] = [...(Object.keys(elements) as StoredDType[]), "float64", "complex64"];

export function elementOf(dtype: StoredDType): ElementType {
  return elements[dtype];
}

export function floatElement(dtype: FloatDType): FloatElement {
  return elements[dtype];
}

export function dtypeOf(element: ElementType): StoredDType {
  return (Object.keys(elements) as StoredDType[]).find((dtype) => elements[dtype] === element)!;
}

export function isDType(value: unknown): value is DType {
  return (dtypes as readonly unknown[]).includes(value);
}

/** jax without x64: float64 means float32. */
export function narrowed(dtype: DType): Exclude<DType, "float64"> {
  return dtype === "float64" ? "float32" : dtype;
}

export function isInteger(dtype: DType): boolean {
  return ["int32", "uint32", "int8", "uint8", "bool"].includes(dtype);
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === "float32" || dtype === "float16" || dtype === "bfloat16";
}

export function isInexact(dtype: DType): dtype is InexactDType {
  return isFloat(dtype) || dtype === "complex64";
}

/** jax's common inexact type of several dtypes: integers take part only where there is nothing else (spec 1.8). */
export function commonInexact(dtypes: readonly DType[]): InexactDType {
  return dtypes.includes("complex64") ? "complex64" : commonFloat(dtypes);
}

export function commonFloat(dtypes: readonly DType[]): FloatDType {
  const floats = new Set(dtypes.map(narrowed).filter(isFloat));
  const [only] = floats;
  return floats.size === 1 ? only! : "float32";
}
