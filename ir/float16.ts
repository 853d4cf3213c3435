/** The stored forms of numbers: 16-bit floats as bits, and reading and writing one element of any type as f32. */
import type { ElementArray, ElementType } from "./types.js";

interface Format {
  /** Bits of the fraction stored. */
  readonly fraction: number;
  /** Exponent of the smallest normal number. */
  readonly lowest: number;
  /** The bits of infinity. */
  readonly infinity: number;
}

const f16: Format = { fraction: 10, lowest: -14, infinity: 0x7c00 };
const bf16: Format = { fraction: 7, lowest: -126, infinity: 0x7f80 };

const double = new DataView(new ArrayBuffer(8));

/** The e with 2ᵉ <= value < 2ᵉ⁺¹, for a positive normal double; less for smaller ones. */
function binaryExponent(value: number): number {
  double.setFloat64(0, value);
  return ((double.getUint32(0) >>> 20) & 0x7ff) - 1023;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

function encode(value: number, { fraction, lowest, infinity }: Format): number {
  if (Number.isNaN(value)) return infinity | (1 << (fraction - 1));
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const exponent = Math.max(binaryExponent(magnitude), lowest);
  const units = roundToEven(magnitude / 2 ** (exponent - fraction));
  // The hidden one of a normal number, and a carry out of the fraction, add one to the exponent field.
  return sign | Math.min((exponent - lowest) * 2 ** fraction + units, infinity);
}

function decode(bits: number, { fraction, lowest, infinity }: Format): number {
  const magnitude = bits & 0x7fff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (magnitude >= infinity) return magnitude === infinity ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const field = magnitude >> fraction;
  const units = field === 0 ? magnitude : (magnitude & ((1 << fraction) - 1)) | (1 << fraction);
  return sign * units * 2 ** (Math.max(field, 1) - 1 + lowest - fraction);
}

/** The number a float16 stands for; exact. */
export function f16ToF32(bits: number): number {
  return decode(bits, f16);
}

/** Bits of the float16 nearest to the value as an f32, ties to even; from 65520 on infinity. NaN has one pattern. */
export function f32ToF16(value: number): number {
  return encode(Math.fround(value), f16);
}

/** The number a bfloat16 stands for; exact. */
export function bf16ToF32(bits: number): number {
  return decode(bits, bf16);
}

/** Bits of the bfloat16 nearest to the value as an f32, ties to even. */
export function f32ToBf16(value: number): number {
  return encode(Math.fround(value), bf16);
}

/** What the scalar functions `f16` and `bf16` give. */
export function roundToF16(value: number): number {
  return f16ToF32(f32ToF16(value));
}

export function roundToBf16(value: number): number {
  return bf16ToF32(f32ToBf16(value));
}

type ArrayConstructor =
  | Float32ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Int8ArrayConstructor
  | Uint8ArrayConstructor;

/** The typed array that holds each element type. */
export const elementArrays: Readonly<Record<ElementType, ArrayConstructor>> = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

export function makeElements(element: ElementType, count: number): ElementArray {
  return new elementArrays[element](count);
}

/** Element `index` as an f32 (32-bit integers are rounded). */
export function loadElement(data: ElementArray, element: ElementType, index: number): number {
  const stored = data[index]!;
  switch (element) {
    case "f16":
      return f16ToF32(stored);
    case "bf16":
      return bf16ToF32(stored);
    case "i32":
    case "u32":
      return Math.fround(stored);
    default:
      return stored;
  }
}

/** Rounds to the element type if it is a float; an integer is taken to fit. */
export function storeElement(data: ElementArray, element: ElementType, index: number, value: number): void {
  if (element === "f16") data[index] = f32ToF16(value);
  else if (element === "bf16") data[index] = f32ToBf16(value);
  else data[index] = value;
}
