/** The options of compile(), checked and completed. */

import { ParseError, parseModule } from "../ir/parse.js";
import type { Schedule } from "../ir/schedule.js";
import type { AdapterClass, TargetName } from "../ir/target.js";
import type { Variables } from "./checkpoint/tree.js";
import type { InputSpecs } from "./input-spec.js";
import type { AlgorithmOption } from "./lower/lowerings.js";
import { checkOptions, didYouMean, show } from "./option.js";
import { refuse } from "./refusal.js";
import type { PassOptions } from "./run-passes.js";
import type { Tuning } from "./tune/tuning.js";

/** Backends whose programs run in this process's own memory. */
export type BackendName = "js" | "wasm";

export type AnyBackend = BackendName | "wgsl";

export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface CompileOptions<B extends BackendName = BackendName> {
  /** One spec per input: a shape, `{ shape, dtype }` or a Tensor; in a list, or a record that names them. */
  readonly inputs: InputSpecs;
  /** Baked in and packed once; left out, they are given by setVariables(). */
  readonly variables?: Variables | undefined;
  /** "auto" takes what should be fastest here: wgsl for large work where there is WebGPU, wasm, js. By default wasm, or js. */
  readonly backend?: B | "auto" | "wgsl" | undefined;
  /** Threads that share the work, this one included; on wasm only. They change no bit of a result. */
  readonly threads?: number | undefined;
  /** wgsl: the device to run on; by default one is found. */
  readonly device?: GPUDevice | undefined;
  /** wgsl: what schedules are made for; by default what the device's adapter is. */
  readonly adapter?: AdapterClass | undefined;
  /** "highest": the same bits on every backend, no fused multiply-add. */
  readonly precision?: "default" | "highest" | undefined;
  /** "auto" takes what should be fastest; "winograd" wherever it is possible, and never at precision "highest". */
  readonly algorithm?: AlgorithmOption | undefined;
  /** Schedules to use instead of chosen ones, as text or data, each for the kernel and target it names. */
  readonly schedules?: string | readonly (Schedule | string)[] | undefined;
  /**
   * true: the few best schedules of each layer are measured here, which takes seconds, and the fastest is used; the
   * executable's `tuning` has the choices. A tuning, or in Node the path of its file: those choices are used, and nothing
   * is measured; layers it does not know are left to the cost model. Kernels of wgsl are not measured: true is refused
   * there, and "auto" does not choose it.
   */
  readonly tune?: boolean | Tuning | string | undefined;
  /** Name of the program; by default the model's. */
  readonly name?: string | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Told of things that are legal but probably not meant, such as parameters the model does not use. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Refuse parameters the model does not use. */
  readonly strict?: boolean | undefined;
  /** For people who work on the compiler: disable, print or time passes. */
  readonly passes?: PassOptions | undefined;
}

const known = [
  "inputs",
  "variables",
  "backend",
  "threads",
  "device",
  "adapter",
  "precision",
  "algorithm",
  "schedules",
  "tune",
  "name",
  "onProgress",
  "onWarning",
  "strict",
  "passes",
] as const satisfies readonly (keyof CompileOptions)[];

export function checkCompileOptions(owner: "compile" | "jit", options: unknown): void {
  const names =
    owner === "compile" ? known : known.filter((name) => name !== "inputs" && name !== "variables");
  checkOptions(owner, options, names, owner === "compile" ? ["inputs"] : []);
  const { backend, precision, algorithm, threads, ...others } = options as CompileOptions;
  oneOf(owner, "backend", backend, ["js", "wasm", "wgsl", "auto"]);
  oneOf(owner, "adapter", others.adapter, ["gpu", "software"]);
  if (others.device !== undefined && !isDevice(others.device))
    refuse("bad-option", `${owner}: device is ${show(others.device)}; it must be a GPUDevice`);
  oneOf(owner, "precision", precision, ["default", "highest"]);
  oneOf(owner, "algorithm", algorithm, ["auto", "direct", "winograd"]);
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1 || threads > mostThreads))
    refuse(
      "bad-option",
      `${owner}: threads is ${show(threads)}; it must be a whole number from 1 to ${mostThreads}`,
    );
  for (const [name, type] of typed)
    if (others[name] !== undefined && typeof others[name] !== type)
      refuse("bad-option", `${owner}: ${name} is ${show(others[name])}; it must be a ${type}`);
  const { tune } = others;
  if (tune !== undefined && !["boolean", "string", "object"].includes(typeof tune))
    refuse(
      "bad-option",
      `${owner}: tune is ${show(tune)}; it must be true, a tuning, or the path of its file`,
    );
  if (tune === true && backend === "wgsl") refuseMeasuring(`${owner}: tune is true`);
  readSchedules(others.schedules);
}

/** Where kernels were to be measured that are not: all that a GPU tells is when a whole submit has ended. */
export function refuseMeasuring(asked: string): never {
  refuse(
    "backend-unsupported",
    `${asked}, and kernels of wgsl are not measured; leave it out, or compile for wasm or js`,
  );
}

function isDevice(value: unknown): boolean {
  return typeof value === "object" && value !== null && "createComputePipelineAsync" in value;
}

/** Memory is planned for each of them. */
const mostThreads = 64;

const typed = [
  ["name", "string"],
  ["onProgress", "function"],
  ["onWarning", "function"],
  ["strict", "boolean"],
] as const;

function oneOf(owner: string, option: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || (typeof value === "string" && allowed.includes(value))) return;
  const hint =
    typeof value === "string"
      ? didYouMean(value, allowed)
      : `${show(value)} is not one of ${allowed.join(", ")}`;
  refuse("bad-option", `${owner}: ${option} ${hint}`);
}

/** A module with one vector instruction. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

/** Whether this engine has WebAssembly with vectors. */
export function hasWasm(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(simdProbe);
}

/** The smallest module that uses a relaxed SIMD instruction: f32x4.relaxed_madd of three zero vectors. */
const relaxedProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 62, 1, 60, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 253, 12, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 253, 133, 2, 26, 11,
];

/** Whether code for the target runs in this engine. */
export function engineRuns(target: TargetName): boolean {
  if (target === "wasm-relaxed") return hasWasm() && WebAssembly.validate(new Uint8Array(relaxedProbe));
  return target === "wasm-simd" ? hasWasm() : true;
}

/** Whether it may also be compiled: a page can forbid that. */
function wasmCompiles(): boolean {
  try {
    return hasWasm() && new WebAssembly.Module(simdProbe) !== undefined;
  } catch {
    return false;
  }
}

/** The backend to compile for where nothing is known of a GPU; without a wish it is wasm where WebAssembly compiles, else js. */
export function resolveBackend(backend: CompileOptions["backend"]): AnyBackend {
  if (backend === "js" || backend === "wasm" || backend === "wgsl") return backend;
  return wasmCompiles() ? "wasm" : "js";
}

/** The targets of a backend at a precision, best first; of wgsl, that for the class of the adapter. */
export function targetsOf(
  backend: AnyBackend,
  precision: "default" | "highest",
  adapter: AdapterClass = "gpu",
): readonly TargetName[] {
  switch (backend) {
    case "js":
      return precision === "highest" ? ["js"] : ["js-wide"];
    case "wasm":
      return precision === "highest" ? ["wasm-simd"] : ["wasm-relaxed", "wasm-simd"];
    case "wgsl":
      return [`wgsl-${adapter}`];
    default:
      return backend satisfies never;
  }
}

/** Schedules given by hand, by the kernel they are for; with a target, those for that target. */
export function handSchedules(
  given: CompileOptions["schedules"],
  target?: TargetName,
): ReadonlyMap<string, Schedule> {
  const wanted = readSchedules(given).filter((item) => target === undefined || item.target === target);
  return new Map(wanted.map((item) => [item.kernel, item]));
}

/** The schedules of the option; text may hold several. */
export function readSchedules(given: CompileOptions["schedules"]): readonly Schedule[] {
  if (given !== undefined && typeof given !== "string" && !Array.isArray(given))
    refuse("bad-option", `schedules is ${show(given)}; give the text of schedules, or a list of them`);
  const items = given === undefined ? [] : typeof given === "string" ? [given] : given;
  const schedules = items.flatMap((item) => (typeof item === "string" ? schedulesIn(item) : [item]));
  const seen = new Set<string>();
  const odd = schedules.find((item) => typeof item?.kernel !== "string" || !Array.isArray(item.steps));
  if (odd !== undefined || schedules.includes(undefined as never))
    refuse("bad-option", `schedules: ${show(odd)} is no schedule; it needs kernel, target and steps`);
  for (const { kernel, target } of schedules) {
    const name = `@${kernel} for ${target}`;
    if (seen.has(name)) refuse("schedule-kernel", `schedules: there are two for ${name}; give one`);
    seen.add(name);
  }
  return schedules;
}

function schedulesIn(text: string): readonly Schedule[] {
  try {
    const { schedules } = parseModule(text);
    if (schedules.length > 0) return schedules;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const [first] = error.diagnostics;
    refuse(
      "schedule-text",
      `schedules: line ${(first?.line ?? 0) + 1}: ${first?.message ?? "not a schedule"}`,
    );
  }
  return refuse(
    "schedule-text",
    'schedules: the text holds no schedule; emit("schedule") prints those chosen',
  );
}
