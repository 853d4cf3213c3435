/** flax's own checkpoint format: `flax.serialization.to_bytes` and `from_bytes` (spec section 6). */
import { decode, ExtData, ExtensionCodec, encode } from "@msgpack/msgpack";
import { CheckpointError, ConvsmithError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { dataLength } from "../../runtime/tensor.js";
import { bytesOfTensor, checkedShape, elementBytes, type FileArray, tensorOfArray } from "./array-bytes.js";
import { lazyTensor } from "./file-tensor.js";
import { checkPathLength, MAX_TENSORS } from "./limits.js";
import { checkMsgpack } from "./msgpack-structure.js";
import { isTensor, type ParamTree, printable } from "./tree.js";

const NDARRAY = 1;
const COMPLEX = 2;
const SCALAR = 3;
/** flax splits larger arrays: msgpack's own limit is 2^32 - 1 bytes. */
const CHUNK_BYTES = 2 ** 30;
const CHUNKED = "__msgpack_chunked_array__";
/** Each tensor has a name, and most have a module of their own. */
const MAX_VALUES = 4 * MAX_TENSORS;
/** An array's shape, of at most 64 axes, its dtype and its bytes. */
const MAX_ARRAY_VALUES = 70;

/** A leaf the params collection may not hold but others may: a step counter, a flag, a name, nothing. */
type Native = number | bigint | string | boolean | null;
export type StateTree = { readonly [name: string]: StateTree | Tensor | Native };

/** The state dict in the bytes: maps, tensors and plain values. Throws CheckpointError or UnsupportedError with the path. */
export function readMsgpack(bytes: Uint8Array): StateTree {
  checkMsgpack(bytes, "checkpoint", MAX_VALUES);
  const root = guarded("checkpoint", () => decode(bytes, { extensionCodec: rawExtensions }));
  const tree = toTree(root, "");
  if (isBranch(tree)) return tree;
  throw new CheckpointError(
    "not-a-checkpoint",
    "checkpoint: the file holds a single value, not a tree of named parameters",
  );
}

/** Extensions stay undecoded at first, so that their errors can name the path they are at. */
const rawExtensions = new ExtensionCodec();
for (const type of [NDARRAY, COMPLEX, SCALAR])
  rawExtensions.register({ type, encode: () => null, decode: (data) => new ExtData(type, data) });

export function isBranch(value: StateTree[string]): value is StateTree {
  return typeof value === "object" && value !== null && !isTensor(value);
}

/** Runs the decoder; whatever it throws is the file's fault. */
function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConvsmithError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError("checkpoint-corrupt", `${what}: the file is damaged (${printable(reason)})`);
  }
}

function toTree(value: unknown, path: string): StateTree[string] {
  const what = path === "" ? "checkpoint" : printable(path);
  if (value instanceof ExtData) return toTensor(value, what);
  if (Array.isArray(value) || value instanceof Uint8Array || value instanceof Date)
    throw new CheckpointError(
      "checkpoint-corrupt",
      `${what}: flax writes no such value; the file is damaged`,
    );
  if (typeof value !== "object" || value === null) return value as Native;
  if (Object.hasOwn(value, CHUNKED)) return joinChunks(value as Readonly<Record<string, unknown>>, what);
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, toTree(child, joined(path, name))]),
  );
}

function joined(path: string, name: string): string {
  checkPathLength(path.length + name.length, `${path.slice(0, 60)}/${name}`);
  return path === "" ? name : `${path}/${name}`;
}

function toTensor(value: ExtData, what: string): Tensor {
  const array = fileArray(value, what);
  return "data" in array ? array : tensorOfArray(array, what);
}

/** The array an extension holds, as the file describes it; a native complex number is a tensor at once. */
function fileArray({ type, data }: ExtData, what: string): FileArray | Tensor {
  if (!(data instanceof Uint8Array) || ![NDARRAY, COMPLEX, SCALAR].includes(type))
    throw new CheckpointError("checkpoint-corrupt", `${what}: unknown msgpack extension ${type}`);
  checkMsgpack(data, what, MAX_ARRAY_VALUES);
  const body = guarded(what, () => decode(data));
  const parts: readonly unknown[] = Array.isArray(body) ? body : [];
  const [first, second, third] = parts;
  if (type === COMPLEX && parts.length === 2 && typeof first === "number" && typeof second === "number")
    return { data: Float32Array.of(first, second), shape: [], dtype: "complex64" };
  if (type === COMPLEX || parts.length !== 3 || !(third instanceof Uint8Array))
    throw new CheckpointError(
      "checkpoint-corrupt",
      `${what}: not an array as flax writes it; the file is damaged`,
    );
  return { shape: first, dtype: second, bytes: third };
}

/** `{"0": a, "1": b}` as `[a, b]`; flax writes tuples so. */
function asList(value: unknown, what: string): unknown[] {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : null;
  if (entries?.every(([name], index) => name === String(index))) return entries.map(([, item]) => item);
  throw new CheckpointError("checkpoint-corrupt", `${what}: not a chunked array as flax writes it`);
}

function joinChunks(value: Readonly<Record<string, unknown>>, what: string): Tensor {
  const corrupt = (problem: string): CheckpointError =>
    new CheckpointError("checkpoint-corrupt", `${what}: ${problem}; the file is damaged`);
  const shape = [...checkedShape(asList(value.shape, what), what)];
  const pieces = asList(value.chunks, what).map((chunk) => {
    const array = chunk instanceof ExtData ? fileArray(chunk, what) : undefined;
    if (array === undefined || "data" in array) throw corrupt("a chunk is not an array");
    return { array, tensor: tensorOfArray(array, what) };
  });
  const [first] = pieces;
  if (first === undefined) throw corrupt("it has no chunks");
  const { dtype } = first.tensor;
  if (pieces.some(({ array }) => array.dtype !== first.array.dtype))
    throw corrupt("its chunks differ in dtype");
  const length = pieces.reduce((sum, { tensor }) => sum + dataLength(tensor.shape, dtype), 0);
  if (length !== dataLength(shape, dtype))
    throw corrupt(`its chunks have ${length} numbers, [${shape}] needs ${dataLength(shape, dtype)}`);
  return lazyTensor(shape, dtype, () => {
    const bytes = concatenated(pieces.map(({ array }) => array.bytes));
    return tensorOfArray({ shape, dtype: first.array.dtype, bytes }, what).data;
  });
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * The bytes `flax.serialization.to_bytes` would write for the tree; flax's `from_bytes` reads them.
 *
 * @param variables a tree of tensors, usually `{ params: … }`
 * @throws CheckpointError `not-a-tensor` for a leaf that is no tensor
 *
 * @example
 * const conv = new Conv({ features: 8, kernelSize: [3, 3] });
 * writeFileSync("conv.msgpack", writeMsgpack(conv.init(key(0), [1, 28, 28, 3])));
 */
export function writeMsgpack(variables: ParamTree): Uint8Array {
  return encodeTree(variables, CHUNK_BYTES);
}

/** writeMsgpack with the largest array size as an argument, which tests make small. */
export function encodeTree(tree: ParamTree, chunkBytes: number): Uint8Array {
  const wire = (value: ParamTree | Tensor, path: string): unknown => {
    if (isTensor(value))
      return value.data.byteLength > chunkBytes ? chunked(value, chunkBytes) : ndarray(value);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value))
      throw new CheckpointError("not-a-tensor", `${path}: expected a tensor or a tree of tensors`);
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [
        name,
        wire(child, path === "" ? name : `${path}/${name}`),
      ]),
    );
  };
  return encode(wire(tree, ""));
}

function ndarray(tensor: Tensor): ExtData {
  return new ExtData(NDARRAY, encode([tensor.shape, tensor.dtype, bytesOfTensor(tensor)]));
}

function chunked(tensor: Tensor, chunkBytes: number): unknown {
  const bytes = bytesOfTensor(tensor);
  const size = elementBytes(tensor.dtype);
  const step = Math.max(1, Math.floor(chunkBytes / size)) * size;
  const chunks: ExtData[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    const piece = bytes.subarray(at, at + step);
    chunks.push(new ExtData(NDARRAY, encode([[piece.length / size], tensor.dtype, piece])));
  }
  return { [CHUNKED]: true, shape: { ...tensor.shape }, chunks: { ...chunks } };
}
