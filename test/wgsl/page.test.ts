/**
 * Bundles in a page of headless Chromium, whose WebGPU runs on SwiftShader: digits are classified as flax classifies them,
 * convolutions agree with the interpreter, pipelines are made at the same time, and a run is one submit.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTensorFile } from "../../cli/tensor-file.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import type { Traced } from "../../compiler/traced.js";
import digits from "../../examples/digits/model.js";
import { toFloat32 } from "../../runtime/tensor.js";
import { run, targetOf, variablesOf } from "../differential/call.js";
import { callOf, randomConv } from "../differential/random-conv.js";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const here = existsSync(executablePath);
if (!here) {
  const howTo = `no Chromium at ${executablePath}; apt-get install -y --no-install-recommends chromium, or set CHROMIUM`;
  if (process.env.CI !== undefined) throw new Error(`in CI nothing may be skipped: ${howTo}`);
  console.warn(`skipped: ${howTo}`);
}

/** Seeds of finite configurations; both classes of schedules run. */
const seeds = Array.from({ length: 400 }, (_, i) => i + 1)
  .filter((seed) => {
    const { data, baked, dtype, batch, extents } = randomConv(seed);
    const size = [...batch, ...extents].reduce((a, b) => a * b, 1);
    return data !== "special" && baked && dtype !== "complex64" && size > 0;
  })
  .slice(0, 24);

const files = new Map<string, Uint8Array>();
let server: Server;
let context: BrowserContext;
let page: Page;
let profile: string;

/** What the page does with a bundle: the first result, a steady one, and how it came about. */
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
  window.use = async (name, x) => {
    const { create } = await import("/" + name + ".mjs");
    creations.length = 0;
    const start = performance.now();
    const m = await create();
    const input = x === null ? null : new globalThis[x.type](x.data);
    const first = await m.run(input);
    const firstMs = performance.now() - start;
    submits = 0;
    const y = await m.run(input);
    const result = { data: [...y.data], first: [...first.data], shape: y.shape, dtype: y.dtype, notes: m.notes, submits,
      firstMs, creations: creations.map(([from, to]) => [from - start, to - start]) };
    m.dispose();
    return result;
  };
  window.see = async (name, kind, pixels, width, height) => {
    const { create } = await import("/" + name + ".mjs");
    const m = await create();
    const data = new ImageData(new Uint8ClampedArray(pixels), width, height);
    const bitmap = await createImageBitmap(data, { premultiplyAlpha: "none" });
    const image = kind === "ImageBitmap" ? bitmap : new VideoFrame(data.data, { format: "RGBX", codedWidth: width, codedHeight: height, timestamp: 0 });
    const y = await m.run(image).catch((error) => ({ data: [], code: error.code || String(error) }));
    const again = await m.run(image).catch(() => ({ data: [] }));
    if (kind === "VideoFrame") image.close();
    m.dispose();
    return { data: [...y.data], again: [...again.data], code: y.code };
  };
`;

interface Used {
  readonly data: readonly number[];
  readonly first: readonly number[];
  readonly shape: readonly number[];
  readonly notes: readonly string[];
  readonly submits: number;
  readonly firstMs: number;
  readonly creations: readonly (readonly [from: number, to: number])[];
}

function used(name: string, data: ArrayLike<number>, type: string): Promise<Used> {
  return page.evaluate(
    ([name, x]) => (window as unknown as { use(name: string, x: unknown): Promise<unknown> }).use(name, x),
    [name, { type, data: Array.from(data) }] as const,
  ) as Promise<Used>;
}

beforeAll(async () => {
  if (!here) return;
  server = createServer(({ url }, response) => {
    const name = (url ?? "/").slice(1).split("?")[0]!;
    const body = name === "" ? `<!doctype html><script>${script}</script>` : files.get(name);
    const type =
      name === "" ? "text/html" : name.endsWith(".mjs") ? "text/javascript" : "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  profile = await mkdtemp(join(tmpdir(), "convsmith-page-"));
  context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
      "--disable-default-apps",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
    ],
  });
  page = await context.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
}, 120_000);

afterAll(async () => {
  await context?.close();
  server?.close();
  if (profile !== undefined) await rm(profile, { recursive: true, force: true });
});

describe.skipIf(!here)("a page", () => {
  it("classifies digits as flax does", { timeout: 240_000 }, async () => {
    const folder = fileURLToPath(new URL("../../examples/digits", import.meta.url));
    const read = (name: string) => readTensorFile(join(folder, name), undefined);
    const variables = readWeights(readFileSync(join(folder, "digits.msgpack")));
    const options = { inputs: [[360, 8, 8, 1]], variables, backend: "wgsl" } as const;
    const bundle = await bundleOf(new Compilation(digits, options), variables, {
      name: "digits",
      adapter: "both",
    });
    for (const [name, bytes] of bundle) files.set(name, bytes);
    const pixels = Float32Array.from(read("test-images.npy").data, (value) => value / 16);
    const result = await used("digits", pixels, "Float32Array");
    expect(result.notes).toEqual(["runs wgsl-software"]);
    const digitOf = (i: number): number => {
      const logits = result.data.slice(10 * i, 10 * i + 10);
      return logits.indexOf(Math.max(...logits));
    };
    const right = Array.from(read("test-labels.npy").data).filter((label, i) => digitOf(i) === label).length;
    const flax = JSON.parse(readFileSync(join(folder, "accuracy.json"), "utf8")) as {
      readonly testCorrect: number;
    };
    expect(right).toBe(flax.testCorrect);
    expect(result.first).toEqual(result.data);
    expect(result.submits).toBe(1);
    const started = Math.max(...result.creations.map(([from]) => from));
    const ended = Math.min(...result.creations.map(([, to]) => to));
    expect(started).toBeLessThanOrEqual(ended);
    const slowest = Math.max(...result.creations.map(([from, to]) => to - from));
    console.log(
      `digits in Chromium: ${result.creations.length} pipelines, slowest ${slowest.toFixed(0)} ms, first result after ${result.firstMs.toFixed(0)} ms`,
    );
  });

  it("sees images as their bytes", async () => {
    const [width, height] = [11, 6];
    const pixels = Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : (i * 29) % 256));
    type See = (
      ...args: readonly [string, string, readonly number[], number, number]
    ) => Promise<{ readonly data: number[]; readonly again: number[]; readonly code?: string }>;
    const see: See = (...args) =>
      page.evaluate((all) => (window as unknown as { see: See }).see(...all), args);
    for (const dtype of ["uint8", "float32"] as const) {
      const inputs = [{ shape: [1, height, width, 3], dtype }];
      // What fills the input is seen as it is: the model returns it.
      const compilation = new Compilation((x: Traced) => x, { inputs, backend: "wgsl" });
      const name = `image-${dtype}`;
      for (const [file, bytes] of await bundleOf(compilation, undefined, { name, images: true }))
        files.set(file, bytes);
      const wanted = pixels
        .filter((_, i) => i % 4 !== 3)
        .map((byte) => (dtype === "uint8" ? byte : byte / 255));
      const { data, again } = await see(name, "ImageBitmap", pixels, width, height);
      expect(data.length).toBe(wanted.length);
      expect(again).toEqual(data);
      for (const [i, value] of wanted.entries()) expect(Math.abs(data[i]! - value)).toBeLessThan(2 ** -22);
      const frame = await see(name, "VideoFrame", pixels, width, height);
      // A browser that composes without a GPU has no way from a frame to a texture, and says so.
      if (frame.code !== undefined) expect(frame.code).toMatch(/OperationError.*copyExternalImageToTexture/);
      else {
        // A frame's colors may be converted on the way.
        const most = dtype === "uint8" ? 2 : 2 / 255;
        for (const [i, value] of wanted.entries())
          expect(Math.abs(frame.data[i]! - value)).toBeLessThanOrEqual(most + 1e-6);
      }
      const turnedFrame = await see(name, "VideoFrame", pixels, height, width);
      expect(turnedFrame.code).toBe("input-image");
      const turned = await see(name, "ImageBitmap", pixels, height, width);
      expect(turned.code).toBe("input-image");
    }
  });

  it(`agrees with the interpreter on ${seeds.length} random convolutions`, { timeout: 600_000 }, async () => {
    const wrong: string[] = [];
    for (const [i, seed] of seeds.entries()) {
      const call = callOf(randomConv(seed));
      const variables = variablesOf(call);
      const options = { inputs: [call.input], variables, backend: "wgsl" } as const;
      const adapter = i % 2 === 0 ? "gpu" : "software";
      const name = `conv${seed}`;
      const compilation = new Compilation(targetOf(call), { ...options, adapter });
      for (const [file, bytes] of await bundleOf(compilation, variables, { name })) files.set(file, bytes);
      const expected = await run(call, "interpreter");
      const { data } = call.input;
      const result = await used(name, data, data.constructor.name);
      const y = toFloat32(expected);
      const x = toFloat32({ ...expected, data: Uint16Array.from(result.data) });
      const found = expected.dtype === "float16" || expected.dtype === "bfloat16" ? x : result.data;
      const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const part = expected.dtype === "bfloat16" ? 2 ** -6 : expected.dtype === "float16" ? 2 ** -9 : 2e-5;
      for (let k = 0; k < y.length; k++)
        if (!(Math.abs(found[k]! - y[k]!) <= part * largest)) {
          wrong.push(`seed ${seed} (${adapter}): element ${k} is ${found[k]}, not ${y[k]}`);
          break;
        }
      if (result.shape.join() !== expected.shape.join()) wrong.push(`seed ${seed}: shape ${result.shape}`);
    }
    expect(wrong).toEqual([]);
  });
});
