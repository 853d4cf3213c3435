/** Checkpoints that flax, safetensors and NumPy wrote; record_checkpoints.py documents the file. */
import { readFileSync } from "node:fs";
import { type Tensor, tensor } from "../../runtime/tensor.js";
import { type RecordedTensor, recordedNumber } from "./vectors.js";

interface File {
  readonly name: string;
  readonly format: "msgpack" | "safetensors" | "npz";
  readonly bytes: string;
}

const json = JSON.parse(readFileSync(new URL("checkpoints.json", import.meta.url), "utf8")) as {
  readonly files: readonly (File & { readonly tensors: Readonly<Record<string, RecordedTensor>> })[];
  readonly refused: readonly (File & { readonly names: string })[];
};

/** Aligned as a file read from disk is: views are possible. */
function decoded(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export const checkpointFiles = json.files.map(({ name, format, bytes, tensors }) => ({
  title: `${format}: ${name}`,
  format,
  bytes: decoded(bytes),
  /** What must come out, by path, the collection first. */
  tensors: new Map(
    Object.entries(tensors).map(([path, { shape, dtype, data }]): [string, Tensor] => [
      path,
      tensor(data.map(recordedNumber), shape, dtype),
    ]),
  ),
}));

export const refusedFiles = json.refused.map(({ name, format, bytes, names }) => ({
  title: `${format}: ${name}`,
  bytes: decoded(bytes),
  names,
}));

/** The recorded file of that title. */
export function checkpointFile(title: string): (typeof checkpointFiles)[number] {
  const found = checkpointFiles.find((file) => file.title === title);
  if (found === undefined) throw new Error(`no file "${title}" was recorded`);
  return found;
}
