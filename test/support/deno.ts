/**
 * Bundles in Deno, whose WebGPU has another compiler of WGSL (naga) and on lavapipe the feature shader-f16, in which they
 * are made.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import type { Tensor } from "../../runtime/tensor.js";
import { newArray } from "../../runtime/tensor.js";
import type { Everywhere } from "./run-everywhere.js";

const packaged = fileURLToPath(new URL("../../node_modules/@deno/linux-x64-glibc/deno", import.meta.url));
export const denoPath = process.env.DENO ?? packaged;

/** Whether there is a Deno; where there is none, that is said, and in CI it is an error. */
export function hasDeno(): boolean {
  if (existsSync(denoPath)) return true;
  const howTo = `no Deno; npm i --no-save --ignore-scripts @deno/linux-x64-glibc, and a Vulkan driver: apt-get install -y --no-install-recommends mesa-vulkan-drivers`;
  if (process.env.CI !== undefined) throw new Error(`in CI nothing may be skipped: ${howTo}`);
  console.warn(`skipped: ${howTo}`);
  return false;
}

/** Answers a line of JSON for each one it is given; numbers travel as bytes, since JSON has not all of them. */
const script = `
import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";
const adapter = await navigator.gpu.requestAdapter();
const device = await adapter.requestDevice({ requiredFeatures: ["shader-f16"] });
for await (const line of createInterface({ input: process.stdin })) {
  const { name, inputs } = JSON.parse(line);
  try {
    const { create } = await import("./" + name + ".mjs");
    const m = await create({ device });
    const given = inputs.map(({ type, bytes }) => new globalThis[type](Uint8Array.from(Buffer.from(bytes, "base64")).buffer));
    const { data, shape, dtype } = await m.run(...given);
    m.dispose();
    console.log(JSON.stringify({ bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"), shape, dtype }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
Deno.exit(0);
`;

interface Started {
  readonly folder: string;
  readonly child: ChildProcess;
  readonly answers: AsyncIterator<string>;
}

interface Answer extends Pick<Tensor, "shape" | "dtype"> {
  readonly bytes: string;
  readonly error?: string;
}

let started: Promise<Started> | undefined;

async function start(): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "convsmith-deno-"));
  await writeFile(join(folder, "serve.mjs"), script);
  // Not the driver of the other tests: the system's own.
  const { VK_DRIVER_FILES: _, ...env } = process.env;
  const args = ["run", "--allow-all", "--unstable-webgpu", "serve.mjs"];
  const child = spawn(denoPath, args, { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
  return { folder, child, answers: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
}

export async function stopDeno(): Promise<void> {
  const running = await started;
  started = undefined;
  if (running === undefined) return;
  running.child.kill();
  await rm(running.folder, { recursive: true, force: true });
}

let made = 0;

/** The single result of a program as a bundle for a class of adapters with 16-bit floats; one after another. */
export async function runInDeno(adapter: "gpu" | "software", program: Everywhere): Promise<Tensor> {
  const { target, inputs, variables, precision = "highest", baked = true, options = {} } = program;
  const given = baked && variables !== undefined ? { variables } : {};
  const all = { ...options, inputs, precision, ...given, backend: "wgsl" } as const;
  const compilation = new Compilation(target, all, undefined, { adapter: { adapter, f16: true } });
  const name = `program${made++}`;
  started ??= start();
  const { folder, child, answers } = await started;
  const bundle = await bundleOf(compilation, variables, { name, inline: true });
  await writeFile(join(folder, `${name}.mjs`), bundle.get(`${name}.mjs`)!);
  const sent = inputs.map(({ data }) => ({
    type: data.constructor.name,
    bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
  }));
  child.stdin!.write(`${JSON.stringify({ name, inputs: sent })}\n`);
  const { done, value } = await answers.next();
  if (done === true) throw new Error("Deno ended");
  const { bytes, shape, dtype, error } = JSON.parse(value) as Answer;
  if (error !== undefined) throw new Error(error);
  const raw = Uint8Array.from(Buffer.from(bytes, "base64"));
  const data = newArray(dtype, raw.length / newArray(dtype, 0).BYTES_PER_ELEMENT);
  new Uint8Array(data.buffer).set(raw);
  return { data, shape, dtype };
}
