/**
 * Bundles in a page of headless Chromium, whose WebGPU runs on SwiftShader: what the page is served, and how programs are
 * run there.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import type { Program } from "../../runtime/program.js";
import type { Tensor, TypedArray } from "../../runtime/tensor.js";
import { executablePath, flags } from "../bench/webgpu/chromium.mjs";
import type { Everywhere } from "./run-everywhere.js";

/** Whether there is a browser; where there is none, that is said, and in CI it is an error. */
export function hasBrowser(): boolean {
  if (existsSync(executablePath)) return true;
  const howTo = `no Chromium at ${executablePath}; apt-get install -y --no-install-recommends chromium, or set CHROMIUM`;
  if (process.env.CI !== undefined) throw new Error(`in CI nothing may be skipped: ${howTo}`);
  console.warn(`skipped: ${howTo}`);
  return false;
}

/** What a bundle gave in the page: the results of its first run and of a second, and how they came about. */
export interface Used {
  readonly data: TypedArray;
  readonly first: TypedArray;
  readonly shape: readonly number[];
  readonly notes: readonly string[];
  /** Of the second run. */
  readonly submits: number;
  readonly firstMs: number;
  /** When each pipeline was asked for and when it was there, in milliseconds since the start. */
  readonly creations: readonly (readonly [from: number, to: number])[];
}

const script = `
  const creations = [];
  let submits = 0;
  const create = GPUDevice.prototype.createComputePipelineAsync;
  GPUDevice.prototype.createComputePipelineAsync = async function (...args) {
    const start = performance.now();
    const made = await create.apply(this, args);
    creations.push([start, performance.now()]);
    return made;
  };
  const submit = GPUQueue.prototype.submit;
  GPUQueue.prototype.submit = function (...args) { submits++; return submit.apply(this, args); };
  window.use = async (name, inputs, options) => {
    const { create } = await import("/" + name + ".mjs");
    creations.length = 0;
    const start = performance.now();
    const m = await create(options);
    const { data: first } = await m.run(...inputs);
    const firstMs = performance.now() - start;
    submits = 0;
    const { data, shape } = await m.run(...inputs);
    const times = creations.map(([from, to]) => [from - start, to - start]);
    m.dispose();
    return { data, first, shape, notes: m.notes, submits, firstMs, creations: times };
  };
  let device;
  window.runShared = async (name, inputs) => {
    const { create } = await import("/" + name + ".mjs");
    device ??= await (await navigator.gpu.requestAdapter()).requestDevice();
    const m = await create({ device });
    const { data, shape } = await m.run(...inputs);
    m.dispose();
    return { data, shape };
  };
`;

export interface BundlePage {
  readonly page: Page;
  /** What is served, by name. */
  readonly files: Map<string, Uint8Array>;
  /** Runs a bundle twice on a device of its own. */
  use(name: string, ...inputs: readonly TypedArray[]): Promise<Used>;
  close(): Promise<void>;
}

/** Frames reach textures directly only where the browser composes by the GPU, be it one in software. */
const composedByGpu = [
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--ignore-gpu-blocklist",
  "--enable-unsafe-swiftshader",
];

export async function openPage({ composedBy }: { readonly composedBy: "gpu" | "cpu" }): Promise<BundlePage> {
  const files = new Map<string, Uint8Array>();
  const server = createServer(({ url }, response) => {
    const name = (url ?? "/").slice(1).split("?")[0]!;
    const body = name === "" ? `<!doctype html><script>${script}</script>` : files.get(name);
    const type =
      name === "" ? "text/html" : name.endsWith(".mjs") ? "text/javascript" : "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const profile = await mkdtemp(join(tmpdir(), "convsmith-page-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [...flags, ...(composedBy === "gpu" ? composedByGpu : [])],
  });
  const page = await context.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  type Use = (name: string, inputs: readonly TypedArray[]) => Promise<Used>;
  return {
    page,
    files,
    use: (name, ...inputs) =>
      page.evaluate(([name, inputs]) => (window as unknown as { use: Use }).use(name, inputs), [
        name,
        inputs,
      ] as const),
    async close() {
      await context.close();
      server.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

let shared: Promise<BundlePage> | undefined;

/** The page that comparisons run in; whoever uses it closes it. */
export function sharedPage(): Promise<BundlePage> {
  shared ??= openPage({ composedBy: "cpu" });
  return shared;
}

export async function closeSharedPage(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

let made = 0;

/** The single result of a program as a bundle for a class of adapters, on a device that all of them share. */
export async function runInPage(adapter: "gpu" | "software", program: Everywhere): Promise<Tensor> {
  const { target, inputs, variables, precision = "highest", baked = true, options = {} } = program;
  const given = baked && variables !== undefined ? { variables } : {};
  const all = { ...options, inputs, precision, ...given, backend: "wgsl", adapter } as const;
  const name = `program${made++}`;
  const { page, files } = await sharedPage();
  const bundle = await bundleOf(new Compilation(target, all), variables, { name });
  for (const [file, bytes] of bundle) files.set(file, bytes);
  const { outputs } = JSON.parse(new TextDecoder().decode(bundle.get(`${name}.json`))) as Program;
  type Run = (name: string, inputs: readonly TypedArray[]) => Promise<Pick<Tensor, "data" | "shape">>;
  const result = await page.evaluate(
    ([name, inputs]) => (window as unknown as { runShared: Run }).runShared(name, inputs),
    [name, inputs.map(({ data }) => data)] as const,
  );
  for (const file of bundle.keys()) files.delete(file);
  return { ...result, dtype: outputs[0]!.dtype };
}
