/** Bundles run by a bare Node with nothing but their own files. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runtimeText } from "../../codegen/bundle-runtime.js";
import { runtimeChunks } from "../../codegen/runtime-chunks.js";
import { features } from "../../runtime/features.js";
import { arrayNames, type DType } from "../../runtime/tensor.js";
import { jsBundle, runIn, wasmBundle, writeFolder } from "./bundle-files.js";
import { affine, bias } from "./fake-program.js";

const expected = affine([1, 2, 3, 4], bias);
const noCode = "--disallow-code-generation-from-strings";

const script = `
import { create } from "./affine.mjs";
const m = await create();
const x = new Float32Array([1, 2, 3, 4]);
const y = await m.run(x), z = m.runSync({ x });
const out = new Float32Array(4);
m.runSync(x, out);
m.inputs[0].data.set(x);
m.invoke();
const views = [...m.outputs[0].data];
let wrong;
try { m.runSync(new Float32Array(3)); } catch (error) { wrong = [error.constructor.name, error.name, error.code, error.message]; }
m.dispose();
let disposed;
try { m.invoke(); } catch (error) { disposed = [error.name, error.code]; }
console.log(JSON.stringify({ y: [...y.data], shape: y.shape, dtype: y.dtype, z: [...z.data], out: [...out], views,
  backend: m.backend, notes: m.notes, wrong, disposed }));
`;

const results = {
  y: expected,
  shape: [1, 4],
  dtype: "float32",
  z: expected,
  out: expected,
  views: expected,
  wrong: [
    "ShapeError",
    "ShapeError",
    "input-shape",
    "input x is float32[1,4] (Float32Array of 4), given Float32Array[3]; give it that shape",
  ],
  disposed: ["ConfigError", "disposed"],
};

describe("a bundle in a bare Node", () => {
  it.each([false, true])(
    "runs as js, inline: %s, where code may not be made from strings",
    async (inline) => {
      const folder = await writeFolder(await jsBundle(inline));
      if (inline) await rm(join(folder, "affine.json"));
      expect(await runIn(folder, script, noCode)).toEqual({ ...results, backend: "js", notes: [] });
    },
  );

  it.each([false, true])("runs as wasm, inline: %s, and says which module", async (inline) => {
    const relaxed = WebAssembly.validate((await wasmBundle()).get("affine.relaxed.wasm") as BufferSource);
    const note = relaxed ? "runs wasm-relaxed" : "runs wasm-simd; this engine refuses wasm-relaxed";
    const folder = await writeFolder(await wasmBundle(inline));
    expect(await runIn(folder, script)).toEqual({ ...results, backend: "wasm", notes: [note] });
  });

  it("takes the relaxed module where the engine does", async () => {
    const files = await wasmBundle();
    const folder = await writeFolder(files);
    const relaxed = WebAssembly.validate(files.get("affine.relaxed.wasm") as BufferSource);
    // Node 20 has it behind a flag, which later ones need not know.
    const flags = relaxed ? [] : ["--experimental-wasm-relaxed-simd"];
    expect(await runIn(folder, script, ...flags)).toMatchObject({
      y: expected,
      notes: ["runs wasm-relaxed"],
    });
  });

  it("uses the module and weights it is given and reads nothing", async () => {
    const files = await wasmBundle();
    const folder = await writeFolder(new Map([["affine.mjs", files.get("affine.mjs")!]]));
    const bytes = JSON.stringify([...files.get("affine.wasm")!]);
    const given = `
      import { create } from "./affine.mjs";
      const module = await WebAssembly.compile(new Uint8Array(${bytes}));
      process.getBuiltinModule = globalThis.fetch = () => { throw new Error("read a file"); };
      const at = new Uint8Array(5).fill(0);
      at.set(new Uint8Array(new Float32Array([1]).buffer), 1);
      const seen = [];
      for (const weights of [new Float32Array([1]).buffer, at.subarray(1)]) {
        const m = await create({ module, weights });
        seen.push([...m.runSync(new Float32Array([0, 1, 2, 3])).data], m.notes);
      }
      console.log(JSON.stringify(seen));`;
    const y = affine([0, 1, 2, 3], 1);
    const notes = ["runs the module given"];
    expect(await runIn(folder, given)).toEqual([y, notes, y, notes]);
  });

  it("fetches its files where there is no file system", async () => {
    const folder = await writeFolder(await wasmBundle());
    const fetched = `
      import { readFileSync } from "node:fs";
      import { create } from "./affine.mjs";
      process.getBuiltinModule = undefined;
      const asked = [];
      globalThis.fetch = async (url) => { asked.push(url.pathname.split("/").pop()); return new Response(readFileSync(url)); };
      const m = await create();
      console.log(JSON.stringify([[...m.runSync(new Float32Array([1, 2, 3, 4])).data], asked.sort()]));`;
    const [y, asked] = (await runIn(folder, fetched)) as [number[], string[]];
    expect(y).toEqual(expected);
    expect(asked).toContain("affine.weights.bin");
    expect(asked).toContain("affine.relaxed.wasm");
  });

  it("says what is wrong with options, weights and missing files", async () => {
    const folder = await writeFolder(await jsBundle());
    const wrong = `
      import { create } from "./affine.mjs";
      const seen = [];
      const caught = async (act) => { try { await act(); seen.push("none"); } catch (e) { seen.push([e.name, e.code]); } };
      await caught(() => create({ weight: new ArrayBuffer(4) }));
      await caught(() => create({ weights: new ArrayBuffer(8) }));
      process.getBuiltinModule = undefined;
      globalThis.fetch = async () => new Response("", { status: 404 });
      await caught(() => create());
      console.log(JSON.stringify(seen));`;
    expect(await runIn(folder, wrong)).toEqual([
      ["ConfigError", "create-option"],
      ["CheckpointError", "weights-size"],
      ["CheckpointError", "bundle-file"],
    ]);
  });

  it("gives each create() a memory of its own", async () => {
    const folder = await writeFolder(await jsBundle());
    const two = `
      import { create } from "./affine.mjs";
      const [a, b] = await Promise.all([create(), create()]);
      a.inputs[0].data.fill(5);
      console.log(JSON.stringify([...b.inputs[0].data]));`;
    expect(await runIn(folder, two)).toEqual([0, 0, 0, 0]);
  });
});

describe("allocation", () => {
  it.each([
    ["js", jsBundle],
    ["wasm", wasmBundle],
  ] as const)("runSync(x, out) and invoke() of %s allocate nothing", { retry: 3 }, async (_, make) => {
    const folder = await writeFolder(await make());
    const count = `
      import { create } from "./affine.mjs";
      const m = await create();
      const x = new Float32Array(4), a = new Float32Array(4), b = new Float32Array(4);
      const t = { data: x, shape: [1, 4], dtype: "float32" };
      const some = (n) => { for (let i = 0; i < n; i++) { m.runSync(x, a); m.runSync(t, b); m.invoke(); } };
      const used = (n) => { gc(); const before = process.memoryUsage().heapUsed; some(n); return process.memoryUsage().heapUsed - before; };
      some(30000);
      const rounds = Array.from({ length: 6 }, () => used(20000));
      console.log(JSON.stringify(Math.min(...rounds)));`;
    // An allocation of 16 bytes a call would be 320 kB in every round; compiling costs something in some rounds, and on a
    // busy machine in all of a try.
    const space = ["--max-semi-space-size=64", "--min-semi-space-size=64"];
    const grown = await runIn(folder, count, "--expose-gc", ...space);
    expect(grown).toBeLessThan(50_000);
  });
});

it("all of the runtime, joined, is one module that loads and works", async () => {
  const names = runtimeChunks.map(({ name }) => name);
  const text = `${runtimeText(names, features, Object.keys(arrayNames) as DType[])}
    const t = tensor([[1, 2], [3, 4]], [2, 2], "float16");
    console.log(JSON.stringify([...toFloat32(t)]));`;
  const folder = await writeFolder(new Map());
  expect(await runIn(folder, text, noCode)).toEqual([1, 2, 3, 4]);
});
