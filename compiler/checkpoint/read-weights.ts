/** Bytes of a checkpoint file, of whichever format, to variables. */
import { CheckpointError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { isBranch, readMsgpack, type StateTree } from "./msgpack.js";
import { readNpz } from "./npz.js";
import { isSafetensors, readSafetensors } from "./safetensors.js";
import { isTensor, type ParamTree, printable, type Variables } from "./tree.js";
import { isZip } from "./zip.js";

/**
 * The variables in a checkpoint file. The format is recognised by content, never by name.
 *
 * Reads flax msgpack (`flax.serialization.to_bytes` of variables, of a params tree, or of a TrainState; spec section 6),
 * safetensors and NumPy's .npz, the two with paths for names: `params/Conv_0/kernel` or `params.Conv_0.kernel`. A tree
 * without "params" is taken as the params collection.
 *
 * Tensors are views of the bytes where these are aligned, else copied from them when first read: leave the bytes as
 * they are while the tensors are in use. Only compressed arrays are unpacked at once. float16, bfloat16 and complex64
 * stay what they are; 64-bit integers and complex128 are narrowed, as in jax; 16-bit integers become 32-bit ones. Plain
 * numbers of a msgpack file outside params become scalars, other plain values are left out.
 *
 * All that can be wrong with a file is found here, without believing any length in it.
 *
 * @param bytes the file's contents
 * @throws CheckpointError `not-a-checkpoint`, `checkpoint-truncated`, `checkpoint-corrupt`, `checkpoint-size` (more
 *   than a model can be: an archive unpacking to 100 times the file, 100,000 tensors), `not-a-tensor`, `not-bytes`
 * @throws UnsupportedError `checkpoint-dtype`, naming the tensor; `checkpoint-format` (encrypted archives)
 *
 * @example
 * const variables = readWeights(readFileSync("digits.msgpack"));
 * const f = await compile(model, { inputs: [[1, 8, 8, 1]], variables });
 */
export function readWeights(bytes: Uint8Array | ArrayBuffer): Variables {
  const view = viewOf(bytes);
  const format = formatOf(view);
  switch (format) {
    case "msgpack":
      return asVariables(readMsgpack(view));
    case "safetensors":
      return asVariables(readSafetensors(view));
    case "npz":
      return asVariables(readNpz(view));
    default:
      return format satisfies never;
  }
}

type Format = "msgpack" | "safetensors" | "npz";

/** First bytes of files people pick by mistake, with the name to call them by. */
const strangers: readonly (readonly [name: string, first: readonly number[]])[] = [
  ["a JPEG image", [0xff, 0xd8, 0xff]],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
  ["a GIF image", [0x47, 0x49, 0x46, 0x38]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a single .npy array", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ["gzip-compressed", [0x1f, 0x8b]],
  ["zstd-compressed", [0x28, 0xb5, 0x2f, 0xfd]],
  ["a Python pickle", [0x80, 0x02, 0x7d]],
  ["a Python pickle", [0x80, 0x04, 0x95]],
  ["a Python pickle", [0x80, 0x05, 0x95]],
];

function startsWith(bytes: Uint8Array, first: readonly number[]): boolean {
  return first.every((byte, i) => bytes[i] === byte);
}

function formatOf(bytes: Uint8Array): Format {
  const refuse = (what: string): never => {
    throw new CheckpointError(
      "not-a-checkpoint",
      `checkpoint: ${what}; expected flax's msgpack (flax.serialization.to_bytes), safetensors or .npz`,
    );
  };
  if (bytes.length === 0) return refuse("the file is empty");
  if (isZip(bytes)) return "npz";
  if (isSafetensors(bytes)) return "safetensors";
  for (const [name, first] of strangers)
    if (startsWith(bytes, first)) return refuse(`this is ${name}, not a checkpoint`);
  const first = bytes[0]!;
  const isMap = (first & 0xf0) === 0x80 || first === 0xde || first === 0xdf;
  const isExtension = (first >= 0xc7 && first <= 0xc9) || (first >= 0xd4 && first <= 0xd8);
  return isMap || isExtension ? "msgpack" : refuse("this is not a checkpoint");
}

function viewOf(bytes: unknown): Uint8Array {
  // Also buffers of another realm.
  const tag = Object.prototype.toString.call(bytes);
  if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]")
    return new Uint8Array(bytes as ArrayBuffer);
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new CheckpointError("not-bytes", "readWeights: expected a Uint8Array or an ArrayBuffer");
}

function asVariables(state: StateTree): Variables {
  const params = state.params;
  if (params === undefined) return { params: asParams(state, "") };
  if (!isBranch(params))
    throw new CheckpointError("checkpoint-corrupt", `params: expected a tree of parameters, not one value`);
  const tree: ParamTree = asParams(params, "params/");
  const collections = Object.entries(state).flatMap(([name, value]) => {
    if (name === "params") return [[name, tree] as const];
    return isBranch(value) ? [[name, tensorsOf(value)] as const] : [];
  });
  return { ...Object.fromEntries(collections), params: tree };
}

/** The tree, once every leaf is known to be a tensor. */
function asParams(state: StateTree, prefix: string): ParamTree {
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      if (isTensor(value)) return [name, value];
      if (isBranch(value)) return [name, asParams(value, `${prefix}${name}/`)];
      throw new CheckpointError(
        "not-a-tensor",
        `${printable(prefix + name)}: expected an array of numbers, the file has ${value === null ? "nothing" : `a ${typeof value}`}`,
      );
    }),
  );
}

/** The tensors of another collection; counters and flags become scalars, names and nothings are left out. */
function tensorsOf(state: StateTree): ParamTree {
  return Object.fromEntries(
    Object.entries(state).flatMap(([name, value]): [string, ParamTree | Tensor][] => {
      if (isTensor(value)) return [[name, value]];
      if (isBranch(value)) return [[name, tensorsOf(value)]];
      if (typeof value === "boolean")
        return [[name, { data: Uint8Array.of(Number(value)), shape: [], dtype: "bool" }]];
      if (typeof value !== "number" && typeof value !== "bigint") return [];
      const number = Number(value);
      return Number.isInteger(number) && number === (number | 0)
        ? [[name, { data: Int32Array.of(number), shape: [], dtype: "int32" }]]
        : [[name, { data: Float32Array.of(number), shape: [], dtype: "float32" }]];
    }),
  );
}
