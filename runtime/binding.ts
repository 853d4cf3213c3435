/**
 * How arrays and tensors of the caller meet the slots of a program: views on its memory, checks before anything runs,
 * copies in and out.
 */
import { ShapeError } from "./error.js";
import { features } from "./features.js";
import type { OutputTree, Slot } from "./program.js";
import type { DType, Float16ArrayLike, Tensor, TypedArray } from "./tensor.js";
import { arrayNames, arrayOn, arrayTypeName, dataLength, describeTensor } from "./tensor.js";

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
  const object = Object(value);
  return "data" in object && "shape" in object && "dtype" in object;
}

/** Inputs given by name: a plain object that is not a Tensor. */
export function isRecord(value: unknown): value is RunInputs {
  return arrayTypeName(value) === "object" && !isTensor(value);
}

/** Whether an array of this type name holds numbers of the dtype; an input may also be converted on the way in. */
function holds(what: Place, dtype: DType, name: string): boolean {
  if (features.uint8 && name === "Uint8ClampedArray") return dtype === "uint8";
  if (features.float16 && name === "Float16Array") return dtype === "float16" && what === "input";
  return name === arrayNames[dtype];
}

type Place = "input" | "output";

/** The array given, or that of the Tensor, once everything about it has been checked; an output takes arrays only. */
export function checkArray(what: Place, place: Omit<Slot, "offset">, value: unknown): TypedArray {
  const isOne = what === "input" && isTensor(value);
  const { dtype, shape } = isOne ? value : place;
  const data = (isOne ? value.data : value) as TypedArray;
  const name = arrayTypeName(data);
  const { length } = Object(data) as TypedArray;
  const wanted = dataLength(place.shape, place.dtype);
  const fits =
    (dtype === place.dtype || (dtype === "float64" && place.dtype === "float32")) && holds(what, dtype, name);
  if (fits && length === wanted && sameExtents(shape, place.shape)) return data;
  const rule = fits ? "shape" : "dtype";
  const given = length === undefined ? name : `${name}[${length}]`;
  throw new ShapeError(
    `${what}-${rule}`,
    `${what} ${place.name} is ${describeTensor(place.dtype, place.shape)} (${arrayNames[place.dtype]} of ${wanted}), given ${isOne ? `${describeTensor(dtype, shape)} in ` : ""}${given}; give it that ${rule}`,
  );
}

function sameExtents(a: readonly number[], b: readonly number[]): boolean {
  if (!Array.isArray(a) || a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Copies a checked array in; a Float16Array goes in as its bits. */
export function copyIn(view: View, from: TypedArray): void {
  const bits = features.float16 && (from[Symbol.toStringTag] as string) === "Float16Array";
  view.data.set(bits ? new Uint16Array(from.buffer, from.byteOffset, from.length) : from);
}

/** Checks the arrays given for the results: same tree, own array types, right lengths. */
export function checkOut(tree: OutputTree, outputs: readonly Omit<Slot, "offset">[], out: unknown): void {
  if (!features.trees || typeof tree === "number") {
    checkArray("output", outputs[tree as number]!, out);
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

/** The results in their form, each made of its number and the array given for it. */
export function mapTree(
  tree: OutputTree,
  leaf: (output: number, out: TypedArray | undefined) => unknown,
  out?: OutArrays,
): unknown {
  if (!features.trees || typeof tree === "number") return leaf(tree as number, out as TypedArray | undefined);
  const given = (out ?? {}) as Readonly<Record<string, OutArrays>>;
  const parts = Object.entries<OutputTree>(tree as Readonly<Record<string, OutputTree>>).map(
    ([key, each]) => [key, mapTree(each, leaf, given[key])] as const,
  );
  return Array.isArray(tree) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
}

/** A result: a copy that the caller owns, or over the checked array given. */
export function copyResult({ data, shape, dtype }: Tensor, out: TypedArray | undefined): Tensor {
  out?.set(data);
  return { data: out ?? data.slice(), shape, dtype };
}
