/**
 * Element types, tensor types and layouts: the vocabulary both IRs share.
 *
 * A layout says where the elements of a tensor lie inside a buffer; a tensor type says nothing about memory.
 */

/** How one element is stored. Arithmetic always happens in f32; the element type only governs loads and stores. */
export type ElementType = "f32" | "f16" | "bf16" | "i32" | "u32" | "i8" | "u8" | "bool";

/** What the result of arithmetic may be stored as. */
export type FloatElement = "f32" | "f16" | "bf16";

export const elementTypes: readonly ElementType[] = ["f32", "f16", "bf16", "i32", "u32", "i8", "u8", "bool"];

const bytes: Readonly<Record<ElementType, 1 | 2 | 4>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  i32: 4,
  u32: 4,
  i8: 1,
  u8: 1,
  bool: 1,
};

export function isFloat(element: ElementType): element is FloatElement {
  return element === "f32" || element === "f16" || element === "bf16";
}

/** Bytes one element takes in memory. */
export function elementBytes(element: ElementType): 1 | 2 | 4 {
  return bytes[element];
}

export interface TensorType {
  readonly element: ElementType;
  readonly shape: readonly number[];
}

/** The arrays a constant may hold; 16-bit floats are their bits in a Uint16Array. */
export type ElementArray = Float32Array | Uint16Array | Int32Array | Uint32Array | Int8Array | Uint8Array;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Row-major strides, in elements. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Where a tensor lies in a buffer, in elements: index i is at `offset + sum(i[axis] * strides[axis])`. */
export interface Layout {
  readonly offset: number;
  readonly strides: readonly number[];
}

export function denseLayout(shape: readonly number[]): Layout {
  return { offset: 0, strides: denseStrides(shape) };
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** NumPy's broadcasting rule; null where the shapes do not broadcast. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return null;
    out.push(left === 1 ? right : left);
  }
  return out;
}
