/** Tensors at the edge of a program: a typed array, a shape and a dtype, and how to make and read one. */
import { ConfigError, ShapeError } from "./error.js";
import { features } from "./features.js";
import { bfloat16, float16, smallFloatBits, smallFloatValues } from "./small-float.js";

export type DType =
  | "float32"
  | "float16"
  | "bfloat16"
  | "float64"
  | "int32"
  | "uint32"
  | "int8"
  | "uint8"
  | "bool"
  | "complex64";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray;

/** Row-major. complex64 is interleaved pairs, bool bytes of 0 and 1, 16-bit floats their bits. */
export interface Tensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** The engine's Float16Array where it has one (Node 24 and later): read as numbers, its bits through `buffer`. */
export interface Float16ArrayLike extends ArrayLike<number> {
  readonly [Symbol.toStringTag]: "Float16Array";
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

export type NestedArray = readonly (number | boolean | NestedArray)[];

/** Array length for a shape: complex64 takes two numbers an element. */
export function dataLength(shape: readonly number[], dtype: DType): number {
  let length = features.complex64 && dtype === "complex64" ? 2 : 1;
  for (const extent of shape) length *= extent;
  return length;
}

/** `float32[1,28,28,3]`. */
export function describeTensor(dtype: string, shape: readonly number[]): string {
  return `${dtype}[${shape}]`;
}

/** The name of an array's type ("Float32Array"), the same for arrays of other realms; "Array" or a typeof for the rest. */
export function arrayTypeName(value: unknown): string {
  if (ArrayBuffer.isView(value)) return (value as TypedArray)[Symbol.toStringTag];
  return Array.isArray(value) ? "Array" : value === null ? "null" : typeof value;
}

type ArrayName =
  | "Float32Array"
  | "Float64Array"
  | "Uint16Array"
  | "Int32Array"
  | "Uint32Array"
  | "Int8Array"
  | "Uint8Array";

/** The type of array that holds a dtype's elements. */
export const arrayNames: Readonly<Record<DType, ArrayName>> = {
  float32: "Float32Array",
  float16: "Uint16Array",
  bfloat16: "Uint16Array",
  float64: "Float64Array",
  int32: "Int32Array",
  uint32: "Uint32Array",
  int8: "Int8Array",
  uint8: "Uint8Array",
  bool: "Uint8Array",
  complex64: "Float32Array",
};

/** A zeroed array for `length` numbers of a dtype. */
export function newArray(dtype: DType, length: number): TypedArray {
  return new globalThis[arrayNames[dtype]](length);
}

/** The numbers of a dense tensor at a byte offset of a buffer; float64 is held as float32. */
export function arrayOn(
  buffer: ArrayBufferLike,
  offset: number,
  dtype: DType,
  shape: readonly number[],
): TypedArray {
  const name = arrayNames[dtype === "float64" ? "float32" : dtype];
  return new globalThis[name](buffer as ArrayBuffer, offset, dataLength(shape, dtype));
}

/** Bytes of one number of a dtype: 4 for each half of a complex64. */
export function dtypeBytes(dtype: DType): 1 | 2 | 4 | 8 {
  return globalThis[arrayNames[dtype]].BYTES_PER_ELEMENT as 1 | 2 | 4 | 8;
}

const dtypeOfArray: Readonly<Record<string, DType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Float16Array: "float16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  Int8Array: "int8",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
};

/** Largest and smallest integers of the integer dtypes. */
const integerRange: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int8: [-128, 127],
  uint8: [0, 255],
};

/**
 * A tensor from a typed array or (nested) plain array, in row-major order.
 *
 * Numbers are rounded to the dtype, ties to even; integers out of the dtype's range are refused. A `Uint16Array` given
 * for a 16-bit dtype is its bits; a `Float16Array` is accepted where the engine has one. Without a dtype the array's
 * own type decides, and plain numbers become float32, plain booleans bool. complex64 takes interleaved pairs,
 * `2 * product(shape)` numbers. A typed array that already is what the dtype needs is used as it is, not copied.
 *
 * @param data the elements: any typed array, or numbers in plain arrays nested as deep as you like
 * @param shape non-negative integers; `[]` is a scalar
 * @param dtype one of the ten dtypes
 * @throws ShapeError where the number of elements is not the shape's, or nested rows differ in length
 * @throws ConfigError for an unknown dtype, a bad shape, or a number the dtype cannot hold
 *
 * @example
 * const t = tensor([[1, 2], [3, 4]], [2, 2]);          // float32[2,2]
 * const h = tensor([0.1, 0.2], [2], "float16");        // its data: Uint16Array [11878, 12902]
 */
export function tensor(
  data: TypedArray | Float16ArrayLike | NestedArray,
  shape: readonly number[],
  dtype?: DType,
): Tensor {
  if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= 0))
    throw new ConfigError("tensor-shape", `tensor: shape [${shape}] must be a list of integers >= 0`);
  if (dtype !== undefined && !Object.hasOwn(arrayNames, dtype))
    throw new ConfigError(
      "tensor-dtype",
      `tensor: unknown dtype ${JSON.stringify(dtype)}; the dtypes are ${Object.keys(arrayNames).join(", ")}`,
    );
  const name = arrayTypeName(data);
  if (name !== "Array" && dtypeOfArray[name] === undefined && !/^U?[Ii]nt16Array$/.test(name))
    throw new ConfigError("tensor-data", `tensor: data is a ${name}; give a typed array or a plain array`);
  const leaves = name === "Array" ? flatten(data as NestedArray) : [];
  const numbers = name === "Array" ? leaves.map(Number) : (data as TypedArray | Float16ArrayLike);
  const plain = typeof leaves[0] === "boolean" ? "bool" : "float32";
  const type = dtype ?? (name === "Array" ? plain : dtypeOfArray[name]);
  if (type === undefined)
    throw new ConfigError(
      "tensor-dtype",
      `tensor: a ${name} does not say its dtype; add one, e.g. "float16" (bits) or "int32" (values)`,
    );
  const length = dataLength(shape, type);
  if (numbers.length !== length)
    throw new ShapeError(
      "tensor-length",
      `tensor: ${describeTensor(type, shape)} has ${length} numbers, the data has ${numbers.length} (shape [${numbers.length}])`,
    );
  return { data: convert(numbers, name, type), shape: [...shape], dtype: type };
}

/** The leaves of a nested array, checked to be regular: every row as deep and as long as its neighbours. */
function flatten(data: NestedArray): (number | boolean)[] {
  const extents: number[] = [];
  for (let row: unknown = data; Array.isArray(row); row = row[0]) extents.push(row.length);
  const out: (number | boolean)[] = [];
  const visit = (row: NestedArray, depth: number): void => {
    const inner = depth + 1 < extents.length;
    for (const item of row) {
      if (Array.isArray(item) !== inner || (Array.isArray(item) && item.length !== extents[depth + 1]))
        throw new ShapeError(
          "tensor-ragged",
          `tensor: rows of the data are not all shaped like the first, [${extents}]`,
        );
      if (Array.isArray(item)) visit(item, depth + 1);
      else if (typeof item === "number" || typeof item === "boolean") out.push(item);
      else throw new ConfigError("tensor-data", `tensor: the data holds a ${typeof item}, not a number`);
    }
  };
  visit(data, 0);
  return out;
}

function convert(numbers: ArrayLike<number>, name: string, dtype: DType): TypedArray {
  if (name === arrayNames[dtype] && dtype !== "bool") return numbers as TypedArray;
  if (dtype === "float16" || dtype === "bfloat16") {
    if (name === "Float16Array" && dtype === "float16") {
      const { buffer, byteOffset, length } = numbers as Float16ArrayLike;
      return new Uint16Array(buffer, byteOffset, length);
    }
    return smallFloatBits(numbers, dtype === "float16" ? float16 : bfloat16);
  }
  const out = newArray(dtype, numbers.length);
  const range = integerRange[dtype];
  for (let i = 0; i < out.length; i++) {
    const value = numbers[i]!;
    if (dtype === "bool") out[i] = value ? 1 : 0;
    else out[i] = range === undefined ? value : integer(value, i, dtype, range);
  }
  return out;
}

function integer(value: number, at: number, dtype: DType, range: readonly [number, number]): number {
  const down = Math.floor(value);
  const odd = value - down === 0.5 && down % 2 !== 0;
  const rounded = odd || value - down > 0.5 ? down + 1 : down;
  if (rounded >= range[0] && rounded <= range[1]) return rounded;
  throw new ConfigError("tensor-range", `tensor: element ${at} is ${value}, which ${dtype} cannot hold`);
}

/**
 * The elements as float32 numbers: 16-bit floats widened, others rounded where float32 cannot hold them. complex64
 * stays interleaved. A float32 tensor's own data is returned as it is.
 *
 * @example
 * toFloat32(tensor([0.5, 2], [2], "float16"));         // Float32Array [0.5, 2]
 */
export function toFloat32(t: Tensor): Float32Array {
  if (t.dtype === "float16") return smallFloatValues(t.data, float16);
  if (t.dtype === "bfloat16") return smallFloatValues(t.data, bfloat16);
  return arrayTypeName(t.data) === "Float32Array" ? (t.data as Float32Array) : new Float32Array(t.data);
}
