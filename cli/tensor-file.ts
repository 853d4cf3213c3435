/**
 * Tensors in files: .npy arrays, .png images, .json numbers.
 *
 * An image is [1, height, width, channels]. uint8 tensors hold its bytes, float32 tensors its bytes divided by 255.
 * JSON is nested lists, or { "shape", "dtype", "data" } with data flat; "NaN", "Infinity" and "-Infinity" are numbers.
 */
import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { convertIndexedToRgb, type DecodedPng, decode, encode } from "fast-png";
import { dump, type DType as NpyDType, parse } from "npyjs";
import { z } from "zod";
import { dtypes, isInteger } from "../compiler/element-type.js";
import { ShapeError, UnsupportedError } from "../runtime/error.js";
import type { DType, NestedArray, Tensor, TypedArray } from "../runtime/tensor.js";
import { describeTensor, tensor, toFloat32 } from "../runtime/tensor.js";
import { readUserFile } from "./load-model.js";
import { fileError } from "./terminal.js";

/** What the program wants: its dtype and shape, or only a dtype, or nothing yet. */
export interface Wanted {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

const kinds = [".npy", ".png", ".json"] as const;
type Kind = (typeof kinds)[number];

function kindOf(path: string): Kind {
  const kind = kinds.find((known) => known === extname(path).toLowerCase());
  if (kind !== undefined) return kind;
  throw fileError("tensor-file", path, "a tensor is a .npy, .png or .json file");
}

/** The tensor in a file, as the input wants it; in its own shape and dtype where there is no input yet. */
export function readTensorFile(path: string, wanted: Wanted | undefined): Tensor {
  const bytes = readUserFile(path);
  const kind = kindOf(path);
  switch (kind) {
    case ".npy":
      return fitted(path, readNpy(path, bytes), wanted);
    case ".json":
      return fitted(path, readJson(path, bytes), wanted);
    case ".png":
      return fitted(path, readPng(path, bytes, wanted), wanted);
    default:
      return kind satisfies never;
  }
}

/** The dtypes of .npy files by NumPy's codes; float16 is widened by npyjs, 64-bit integers are narrowed here. */
const npyDTypes: Readonly<Record<string, DType>> = {
  b1: "bool",
  u1: "uint8",
  i1: "int8",
  i2: "int32",
  u2: "int32",
  i4: "int32",
  u4: "uint32",
  i8: "int32",
  u8: "uint32",
  f2: "float32",
  f4: "float32",
  f8: "float64",
  c8: "complex64",
};

function readNpy(path: string, bytes: Uint8Array): Tensor {
  let array: ReturnType<typeof parse>;
  try {
    array = parse(aligned(bytes));
  } catch (error) {
    throw fileError("tensor-file", path, `is not a .npy file that can be read: ${(error as Error).message}`);
  }
  const dtype = npyDTypes[array.dtype];
  if (dtype === undefined)
    throw new UnsupportedError(
      "tensor-file",
      `${path}: its dtype is ${array.dtype}; save it as float32 or uint8`,
    );
  const numbers = Array.from(array.data as unknown as ArrayLike<number | bigint | boolean>, Number);
  const read = place(path, numbers, array.shape, dtype);
  return array.fortranOrder ? rowMajor(read) : read;
}

/** npyjs reads in place, so the data must start at a multiple of its element size: pad the header with spaces. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const wide = bytes[6] === undefined || bytes[6] > 1;
  const start = wide ? 12 : 10;
  if (bytes.length < start) return copyOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const missing = (16 - ((start + length) % 16)) % 16;
  if (missing === 0 || start + length > bytes.length) return copyOf(bytes);
  const out = new Uint8Array(bytes.length + missing);
  out.set(bytes.subarray(0, start + length));
  out.fill(32, start + length, start + length + missing);
  out.set(bytes.subarray(start + length), start + length + missing);
  const header = new DataView(out.buffer);
  if (wide) header.setUint32(8, length + missing, true);
  else header.setUint16(8, length + missing, true);
  return out.buffer;
}

function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** The tensor of numbers read from a file; a wrong count or value is the file's fault. */
function place(path: string, numbers: readonly number[], shape: readonly number[], dtype: DType): Tensor {
  try {
    return tensor(numbers, shape, dtype);
  } catch (error) {
    throw fileError("tensor-file", path, (error as Error).message.replace(/^tensor: /, ""));
  }
}

/** NumPy's Fortran order has its first axis run fastest. */
function rowMajor({ data, shape, dtype }: Tensor): Tensor {
  const out = data.slice();
  /** Numbers of an element. */
  const width = dtype === "complex64" ? 2 : 1;
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((product, extent) => product * extent, 1),
  );
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0; at < out.length; at += width) {
    const from = width * index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
    for (let part = 0; part < width; part++) out[at + part] = data[from + part]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return { data: out, shape, dtype };
}

const jsonNumber = z.union([
  z.number(),
  z.boolean(),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform((text) => Number(text)),
]);
const jsonTensor = z.strictObject({
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(dtypes as [DType, ...DType[]]).default("float32"),
  data: z.array(jsonNumber),
});

function readJson(path: string, bytes: Uint8Array): Tensor {
  const refuse = (why: string): never => {
    throw fileError("tensor-file", path, why);
  };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return refuse(`is not JSON: ${(error as Error).message}`);
  }
  if (Array.isArray(json) || typeof json === "number") {
    try {
      return typeof json === "number" ? tensor([json], []) : tensor(json as NestedArray, extentsOf(json));
    } catch (error) {
      return refuse((error as Error).message.replace(/^tensor: /, ""));
    }
  }
  const result = jsonTensor.safeParse(json);
  if (!result.success)
    return refuse(
      'is no tensor; write nested lists of numbers, or { "shape": [2, 2], "dtype": "float32", "data": [1, 2, 3, 4] }',
    );
  const { shape, dtype, data } = result.data;
  return place(path, data.map(Number), shape, dtype);
}

function extentsOf(nested: unknown): number[] {
  return Array.isArray(nested) ? [nested.length, ...extentsOf(nested[0])] : [];
}

function readPng(path: string, bytes: Uint8Array, wanted: Wanted | undefined): Tensor {
  let png: DecodedPng;
  try {
    png = decode(bytes);
  } catch (error) {
    throw fileError("tensor-file", path, `is not a PNG that can be read: ${(error as Error).message}`);
  }
  const { width, height, depth } = png;
  const isIndexed = png.palette !== undefined;
  if (!isIndexed && depth !== 8 && depth !== 16)
    throw new UnsupportedError("tensor-file", `${path}: it has ${depth} bits a channel; save it with 8`);
  const data = isIndexed ? convertIndexedToRgb(png) : png.data;
  const channels = data.length / (width * height);
  const shape = [1, height, width, channels];
  const last = wanted?.shape.at(-1);
  if (wanted !== undefined && last !== channels && wanted.shape.length >= 3)
    throw new ShapeError(
      "image-channels",
      `${path}: has ${channels} channels (${describeTensor("uint8", shape)}), input ${wanted.name} takes ${describeTensor(wanted.dtype, wanted.shape)} with ${last}; convert the image`,
    );
  if (wanted !== undefined && isInteger(wanted.dtype)) {
    if (depth !== 16 || isIndexed) return { data: new Uint8Array(data), shape, dtype: "uint8" };
    throw new ShapeError(
      "image-depth",
      `${path}: has 16 bits a channel, input ${wanted.name} takes ${wanted.dtype}; save it with 8`,
    );
  }
  const most = depth === 16 && !isIndexed ? 65535 : 255;
  return { data: Float32Array.from(data, (value) => value / most), shape, dtype: "float32" };
}

/** The tensor with the input's dtype and shape: leading axes of 1 may differ, and integers become numbers. */
function fitted(path: string, given: Tensor, wanted: Wanted | undefined): Tensor {
  const described = `${path} holds ${describeTensor(given.dtype, given.shape)}`;
  if (wanted === undefined)
    return given.dtype === "float64" ? { ...given, data: toFloat32(given), dtype: "float32" } : given;
  const takes = `input ${wanted.name} takes ${describeTensor(wanted.dtype, wanted.shape)}`;
  if (trimmed(given.shape) !== trimmed(wanted.shape))
    throw new ShapeError("input-shape", `${described}, ${takes}; give it that shape`);
  if (given.dtype === wanted.dtype) return { ...given, shape: wanted.shape };
  if ((isInteger(wanted.dtype) && !isInteger(given.dtype)) || given.dtype === "complex64")
    throw new ShapeError("input-dtype", `${described}, ${takes}; convert it first`);
  const numbers = Array.from<number>(isInteger(given.dtype) ? given.data : toFloat32(given));
  const parts = wanted.dtype === "complex64" ? numbers.flatMap((value) => [value, 0]) : numbers;
  return place(path, parts, wanted.shape, wanted.dtype);
}

function trimmed(shape: readonly number[]): string {
  const from = shape.findIndex((extent) => extent !== 1);
  return from < 0 ? "" : shape.slice(from).join();
}

/** The bytes of a result in the form the path's ending asks for. */
export function tensorFile(path: string, result: Tensor): Uint8Array {
  const kind = kindOf(path);
  switch (kind) {
    case ".npy":
      return npyBytes(result);
    case ".json":
      return new TextEncoder().encode(`${JSON.stringify(tensorJson(result))}\n`);
    case ".png":
      return pngBytes(path, result);
    default:
      return kind satisfies never;
  }
}

const npyCodes: Readonly<Record<DType, NpyDType>> = {
  float32: "f4",
  float64: "f4",
  float16: "f2",
  bfloat16: "f4",
  int32: "i4",
  uint32: "u4",
  int8: "i1",
  uint8: "u1",
  bool: "b1",
  complex64: "c8",
};

function npyBytes(result: Tensor): Uint8Array {
  const { dtype, shape } = result;
  const data = dtype === "bfloat16" ? toFloat32(result) : result.data;
  const bytes = new Uint8Array(
    dump(data as Parameters<typeof dump>[0], [...shape], { dtype: npyCodes[dtype] }),
  );
  return bytes;
}

/** Numbers JSON can hold; the three it cannot are strings. */
export function tensorJson(result: Tensor): {
  shape: readonly number[];
  dtype: DType;
  data: (number | string)[];
} {
  const numbers: TypedArray =
    result.dtype === "bfloat16" || result.dtype === "float16" ? toFloat32(result) : result.data;
  const data = Array.from<number, number | string>(numbers, (value) =>
    Number.isFinite(value) ? value : String(value),
  );
  return { shape: result.shape, dtype: result.dtype, data };
}

function pngBytes(path: string, result: Tensor): Uint8Array {
  const { shape, dtype } = result;
  const image =
    shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape.length === 2 ? [...shape, 1] : shape;
  const [height = 0, width = 0, channels = 0] = image;
  if (image.length !== 3 || channels < 1 || channels > 4 || height === 0 || width === 0)
    throw new ShapeError(
      "image-shape",
      `${path}: the result is ${describeTensor(dtype, shape)}; a PNG holds [1, height, width, 1 to 4 channels]; write .npy or .json`,
    );
  const scale = isInteger(dtype) ? 1 : 255;
  const data = Uint8ClampedArray.from(toFloat32(result), (value) => value * scale);
  return encode({ width, height, channels, depth: 8, data });
}

/** Writes a file the user asked for; throws ConfigError where that fails. */
export function writeUserFile(path: string, contents: Uint8Array | string): void {
  try {
    writeFileSync(path, contents);
  } catch (error) {
    throw fileError("file-unwritable", path, `cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
