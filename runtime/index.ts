/** "convsmith/runtime": load and run what `convsmith compile` wrote, without any compiler code. */
import type { Result } from "./binding.js";
import type { CreateOptions } from "./create.js";
import { createFromWasm } from "./create.js";
import type { CreateGpuOptions } from "./create-gpu.js";
import { createFromWasmThreads } from "./create-threads.js";
import { CheckpointError } from "./error.js";
import type { Executable } from "./executable.js";
import type { BundleManifest } from "./manifest.js";
import { readManifest } from "./manifest.js";
import type { Tensor } from "./tensor.js";
import { makeFromSource } from "./worker-source.js";

export type { OutArrays, Result, RunInput, RunInputs, View } from "./binding.js";
export type { CreateOptions } from "./create.js";
export type { CreateGpuOptions } from "./create-gpu.js";
export { CheckpointError, ConfigError, ConvsmithError, ShapeError, UnsupportedError } from "./error.js";
export type { Executable } from "./executable.js";
export type { GpuExecutable, GpuRunInput, GpuRunInputs, GpuRunOptions, GpuTensor } from "./gpu-executable.js";
export type { GpuImage } from "./gpu-image.js";
export type { BundleManifest } from "./manifest.js";
export type { OutputTree, Program, Slot } from "./program.js";
export type { DType, Float16ArrayLike, NestedArray, TypedArray } from "./tensor.js";
export { type Tensor, tensor, toFloat32 } from "./tensor.js";

/**
 * Starts a bundle from the bytes of its files, wherever they come from.
 *
 * A wasm bundle is started from its manifest, module and weights. A js or inline bundle is code: its .mjs is imported
 * from a data: address, so load only bundles you trust.
 *
 * @param files contents by file name (`digits.json`, `digits.mjs`, `digits.wasm` …), of one bundle
 * @param options device: a GPUDevice for a wgsl bundle; module: a compiled .wasm of the bundle, where the page or edge runtime may not compile; weights: instead
 *   of the .weights.bin
 * @throws CheckpointError where a file is missing, has another length than the manifest says, or is no manifest
 * @throws UnsupportedError where this engine cannot run WebAssembly SIMD
 *
 * @example
 * const names = await readdir("out");
 * const files = new Map(await Promise.all(names.map(async (name) => [name, await readFile(`out/${name}`)])));
 * const y = await (await load(files)).run(x);
 */
export async function load<R extends Result = Tensor>(
  files: ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>,
  options: CreateOptions & CreateGpuOptions = {},
): Promise<Executable<R>> {
  const contents = files instanceof Map ? files : new Map(Object.entries(files));
  const manifest = readManifest(contents);
  const file = (name: string): Uint8Array => {
    const bytes = contents.get(name);
    const expected = manifest.files[name]?.bytes;
    if (bytes !== undefined && bytes.length === expected) return bytes;
    throw new CheckpointError(
      "bundle-file",
      `${name} of bundle ${manifest.name} ${bytes === undefined ? "is missing" : `has ${bytes.length} bytes, not ${expected}`}; give all files of one build`,
    );
  };
  const weights = `${manifest.name}.weights.bin`;
  if (manifest.backend === "wasm" && !manifest.inline) {
    const modules = Object.fromEntries(manifest.targets.map((of) => [of.target, () => file(of.file)]));
    const readWeights = () => (manifest.weights.length === 0 ? new Uint8Array() : file(weights));
    if (manifest.threads !== undefined)
      return createFromWasmThreads<R>(manifest, modules, readWeights, makeFromSource, options);
    return createFromWasm<R>(manifest, modules, readWeights, options);
  }
  const separate = !manifest.inline && manifest.weights.length > 0 && options.weights === undefined;
  return importBundle<R>(manifest, file, separate ? { ...options, weights: file(weights) } : options);
}

async function importBundle<R extends Result>(
  manifest: BundleManifest,
  file: (name: string) => Uint8Array,
  options: CreateOptions & CreateGpuOptions,
): Promise<Executable<R>> {
  const source = new TextDecoder().decode(file(`${manifest.name}.mjs`));
  const url = `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
  const bundle = (await import(/* @vite-ignore */ /* webpackIgnore: true */ url)) as {
    create(options: CreateOptions): Promise<Executable<R>>;
  };
  return bundle.create(options);
}
