import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { dump } from "npyjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTensorFile, tensorFile } from "../../cli/tensor-file.js";
import type { DType } from "../../runtime/tensor.js";
import { Cli, digits, model, weights } from "./command.js";

let cli: Cli;
beforeAll(() => {
  cli = new Cli();
});
afterAll(() => cli.stop());

interface Json {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly (number | string)[];
}

const pixels = Float32Array.from({ length: 64 }, (_, i) => ((i * 7) % 17) / 16);

describe("run", () => {
  it("gives a model and a bundle the same input and gets the same numbers, through .npy, .json and memory", async () => {
    writeFileSync(cli.path("x.npy"), new Uint8Array(dump(pixels, [1, 8, 8, 1])));
    writeFileSync(cli.path("x.json"), JSON.stringify({ shape: [1, 8, 8, 1], data: [...pixels] }));
    const fromModel = await cli.run(
      `run ${model} --weights ${weights} --input-file x.npy --output-file y.json --backend js --precision highest`,
    );
    expect(fromModel).toMatchObject({ code: 0, out: "y.json: float32[1,10]\n", err: "" });
    await cli.run(
      `compile ${model} --input 1,8,8,1 --weights ${weights} --precision highest --name b --out out --quiet`,
    );
    const fromBundle = await cli.run("run out/b.mjs --input-file x.json --output-file y.npy");
    expect(fromBundle).toMatchObject({ code: 0, err: "" });
    const printed = await cli.run("run out/b.mjs --input-file x=x.npy --json");
    const y = JSON.parse(readFileSync(cli.path("y.json"), "utf8")) as Json;
    expect(JSON.parse(printed.out)).toEqual(y);
    expect([...readTensorFile(cli.path("y.npy"), undefined).data]).toEqual(y.data);
    expect((await cli.run("run out/b.mjs --input-file x.npy")).out).toMatch(
      /^float32\[1,10\]\n(-?[\d.]+(e-\d+)? ?){10}\n$/,
    );
  });

  it("runs a whole batch as flax does, and agrees with what flax recorded", async () => {
    const { code } = await cli.run(
      `run ${model} --weights ${weights} --input-file`,
      join(digits, "test-images.npy"),
      "--output-file",
      "all.npy",
    );
    expect(code).toBe(0);
    expect(readTensorFile(cli.path("all.npy"), undefined).shape).toEqual([360, 10]);
  });

  it("reads images: bytes for uint8, 0 to 1 for float32, and writes them", async () => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
    writeFileSync(cli.path("i.png"), encode({ width: 2, height: 2, channels: 3, data }));
    writeFileSync(cli.path("same.json"), '"identity"');
    const scaled = await cli.run("run same.json --input-file i.png --json");
    expect(JSON.parse(scaled.out)).toMatchObject({ shape: [1, 2, 2, 3], dtype: "float32" });
    expect((JSON.parse(scaled.out) as Json).data[5]).toBeCloseTo(100 / 255, 6);
    const bytes = await cli.run("run same.json --input 1,2,2,3:uint8 --input-file i.png --json");
    expect((JSON.parse(bytes.out) as Json).data).toEqual([...data]);
    expect((await cli.run("run same.json --input-file i.png --output-file o.png")).code).toBe(0);
    expect([
      ...readTensorFile(cli.path("o.png"), { name: "x", dtype: "uint8", shape: [2, 2, 3] }).data,
    ]).toEqual([...data]);
    expect(await cli.run("run same.json --input 1,2,2,1 --input-file i.png")).toMatchObject({
      code: 1,
      err: "convsmith: i.png: has 3 channels (uint8[1,2,2,3]), input x takes float32[1,2,2,1] with 1; convert the image\n",
    });
  });

  it("takes several inputs by name, and writes several outputs to one .json", async () => {
    const spec = {
      type: "Graph",
      inputs: { a: [2], b: [2] },
      nodes: [
        { id: "s", op: "add", inputs: ["a", "b"] },
        { id: "d", op: "sub", inputs: ["a", "b"] },
      ],
      outputs: ["s", "d"],
    };
    writeFileSync(cli.path("two.json"), JSON.stringify(spec));
    writeFileSync(cli.path("a.json"), "[5, 7]");
    writeFileSync(cli.path("b.json"), "[1, 2]");
    const { out } = await cli.run("run two.json --input-file b=b.json --input-file a=a.json --json");
    expect(JSON.parse(out)).toMatchObject([{ data: [6, 9] }, { data: [4, 5] }]);
    expect((await cli.run("run two.json --input-file a.json --input-file b.json")).out).toBe(
      "0: float32[2]\n6 9\n1: float32[2]\n4 5\n",
    );
    expect(await cli.run("run two.json --input-file a.json")).toMatchObject({
      code: 2,
      err: "convsmith: --input-file: the model takes 2 (a, b), 1 given\n",
    });
    expect(
      await cli.run("run two.json --input-file a.json --input-file b.json --output-file y.npy"),
    ).toMatchObject({ code: 2 });
  });

  it("refuses what does not fit, naming both shapes", async () => {
    writeFileSync(
      cli.path("wide.json"),
      JSON.stringify({ shape: [1, 9, 8, 1], data: new Array(72).fill(0) }),
    );
    const { code, err } = await cli.run("run out/b.mjs --input-file wide.json");
    expect({ code, err }).toEqual({
      code: 1,
      err: "convsmith: wide.json holds float32[1,9,8,1], input x takes float32[1,8,8,1]; give it that shape\n",
    });
    expect(await cli.run("run out/b.mjs --input-file x.json --seed 1")).toMatchObject({ code: 2 });
    writeFileSync(cli.path("bad.npy"), "no array");
    expect((await cli.run("run out/b.mjs --input-file bad.npy")).err).toMatch(
      /^convsmith: bad\.npy: is not a \.npy file.*\n$/,
    );
  });
});

describe("tensor files", () => {
  it("keep every number, whatever it is", () => {
    const odd = {
      data: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0.5, 3e-39),
      shape: [2, 2],
      dtype: "float32",
    } as const;
    for (const name of ["t.json", "t.npy"]) {
      writeFileSync(cli.path(name), tensorFile(name, odd));
      expect(readTensorFile(cli.path(name), undefined)).toEqual(odd);
    }
  });

  it("hold the numbers of the input's dtype", () => {
    const read = (dtype: string, data: readonly number[], wanted: DType) => {
      writeFileSync(cli.path("d.json"), JSON.stringify({ shape: [2], dtype, data }));
      return readTensorFile(cli.path("d.json"), { name: "x", shape: [2], dtype: wanted }).data;
    };
    const bits = Uint16Array.of(0x3e00, 0xc000);
    expect(read("bfloat16", [1.5, -2], "float32")).toEqual(Float32Array.of(1.5, -2));
    expect(read("float16", [1.5, -2], "bfloat16")).toEqual(Uint16Array.of(0x3fc0, 0xc000));
    expect(read("float32", [1.5, -2], "float16")).toEqual(bits);
    expect(read("int32", [3, -2], "complex64")).toEqual(Float32Array.of(3, 0, -2, 0));
    expect(read("float16", [1.5, -2], "complex64")).toEqual(Float32Array.of(1.5, 0, -2, 0));
    expect(() => read("complex64", [1, 2, 3, 4], "float32")).toThrow(
      "d.json holds complex64[2], input x takes float32[2]; convert it first",
    );
  });

  it("read NumPy's headers: Fortran order, odd lengths, 64-bit integers", () => {
    const header = (text: string, data: Uint8Array): Uint8Array => {
      const bytes = new TextEncoder().encode(text);
      const start = Uint8Array.of(
        0x93,
        0x4e,
        0x55,
        0x4d,
        0x50,
        0x59,
        1,
        0,
        bytes.length & 255,
        bytes.length >> 8,
      );
      return Uint8Array.from([...start, ...bytes, ...data]);
    };
    const columns = new Uint8Array(Float32Array.of(1, 4, 2, 5, 3, 6).buffer);
    writeFileSync(
      cli.path("f.npy"),
      header("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", columns),
    );
    expect([...readTensorFile(cli.path("f.npy"), undefined).data]).toEqual([1, 2, 3, 4, 5, 6]);
    const pairs = new Uint8Array(Float32Array.of(1, -1, 4, -4, 2, -2, 5, -5, 3, -3, 6, -6).buffer);
    writeFileSync(
      cli.path("c.npy"),
      header("{'descr': '<c8', 'fortran_order': True, 'shape': (2, 3), }\n", pairs),
    );
    expect(readTensorFile(cli.path("c.npy"), undefined)).toEqual({
      data: Float32Array.of(1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6),
      shape: [2, 3],
      dtype: "complex64",
    });
    const long = new Uint8Array(BigInt64Array.of(-3n, 2n ** 31n - 1n).buffer);
    writeFileSync(
      cli.path("l.npy"),
      header("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", long),
    );
    expect(readTensorFile(cli.path("l.npy"), undefined)).toEqual({
      data: Int32Array.of(-3, 2147483647),
      shape: [2],
      dtype: "int32",
    });
    const tooLong = new Uint8Array(BigInt64Array.of(2n ** 31n).buffer);
    writeFileSync(
      cli.path("l.npy"),
      header("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", tooLong),
    );
    expect(() => readTensorFile(cli.path("l.npy"), undefined)).toThrow(/int32 cannot hold/);
  });
});
