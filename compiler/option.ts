/** Checks of options, shared by every module and function: unknown names, and values wrong on their own. */
import { distance } from "fastest-levenshtein";
import type { DType, Tensor } from "../runtime/tensor.js";
import { arrayNames, arrayTypeName, dataLength } from "../runtime/tensor.js";
import type { InexactDType } from "./element-type.js";
import { dtypes, isDType, isInexact, narrowed } from "./element-type.js";
import type { Code } from "./refusal.js";
import { refuse } from "./refusal.js";

/** The known name that is fewest letters away; one the name abbreviates ("f32", float32) counts as one letter. */
export function nearest(name: string, known: readonly string[]): string {
  const wanted = name.toLowerCase();
  const away = (other: string): number =>
    Math.min(distance(wanted, other.toLowerCase()), abbreviates(wanted, other.toLowerCase()) ? 1 : Infinity);
  return known.reduce((best, other) => (away(other) < away(best) ? other : best), known[0] ?? "");
}

/** Whether the letters of `short`, at least two, occur in `long` in their order. */
function abbreviates(short: string, long: string): boolean {
  let at = -1;
  return short.length > 1 && [...short].every((letter) => (at = long.indexOf(letter, at + 1)) >= 0);
}

/** `"stride" is unknown; did you mean "strides"?` */
export function didYouMean(name: string, known: readonly string[]): string {
  return `"${name}" is unknown; did you mean "${nearest(name, known)}"?`;
}

/** Options must be a record of known names; an unknown one is never ignored. */
export function checkOptions(
  owner: string,
  options: unknown,
  known: readonly string[],
  required: readonly string[] = [],
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    refuse(
      "bad-option",
      `${owner}: expected an object of options ({ ${known[0]}: … }), got ${show(options)}`,
    );
  for (const name of Object.keys(options))
    if (!known.includes(name)) refuse("unknown-option", `${owner}: option ${didYouMean(name, known)}`);
  for (const name of required)
    if ((options as Readonly<Record<string, unknown>>)[name] === undefined)
      refuse("missing-option", `${owner}: option "${name}" is required`);
}

/** A value as it would be written, short enough for one line. */
export function show(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "number")
    return String(value);
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  let text: string | undefined;
  try {
    // JSON has no NaN and no Infinity: they go in as strings with a mark, and lose it and their quotes.
    text = JSON.stringify(value, (_, item: unknown) => {
      if (typeof item === "number" && !Number.isFinite(item)) return `\u0001${item}`;
      return typeof item === "function" ? "function" : item;
    })?.replace(/"\\u0001(-?\w+)"/g, "$1");
  } catch {
    text = undefined;
  }
  return text === undefined ? typeof value : text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

const limit = 2 ** 31;

/** Python's int: booleans count. Undefined where it is none. */
export function intOf(value: unknown): number | undefined {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) < limit ? value : undefined;
}

/** An integer of at least `min`. */
export function integerOption(
  owner: string,
  option: string,
  value: unknown,
  min: number,
  code: Code,
): number {
  const int = intOf(value);
  if (int !== undefined && int >= min) return int;
  const wanted = min === 1 ? "a positive integer" : `an integer >= ${min}`;
  return refuse(code, `${owner}: ${option} is ${show(value)}; it must be ${wanted}`);
}

/** The items of a list of integers, or undefined: any iterable counts, as in Python, but no string. */
export function listOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) return undefined;
  return [...(value as Iterable<unknown>)];
}

/** flax's maybe_broadcast: nothing is 1, one integer is repeated, a list is one integer per spatial dimension. */
export function perDimension(
  owner: string,
  option: string,
  value: unknown,
  dimensions: number,
  code: Code,
): readonly number[] {
  const given = value ?? 1;
  const bad = (): never =>
    refuse(code, `${owner}: ${option} is ${show(given)}; every entry must be a positive integer`);
  const list = listOf(given) ?? new Array<unknown>(dimensions).fill(given);
  // Also where no dimension would meet it.
  if (dimensions === 0 && listOf(given) === undefined && (intOf(given) ?? 0) <= 0) bad();
  if (list.length !== dimensions)
    refuse(
      code,
      `${owner}: ${option} ${show(given)} has ${list.length} entries; kernelSize has ${dimensions} dimensions`,
    );
  return list.map((item) => {
    const int = intOf(item);
    return int !== undefined && int > 0 ? int : bad();
  });
}

export function booleanOption(owner: string, option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  return refuse("bad-option", `${owner}: ${option} is ${show(value)}; it must be true or false`);
}

/** A dtype name; `float64` becomes float32, as in jax without x64. */
export function dtypeOption(owner: string, option: string, value: unknown): DType {
  if (isDType(value)) return narrowed(value);
  const hint =
    typeof value === "string" ? didYouMean(value, dtypes) : `it must be one of ${dtypes.join(", ")}`;
  return refuse(
    "unknown-dtype",
    `${owner}: ${option} ${typeof value === "string" ? "" : `is ${show(value)}; `}${hint}`,
  );
}

/** A dtype a module may compute in: floating or complex. */
export function inexactDTypeOption(owner: string, option: string, value: unknown): InexactDType {
  const dtype = dtypeOption(owner, option, value);
  if (isInexact(dtype)) return dtype;
  return refuse("dtype-not-inexact", `${owner}: ${option} is ${dtype}; it must be a floating dtype: float32`);
}

export function isTensor(value: unknown): value is Tensor {
  if (typeof value !== "object" || value === null) return false;
  const { data, shape, dtype } = value as Partial<Tensor>;
  return ArrayBuffer.isView(data) && Array.isArray(shape) && isDType(dtype);
}

/** Whether arrays of this type's name hold a dtype's elements. */
export function holdsDType(name: string, dtype: DType): boolean {
  return name === arrayNames[dtype] || (name === "Uint8ClampedArray" && dtype === "uint8");
}

/** A Tensor whose data is the array its dtype and shape say. */
export function isWholeTensor(value: unknown): value is Tensor {
  if (!isTensor(value)) return false;
  const { data, shape, dtype } = value;
  const extents = shape.every((extent: unknown) => typeof extent === "number" && (intOf(extent) ?? -1) >= 0);
  return extents && holdsDType(arrayTypeName(data), dtype) && data.length === dataLength(shape, dtype);
}
