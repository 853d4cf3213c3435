/** Raw little-endian bytes of an array, with the shape and dtype name a file gives for them, to a tensor and back. */
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { arrayNames, dataLength, dtypeBytes, newArray } from "../../runtime/tensor.js";
import { printable } from "./tree.js";

function isDType(name: string): name is DType {
  return Object.hasOwn(arrayNames, name);
}

/** Bytes of one element: both halves of a complex64. */
export function elementBytes(dtype: DType): number {
  return dtypeBytes(dtype) * (dtype === "complex64" ? 2 : 1);
}

/** The shape, if it is one: at most 64 axes (NumPy's own limit), none negative, the product a safe integer. */
export function checkedShape(shape: unknown, what: string): readonly number[] {
  const fits =
    Array.isArray(shape) &&
    shape.length <= 64 &&
    shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) &&
    (shape.includes(0) || Number.isSafeInteger(8 * shape.reduce((product, extent) => product * extent, 1)));
  if (fits) return shape as number[];
  throw new CheckpointError(
    "checkpoint-corrupt",
    `${what}: its shape is not a list of sizes; the file is damaged`,
  );
}

/** The dtype of that name, or UnsupportedError. */
function checkedDType(name: unknown, what: string): DType {
  if (typeof name === "string" && isDType(name)) return name;
  throw new UnsupportedError(
    "checkpoint-dtype",
    `${what}: dtype ${printable(String(name))} is not supported; convert it to float32 before saving`,
  );
}

/** 64-bit integers keep their low 32 bits, as jax without x64 does it. */
const narrowed: ReadonlyMap<unknown, DType> = new Map([
  ["int64", "int32"],
  ["uint64", "uint32"],
]);

/** A tensor with a copy of the bytes (files align nothing). Throws CheckpointError where they are not the shape's. */
export function tensorOfBytes(shape: unknown, dtypeName: unknown, bytes: Uint8Array, what: string): Tensor {
  const narrow = narrowed.get(dtypeName);
  const dtype = narrow ?? checkedDType(dtypeName, what);
  const extents = checkedShape(shape, what);
  const length = dataLength(extents, dtype);
  const expected = length * (narrow === undefined ? dtypeBytes(dtype) : 8);
  if (bytes.length !== expected)
    throw new CheckpointError(
      "checkpoint-corrupt",
      `${what}: ${String(dtypeName)}[${extents}] takes ${expected} bytes, the file has ${bytes.length}; it is damaged`,
    );
  const data = newArray(dtype, length);
  if (narrow === undefined) new Uint8Array(data.buffer).set(bytes);
  else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < length; i++) data[i] = view.getInt32(8 * i, true);
  }
  if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = Number(data[i] !== 0);
  return { data, shape: [...extents], dtype };
}

/** A view of the tensor's bytes. */
export function bytesOfTensor({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
