/** npz: archives and arrays as NumPy and others write them, and as nobody should. */
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import { tensor } from "../../runtime/tensor.js";
import { refusal } from "./refusal.js";
import { type Member, type NpyLies, npy, zip } from "./write-file.js";

const numbers = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const array = npy("<f4", "(2,)", numbers(1, 2));
const member: Member = { name: "a/kernel.npy", data: array };
const read = { params: { a: { kernel: tensor([1, 2], [2]) } } };
const one = (data: Uint8Array) => zip([{ name: "a.npy", data }]);

describe("archives", () => {
  it.each([
    ["stored", zip([member])],
    ["deflated", zip([{ ...member, deflate: true }])],
    ["deflated in many blocks", zip([{ ...member, packed: concatenatedBlocks(array) }])],
    ["sizes in zip64 fields", zip([{ ...member, zip64: true }])],
    ["a zip64 directory", zip([member], { zip64: true })],
    ["all of zip64", zip([{ ...member, deflate: true, zip64: true }], { zip64: true })],
    ["a comment", zip([member], { comment: "PK\u0005\u0006 made by hand" })],
    [
      "a folder and a note",
      zip([{ name: "a/", data: array.subarray(0, 0) }, member, { name: "note.txt", data: array }]),
    ],
  ])("%s", (_, file) => {
    expect(readWeights(file)).toEqual(read);
  });

  it("a comment that looks like the end is not taken for it", () => {
    const comment = `PK\u0005\u0006${"\0".repeat(16)}\0\0tail`;
    expect(readWeights(zip([member], { comment }))).toEqual(read);
  });

  const other: Member = { name: "b.npy", data: array };
  it.each<[string, Uint8Array, RegExp]>([
    ["two members of one name", zip([member, member]), /two members have the same name/],
    ["two names of one path", zip([member, { ...member, name: "a//kernel.npy" }]), /empty name/],
    ["a member at the place of another", zip([member, { ...other, offset: 0 }]), /is not where/],
    [
      "a member inside another",
      zip([
        { ...member, data: zip([other]) },
        { ...other, offset: 42 },
      ]),
      /overlaps/,
    ],
    ["a member of another name", zip([{ ...member, localName: "b/kernel.npy" }]), /is not where/],
    ["a member beyond the file", zip([{ ...member, offset: 2 ** 31 }]), /points to byte/],
    ["a member beyond 2^53", zip([{ ...member, offset: 2 ** 60, zip64: true }]), /points to byte/],
    ["more compressed bytes than there are", zip([{ ...member, packedSize: 5000, size: 5000 }]), /directory/],
    ["two sizes", zip([{ ...member, size: 4 }]), /two sizes/],
    ["a checksum that does not fit", zip([{ ...member, crc: 1 }]), /a\/kernel.npy: its checksum/],
    ["a checksum of compressed data", zip([{ ...member, deflate: true, crc: 1 }]), /its checksum/],
    ["compressed data that is none", zip([{ ...member, packed: Uint8Array.of(7, 7, 7) }]), /not deflate's/],
    [
      "less data than announced",
      zip([{ ...member, deflate: true, size: 999 }]),
      /unpacks to 137 bytes, announced were 999/,
    ],
    [
      "more data than announced",
      zip([{ ...member, deflate: true, size: 9 }]),
      /more than the 9 bytes announced/,
    ],
    [
      "more than deflate can make",
      zip([{ ...member, deflate: true, size: 1_000_000 }]),
      /cannot make 1000000/,
    ],
    ["bytes after the directory", Buffer.concat([zip([member]), Buffer.of(0)]), /is missing/],
    ["nothing but a start", Uint8Array.of(0x50, 0x4b, 3, 4), /is missing \(4 bytes\)/],
  ])("%s", (_, file, message) => {
    const error = refusal(new Uint8Array(file));
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.code).toMatch(/^checkpoint-(corrupt|truncated)$/);
    expect(error.message).toMatch(message);
  });

  it("every truncation is refused", () => {
    const file = zip([member, { name: "b.npy", data: array, deflate: true }]);
    for (let length = 0; length < file.length; length++)
      expect(refusal(file.subarray(0, length))).toBeInstanceOf(CheckpointError);
  });

  it.each<[Partial<Member>, RegExp]>([
    [{ method: 12 }, /^a\/kernel.npy: compression method 12 is not read; save it with np.savez/],
    [{ flags: 1 }, /^a\/kernel.npy: it is encrypted/],
  ])("%o is not read", (change, message) => {
    const error = refusal(zip([{ ...member, ...change }]));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.code).toBe("checkpoint-format");
    expect(error.message).toMatch(message);
  });

  it.each([
    ["archive/data.pkl", /this is a PyTorch file/],
    ["model.weights.h5", /this is a Keras file/],
    ["word/document.xml", /zip archive without .npy arrays \(its first member is word\/document.xml\)/],
  ])("with only %s it is not a checkpoint", (name, message) => {
    const error = refusal(zip([{ name, data: array }]));
    expect(error.code).toBe("not-a-checkpoint");
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/np\.savez/);
  });
});

/** Deflate with an empty block after every 16 bytes, as flushing writers have it. */
function concatenatedBlocks(data: Uint8Array): Uint8Array {
  const stored = (part: Uint8Array, last: number) =>
    Buffer.from([last, part.length, 0, 255 - part.length, 255, ...part]);
  const blocks = Array.from({ length: Math.ceil(data.length / 16) }, (_, i) =>
    data.subarray(16 * i, 16 * i + 16),
  );
  const empty = new Uint8Array();
  return new Uint8Array(
    Buffer.concat([...blocks.flatMap((part) => [stored(part, 0), stored(empty, 0)]), stored(empty, 1)]),
  );
}

describe("bombs", () => {
  const zeros = new Uint8Array(20_000_000);
  const packed = new Uint8Array(deflateRawSync(zeros));

  it("one member that says what it is", () => {
    const file = zip([{ name: "a.npy", data: array, packed, size: 30_000_000 }]);
    expect(refusal(file).message).toMatch(/compressed bytes cannot make 30000000/);
  });

  it("many members, together too large", () => {
    const names = ["a.npy", "b.npy", "c.npy", "d.npy"];
    const error = refusal(zip(names.map((name) => ({ name, data: array, packed, size: zeros.length }))));
    expect(error.code).toBe("checkpoint-size");
    expect(error.message).toMatch(/would unpack to 80000000 bytes, the limit for its \d+ is 67108864/);
  });

  it("one that says it is small is not unpacked to its end", () => {
    const before = process.memoryUsage().external;
    const error = refusal(zip([{ name: "a.npy", data: array, packed, size: 1000 }]));
    expect(error.message).toMatch(/unpacks to more than the 1000 bytes announced/);
    expect(process.memoryUsage().external - before).toBeLessThan(20_000_000);
  });

  it("compressed data that goes on after its end", () => {
    const tail = Buffer.concat([deflateRawSync(array), new Uint8Array(3_000_000)]);
    const file = zip([{ name: "a.npy", data: array, packed: new Uint8Array(tail) }]);
    expect(refusal(file).message).toMatch(/goes on after its end/);
  });
});

describe("arrays", () => {
  const header = (text: string, lies: NpyLies = {}) =>
    one(npy("", "", numbers(1, 2), { header: text, ...lies }));

  it.each([
    ["NumPy's own", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"],
    ["other order, quotes and spaces", `{"shape":(2 ),"fortran_order":False,"descr":"<f4"}`],
    ["Python 2's integers", "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }"],
    ["the machine's byte order", "{'descr': '=f4', 'fortran_order': False, 'shape': (2,), }"],
    ["Fortran order of one axis", "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }"],
  ])("%s", (_, text) => {
    for (const version of [1, 2, 3])
      expect(readWeights(header(text, { version })).params).toEqual({ a: tensor([1, 2], [2]) });
  });

  it.each([
    ["version 4", header("{}", { version: 4 })],
    ["version 0", header("{}", { version: 0 })],
    ["no array", one(numbers(1, 2, 3, 4))],
    ["nothing", one(new Uint8Array())],
    ["half a header", one(array.subarray(0, 40))],
    ["an empty dict", header("{}")],
    ["an unfinished dict", header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), ")],
    ["an unfinished tuple", header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,")],
    ["text after the dict", header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } 3")],
    ["a name twice", header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}")],
    ["no order", header("{'descr': '<f4', 'shape': (2,), }")],
    ["an order of 1", header("{'descr': '<f4', 'fortran_order': 1, 'shape': (2,), }")],
    ["a shape in words", header("{'descr': '<f4', 'fortran_order': False, 'shape': 'two', }")],
    ["a negative shape", header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }")],
    ["a nested shape", header("{'descr': '<f4', 'fortran_order': False, 'shape': ((2,),), }")],
    ["a computed shape", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1+1,), }")],
    [
      "a shape of many digits",
      header(`{'descr': '<f4', 'fortran_order': False, 'shape': (${"9".repeat(16)},), }`),
    ],
    ["more data than the shape takes", one(npy("<f4", "(1,)", numbers(1, 2)))],
    ["less data than the shape takes", one(npy("<f4", "(3,)", numbers(1, 2)))],
    ["a product that overflows", one(npy("<f4", `(${Array(60).fill(2 ** 50)},)`, numbers(1, 2)))],
  ])("%s", (_, file) => {
    const error = refusal(file);
    expect(error.code).toBe("checkpoint-corrupt");
    expect(error.message).toMatch(/^a: |^a.npy: /);
  });

  it.each(["float32", "f4", "<f16", "<U3", "|S4", "<M8[ns]", "|V1", "<f3", "<f4x"])("dtype %s", (descr) => {
    const error = refusal(one(npy(descr, "(2,)", numbers(1, 2))));
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toBe(`a: dtype ${descr} is not supported; convert it to float32 before saving`);
  });

  it("pickled objects say how to save arrays", () => {
    expect(refusal(one(npy("|O", "()", numbers(1)))).message).toMatch(/^a: it is a pickled .*flatten_dict/);
  });
});
