/** Hugging Face's safetensors: eight bytes of header length, a JSON header with dtypes, shapes and ranges, the data. */
import { CheckpointError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { tensorOfArray, unreadDType } from "./array-bytes.js";
import { jsonProblem } from "./json-structure.js";
import { checkPathLength, MAX_TENSORS } from "./limits.js";
import { treeOfNames } from "./named-tensors.js";
import { type ParamTree, printable } from "./tree.js";

/** The format's own limit. */
const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";

const dtypes: ReadonlyMap<unknown, string> = new Map([
  ["BOOL", "bool"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["I16", "int16"],
  ["U16", "uint16"],
  ["I32", "int32"],
  ["U32", "uint32"],
  ["I64", "int64"],
  ["U64", "uint64"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F32", "float32"],
  ["F64", "float64"],
  ["C64", "complex64"],
]);

/** Whether the bytes begin as the format does: a length, then an object. */
export function isSafetensors(bytes: Uint8Array): boolean {
  const isObject = bytes[8] === 0x7b && [0x22, 0x7d, 0x20, 0x0a, 0x09, 0x0d, undefined].includes(bytes[9]);
  return isObject && bytes[6] === 0 && bytes[7] === 0;
}

/** The tensors, as views of the bytes where these are aligned. Throws CheckpointError or UnsupportedError. */
export function readSafetensors(bytes: Uint8Array): ParamTree {
  const headerBytes = headerOf(bytes);
  const data = bytes.subarray(8 + headerBytes.length);
  const entries = Object.entries(parsed(headerBytes)).filter(([name]) => name !== METADATA);
  for (const [name] of entries) checkPathLength(name.length, name);
  const ranges = entries.map(([name, entry]) => checkedEntry(name, entry));
  checkRanges(ranges, data.length);
  return treeOfNames(
    ranges.map(({ name, dtype: code, shape, begin, end }): [string, Tensor] => {
      const dtype = dtypes.get(code);
      if (dtype === undefined) throw unreadDType(code, printable(name));
      return [name, tensorOfArray({ dtype, shape, bytes: data.subarray(begin, end) }, printable(name))];
    }),
  );
}

function corrupt(problem: string): CheckpointError {
  return new CheckpointError("checkpoint-corrupt", `checkpoint: ${problem}; the file is damaged`);
}

function headerOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true);
  if (length > MAX_HEADER)
    throw new CheckpointError(
      "checkpoint-size",
      `checkpoint: its header would take ${length} bytes, the format's limit is ${MAX_HEADER}; the file is damaged`,
    );
  if (8 + length > bytes.length)
    throw new CheckpointError(
      "checkpoint-truncated",
      `checkpoint: its header takes ${length} bytes, the file has ${bytes.length}; is the download complete?`,
    );
  return bytes.subarray(8, 8 + length);
}

function parsed(header: Uint8Array): Readonly<Record<string, unknown>> {
  // The outer object, a tensor's, its list.
  const problem = jsonProblem(header, 3, MAX_TENSORS + 1);
  if (problem !== undefined) throw corrupt(`its header is no list of tensors: ${problem}`);
  let json: unknown;
  try {
    // A copy, since a decoder takes no shared memory.
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header.slice()));
  } catch {
    throw corrupt("its header is not JSON");
  }
  if (isRecord(json)) return json;
  throw corrupt("its header is no list of tensors");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Entry {
  readonly name: string;
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly begin: number;
  readonly end: number;
}

function checkedEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (isOffset(begin) && isOffset(end) && begin <= end) return { name, dtype, shape, begin, end };
  throw new CheckpointError(
    "checkpoint-corrupt",
    `${printable(name)}: its header entry does not say where its data is; the file is damaged`,
  );
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The ranges must cover the data once, without gaps, as the format demands: nothing is shared and nothing hidden. */
function checkRanges(entries: readonly Entry[], length: number): void {
  let at = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > length)
      throw new CheckpointError(
        "checkpoint-truncated",
        `${printable(name)}: its data ends at byte ${end} of ${length}; is the download complete?`,
      );
    if (begin !== at)
      throw corrupt(
        begin < at
          ? `the data of "${printable(name)}" overlaps another tensor's`
          : `no tensor has bytes ${at} to ${begin} of the data`,
      );
    at = end;
  }
  if (at !== length) throw corrupt(`no tensor has bytes ${at} to ${length} of the data`);
}
