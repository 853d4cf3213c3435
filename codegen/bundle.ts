/**
 * A program as files that need nothing else: NAME.mjs, NAME.d.ts, NAME.json, and NAME.wasm and NAME.weights.bin unless
 * they are put inside the .mjs. Joins strings only, so it works in a page; the same inputs give the same bytes.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { TargetName } from "../ir/target.js";
import type { BundleManifest } from "../runtime/manifest.js";
import type { Program } from "../runtime/program.js";
import type { Artifact, GpuProgram } from "./backend.js";
import { declarationText } from "./bundle-declaration.js";
import { dtypesOf, featuresOf, runtimeText } from "./bundle-runtime.js";
import { shortenWgsl } from "./wgsl-shorten.js";

export interface BundleOptions {
  /** Of the files; also what the program calls itself in messages. */
  readonly name: string;
  readonly program: Program;
  /** One js artifact, or wasm or wgsl artifacts for one or more targets of the same program. */
  readonly artifacts: readonly Artifact[];
  /** The weights file, as runtime/weights.ts lays it out. */
  readonly weights: Uint8Array;
  /** Put everything inside the .mjs. */
  readonly inline: boolean;
  /** wgsl: inputs take images besides. */
  readonly images?: boolean | undefined;
  readonly compilerVersion: string;
  /** SHA-256 of the measured choices that made the code what it is, for the manifest. */
  readonly tuning?: string | undefined;
  /** Multiply-accumulates of one run, for the manifest. */
  readonly macs: number;
}

/** File contents by name, in a fixed order. A program without weights has no weights file. */
export async function bundle(options: BundleOptions): Promise<ReadonlyMap<string, Uint8Array>> {
  const { name, program, inline, weights } = options;
  if (!/^[^/\\\0]+$/.test(name))
    throw new InternalError(`bundle: ${JSON.stringify(name)} is not a file name`);
  const artifacts = bestFirst(options.artifacts);
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  files.set(`${name}.mjs`, encoder.encode(moduleText(options, artifacts)));
  // The same text twice: TypeScript looks for NAME.d.mts when NAME.mjs is imported, people and older tools for NAME.d.ts.
  const declaration = encoder.encode(declarationText(name, program, options.compilerVersion, options.images));
  files.set(`${name}.d.ts`, declaration);
  files.set(`${name}.d.mts`, declaration);
  if (!inline)
    for (const artifact of artifacts)
      if (artifact.kind === "wasm") files.set(codeFile(name, artifact), artifact.bytes);
  if (!inline && program.weights.length > 0) files.set(weightsFile(name), weights);
  const manifest = await manifestOf(options, artifacts, files);
  files.set(`${name}.json`, encoder.encode(`${JSON.stringify(manifest, null, 2)}\n`));
  return files;
}

const preference: readonly TargetName[] = [
  "wasm-relaxed",
  "wasm-simd",
  "js-wide",
  "js",
  "wgsl-gpu",
  "wgsl-software",
];

function bestFirst(artifacts: readonly Artifact[]): readonly Artifact[] {
  const kinds = new Set(artifacts.map((artifact) => artifact.kind));
  if (kinds.size !== 1 || (kinds.has("js") && artifacts.length > 1))
    throw new InternalError("bundle: takes one js artifact, or wasm or wgsl artifacts only");
  const rank = (artifact: Artifact): number => preference.indexOf(artifact.target.name);
  return [...artifacts].sort((a, b) => rank(a) - rank(b));
}

/** NAME.wasm runs everywhere; other targets say their name. */
function codeFile(name: string, artifact: Artifact): string {
  if (artifact.kind !== "wasm") return `${name}.mjs`;
  return artifact.target.name === "wasm-simd"
    ? `${name}.wasm`
    : `${name}.${artifact.target.name.replace("wasm-", "")}.wasm`;
}

function weightsFile(name: string): string {
  return `${name}.weights.bin`;
}

function moduleText(options: BundleOptions, artifacts: readonly Artifact[]): string {
  const { name, program, inline, weights } = options;
  const reader = (file: string, bytes: Uint8Array): string =>
    inline ? `() => fromBase64("${toBase64(bytes)}")` : besideText(file);
  const readWeights =
    program.weights.length === 0 ? "() => new Uint8Array(0)" : reader(weightsFile(name), weights);
  const js = artifacts.find((artifact) => artifact.kind === "js");
  const modules = artifacts.flatMap((artifact) =>
    artifact.kind === "wasm"
      ? [`  "${artifact.target.name}": ${reader(codeFile(name, artifact), artifact.bytes)},`]
      : [],
  );
  const gpu = artifacts.flatMap((artifact) => (artifact.kind === "wgsl" ? [gpuText(artifact.program)] : []));
  const threads = program.threads !== undefined;
  const start =
    gpu.length > 0
      ? "createFromWgsl"
      : js !== undefined
        ? "createFromJs"
        : threads
          ? "createFromWasmThreads"
          : "createFromWasm";
  const code =
    gpu.length > 0
      ? `[\n${gpu.join(",\n")}\n]`
      : js === undefined
        ? `{\n${modules.join("\n")}\n}`
        : js.source.trim().replace(/;$/, "");
  const body = [
    `const program = ${programText(options)};`,
    `const modules = ${code};`,
    `const weights = ${readWeights};`,
    // The worker is this file again; it answers where it finds that it is one.
    ...(threads
      ? ["const worker = (Worker, options) => new Worker(new URL(import.meta.url), options);"]
      : []),
    `export function create(options) {\n  return ${start}(program, modules, weights${threads ? ", worker" : ""}, options);\n}`,
    ...(threads ? ["answerAsWorker();"] : []),
  ].join("\n");
  const used = ["readBeside", "fromBase64", "answerAsWorker"].filter((root) => body.includes(`${root}(`));
  const header = `// ${name}, made by convsmith ${options.compilerVersion}: see ${name}.json.`;
  const runtime = runtimeText([start, ...used], featuresOf(options, artifacts), dtypesOf(program));
  return `${[header, runtime, body].join("\n")}\n`;
}

function gpuText({ shaders, ...program }: GpuProgram): string {
  const texts = shaders.map((code) => `\`${shortenWgsl(code)}\``);
  return `${literal(program).slice(0, -1)},shaders:[${texts.join(",")}]}`;
}

/** Bundlers copy the file because the address is written literally where it is fetched. */
function besideText(file: string): string {
  const url = `new URL(${JSON.stringify(`./${encodeURIComponent(file)}`)}, import.meta.url)`;
  return `() => readBeside(${url}, () => fetch(${url}))`;
}

/** What the program's start reads, as a literal, under the name of the bundle. */
function programText({ name, program }: BundleOptions): string {
  const { backend, inputs, outputs, outputTree, weights, memoryBytes, threads } = program;
  if (backend !== "wgsl")
    return literal({ name, backend, inputs, outputs, outputTree, weights, memoryBytes, threads });
  // Of weights only their number, since they are as large as their buffers; offsets only tell several outputs apart.
  const described = (slots: Program["inputs"]) =>
    slots.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  return literal({
    name,
    inputs: described(inputs),
    outputs: typeof outputTree === "number" ? described(outputs) : outputs,
    outputTree,
    weights: { length: weights.length },
  });
}

/** JSON, with keys as people write them. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const key = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `[${JSON.stringify(name)}]`);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.map(([name, each]) => `${key(name)}:${literal(each)}`).join()}}`;
}

async function manifestOf(
  options: BundleOptions,
  artifacts: readonly Artifact[],
  files: ReadonlyMap<string, Uint8Array>,
): Promise<BundleManifest> {
  const { name, program, inline } = options;
  const described: Record<string, { bytes: number; sha256: string }> = {};
  for (const [file, bytes] of files) described[file] = { bytes: bytes.length, sha256: await sha256(bytes) };
  const size = (file: string): number => files.get(file)?.length ?? 0;
  const modules = artifacts.map((artifact) =>
    artifact.kind === "wasm" ? size(codeFile(name, artifact)) : 0,
  );
  return {
    format: "convsmith-bundle",
    formatVersion: 1,
    compiler: options.compilerVersion,
    name,
    backend: program.backend,
    targets: artifacts.map((artifact) => ({
      target: artifact.target.name,
      file: inline ? `${name}.mjs` : codeFile(name, artifact),
    })),
    inline,
    inputs: program.inputs,
    outputs: program.outputs,
    outputTree: program.outputTree,
    weights: program.weights,
    memoryBytes: program.memoryBytes,
    ...(program.threads === undefined ? {} : { threads: program.threads }),
    macs: options.macs,
    ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
    bytes: {
      wire: size(`${name}.mjs`) + Math.max(...modules) + size(weightsFile(name)),
      weights: options.weights.length,
      memory: program.memoryBytes,
    },
    files: described,
  };
}

/** WebCrypto's, which Node 20 and every secure page has. */
async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  // A multiple of 3, so that the parts join without padding; small enough to be spread as arguments.
  const step = 3 * 4096;
  for (let at = 0; at < bytes.length; at += step)
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + step))));
  return parts.join("");
}
