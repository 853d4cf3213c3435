/** What a bundle consists of, byte by byte where it matters. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bundle } from "../../codegen/bundle.js";
import { dtypesOf, featuresOf, runtimeText, runtimeTexts } from "../../codegen/bundle-runtime.js";
import { runtimeChunks } from "../../codegen/runtime-chunks.js";
import { features } from "../../runtime/features.js";
import type { BundleManifest } from "../../runtime/manifest.js";
import { arrayNames, type DType } from "../../runtime/tensor.js";
import type { Files } from "./bundle-files.js";
import { jsBundle, textOf, wasmBundle } from "./bundle-files.js";
import { affineJs, affineProgram, affineWasm, affineWeights, pairJs, pairProgram } from "./fake-program.js";

const allDtypes = Object.keys(arrayNames) as DType[];

const manifestOf = (files: Files): BundleManifest =>
  JSON.parse(textOf(files, "affine.json")) as BundleManifest;

describe("files", () => {
  it("stand beside the module, or inside it", async () => {
    const types = ["affine.mjs", "affine.d.ts", "affine.d.mts"];
    const names = async (files: Promise<Files>): Promise<string[]> => [...(await files).keys()];
    expect(await names(jsBundle())).toEqual([...types, "affine.weights.bin", "affine.json"]);
    const wasm = ["affine.relaxed.wasm", "affine.wasm"];
    expect(await names(wasmBundle())).toEqual([...types, ...wasm, "affine.weights.bin", "affine.json"]);
    expect(await names(jsBundle(true))).toEqual([...types, "affine.json"]);
    expect(await names(wasmBundle(true))).toEqual([...types, "affine.json"]);
  });

  it("leave out weights there are none of", async () => {
    const options = {
      artifacts: [pairJs],
      weights: new Uint8Array(0),
      inline: false,
      compilerVersion: "0.1.0",
    };
    const files = await bundle({ ...options, name: "pair", program: pairProgram, macs: 0 });
    expect([...files.keys()]).not.toContain("pair.weights.bin");
    expect(textOf(files, "pair.mjs")).not.toContain("pair.weights.bin");
  });

  it("are the same bytes every time", async () => {
    for (const make of [jsBundle, wasmBundle])
      for (const inline of [false, true]) expect(await make(inline)).toEqual(await make(inline));
  });
});

describe("the module", () => {
  const modules = async (): Promise<string[]> => {
    const all = [jsBundle(), jsBundle(true), wasmBundle(), wasmBundle(true)];
    return (await Promise.all(all)).map((files) => textOf(files, "affine.mjs"));
  };

  it("imports nothing and makes no code at run time", async () => {
    for (const text of await modules()) {
      expect(text.replaceAll("import.meta.url", "")).not.toMatch(/\bimport\b/);
      expect(text).not.toMatch(/\beval\b|new Function|\brequire\b/);
    }
  });

  it("writes the addresses of its files literally", async () => {
    const text = textOf(await wasmBundle(), "affine.mjs");
    for (const file of ["affine.wasm", "affine.relaxed.wasm", "affine.weights.bin"])
      expect(text).toContain(`fetch(new URL("./${file}", import.meta.url))`);
    expect(textOf(await wasmBundle(true), "affine.mjs")).not.toContain("import.meta");
  });

  it("holds only the pieces of the runtime that it reaches", async () => {
    const js = textOf(await jsBundle(), "affine.mjs");
    expect(js).not.toContain("WebAssembly");
    expect(js).not.toContain("fromBase64");
    const needed = featuresOf({ program: affineProgram }, [affineJs]);
    const reached = runtimeTexts(["createFromJs", "readBeside"], needed, dtypesOf(affineProgram));
    const names = reached.map(({ name }) => name);
    for (const name of ["tensor", "toFloat32", "readManifest", "weightsBlob", "runMany", "mapTree"])
      expect(names).not.toContain(name);
    for (const { name, text } of reached) expect([name, js.includes(text)]).toEqual([name, true]);
    expect(textOf(await jsBundle(true), "affine.mjs")).not.toContain("readBeside");
  });

  it("keeps the runtime below 3 KB gzipped, with everything a program may need", () => {
    for (const roots of [
      ["createFromJs", "readBeside"],
      ["createFromWasm", "readBeside"],
      ["createFromWasm", "fromBase64"],
    ])
      expect(gzipSync(runtimeText(roots, features, allDtypes), { level: 9 }).length).toBeLessThanOrEqual(
        3072,
      );
  });

  it("a bundle knows the arrays of its own dtypes, and takes a float64 Tensor for float32", async () => {
    const js = textOf(await jsBundle(), "affine.mjs");
    expect(js).toContain('{float32:"Float32Array",float64:"Float64Array"}');
    expect(js).not.toContain("complex64");
  });
});

describe("the manifest", () => {
  it("has the length and SHA-256 of every other file", async () => {
    for (const files of [await jsBundle(), await wasmBundle(), await wasmBundle(true)]) {
      const described = manifestOf(files).files;
      expect(Object.keys(described)).toEqual([...files.keys()].filter((name) => name !== "affine.json"));
      for (const [name, { bytes, sha256 }] of Object.entries(described)) {
        expect(bytes).toBe(files.get(name)!.length);
        expect(sha256).toBe(createHash("sha256").update(files.get(name)!).digest("hex"));
      }
    }
  });

  it("states shapes, sizes, work and version", async () => {
    const files = await wasmBundle();
    const manifest = manifestOf(files);
    expect(manifest).toMatchObject({
      format: "convsmith-bundle",
      compiler: "0.1.0",
      name: "affine",
      backend: "wasm",
      inputs: [{ name: "x", dtype: "float32", shape: [1, 4] }],
      outputs: [{ name: "y", dtype: "float32", shape: [1, 4] }],
      macs: 4,
      targets: [
        { target: "wasm-relaxed", file: "affine.relaxed.wasm" },
        { target: "wasm-simd", file: "affine.wasm" },
      ],
    });
    const size = (name: string): number => files.get(name)!.length;
    const largest = Math.max(size("affine.wasm"), size("affine.relaxed.wasm"));
    expect(manifest.bytes).toEqual({ wire: size("affine.mjs") + largest + 4, weights: 4, memory: 65536 });
  });
});

describe("refusals", () => {
  const options = {
    name: "affine",
    program: affineProgram,
    weights: affineWeights,
    inline: false,
    compilerVersion: "0",
    macs: 0,
  };

  it("of names that are paths and of artifacts that do not go together", async () => {
    await expect(bundle({ ...options, name: "../x", artifacts: [affineJs] })).rejects.toThrow(/file name/);
    await expect(bundle({ ...options, artifacts: [] })).rejects.toThrow(/artifact/);
    await expect(bundle({ ...options, artifacts: [affineJs, affineJs] })).rejects.toThrow(/artifact/);
    const mixed = [affineJs, ...(await affineWasm())];
    await expect(bundle({ ...options, artifacts: mixed })).rejects.toThrow(/artifact/);
  });

  it("of roots the runtime does not have", () => {
    expect(() => runtimeText(["nothing"], features, [])).toThrow(/no nothing/);
  });
});

it("every chunk's needs are chunks, and a class comes after the one it extends", () => {
  const names = runtimeChunks.map((chunk) => chunk.name);
  for (const [at, { asks, variants }] of runtimeChunks.entries()) {
    expect(variants.length).toBe(2 ** asks.length);
    for (const { needs, text } of variants) {
      for (const need of needs) expect(names).toContain(need);
      const base = /^class \w+ extends (\w+)/.exec(text)?.[1];
      if (base !== undefined && base !== "Error") expect(names.indexOf(base)).toBeLessThan(at);
    }
  }
});

it("every feature is asked for somewhere", () => {
  const asked = new Set(runtimeChunks.flatMap(({ asks }) => asks));
  expect([...asked].sort()).toEqual(Object.keys(features).sort());
});
