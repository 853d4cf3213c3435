/** Bytes of a checkpoint file, of whichever format, to variables. */
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { isBranch, readMsgpack, type StateTree } from "./msgpack.js";
import { isTensor, type ParamTree, printable, type Variables } from "./tree.js";

/**
 * The variables in a checkpoint file. The format is recognised by content, never by name.
 *
 * Reads flax msgpack (`flax.serialization.to_bytes` of variables, of a params tree, or of a TrainState; spec section 6).
 * A tree without "params" is taken as the params collection. Every tensor is a copy: the bytes may be reused. 64-bit
 * integers are narrowed to 32, as in jax; plain numbers outside params become scalars, other plain values are left out.
 *
 * @param bytes the file's contents; nothing larger than them is ever allocated
 * @throws CheckpointError `not-a-checkpoint`, `checkpoint-truncated`, `checkpoint-corrupt`
 * @throws UnsupportedError `checkpoint-format` (safetensors, npz), `checkpoint-dtype`
 *
 * @example
 * const variables = readWeights(readFileSync("digits.msgpack"));
 * const f = await compile(model, { inputs: [[1, 8, 8, 1]], variables });
 */
export function readWeights(bytes: Uint8Array | ArrayBuffer): Variables {
  const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : viewOf(bytes);
  const format = formatOf(view);
  switch (format) {
    case "msgpack":
      return asVariables(readMsgpack(view));
    case "safetensors":
    case "npz":
      throw new UnsupportedError(
        "checkpoint-format",
        `checkpoint: ${format} files are not read yet; save flax's own format with flax.serialization.to_bytes`,
      );
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
      `checkpoint: ${what}; expected a flax msgpack checkpoint (flax.serialization.to_bytes)`,
    );
  };
  if (bytes.length === 0) return refuse("the file is empty");
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04])) return "npz";
  // safetensors: the header's length in 8 bytes, then its JSON.
  if (bytes.length > 8 && bytes[8] === 0x7b && bytes[6] === 0 && bytes[7] === 0) return "safetensors";
  for (const [name, first] of strangers)
    if (startsWith(bytes, first)) return refuse(`this is ${name}, not a checkpoint`);
  const first = bytes[0]!;
  const isMap = (first & 0xf0) === 0x80 || first === 0xde || first === 0xdf;
  const isExtension = (first >= 0xc7 && first <= 0xc9) || (first >= 0xd4 && first <= 0xd8);
  return isMap || isExtension ? "msgpack" : refuse("this is not a checkpoint");
}

function viewOf(bytes: unknown): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new CheckpointError("not-bytes", "readWeights: expected a Uint8Array or an ArrayBuffer");
}

function asVariables(state: StateTree): Variables {
  const params = state.params;
  if (params === undefined) return { params: asParams(state, "") };
  if (!isBranch(params))
    throw new CheckpointError("checkpoint-corrupt", `params: expected a tree of parameters, not one value`);
  const others = Object.entries(state).flatMap(([name, tree]) => {
    if (name === "params") return [];
    if (isBranch(tree)) return [[name, tensorsOf(tree)] as const];
    return [];
  });
  return { ...Object.fromEntries(others), params: asParams(params, "params/") };
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
