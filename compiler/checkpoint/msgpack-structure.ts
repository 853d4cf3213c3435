/**
 * Checks that bytes are one well-formed msgpack value before anything is decoded.
 *
 * A decoder believes the lengths it reads. This walk allocates nothing in proportion to them: it keeps the number of
 * values still announced and refuses as soon as the rest of the file is too short to hold them, so that decoding what
 * passes needs no more room than the file.
 */
import { CheckpointError } from "../../runtime/error.js";
import { MAX_DEPTH } from "./limits.js";

/** What follows a value's first byte: its own length field, a payload, and values inside. */
interface Header {
  readonly lengthBytes: 0 | 1 | 2 | 4;
  /** Payload bytes besides those the length field counts. */
  readonly fixed: number;
  /** What the length field (or `count`) counts. */
  readonly of: "bytes" | "items" | "pairs";
  readonly count: number;
}

const header = (lengthBytes: Header["lengthBytes"], fixed: number, of: Header["of"], count = 0): Header => ({
  lengthBytes,
  fixed,
  of,
  count,
});

/** The msgpack format table; null is the one byte the format leaves unused. */
function headerOf(first: number): Header | null {
  if (first < 0x80 || first >= 0xe0) return header(0, 0, "bytes");
  if (first < 0x90) return header(0, 0, "pairs", first & 15);
  if (first < 0xa0) return header(0, 0, "items", first & 15);
  if (first < 0xc0) return header(0, 0, "bytes", first & 31);
  return headers[first - 0xc0]!;
}

const nothing = header(0, 0, "bytes");
const [one, two, four, eight] = [1, 2, 4, 8].map((size) => header(0, size, "bytes")) as [
  Header,
  Header,
  Header,
  Header,
];
const lengths = [1, 2, 4] as const;
const headers: readonly (Header | null)[] = [
  ...[nothing, null, nothing, nothing],
  ...lengths.map((size) => header(size, 0, "bytes")), // bin
  ...lengths.map((size) => header(size, 1, "bytes")), // ext
  ...[four, eight], // float
  ...[one, two, four, eight], // uint
  ...[one, two, four, eight], // int
  ...[1, 2, 4, 8, 16].map((size) => header(0, size + 1, "bytes")), // fixext
  ...lengths.map((size) => header(size, 0, "bytes")), // str
  ...[header(2, 0, "items"), header(4, 0, "items")],
  ...[header(2, 0, "pairs"), header(4, 0, "pairs")],
];

/**
 * Throws CheckpointError unless the bytes are exactly one msgpack value, with those inside it at most `maxValues`: a
 * byte of file can be an object of many bytes in memory. `what` begins the message.
 */
export function checkMsgpack(bytes: Uint8Array, what: string, maxValues: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const failure = (code: string, problem: string): CheckpointError =>
    new CheckpointError(code, `${what}: ${problem}`);
  const truncated = (): CheckpointError =>
    failure("checkpoint-truncated", `it ends too early (${bytes.length} bytes); is the download complete?`);
  const read = (at: number, size: 0 | 1 | 2 | 4): number =>
    size === 0 ? 0 : size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);

  const open: number[] = [1];
  let announced = 1;
  let total = 1;
  let at = 0;
  while (open.length > 0) {
    const top = open.length - 1;
    if (open[top] === 0) {
      open.pop();
      continue;
    }
    open[top]!--;
    announced--;
    if (at >= bytes.length) throw truncated();
    const kind = headerOf(bytes[at]!);
    if (kind === null) throw failure("checkpoint-corrupt", `byte ${at} is not msgpack; the file is damaged`);
    at += 1;
    if (at + kind.lengthBytes > bytes.length) throw truncated();
    const count = kind.count + read(at, kind.lengthBytes);
    at += kind.lengthBytes + kind.fixed + (kind.of === "bytes" ? count : 0);
    if (kind.of !== "bytes") {
      const values = kind.of === "pairs" ? 2 * count : count;
      announced += values;
      total += values;
      open.push(values);
      if (open.length > MAX_DEPTH)
        throw failure(
          "checkpoint-corrupt",
          `values are nested more than ${MAX_DEPTH} deep; this is not a model`,
        );
    }
    if (announced > bytes.length - at) throw truncated();
    if (total > maxValues)
      throw failure(
        "checkpoint-size",
        `it holds more than ${maxValues} values, the limit here; this is not a model`,
      );
  }
  if (at !== bytes.length)
    throw failure(
      "not-a-checkpoint",
      `the value ends at byte ${at} of ${bytes.length}; this is not a flax checkpoint`,
    );
}
