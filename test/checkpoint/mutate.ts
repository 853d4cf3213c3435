/** Damage to checkpoint files, from a seed: what disks, networks and ill will do to them. */
import { crc32, inflateRawSync } from "node:zlib";
import type { Random } from "../support/random.js";

/** Lengths that are wrong in interesting ways. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

type Mutation = (file: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const splice = (file: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array =>
  Uint8Array.from([...file.subarray(0, at), ...insert, ...file.subarray(at + remove)]);

const somewhere = (file: Uint8Array, random: Random): number => random.int(0, Math.max(0, file.length - 1));

const mutations: readonly Mutation[] = [
  function flipBit(file, random) {
    const out = file.slice();
    out[somewhere(file, random)]! ^= 1 << random.int(0, 7);
    return out;
  },
  function setByte(file, random) {
    const out = file.slice();
    out[somewhere(file, random)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.int(0, 255)]);
    return out;
  },
  function truncate(file, random) {
    return file.slice(0, somewhere(file, random));
  },
  function wrongLength(file, random) {
    const out = file.slice();
    const view = new DataView(out.buffer);
    const value = random.chance(0.5) ? random.pick(extremes) : random.int(0, 2 * file.length);
    const at = somewhere(file, random);
    if (at + 4 <= out.length) view.setUint32(at, value, random.chance(0.5));
    if (at + 8 <= out.length && random.chance(0.3)) view.setUint32(at + 4, random.pick(extremes), true);
    return out;
  },
  function swapRanges(file, random) {
    const size = random.int(1, 16);
    const [a, b] = [somewhere(file, random), somewhere(file, random)];
    const out = file.slice();
    out.set(file.subarray(b, b + size).subarray(0, out.length - a), a);
    out.set(file.subarray(a, a + size).subarray(0, out.length - b), b);
    return out;
  },
  function insertBytes(file, random) {
    const bytes = Uint8Array.from({ length: random.int(1, 12) }, () => random.int(0, 255));
    return splice(file, somewhere(file, random), 0, bytes);
  },
  function removeBytes(file, random) {
    return splice(file, somewhere(file, random), random.int(1, 12), new Uint8Array());
  },
  function repeatRange(file, random) {
    const at = somewhere(file, random);
    return splice(file, at, 0, file.subarray(at, at + random.int(1, 64)));
  },
  function spliceFiles(file, random, others) {
    const other = random.pick(others);
    return Uint8Array.from([
      ...file.subarray(0, somewhere(file, random)),
      ...other.subarray(somewhere(other, random)),
    ]);
  },
  /** Of the same length, so that the rest of the file still fits. */
  function changeNumberInText(file, random) {
    const text = Buffer.from(file).toString("latin1");
    const numbers = [...text.matchAll(/\d+/g)];
    if (numbers.length === 0) return file;
    const { 0: digits, index } = random.pick(numbers);
    const changed = Array.from(digits, (digit) => (random.chance(0.5) ? digit : String(random.int(0, 9))));
    return splice(file, index, digits.length, Buffer.from(changed.join("")));
  },
];

/** The file with one to three kinds of damage; in half of the archives the checksums are made to fit again. */
export function mutated(file: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let out = file;
  for (let i = random.pick([1, 1, 2, 3]); i > 0; i--) out = random.pick(mutations)(out, random, others);
  return random.chance(0.5) ? withChecksums(out) : out;
}

/** Every checksum an archive's directory has, as its members' bytes now demand, so that what is behind it is reached. */
export function withChecksums(file: Uint8Array): Uint8Array {
  const out = Buffer.from(file);
  const directory = Buffer.of(0x50, 0x4b, 1, 2);
  for (let at = out.indexOf(directory); at >= 0; at = out.indexOf(directory, at + 4)) {
    if (at + 46 > out.length) break;
    const header = out.readUInt32LE(at + 42);
    if (header + 30 > out.length) continue;
    const data = header + 30 + out.readUInt16LE(header + 26) + out.readUInt16LE(header + 28);
    const packed = out.subarray(data, data + out.readUInt32LE(at + 20));
    try {
      const contents =
        out.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed, { maxOutputLength: 1e6 }) : packed;
      out.writeUInt32LE(crc32(contents), at + 16);
    } catch {
      // Not deflate any more: nothing to fit.
    }
  }
  return new Uint8Array(out);
}
