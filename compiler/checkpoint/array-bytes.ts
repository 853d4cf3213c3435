/** An array as a file holds it (raw bytes, a shape, a dtype's name) to a tensor, and a tensor's bytes. */
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import type { DType, Tensor, TypedArray } from "../../runtime/tensor.js";
import { arrayNames, dataLength, dtypeBytes } from "../../runtime/tensor.js";
import { lazyTensor } from "./file-tensor.js";
import { printable } from "./tree.js";

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
    (shape.includes(0) || Number.isSafeInteger(16 * shape.reduce((product, extent) => product * extent, 1)));
  if (fits) return shape as number[];
  throw new CheckpointError(
    "checkpoint-corrupt",
    `${what}: its shape is not a list of sizes; the file is damaged`,
  );
}

/** How the file's numbers become ours: `read` is given them aligned and in the machine's byte order. */
interface Encoding {
  readonly dtype: DType;
  /** Bytes of one number in the file, half of a complex one. */
  readonly wordBytes: 1 | 2 | 4 | 8;
  /** Undefined where the bytes are the tensor's data as they stand. */
  readonly read?: (words: Uint8Array) => TypedArray;
}

const direct = (dtype: DType): Encoding => ({ dtype, wordBytes: dtypeBytes(dtype) });

/** The low halves of 64-bit integers, as jax without x64 has them. */
function lowHalves(words: Uint8Array): Int32Array {
  const halves = new Int32Array(words.buffer, words.byteOffset, words.length / 4);
  return Int32Array.from({ length: words.length / 8 }, (_, i) => halves[2 * i]!);
}

function zeroOrOne(bytes: Uint8Array): Uint8Array {
  return bytes.every((byte) => byte <= 1) ? bytes : bytes.map((byte) => (byte === 0 ? 0 : 1));
}

/** Every dtype name that is read. Those without a dtype of ours become the nearest one that jax would make of them. */
const encodings: ReadonlyMap<unknown, Encoding> = new Map<string, Encoding>([
  ...(Object.keys(arrayNames) as DType[]).map((dtype) => [dtype, direct(dtype)] as const),
  ["bool", { dtype: "bool", wordBytes: 1, read: zeroOrOne }],
  ["int64", { dtype: "int32", wordBytes: 8, read: lowHalves }],
  ["uint64", { dtype: "uint32", wordBytes: 8, read: (words) => new Uint32Array(lowHalves(words).buffer) }],
  [
    "int16",
    { dtype: "int32", wordBytes: 2, read: (words) => new Int32Array(typed(words, Int16Array) as Int16Array) },
  ],
  [
    "uint16",
    {
      dtype: "uint32",
      wordBytes: 2,
      read: (words) => new Uint32Array(typed(words, Uint16Array) as Uint16Array),
    },
  ],
  [
    "complex128",
    {
      dtype: "complex64",
      wordBytes: 8,
      read: (words) => new Float32Array(typed(words, Float64Array) as Float64Array),
    },
  ],
]);

/** The error for a dtype that is not read, by the name the file has for it. */
export function unreadDType(name: unknown, what: string): UnsupportedError {
  return new UnsupportedError(
    "checkpoint-dtype",
    `${what}: dtype ${printable(String(name))} is not supported; convert it to float32 before saving`,
  );
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

/** The bytes as numbers, in place. */
function typed(bytes: Uint8Array, type: ArrayType): TypedArray {
  return new type(bytes.buffer, bytes.byteOffset, bytes.length / type.BYTES_PER_ELEMENT);
}

/** An array as a file describes it; nothing of it is believed. */
export interface FileArray {
  readonly shape: unknown;
  /** As NumPy and jax call it. */
  readonly dtype: unknown;
  readonly bytes: Uint8Array;
  /** Each number has its highest byte first. */
  readonly bigEndian?: boolean;
  /** The first axis runs fastest. */
  readonly fortran?: boolean;
}

/**
 * The tensor, a view of the bytes where they are aligned and need no change, else made from them when first read.
 * Throws CheckpointError where the bytes are not the shape's, UnsupportedError for a dtype that is not read.
 */
export function tensorOfArray(array: FileArray, what: string): Tensor {
  const { bytes, bigEndian = false, fortran = false } = array;
  const encoding = encodings.get(array.dtype);
  if (encoding === undefined) throw unreadDType(array.dtype, what);
  const { dtype, wordBytes, read } = encoding;
  const shape = [...checkedShape(array.shape, what)];
  const length = dataLength(shape, dtype);
  if (bytes.length !== length * wordBytes)
    throw new CheckpointError(
      "checkpoint-corrupt",
      `${what}: ${String(array.dtype)}[${shape}] takes ${length * wordBytes} bytes, the file has ${bytes.length}; it is damaged`,
    );
  const type = globalThis[arrayNames[dtype]] as unknown as ArrayType;
  const swapped = bigEndian && wordBytes > 1;
  const turned = fortran && shape.filter((extent) => extent > 1).length > 1;
  const isAligned = bytes.byteOffset % wordBytes === 0;
  if (read === undefined && isAligned && !swapped && !turned)
    return { data: typed(bytes, type), shape, dtype };
  return lazyTensor(shape, dtype, () => {
    let words = bytes;
    if (swapped) words = reversedWords(words, wordBytes);
    if (turned) words = rowMajor(words, shape, words.length / shape.reduce((a, b) => a * b, 1));
    if (words.byteOffset % wordBytes !== 0) words = words.slice();
    return read === undefined ? typed(words, type) : read(words);
  });
}

function reversedWords(bytes: Uint8Array, wordBytes: number): Uint8Array {
  const out = bytes.slice();
  for (let at = 0; at < out.length; at += wordBytes)
    for (let low = at, high = at + wordBytes - 1; low < high; low++, high--)
      [out[low], out[high]] = [out[high]!, out[low]!];
  return out;
}

/** A copy with the last axis running fastest of elements whose first axis does. */
function rowMajor(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const steps = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, size));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** A view of the tensor's bytes. */
export function bytesOfTensor({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
