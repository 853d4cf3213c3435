/** Bytes of a zip member, unpacked no further than the archive says and checked against its checksum. */
import { Inflate } from "fflate";
import { CheckpointError } from "../../runtime/error.js";
import { printable } from "./tree.js";
import type { ZipMember } from "./zip.js";

/** What deflate can do at most: 258 bytes for two bits. */
const MAX_RATIO = 1032;
/** Compressed bytes unpacked at a time: at most, and as many as may overshoot the announced size. */
const STEP = 16_384;
const OVERSHOOT = 1024;
/** The longest stretch of compressed bytes that honest encoders let yield nothing is one stored block. */
const MAX_SILENCE = 2 * 65_536;

function corrupt(name: string, problem: string): CheckpointError {
  return new CheckpointError("checkpoint-corrupt", `${printable(name)}: ${problem}; the file is damaged`);
}

/** The member's contents: a view where it is stored as it is, else a new array. */
export function unpack(member: ZipMember): Uint8Array {
  const { name, packed, size } = member;
  if (member.isDeflated && size > MAX_RATIO * packed.length)
    throw corrupt(name, `${packed.length} compressed bytes cannot make ${size}`);
  const contents = member.isDeflated ? inflate(packed, size, name) : packed;
  if (crc32(contents) !== member.crc32) throw corrupt(name, "its checksum does not fit");
  return contents;
}

function inflate(packed: Uint8Array, size: number, name: string): Uint8Array {
  const out = new Uint8Array(size);
  let length = 0;
  let heard = 0;
  let read = 0;
  const stream = new Inflate((piece) => {
    if (length + piece.length > size)
      throw corrupt(name, `it unpacks to more than the ${size} bytes announced`);
    out.set(piece, length);
    length += piece.length;
    if (piece.length > 0) heard = read;
  });
  try {
    while (read < packed.length) {
      // So that a file that lies about its size is caught before it has cost much more than it announced.
      const step = Math.min(STEP, OVERSHOOT + Math.floor((size - length) / MAX_RATIO));
      const piece = packed.subarray(read, read + step);
      read += piece.length;
      stream.push(piece, read === packed.length);
      if (read - heard > MAX_SILENCE) throw corrupt(name, "its compressed data goes on after its end");
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw corrupt(name, "its compressed data is not deflate's");
  }
  if (length < size) throw corrupt(name, `it unpacks to ${length} bytes, announced were ${size}`);
  return out;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** The checksum of zip, PNG and gzip. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
