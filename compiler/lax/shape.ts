/** lax's functions that move elements and compute nothing: reshape, transpose, slice, concatenate, conversion. */
import { lit } from "../../ir/scalar.js";
import { elementCount, sameShape } from "../../ir/types.js";
import type { DType } from "../../runtime/tensor.js";
import { isInexact } from "../element-type.js";
import { dtypeOption, intOf, listOf, show } from "../option.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import {
  checkTraced,
  complexOf,
  convertInexact,
  emit,
  map,
  mapParts,
  partsOf,
  type Traced,
} from "../traced.js";

function integers(what: string, value: unknown, min: number): readonly number[] {
  const items = listOf(value)?.map(intOf) ?? [undefined];
  if (items.every((item): item is number => item !== undefined && item >= min)) return items;
  return refuse("bad-axes", `${what} is ${show(value)}; it must be a list of integers >= ${min}`, here());
}

/**
 * The same elements in row-major order under another shape; one extent may be -1. Source: jax.lax.reshape.
 *
 * @throws ShapeError `bad-axes` where the number of elements differs
 */
export function reshape(x: Traced, newSizes: readonly number[]): Traced {
  checkTraced(x, "lax.reshape");
  const sizes = integers("lax.reshape: newSizes", newSizes, -1);
  const known = elementCount(sizes.filter((size) => size >= 0));
  const holes = sizes.filter((size) => size < 0).length;
  const count = elementCount(x.shape);
  const hole = known === 0 ? 0 : count / known;
  const shape = sizes.map((size) => (size < 0 ? hole : size));
  if (holes > 1 || !Number.isInteger(hole) || elementCount(shape) !== count || (holes === 1 && known === 0))
    refuse("bad-axes", `lax.reshape: ${x} has ${count} elements, which do not fit [${sizes}]`, here());
  return sameShape(shape, x.shape) ? x : mapParts(x, (part) => emit({ op: "reshape", shape }, [part]));
}

/** Axis i of the result is axis permutation[i] of x. Source: jax.lax.transpose. @throws ShapeError `bad-axes` */
export function transpose(x: Traced, permutation: readonly number[]): Traced {
  checkTraced(x, "lax.transpose");
  const axes = integers("lax.transpose: permutation", permutation, 0);
  if (axes.length !== x.shape.length || x.shape.some((_, axis) => !axes.includes(axis)))
    refuse("bad-axes", `lax.transpose: permutation [${axes}] must name each axis of ${x} once`, here());
  return mapParts(x, (part) => emit({ op: "transpose", permutation: axes }, [part]));
}

/** Elements start, start + stride, … below limit of each axis. Source: jax.lax.slice. @throws ShapeError `bad-axes` */
export function slice(
  x: Traced,
  startIndices: readonly number[],
  limitIndices: readonly number[],
  strides?: readonly number[] | null,
): Traced {
  checkTraced(x, "lax.slice");
  const start = integers("lax.slice: startIndices", startIndices, 0);
  const limit = integers("lax.slice: limitIndices", limitIndices, 0);
  const step = integers("lax.slice: strides", strides ?? x.shape.map(() => 1), 1);
  const fits = [start, limit, step].every((list) => list.length === x.shape.length);
  if (!fits || x.shape.some((extent, axis) => start[axis]! > limit[axis]! || limit[axis]! > extent))
    refuse("bad-axes", `lax.slice: [${start}] to [${limit}] by [${step}] does not lie in ${x}`, here());
  const shape = x.shape.map((_, axis) => Math.ceil((limit[axis]! - start[axis]!) / step[axis]!));
  return mapParts(x, (part) => emit({ op: "slice", start, step, shape }, [part]));
}

/** Operands one after another along an axis. Source: jax.lax.concatenate. @throws ShapeError `shape-mismatch` */
export function concatenate(operands: readonly Traced[], dimension: number): Traced {
  if (!Array.isArray(operands) || operands.length === 0)
    return refuse(
      "not-traced",
      `lax.concatenate: operands is ${show(operands)}; give a list of traced values`,
      here(),
    );
  for (const operand of operands) checkTraced(operand, "lax.concatenate");
  const first = operands[0] as Traced;
  const axis = dimension < 0 ? dimension + first.shape.length : dimension;
  if (!Number.isInteger(dimension) || first.shape[axis] === undefined)
    refuse("bad-axes", `lax.concatenate: dimension ${show(dimension)} is no axis of ${first}`, here());
  for (const operand of operands as readonly Traced[]) {
    if (operand.dtype !== first.dtype)
      refuse("dtype-mismatch", `lax.concatenate: operands are ${first} and ${operand}`, here());
    const fits = operand.shape.every((extent, i) => i === axis || extent === first.shape[i]);
    if (!fits || operand.shape.length !== first.shape.length)
      refuse("shape-mismatch", `lax.concatenate: ${first} and ${operand} differ off axis ${axis}`, here());
  }
  if (operands.length === 1) return first;
  const joined = (parts: readonly Traced[]): Traced => emit({ op: "concat", axis }, parts);
  if (first.dtype !== "complex64") return joined(operands);
  const parts = operands.map(partsOf);
  return complexOf({
    re: joined(parts.map(({ re }) => re)),
    im: parts.every(({ im }) => im === null)
      ? null
      : joined(parts.map(({ re, im }) => im ?? map(lit(0), re))),
  });
}

/**
 * The numbers as float32, float16, bfloat16 or complex64, rounded to the nearest; of a complex number as a real one its
 * real part. Source: jax.lax.convert_element_type.
 *
 * @throws UnsupportedError `dtype-unsupported` for other dtypes
 */
export function convertElementType(x: Traced, dtype: DType): Traced {
  checkTraced(x, "lax.convertElementType");
  const wanted = dtypeOption("lax.convertElementType", "dtype", dtype);
  if (wanted === x.dtype) return x;
  if (isInexact(wanted)) return convertInexact(x, wanted);
  return refuse(
    "dtype-unsupported",
    `lax.convertElementType: ${x} to ${wanted} is not supported; float32, float16, bfloat16 and complex64 are`,
    here(),
  );
}
