/** Bundles for wgsl: they import nothing, run on a device they are given or find, and choose by the adapter. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import { Conv, compile, key, nn, Sequential, tensor } from "../../compiler/index.js";
import { load } from "../../runtime/index.js";
import type { Tensor } from "../../runtime/tensor.js";
import { textOf, writeFolder } from "../bundle/bundle-files.js";
import { hasAdapter, ownDevice } from "../support/webgpu.js";

const shape = [1, 12, 12, 3];
const model = new Sequential([new Conv({ features: 16, kernelSize: [3, 3] }), nn.relu]);
const variables = model.init(key(0), shape);
const x = tensor(
  Float32Array.from({ length: 432 }, (_, i) => Math.cos(i)),
  shape,
);
const compilation = new Compilation(model, { inputs: [shape], variables, backend: "wgsl" });
const files = await bundleOf(compilation, variables, { name: "layer", adapter: "both" });
const here = await hasAdapter();

it("holds shaders and nothing that imports or evaluates", () => {
  const text = textOf(files, "layer.mjs");
  expect(text).not.toMatch(/^\s*import\b|\bimport\(|\beval\b|new Function/m);
  expect(text).toContain('"wgsl-gpu"');
  expect(text).toContain('"wgsl-software"');
  expect([...files.keys()]).toEqual([
    "layer.mjs",
    "layer.d.ts",
    "layer.d.mts",
    "layer.weights.bin",
    "layer.json",
  ]);
  const declaration = textOf(files, "layer.d.ts");
  expect(declaration).toContain("readonly device?: GPUDevice");
  expect(declaration).not.toContain("runSync");
});

it("the same inputs give the same bytes", async () => {
  const again = await bundleOf(compilation, variables, { name: "layer", adapter: "both" });
  for (const [name, bytes] of files) expect(again.get(name)).toEqual(bytes);
});

it("one convolution is at most 4 KB gzipped", async () => {
  const conv = new Conv({ features: 8, kernelSize: [3, 3] });
  const inputs = [[1, 28, 28, 3]];
  const one = new Compilation(conv, { inputs, variables: conv.init(key(0), inputs[0]!), backend: "wgsl" });
  const bytes = (await bundleOf(one, undefined, { name: "one" })).get("one.mjs")!;
  expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(4 * 1024);
});

it("takes images only where that was asked for", async () => {
  const images = await bundleOf(compilation, variables, { name: "layer", images: true });
  expect(textOf(images, "layer.mjs")).toContain("copyExternalImageToTexture");
  expect(textOf(images, "layer.d.ts")).toContain(
    "Input0 | GPUBuffer | ImageBitmap | VideoFrame | GPUTexture",
  );
  expect(textOf(files, "layer.mjs")).not.toContain("copyExternalImageToTexture");
  expect(textOf(files, "layer.d.ts")).not.toContain("ImageBitmap");
});

describe.skipIf(!here)("on an adapter", () => {
  it("runs as the compiled program does, and says which schedule", async () => {
    const folder = await writeFolder(files);
    const device = await ownDevice();
    const { create } = (await import(/* @vite-ignore */ `file://${folder}/layer.mjs`)) as {
      create: (options: object) => ReturnType<typeof load>;
    };
    const bundle = await create({ device });
    expect(bundle.notes).toEqual(["runs wgsl-software"]);
    const loaded = await load(files, { device });
    const expected = (await compile(model, { inputs: [shape], variables, backend: "js" })).runSync(x).data;
    for (const m of [bundle, loaded]) {
      const { data } = (await m.run(x)) as Tensor;
      for (let i = 0; i < expected.length; i++) expect(Math.abs(data[i]! - expected[i]!)).toBeLessThan(1e-5);
      m.dispose();
      await expect(m.run(x)).rejects.toMatchObject({ code: "disposed" });
    }
    await expect(create({ devices: device })).rejects.toMatchObject({ code: "create-option" });
    device.destroy();
  });
});
