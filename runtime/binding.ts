/**
 * How arrays and tensors of the caller meet the slots of a program: views on its memory, checks before anything runs,
 * copies in and out.
 */
import { ShapeError } from "./error.js";
import type { OutputTree, Slot } from "./program.js";
import type { DType, Float16ArrayLike, Tensor, TypedArray } from "./tensor.js";
import { arrayNames, arrayOn, arrayTypeName, describeTensor } from "./tensor.js";

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

/** A view on a slot. */
export function slotView(memory: ArrayBufferLike, slot: Slot): View {
  const { name, shape, dtype, offset } = slot;
  return { name, shape, dtype, data: arrayOn(memory, offset, dtype, shape) };
}

export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" && value !== null && "data" in value && "shape" in value && "dtype" in value
  );
}

/** Inputs given by name: a plain object that is not a Tensor. */
export function isRecord(value: unknown): value is RunInputs {
  return arrayTypeName(value) === "object" && !isTensor(value);
}

/** Whether an array of this type name holds numbers of the dtype; an input may also be converted on the way in. */
function holds(what: Place, dtype: DType, name: string): boolean {
  return (
    name === arrayNames[dtype] ||
    (name === "Uint8ClampedArray" && dtype === "uint8") ||
    (name === "Float16Array" && dtype === "float16" && what === "input")
  );
}

type Place = "input" | "output";

function refuse(what: Place, rule: "dtype" | "shape", view: View, given: string): never {
  const { name, dtype, shape, data } = view;
  throw new ShapeError(
    `${what}-${rule}`,
    `${what} ${name} is ${describeTensor(dtype, shape)} (${arrayNames[dtype]} of ${data.length}), given ${given}; give it that ${rule}`,
  );
}

function checkArray(what: Place, view: View, dtype: DType, value: unknown): asserts value is TypedArray {
  const name = arrayTypeName(value);
  const { length } = Object(value) as TypedArray;
  const fits = holds(what, dtype, name);
  if (!fits || length !== view.data.length)
    refuse(what, fits ? "shape" : "dtype", view, length === undefined ? name : `${name}[${length}]`);
}

/** The array to copy from, once everything about the value has been checked against the input. */
export function checkInput(view: View, value: unknown): TypedArray {
  if (!isTensor(value)) {
    checkArray("input", view, view.dtype, value);
    return value;
  }
  const { data, dtype, shape } = value;
  if (!Array.isArray(shape)) refuse("input", "shape", view, `a Tensor whose shape is ${shape}`);
  const fits = dtype === view.dtype || (dtype === "float64" && view.dtype === "float32");
  if (!fits || !sameExtents(shape, view.shape))
    refuse("input", fits ? "shape" : "dtype", view, describeTensor(dtype, shape));
  checkArray("input", view, dtype, data);
  return data;
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

/** Checks the arrays given for the results: same tree, own array types, right lengths. */
export function checkOut(tree: OutputTree, outputs: readonly View[], out: unknown): void {
  if (typeof tree === "number") {
    const view = outputs[tree]!;
    checkArray("output", view, view.dtype, out);
    return;
  }
  const keys = Object.keys(tree);
  const given = ArrayBuffer.isView(out) ? [] : Object.keys(Object(out));
  if (keys.length !== given.length || !keys.every((key) => given.includes(key)))
    throw new ShapeError(
      "output-tree",
      `the results are ${Array.isArray(tree) ? `a tuple of ${keys.length}` : `named ${keys.join(", ")}`}: give out in the same form`,
    );
  for (const key of keys)
    checkOut((tree as Record<string, OutputTree>)[key]!, outputs, (out as Record<string, unknown>)[key]);
}

/** The results: copies that the caller owns, or over the checked arrays given. */
export function copyResults(tree: OutputTree, outputs: readonly View[], out?: OutArrays): Result {
  if (typeof tree === "number") {
    const { data, shape, dtype } = outputs[tree]!;
    if (out === undefined) return { data: data.slice(), shape, dtype };
    (out as TypedArray).set(data);
    return { data: out as TypedArray, shape, dtype };
  }
  const given = (out ?? {}) as Readonly<Record<string, OutArrays>>;
  const parts = Object.entries<OutputTree>(tree as Readonly<Record<string, OutputTree>>).map(
    ([key, leaf]) => [key, copyResults(leaf, outputs, given[key])] as const,
  );
  return Array.isArray(tree) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}
