/**
 * How arrays and tensors of the caller meet the slots of a program: views on its memory, checks before anything runs,
 * copies in and out.
 */
import { ShapeError } from "./error.js";
import type { OutputTree, Slot } from "./program.js";
import type { DType, Float16ArrayLike, Tensor, TypedArray } from "./tensor.js";
import { arrayNames, arrayTypeName, dataLength, describeTensor } from "./tensor.js";

/** A tensor of the program, with `data` lying in the program's own memory. */
export interface View {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** What an input takes: a Tensor of its shape and dtype, or a bare array of its own array type and length. */
export type RunInput = TypedArray | Float16ArrayLike | Tensor;

/** Inputs by name. */
export type RunInputs = { readonly [name: string]: RunInput };

/** One tensor, or the tuple or record of them that the model returned. */
export type Result = Tensor | readonly Result[] | { readonly [name: string]: Result };

/** Arrays to write results into, in the form of the results. */
export type OutArrays = TypedArray | readonly OutArrays[] | { readonly [name: string]: OutArrays };

/** A view on a slot. float64 is held as float32. */
export function slotView(memory: ArrayBufferLike, slot: Slot): View {
  const { name, shape, dtype, offset } = slot;
  const array = dtype === "float64" ? "Float32Array" : arrayNames[dtype];
  return {
    name,
    shape,
    dtype,
    data: new globalThis[array](memory as ArrayBuffer, offset, dataLength(shape, dtype)),
  };
}

export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" && value !== null && "data" in value && "shape" in value && "dtype" in value
  );
}

/** Inputs given by name: a plain object that is not a Tensor. */
export function isRecord(value: unknown): value is RunInputs {
  return (
    typeof value === "object" &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    !Array.isArray(value) &&
    !isTensor(value)
  );
}

/** Whether an array of this type name holds numbers of the dtype as they lie in memory (float64: before narrowing). */
function holds(dtype: DType, name: string): boolean {
  return (
    name === arrayNames[dtype] ||
    (name === "Float16Array" && dtype === "float16") ||
    (name === "Uint8ClampedArray" && dtype === "uint8") ||
    (name === "Float32Array" && dtype === "float64")
  );
}

function describeView(what: string, view: View): string {
  const { name, dtype, shape, data } = view;
  return `${what} ${name} is ${describeTensor(dtype, shape)} (${arrayNames[dtype]} of ${data.length})`;
}

function checkArray(what: string, view: View, dtype: DType, value: unknown): asserts value is TypedArray {
  const name = arrayTypeName(value);
  if (!holds(dtype, name))
    throw new ShapeError(
      `${what}-dtype`,
      `${describeView(what, view)}, given ${/Array$/.test(name) ? `${name}[${(value as TypedArray).length}]` : name}; give a typed array of its own type${what === "input" ? " or a Tensor" : ""}`,
    );
  const { length } = value as TypedArray;
  if (length !== view.data.length)
    throw new ShapeError(
      `${what}-shape`,
      `${describeView(what, view)}, given ${name}[${length}]; give ${view.data.length} numbers`,
    );
}

/** The array to copy from, once everything about the value has been checked against the input. */
export function checkInput(view: View, value: unknown): TypedArray {
  if (!isTensor(value)) {
    checkArray("input", view, view.dtype, value);
    return value;
  }
  const { dtype, shape } = value;
  const narrows = dtype === "float64" && view.dtype === "float32";
  const widened = dtype === "float32" && view.dtype === "float64";
  if (dtype !== view.dtype && !narrows && !widened)
    throw new ShapeError(
      "input-dtype",
      `${describeView("input", view)}, given ${describeTensor(dtype, shape)}; convert it to ${view.dtype}`,
    );
  if (!sameExtents(shape, view.shape))
    throw new ShapeError(
      "input-shape",
      `${describeView("input", view)}, given ${describeTensor(dtype, shape)}; shapes are fixed when compiling`,
    );
  checkArray("input", view, dtype, value.data);
  return value.data;
}

function sameExtents(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Copies a checked array in; a Float16Array goes in as its bits. */
export function copyIn(view: View, from: TypedArray): void {
  if ((from[Symbol.toStringTag] as string) !== "Float16Array") view.data.set(from);
  else view.data.set(new Uint16Array(from.buffer, from.byteOffset, from.length));
}

/** A copy of the results that the caller owns. */
export function copyResults(tree: OutputTree, outputs: readonly View[]): Result {
  if (typeof tree !== "number") return mapTree(tree, (leaf) => copyResults(leaf, outputs));
  const { data, shape, dtype } = outputs[tree]!;
  return { data: data.slice(), shape, dtype };
}

/** Checks the arrays given for the results: same tree, own array types, right lengths. */
export function checkOut(tree: OutputTree, outputs: readonly View[], out: unknown): void {
  if (typeof tree === "number") {
    const view = outputs[tree]!;
    checkArray("output", view, view.dtype, out);
    if (arrayTypeName(out) !== "Float16Array") return;
    throw new ShapeError("output-dtype", `${describeView("output", view)}: its bits need a Uint16Array`);
  }
  const keys = Object.keys(tree);
  const given = typeof out === "object" && out !== null && !ArrayBuffer.isView(out) ? Object.keys(out) : [];
  if (keys.length !== given.length || !keys.every((key) => given.includes(key)))
    throw new ShapeError(
      "output-tree",
      `the results are ${Array.isArray(tree) ? `a tuple of ${keys.length}` : `named ${keys.join(", ")}`}: give out in the same form`,
    );
  for (const key of keys) checkOut(child(tree, key), outputs, (out as RunInputs)[key]);
}

/** Copies the results into checked arrays. */
export function copyOut(tree: OutputTree, outputs: readonly View[], out: OutArrays): Result {
  if (typeof tree !== "number")
    return mapTree(tree, (leaf, key) => copyOut(leaf, outputs, (out as Record<string, OutArrays>)[key]!));
  const { data, shape, dtype } = outputs[tree]!;
  (out as TypedArray).set(data);
  return { data: out as TypedArray, shape, dtype };
}

function child(tree: Exclude<OutputTree, number>, key: string): OutputTree {
  return (tree as { readonly [name: string]: OutputTree })[key]!;
}

function mapTree(tree: Exclude<OutputTree, number>, leaf: (of: OutputTree, key: string) => Result): Result {
  if (Array.isArray(tree)) return tree.map((of: OutputTree, index) => leaf(of, String(index)));
  return Object.fromEntries(Object.keys(tree).map((key) => [key, leaf(child(tree, key), key)]));
}
