/** Writes bundles to a fresh folder and runs scripts beside them in a bare Node. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { Artifact } from "../../codegen/backend.js";
import { bundle } from "../../codegen/bundle.js";
import { affineJs, affineProgram, affineWasm, affineWeights } from "./fake-program.js";

export type Files = ReadonlyMap<string, Uint8Array>;

export async function jsBundle(inline = false, artifact: Artifact = affineJs): Promise<Files> {
  return bundle({
    name: "affine",
    program: affineProgram,
    artifacts: [artifact],
    weights: affineWeights,
    inline,
    compilerVersion: "0.1.0",
    macs: 4,
  });
}

export async function wasmBundle(inline = false): Promise<Files> {
  return bundle({
    name: "affine",
    program: { ...affineProgram, backend: "wasm", memoryBytes: 65536 },
    artifacts: await affineWasm(),
    weights: affineWeights,
    inline,
    compilerVersion: "0.1.0",
    macs: 4,
  });
}

/** The folder goes when the test ends. */
export async function writeFolder(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "convsmith-bundle-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
  return folder;
}

/** What the script prints, as JSON; it runs as main.mjs in the folder. */
export async function runIn(folder: string, script: string, ...flags: readonly string[]): Promise<unknown> {
  await writeFile(join(folder, "main.mjs"), script);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "main.mjs"], { cwd: folder });
  return JSON.parse(stdout);
}

export function textOf(files: Files, name: string): string {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`the bundle has no ${name}, only ${[...files.keys()].join(", ")}`);
  return new TextDecoder().decode(bytes);
}
