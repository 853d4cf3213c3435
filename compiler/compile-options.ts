/** The options of compile(), checked and completed. */

import { parseSchedule } from "../ir/parse.js";
import type { Schedule } from "../ir/schedule.js";
import type { TargetName } from "../ir/target.js";
import { UnsupportedError } from "../runtime/error.js";
import type { Variables } from "./checkpoint/tree.js";
import type { InputSpecs } from "./input-spec.js";
import { checkOptions, didYouMean, show } from "./option.js";
import { refuse } from "./refusal.js";
import type { PassOptions } from "./run-passes.js";

export type BackendName = "js" | "wasm";

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
  /** "auto" takes wasm where it compiles, else js. */
  readonly backend?: B | "auto" | "wgsl" | undefined;
  /** Worker threads; one today, more are a note and run as one. */
  readonly threads?: number | undefined;
  /** "highest": the same bits on every backend, no fused multiply-add. */
  readonly precision?: "default" | "highest" | undefined;
  /** "auto" and "direct" are the same until there is another algorithm. */
  readonly algorithm?: "auto" | "direct" | undefined;
  /** Schedules to use instead of chosen ones, as text or data, each for the kernel it names. */
  readonly schedules?: string | readonly (Schedule | string)[] | undefined;
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
  "precision",
  "algorithm",
  "schedules",
  "name",
  "onProgress",
  "onWarning",
  "strict",
  "passes",
] as const satisfies readonly (keyof CompileOptions)[];

export function checkCompileOptions(owner: string, options: unknown): void {
  checkOptions(owner, options, known, owner === "compile" ? ["inputs"] : []);
  const { backend, precision, algorithm, threads } = options as CompileOptions;
  oneOf(owner, "backend", backend, ["js", "wasm", "wgsl", "auto"]);
  oneOf(owner, "precision", precision, ["default", "highest"]);
  oneOf(owner, "algorithm", algorithm, ["auto", "direct"]);
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1))
    refuse("bad-option", `${owner}: threads is ${show(threads)}; it must be a positive integer`);
}

function oneOf(owner: string, option: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || (typeof value === "string" && allowed.includes(value))) return;
  const hint =
    typeof value === "string"
      ? didYouMean(value, allowed)
      : `${show(value)} is not one of ${allowed.join(", ")}`;
  refuse("bad-option", `${owner}: ${option} ${hint}`);
}

/** The backend to compile for; auto is wasm where WebAssembly is, else js. */
export function resolveBackend(backend: CompileOptions["backend"]): BackendName {
  if (backend === "js" || backend === "wasm") return backend;
  if (backend === "wgsl")
    throw new UnsupportedError(
      "backend-unsupported",
      'backend "wgsl" is not available yet; use "wasm" or "js"',
    );
  return typeof WebAssembly === "object" ? "wasm" : "js";
}

/** The targets of a backend at a precision, best first. */
export function targetsOf(backend: BackendName, precision: "default" | "highest"): readonly TargetName[] {
  switch (backend) {
    case "js":
      return precision === "highest" ? ["js"] : ["js-wide"];
    case "wasm":
      return precision === "highest" ? ["wasm-simd"] : ["wasm-relaxed", "wasm-simd"];
    default:
      return backend satisfies never;
  }
}

/** Schedules given by hand, by the kernel they are for. */
export function handSchedules(given: CompileOptions["schedules"]): ReadonlyMap<string, Schedule> {
  const list = given === undefined ? [] : typeof given === "string" ? [given] : given;
  return new Map(
    list.map((item) => {
      const schedule = typeof item === "string" ? parseSchedule(item) : item;
      return [schedule.kernel, schedule];
    }),
  );
}
