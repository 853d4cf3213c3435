/** What every command that compiles has in common: the model, its inputs and its parameters from the flags. */
import { basename, dirname, resolve } from "node:path";
import { readWeights } from "../compiler/checkpoint/read-weights.js";
import type { Variables } from "../compiler/checkpoint/tree.js";
import type { Built } from "../compiler/compile.js";
import { Compilation } from "../compiler/compile.js";
import type { BackendName, CompileOptions, Progress } from "../compiler/compile-options.js";
import { refuseMeasuring, resolveBackend } from "../compiler/compile-options.js";
import { emitStage } from "../compiler/emit-stage.js";
import { runnableTarget } from "../compiler/executable.js";
import { explain } from "../compiler/explain.js";
import type { InputSpec } from "../compiler/input-spec.js";
import type { Module } from "../compiler/nn/module.js";
import { key } from "../compiler/random/threefry.js";
import { isModule } from "../compiler/scope.js";
import type { TraceTarget } from "../compiler/trace.js";
import { InternalError } from "../ir/diagnostic.js";
import { ParseError, parseModule } from "../ir/parse.js";
import type { Schedule } from "../ir/schedule.js";
import { CheckpointError, ConfigError, ConvsmithError, UnsupportedError } from "../runtime/error.js";
import type { LoadedModel } from "./load-model.js";
import { loadModel, readUserFile, shortPath } from "./load-model.js";
import type { InputFlag, ModelFlags, OutputFlags, ParameterFlags } from "./options.js";
import type { Terminal } from "./terminal.js";
import { fileError, firstLine, UsageError } from "./terminal.js";
import { completeTuning, knownTuning } from "./tuning-file.js";

/** Specs by name where they have names, else in order. */
export type Specs = readonly InputSpec[] | Readonly<Record<string, InputSpec>>;

/** The specs that --input says. */
export function specsOf(flags: readonly InputFlag[]): Specs | undefined {
  if (flags.length === 0) return undefined;
  const named = flags.filter(({ name }) => name !== undefined);
  if (named.length === 0) return flags.map(({ shape, dtype }) => ({ shape, dtype }));
  if (named.length < flags.length)
    throw new UsageError("--input: name every input or none: --input lhs=1,8 --input rhs=8,2");
  const names = named.map(({ name }) => name!);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--input: "${twice}" is given twice`);
  return Object.fromEntries(named.map(({ name, shape, dtype }) => [name!, { shape, dtype }]));
}

/** The specs of --input, else those the model itself declares. */
function inputsFor(path: string, { inputs }: LoadedModel, flags: readonly InputFlag[]): Specs {
  const specs = specsOf(flags) ?? inputs;
  if (specs !== undefined) return specs;
  throw new UsageError(
    `--input is missing: ${basename(path)} does not say what it takes; e.g. --input 1,28,28,3`,
  );
}

/** Parameters from --weights, or made by the model's initialisers from --seed. */
export function variablesFor(
  path: string,
  { target }: LoadedModel,
  specs: Specs,
  { weights, seed }: ParameterFlags,
): Variables | undefined {
  if (weights !== undefined && seed !== undefined)
    throw new UsageError("--weights and --seed: give one of them");
  if (weights !== undefined) return weightsFrom(weights);
  if (seed === undefined) return undefined;
  if (!isModule(target)) return { params: {} };
  const module = target as Module & { readonly inputNames?: readonly string[] };
  const order = module.inputNames;
  const list = Array.isArray(specs)
    ? (specs as readonly InputSpec[])
    : (order ?? Object.keys(specs)).map((name) => (specs as Readonly<Record<string, InputSpec>>)[name]!);
  return userCode(path, () => module.init(key(seed), ...list));
}

export function weightsFrom(path: string): Variables {
  try {
    return readWeights(readUserFile(path));
  } catch (error) {
    const message = error instanceof Error ? `${path}: ${error.message.replace(/^checkpoint: /, "")}` : "";
    if (error instanceof CheckpointError) throw new CheckpointError(error.code, message);
    if (error instanceof UnsupportedError) throw new UnsupportedError(error.code, message);
    throw error;
  }
}

/** The --schedule file's schedules. */
function schedulesFrom(path: string): readonly Schedule[] {
  const text = new TextDecoder().decode(readUserFile(path));
  try {
    const { schedules } = parseModule(text);
    if (schedules.length > 0) return schedules;
  } catch (error) {
    if (error instanceof ParseError) throw fileError("schedule-file", path, firstLine(error.message));
    throw error;
  }
  throw fileError("schedule-file", path, "holds no schedule; inspect --emit schedule prints the chosen ones");
}

export interface Prepared {
  readonly target: TraceTarget;
  readonly options: CompileOptions<BackendName>;
}

/** The model, and compile options from the flags all compiling commands share. */
export async function prepareOptions(
  path: string,
  flags: ModelFlags,
  terminal: Terminal,
  more: { readonly name?: string; readonly seed?: number; readonly everyTarget?: boolean } = {},
): Promise<Prepared> {
  if (flags.tune && flags.backend === "wgsl") refuseMeasuring("--tune");
  const known = flags.tune ? knownTuning(flags.tune) : undefined;
  const model = await loadModel(path);
  const inputs = inputsFor(path, model, flags.input);
  const seed = flags.weights === undefined ? (flags.seed ?? more.seed) : flags.seed;
  const variables = variablesFor(path, model, inputs, { ...flags, seed });
  const options: CompileOptions<BackendName> = {
    inputs,
    variables,
    backend: resolveBackend(flags.backend),
    adapter: flags.adapter === "both" ? "gpu" : flags.adapter,
    precision: flags.precision,
    threads: flags.threads,
    // compile refuses algorithms it does not have.
    algorithm: flags.algorithm as CompileOptions["algorithm"],
    schedules: flags.schedule === undefined ? undefined : schedulesFrom(flags.schedule),
    name: more.name,
    strict: flags.strict,
    onWarning: warner(flags, terminal),
    onProgress: progress(flags, terminal),
    passes: { disable: flags.disable },
  };
  if (!flags.tune) return { target: model.target, options };
  const compilation = userCode(path, () => new Compilation(model.target, { ...options, tune: known }));
  const how = { every: more.everyTarget ?? false, quiet: flags.quiet };
  const tune = await completeTuning(flags.tune, compilation, how, terminal);
  return { target: model.target, options: { ...options, tune } };
}

/** The traced model, ready to be built. */
export async function prepare(
  path: string,
  flags: ModelFlags,
  terminal: Terminal,
  more: { readonly name?: string; readonly everyTarget?: boolean } = {},
): Promise<Compilation> {
  const { target, options } = await prepareOptions(path, flags, terminal, more);
  const compilation = userCode(path, () => new Compilation(target, options));
  if (!flags.quiet) for (const note of compilation.notes) terminal.note(`convsmith: note: ${note}\n`);
  return compilation;
}

export function warner({ quiet }: OutputFlags, terminal: Terminal): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (!quiet && !told.has(message)) terminal.note(`convsmith: warning: ${message}\n`);
    told.add(message);
  };
}

/** Runs code that calls the user's model: what that throws by itself is the user's mistake. */
export function userCode<R>(path: string, body: () => R): R {
  try {
    return body();
  } catch (error) {
    throw userMistake(path, error);
  }
}

export async function userAsync<R>(path: string, body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    throw userMistake(path, error);
  }
}

/** The error itself, or one that names the line of the model it was thrown at. */
function userMistake(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ConvsmithError || error instanceof InternalError)
    return error;
  const frame = /\n\s+at [^\n]*?((?:file:\/\/)?\/[^\n():]+):(\d+):\d+/.exec(error.stack ?? "");
  if (frame === null) return error;
  const file = frame[1]!.replace(/^file:\/\//, "");
  const folder = dirname(resolve(path));
  const own = resolve(import.meta.dirname, "..");
  const isModel =
    file.startsWith(`${folder}/`) &&
    !file.startsWith(`${own}/`) &&
    !file.slice(folder.length).includes("/node_modules/");
  if (!isModel) return error;
  return fileError("model-failed", `${shortPath(file)}:${frame[2]}`, `${error.name}: ${error.message}`);
}

/** Stages to standard error: a bar where somebody looks, lines with times at -v. */
function progress(
  { quiet, json, verbose }: OutputFlags,
  terminal: Terminal,
): ((at: Progress) => void) | undefined {
  const { progress: show } = terminal;
  const start = performance.now();
  if (verbose > 0)
    return ({ stage, done, total }) =>
      terminal.note(`${(performance.now() - start).toFixed(0).padStart(6)} ms  ${done}/${total} ${stage}\n`);
  if (quiet || json || show === undefined) return undefined;
  return ({ stage, done, total }) => show(stage, done, total);
}

/** The build this machine would run. */
export function buildHere(compilation: Compilation): Promise<Built> {
  return compilation.build(runnableTarget(compilation));
}

/** What -vv and more add: 2 schedules, 3 graphs, 4 kernels, 5 source. */
export async function tell(
  compilation: Compilation,
  built: Built,
  verbose: number,
  terminal: Terminal,
): Promise<void> {
  if (verbose < 2) return;
  const { layers } = explain(compilation, built);
  terminal.note(`${layers.map(({ schedule, why }) => `; ${why}\n${schedule}`).join("\n")}\n`);
  const source = built.artifact.kind === "js" ? "js" : "wat";
  for (const [level, stage] of [
    [3, "graph"],
    [4, "kernel"],
    [5, source],
  ] as const)
    if (verbose >= level) terminal.note(`${await emitStage(compilation, built, stage)}\n`);
}

/** Refuses a program whose parameters nobody gave. */
export function requireVariables(compilation: Compilation): void {
  if (compilation.needsVariables)
    throw new ConfigError(
      "weights-missing",
      `${compilation.name} has ${compilation.traced.params.length} parameters; give --weights FILE, or --seed N for fresh ones`,
    );
}
