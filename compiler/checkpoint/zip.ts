/** The members of a zip archive, as its central directory lists them; nothing is unpacked here. */
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import { checkTensorCount } from "./limits.js";
import { printable } from "./tree.js";

export interface ZipMember {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly crc32: number;
  /** The member's bytes in the archive. */
  readonly packed: Uint8Array;
  /** Bytes it takes unpacked, as the archive says. */
  readonly size: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
/** A field too small for its value says so with all bits set; the value is in a zip64 record. */
const FULL_16 = 0xffff;
const FULL_32 = 0xffffffff;

function corrupt(problem: string): CheckpointError {
  return new CheckpointError("checkpoint-corrupt", `checkpoint: ${problem}; the file is damaged`);
}

/** Reads numbers at places a file names, none of which may exist. */
class Reader {
  private readonly view: DataView;
  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  private at(offset: number, size: number): number {
    if (offset >= 0 && offset + size <= this.bytes.length) return offset;
    throw corrupt(`it points to byte ${offset} of ${this.bytes.length}`);
  }
  u16(offset: number): number {
    return this.view.getUint16(this.at(offset, 2), true);
  }
  u32(offset: number): number {
    return this.view.getUint32(this.at(offset, 4), true);
  }
  u64(offset: number): number {
    return this.u32(offset) + 2 ** 32 * this.u32(offset + 4);
  }
  part(offset: number, size: number): Uint8Array {
    return this.bytes.subarray(this.at(offset, size), offset + size);
  }
}

/** Whether the bytes begin as an archive does, one without members too. */
export function isZip(bytes: Uint8Array): boolean {
  const isMember = bytes[2] === 3 && bytes[3] === 4;
  const isEmpty = bytes[2] === 5 && bytes[3] === 6;
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (isMember || isEmpty);
}

/** Every member, in the order of the directory. Throws CheckpointError, or UnsupportedError for what it does not read. */
export function zipMembers(bytes: Uint8Array): ZipMember[] {
  const file = new Reader(bytes);
  const { count, size, offset } = directoryOf(file);
  // Each entry takes at least 46 bytes.
  if (count * 46 > size) throw corrupt(`its directory of ${size} bytes cannot list ${count} members`);
  checkTensorCount(count);
  const directory = new Reader(file.part(offset, size));
  const members: ZipMember[] = [];
  const ranges: Range[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const entry = entryAt(directory, at);
    at += entry.length;
    const range = dataRange(file, entry, offset);
    ranges.push(range);
    members.push({ ...entry, packed: file.part(range.data, entry.packedSize) });
  }
  if (at !== size) throw corrupt("its directory has bytes that are no member");
  checkRanges(ranges);
  if (new Set(members.map(({ name }) => name)).size < count) throw corrupt("two members have the same name");
  return members;
}

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

function directoryOf(file: Reader): Directory {
  const end = endRecord(file);
  const count = file.u16(end + 10);
  const size = file.u32(end + 12);
  const offset = file.u32(end + 16);
  const isZip64 = end >= 20 && file.u32(end - 20) === LOCATOR_64;
  if (!isZip64 || (count !== FULL_16 && size !== FULL_32 && offset !== FULL_32))
    return { count, size, offset };
  const wide = file.u64(end - 12);
  if (file.u32(wide) !== END_64) throw corrupt("its zip64 directory is not where it should be");
  return { count: file.u64(wide + 32), size: file.u64(wide + 40), offset: file.u64(wide + 48) };
}

/** Where the last record begins: its comment, of at most 65,535 bytes, ends the file. */
function endRecord(file: Reader): number {
  const { length } = file.bytes;
  for (let at = length - 22; at >= Math.max(0, length - 22 - FULL_16); at--)
    if (file.bytes[at] === 0x50 && file.u32(at) === END && at + 22 + file.u16(at + 20) === length) return at;
  throw new CheckpointError(
    "checkpoint-truncated",
    `checkpoint: the archive's directory, which ends the file, is missing (${length} bytes); is the download complete?`,
  );
}

interface Entry extends Omit<ZipMember, "packed"> {
  readonly packedSize: number;
  /** Of the member's own header. */
  readonly offset: number;
  readonly rawName: Uint8Array;
  readonly method: number;
  /** Bytes of this entry. */
  readonly length: number;
}

function entryAt(directory: Reader, at: number): Entry {
  if (directory.u32(at) !== CENTRAL) throw corrupt("its directory is not one");
  const flags = directory.u16(at + 8);
  const method = directory.u16(at + 10);
  const nameLength = directory.u16(at + 28);
  const extraLength = directory.u16(at + 30);
  const length = 46 + nameLength + extraLength + directory.u16(at + 32);
  const rawName = directory.part(at + 46, nameLength);
  const name = new TextDecoder().decode(rawName.slice());
  if ((flags & 1) === 1 || (method !== 0 && method !== 8))
    throw new UnsupportedError(
      "checkpoint-format",
      `${printable(name)}: ${(flags & 1) === 1 ? "it is encrypted" : `compression method ${method} is not read`}; save it with np.savez or np.savez_compressed`,
    );
  const [size, packedSize, offset] = wideFields(
    [directory.u32(at + 24), directory.u32(at + 20), directory.u32(at + 42)],
    new Reader(directory.part(at + 46 + nameLength, extraLength)),
  );
  directory.part(at, length);
  const isDeflated = method === 8;
  if (!isDeflated && size !== packedSize) throw corrupt(`${printable(name)} has two sizes`);
  const crc32 = directory.u32(at + 16);
  return { name, rawName, method, isDeflated, crc32, size, packedSize, offset, length };
}

/** The fields, those that are full taken from the zip64 extra field, which holds only these, in this order. */
function wideFields(
  fields: readonly [number, number, number],
  extra: Reader,
): readonly [number, number, number] {
  if (!fields.includes(FULL_32)) return fields;
  for (let at = 0; at + 4 <= extra.bytes.length; at += 4 + extra.u16(at + 2)) {
    if (extra.u16(at) !== 1) continue;
    const record = new Reader(extra.part(at + 4, extra.u16(at + 2)));
    let next = 0;
    const [a, b, c] = fields.map((field) => {
      if (field !== FULL_32) return field;
      next += 8;
      return record.u64(next - 8);
    });
    return [a!, b!, c!];
  }
  return fields;
}

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly data: number;
  readonly end: number;
}

/** Where a member lies, its own header included, which must be of the same member and before the directory. */
function dataRange(file: Reader, entry: Entry, directory: number): Range {
  const { name, offset, rawName } = entry;
  const nameLength = file.u16(offset + 26);
  const data = offset + 30 + nameLength + file.u16(offset + 28);
  const end = data + entry.packedSize;
  const local = file.part(offset + 30, nameLength);
  const agrees = nameLength === rawName.length && rawName.every((byte, i) => local[i] === byte);
  if (file.u32(offset) !== LOCAL || file.u16(offset + 8) !== entry.method || !agrees)
    throw corrupt(`${printable(name)} is not where the archive's directory says`);
  if (end > directory) throw corrupt(`${printable(name)} runs into the archive's directory`);
  return { name, begin: offset, data, end };
}

/** Members that share bytes are how an archive of a few kilobytes claims gigabytes. */
function checkRanges(ranges: readonly Range[]): void {
  let last = 0;
  for (const { name, begin, end } of ranges.toSorted((a, b) => a.begin - b.begin)) {
    if (begin < last) throw corrupt(`${printable(name)} overlaps another member of the archive`);
    last = end;
  }
}
