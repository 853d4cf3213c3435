/** Writers of files that real ones would not write: every field can be a lie. */
import { crc32, deflateRawSync } from "node:zlib";

const concat = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A safetensors file; `header` is its JSON or something to be made JSON. */
export function safetensors(
  header: unknown,
  data: Uint8Array = new Uint8Array(),
  length?: number,
): Uint8Array {
  const json = typeof header === "string" ? utf8(header) : utf8(JSON.stringify(header));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  return concat([size, json, data]);
}

export interface NpyLies {
  readonly version?: number;
  readonly header?: string;
}

/** One .npy array. */
export function npy(descr: string, shape: string, data: Uint8Array, { version = 1, header }: NpyLies = {}) {
  const text = header ?? `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = utf8(`${text.padEnd(118 - (version === 1 ? 0 : 2))}\n`);
  const length = version === 1 ? new Uint8Array(2) : new Uint8Array(4);
  new DataView(length.buffer).setUint16(0, padded.length, true);
  return concat([Uint8Array.of(0x93), utf8("NUMPY"), Uint8Array.of(version, 0), length, padded, data]);
}

export interface Member {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Compressed bytes, in place of those of `data`. */
  readonly packed?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly size?: number;
  readonly packedSize?: number;
  readonly crc?: number;
  readonly localName?: string;
  /** Where the directory says it is. */
  readonly offset?: number;
  /** Its sizes and place in a zip64 extra field. */
  readonly zip64?: boolean;
}

/** A zip archive; `zip64` puts what the last record says into a zip64 record. */
export function zip(
  members: readonly Member[],
  options: { zip64?: boolean; comment?: string } = {},
): Uint8Array {
  const locals: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let at = 0;
  for (const member of members) {
    const local = localPart(member);
    entries.push(entry(member, at));
    locals.push(local);
    at += local.length;
  }
  const directory = concat(entries);
  const full = options.zip64 === true;
  const wide = full ? end64(members.length, directory.length, at) : new Uint8Array();
  const comment = utf8(options.comment ?? "");
  const end = fields(
    [4, 0x06054b50], [2, 0], [2, 0],
    [2, full ? 0xffff : members.length], [2, full ? 0xffff : members.length],
    [4, full ? 0xffffffff : directory.length], [4, full ? 0xffffffff : at], [2, comment.length],
  ); // biome-ignore format: a record
  return concat([...locals, directory, wide, end, comment]);
}

function end64(count: number, size: number, offset: number): Uint8Array {
  return concat([
    fields(
      [4, 0x06064b50],
      [8, 44],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
      [8, count],
      [8, count],
      [8, size],
      [8, offset],
    ),
    fields([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]),
  ]);
}

function fields(...list: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Uint8Array {
  const out = new Uint8Array(list.reduce((total, [size]) => total + size, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [size, value] of list) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return out;
}

const packedBytes = ({ data, deflate, packed }: Member): Uint8Array =>
  packed ?? (deflate === true ? new Uint8Array(deflateRawSync(data)) : data);

const methodOf = ({ deflate, packed, method }: Member): number =>
  method ?? (deflate === true || packed !== undefined ? 8 : 0);

function localPart(member: Member): Uint8Array {
  const name = utf8(member.localName ?? member.name);
  const start = fields([4, 0x04034b50], [2, 20], [2, 0], [2, methodOf(member)], [4, 0]);
  // Sizes come after the data, as a streaming writer has it: only the directory knows them.
  const rest = fields([4, 0], [4, 0], [4, 0], [2, name.length], [2, 0]);
  return concat([start, rest, name, packedBytes(member)]);
}

function entry(member: Member, at: number): Uint8Array {
  const name = utf8(member.name);
  const size = member.size ?? member.data.length;
  const packed = member.packedSize ?? packedBytes(member).length;
  const offset = member.offset ?? at;
  const full = member.zip64 === true;
  const extra = full ? fields([2, 1], [2, 24], [8, size], [8, packed], [8, offset]) : new Uint8Array();
  const [a, b, c] = full ? [0xffffffff, 0xffffffff, 0xffffffff] : [size, packed, offset];
  return concat([
    fields([4, 0x02014b50], [2, 20], [2, 20], [2, member.flags ?? 0], [2, methodOf(member)], [4, 0]),
    fields([4, member.crc ?? crc32(member.data)], [4, b!], [4, a!], [2, name.length], [2, extra.length]),
    fields([2, 0], [2, 0], [2, 0], [4, 0], [4, c!]),
    name,
    extra,
  ]);
}
