/** One array in NumPy's .npy format: a magic word, a Python dict as text, the raw data. */
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { tensorOfArray, unreadDType } from "./array-bytes.js";

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy itself reads no longer headers than this by default. */
const MAX_HEADER = 10_000;

const dtypes: ReadonlyMap<string, string> = new Map([
  ["b1", "bool"],
  ["i1", "int8"],
  ["u1", "uint8"],
  ["i2", "int16"],
  ["u2", "uint16"],
  ["i4", "int32"],
  ["u4", "uint32"],
  ["i8", "int64"],
  ["u8", "uint64"],
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["c8", "complex64"],
  ["c16", "complex128"],
  // NumPy has no bfloat16: jax's arrays are saved as two raw bytes a number, and nothing else is.
  ["V2", "bfloat16"],
]);

/** The tensor in a .npy file. Throws CheckpointError, or UnsupportedError for a dtype that is not read. */
export function readNpy(bytes: Uint8Array, what: string): Tensor {
  const corrupt = (problem: string): CheckpointError =>
    new CheckpointError("checkpoint-corrupt", `${what}: ${problem}; the file is damaged`);
  const major = bytes[6] ?? 0;
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start || !magic.every((byte, i) => bytes[i] === byte)) throw corrupt("not a .npy array");
  if (major < 1 || major > 3) throw corrupt(`.npy version ${major} does not exist`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER || start + length > bytes.length)
    throw corrupt(`its header would take ${length} bytes`);
  const header = parseHeader(new TextDecoder().decode(bytes.slice(start, start + length)));
  const { descr, fortran_order: fortran, shape } = Object.fromEntries(header ?? []);
  if (typeof fortran !== "boolean" || descr === undefined || !Array.isArray(shape))
    throw corrupt("its header is not NumPy's");
  const [, order, kind] = /^([<>|=])(.+)$/.exec(typeof descr === "string" ? descr : "") ?? [];
  if (kind?.startsWith("O"))
    throw new UnsupportedError(
      "checkpoint-dtype",
      `${what}: it is a pickled Python object, not an array of numbers; save each array: np.savez(file, **flax.traverse_util.flatten_dict(variables, sep="/"))`,
    );
  const dtype = dtypes.get(kind ?? "");
  if (dtype === undefined) throw unreadDType(descr, what);
  return tensorOfArray(
    { shape, dtype, bytes: bytes.subarray(start + length), bigEndian: order === ">", fortran },
    what,
  );
}

type Value = string | boolean | readonly number[] | "records";

/** The entries of a Python dict of strings, booleans, tuples of integers and (unread) lists; undefined if it is none. */
function parseHeader(text: string): [name: string, value: Value][] | undefined {
  const tokens = text.match(/'[^']*'|"[^"]*"|\w+|\S/g) ?? [];
  const entries: [string, Value][] = [];
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && at++ >= 0;
  if (!take("{")) return undefined;
  while (!take("}")) {
    const name = tokens[at++];
    if (name === undefined || !isQuoted(name) || !take(":")) return undefined;
    const value = parseValue(tokens, at);
    if (value === undefined) return undefined;
    entries.push([name.slice(1, -1), value.value]);
    at = value.next;
    if (!take(",") && tokens[at] !== "}") return undefined;
  }
  const names = new Set(entries.map(([name]) => name));
  return at === tokens.length && names.size === entries.length ? entries : undefined;
}

function isQuoted(token: string): boolean {
  return token.length > 1 && (token[0] === "'" || token[0] === '"');
}

function parseValue(tokens: readonly string[], at: number): { value: Value; next: number } | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  if (isQuoted(token)) return { value: token.slice(1, -1), next: at + 1 };
  if (token === "True" || token === "False") return { value: token === "True", next: at + 1 };
  const end = token === "(" ? ")" : token === "[" ? "]" : undefined;
  if (end === undefined) return undefined;
  let depth = 0;
  let next = at;
  do {
    if (next >= tokens.length) return undefined;
    if (tokens[next] === token) depth++;
    if (tokens[next] === end) depth--;
    next++;
  } while (depth > 0);
  if (token === "[") return { value: "records", next };
  // Python 2 wrote 3L.
  const extents = tokens.slice(at + 1, next - 1);
  const isTuple = extents.every((each, i) => (i % 2 === 1 ? each === "," : /^\d{1,16}L?$/.test(each)));
  if (!isTuple) return undefined;
  return { value: extents.filter((_, i) => i % 2 === 0).map((each) => Number.parseInt(each, 10)), next };
}
