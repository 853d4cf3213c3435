/** compile(): a compilation bound to memory in this process, with everything that can be asked of it. */
import type { Artifact } from "../codegen/backend.js";
import { bundle } from "../codegen/bundle.js";
import type { AdapterClass, TargetName } from "../ir/target.js";
import type { OutArrays, Result, RunInput, RunInputs, View } from "../runtime/binding.js";
import { ConfigError, UnsupportedError } from "../runtime/error.js";
import type { Instance, Executable as RuntimeExecutable } from "../runtime/executable.js";
import { createExecutable } from "../runtime/executable.js";
import type { GpuRunInput, GpuRunInputs, GpuRunOptions, GpuTensor } from "../runtime/gpu-executable.js";
import { createGpuExecutable } from "../runtime/gpu-executable.js";
import type { JsFactory } from "../runtime/run-js.js";
import { instantiateJs } from "../runtime/run-js.js";
import { instantiateWasm } from "../runtime/run-wasm.js";
import { instantiateGpu } from "../runtime/run-wgsl.js";
import type { Tensor, TypedArray } from "../runtime/tensor.js";
import type { ThreadedInstance } from "../runtime/threads.js";
import { instantiateThreads, nothingToShare, withWorkers } from "../runtime/threads.js";
import { weightsBlob } from "../runtime/weights.js";
import { makeFromSource } from "../runtime/worker-source.js";
import { chooseBackend } from "./auto.js";
import type { Variables } from "./checkpoint/tree.js";
import type { Built } from "./compile.js";
import { Compilation, weightData } from "./compile.js";
import type { AnyBackend, BackendName, CompileOptions } from "./compile-options.js";
import { engineRuns, hasWasm } from "./compile-options.js";
import type { EmitStage } from "./emit-stage.js";
import { emitStage } from "./emit-stage.js";
import type { Explanation } from "./explain.js";
import { explain, explanationText } from "./explain.js";
import { adapterOf, gpuAfterLoss, gpuFor } from "./gpu.js";
import { booleanOption, checkOptions, show } from "./option.js";
import { refuse } from "./refusal.js";
import type { TracedOutput, TraceTarget } from "./trace.js";
import type { Traced } from "./traced.js";
import type { Tuning } from "./tune/tuning.js";
import { tuningHash, tuningOf } from "./tune/tuning.js";
import { version } from "./version.js";

export interface BundleRequest {
  /** Of the files; by default the program's name. */
  readonly name?: string | undefined;
  /** Put everything inside the .mjs. */
  readonly inline?: boolean | undefined;
  /** wgsl: what schedules the bundle holds; "both" lets create() choose by the adapter it finds. */
  readonly adapter?: AdapterClass | "both" | undefined;
  /** wgsl: whether inputs take images besides, which costs 1 KB; false by default. */
  readonly images?: boolean | undefined;
}

/** What every backend's program can do. */
interface AnyExecutable<B, R> {
  /** What "auto" became. */
  readonly backend: B;
  readonly notes: readonly string[];
  /** Runs on copies of the inputs; overlapping calls queue. Results belong to the caller. */
  run(...args: readonly (RunInput | RunInputs | OutArrays)[]): Promise<R>;
  /** Gives the parameters (again) and packs them once. Where others were baked in, this compiles again. */
  setVariables(variables: Variables): Promise<void>;
  /** The measured choices it was compiled with: what `tune` takes, and as JSON a tuning file. Empty without `tune`. */
  readonly tuning: Tuning;
  explain(): string;
  explain(options: { readonly json: true }): Explanation;
  /** The files of a standalone bundle, by name. */
  bundle(request?: BundleRequest): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Any stage of the compilation as text. */
  emit(stage: EmitStage): Promise<string>;
  /** Lets go of the memory; every method throws ConfigError `disposed` from then on. */
  dispose(): void;
}

/** What programs in this process's own memory can do besides. */
interface HostExecutable<B, R> extends AnyExecutable<B, R> {
  /** Views on the program's memory, valid until dispose(). */
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  /** As run, at once; the last argument may be the array to write into, and then nothing is allocated. */
  runSync(...args: readonly (RunInput | RunInputs | OutArrays)[]): R;
  /** Computes outputs[].data from inputs[].data; allocates nothing. */
  invoke(): void;
}

/** What programs on a GPU can do besides: inputs may be buffers of the device or images, results buffers. */
interface DeviceExecutable<B, R> extends AnyExecutable<B, R> {
  /** With `{ output: "gpu" }` as the last argument results stay on the device, the program's until its next run. */
  run(...args: readonly [...(GpuRunInput | GpuRunInputs)[], GpuRunOptions]): Promise<OnDevice<R>>;
  run(...args: readonly (GpuRunInput | GpuRunInputs | OutArrays)[]): Promise<R>;
}

/** GpuTensors in the form of the results. */
export type OnDevice<R> = R extends Tensor ? GpuTensor : { readonly [K in keyof R]: OnDevice<R[K]> };

/** A compiled program, ready to run. `R` is what the model returns. On "wgsl" there is no runSync, invoke or views. */
export type Executable<B extends AnyBackend = BackendName, R = Tensor> = [B] extends [BackendName]
  ? HostExecutable<B, R>
  : [B] extends ["wgsl"]
    ? DeviceExecutable<B, R>
    : AnyExecutable<B, R>;

/** What a program of a model returns: a Tensor for each traced value, in the form the model returns them. */
export type ResultOf<T> = T extends (...inputs: never[]) => infer O
  ? TensorsOf<O>
  : T extends { call(...inputs: never[]): infer O }
    ? TensorsOf<O>
    : Tensor;

/** One Tensor where the form is not known. */
type TensorsOf<O> = TracedOutput extends O
  ? Tensor
  : O extends Traced
    ? Tensor
    : { readonly [K in keyof O]: TensorsOf<O[K]> };

/**
 * Compiles a model for fixed input shapes.
 *
 * @param target a Module, or a function of traced values
 * @param options `inputs` is required: one spec per input. With `variables` the parameters are baked in
 * @returns an executable that owns its memory until dispose(); its type knows the backend asked for and the form of
 * what the model returns
 * @throws ConfigError, ShapeError, CheckpointError or UnsupportedError, before anything runs
 *
 * @example
 * const conv = new Conv({ features: 8, kernelSize: [3, 3] });
 * const f = await compile(conv, { inputs: [[1, 28, 28, 3]], variables: conv.init(key(0), [1, 28, 28, 3]) });
 * const y = await f.run(new Float32Array(28 * 28 * 3));   // float32[1,28,28,8]
 */
export function compile<T extends TraceTarget>(
  target: T,
  options: CompileOptions & { readonly backend: "wgsl" },
): Promise<Executable<"wgsl", ResultOf<T>>>;
export function compile<T extends TraceTarget>(
  target: T,
  options: CompileOptions & { readonly backend: "auto" },
): Promise<Executable<AnyBackend, ResultOf<T>>>;
export function compile<B extends BackendName = BackendName, T extends TraceTarget = TraceTarget>(
  target: T,
  options: CompileOptions<B>,
): Promise<Executable<B, ResultOf<T>>>;
export function compile<B extends BackendName = BackendName, R = Tensor>(
  target: TraceTarget,
  options: CompileOptions<B>,
): Promise<Executable<B, R>>;
export async function compile(target: TraceTarget, options: CompileOptions): Promise<unknown> {
  return executableOf(new Compilation(target, options));
}

/** What compile returns, its type known to whoever asks. */
export async function executableOf<R>(compilation: Compilation): Promise<Executable<BackendName, R>> {
  if (compilation.options.backend === "auto") return executableOf(await chooseBackend(compilation));
  if (compilation.backend === "wgsl")
    return (await gpuExecutableOf(compilation)) as unknown as Executable<BackendName, R>;
  const { built, note, threaded } = await instantiate(compilation);
  const notes = [...compilation.notes, note];
  const executable = withWorkers(
    createExecutable<Result>(built.program, threaded.instance, { notes }),
    threaded,
  );
  if (!compilation.needsVariables && built.program.weights.length > 0)
    executable.setWeights(weightData(built, new Map()));
  return withCompiler({ compilation, built }, executable) as unknown as Executable<BackendName, R>;
}

interface Compiled {
  readonly compilation: Compilation;
  readonly built: Built;
}

/** A program on the device the options name, or on one that is found. */
async function gpuExecutableOf(asked: Compilation): Promise<AnyExecutable<"wgsl", Result>> {
  const { device, adapter } = asked.options;
  const found = await gpuFor(device);
  const compilation = asked.withAdapter(adapterOf(found, adapter));
  const built = await compilation.build(compilation.targets[0]!);
  const { artifact, program } = built;
  if (artifact.kind !== "wgsl") throw new UnsupportedError("backend-unsupported", "no wgsl was emitted");
  const first = await instantiateGpu(artifact.program, found.device, false);
  const start = async () => instantiateGpu(artifact.program, (await gpuAfterLoss(device)).device, false);
  const notes = [...compilation.notes, `runs ${built.target}`];
  const executable = createGpuExecutable<Result>(program, first, start, notes);
  const setWeights = (arrays: readonly TypedArray[]): void =>
    executable.setWeights(weightsBlob(program.weights, arrays));
  if (!compilation.needsVariables || program.weights.length === 0) setWeights(weightData(built, new Map()));
  let disposed = false;
  const check = (): void => {
    if (disposed) throw new ConfigError("disposed", `${program.name}: used after dispose()`);
  };
  const methods = compilerMethods({ compilation, built }, { setWeights }, check);
  return {
    ...methods,
    get tuning() {
      return methods.tuning;
    },
    backend: "wgsl",
    notes: executable.notes,
    run: executable.run,
    dispose() {
      executable.dispose();
      disposed = true;
    },
  };
}

function withCompiler(
  compiled: Compiled,
  executable: RuntimeExecutable<Result>,
): HostExecutable<BackendName, Result> {
  const methods = compilerMethods(compiled, executable, () => void executable.inputs);
  return {
    ...methods,
    get tuning() {
      return methods.tuning;
    },
    backend: executable.backend as BackendName,
    notes: executable.notes,
    get inputs() {
      return executable.inputs;
    },
    get outputs() {
      return executable.outputs;
    },
    run: executable.run,
    runSync: executable.runSync,
    invoke: executable.invoke,
    dispose: executable.dispose,
  };
}

type CompilerMethods = Pick<
  AnyExecutable<unknown, unknown>,
  "setVariables" | "tuning" | "explain" | "bundle" | "emit"
>;

/** What an executable that knows its compilation can do besides; `check` throws after dispose(). */
function compilerMethods(
  compiled: Compiled,
  executable: Pick<RuntimeExecutable, "setWeights">,
  check: () => void,
): CompilerMethods {
  let current = compiled;
  let { variables } = compiled.compilation.options;
  const live = (): Compiled => {
    check();
    return current;
  };
  function explainBuilt(): string;
  function explainBuilt(options: { readonly json: true }): Explanation;
  function explainBuilt(options?: { readonly json?: boolean }): string | Explanation {
    const { compilation, built } = live();
    const explanation = explain(compilation, built);
    return options?.json === true ? explanation : explanationText(explanation);
  }
  return {
    async setVariables(given) {
      const { compilation, built } = live();
      if (compilation.options.variables === undefined) {
        executable.setWeights(weightData(built, compilation.checkVariables(given)));
      } else {
        const next = await rebuilt(current, given);
        executable.setWeights(weightData(next.built, new Map()));
        current = next;
      }
      variables = given;
    },
    get tuning() {
      return live().compilation.tuning;
    },
    explain: explainBuilt,
    bundle: async (request = {}) => bundleOf(live().compilation, variables, request),
    emit: async (stage) => emitStage(live().compilation, live().built, stage),
  };
}

/** The program with other variables baked in. Its code is the same, so that the memory and its views can stay. */
async function rebuilt({ compilation, built }: Compiled, variables: Variables): Promise<Compiled> {
  const again = compilation.withVariables(variables);
  const next = await again.build(built.target);
  if (!sameCode(built.artifact, next.artifact))
    refuse(
      "variables-baked",
      `${compilation.name}: its code depends on the variables baked in; compile again with these, or compile without variables`,
    );
  return { compilation: again, built: next };
}

function sameCode(a: Artifact, b: Artifact): boolean {
  switch (a.kind) {
    case "js":
      return b.kind === "js" && a.source === b.source;
    case "wasm":
      return (
        b.kind === "wasm" &&
        a.bytes.length === b.bytes.length &&
        a.bytes.every((byte, i) => byte === b.bytes[i])
      );
    case "wgsl":
      return b.kind === "wgsl" && JSON.stringify(a.program) === JSON.stringify(b.program);
    default:
      return a satisfies never;
  }
}

/** The files of a bundle; every target of the backend is built for it. */
export async function bundleOf(
  compilation: Compilation,
  variables: Variables | undefined,
  request: BundleRequest,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const name = checkRequest(request) ?? compilation.name;
  if (!/^[^/\\\0]+$/.test(name))
    refuse("bad-option", `bundle: name is ${show(name)}; it must be a file name without a folder`);
  if (variables === undefined && compilation.needsVariables)
    throw new ConfigError(
      "weights-missing",
      `${compilation.name}: a bundle holds its parameters; compile with variables or call setVariables first`,
    );
  const all = await buildsFor(compilation, request);
  const first = all[0]!;
  const values = variables === undefined ? new Map<string, Tensor>() : compilation.checkVariables(variables);
  const { program, planned } = first;
  const threads = all.find((built) => built.program.threads !== undefined)?.program.threads;
  return bundle({
    name,
    program: {
      ...program,
      name,
      ...(threads === undefined ? {} : { threads }),
      memoryBytes: Math.max(...all.map((built) => built.program.memoryBytes)),
    },
    artifacts: all.map((built) => built.artifact),
    weights: weightsBlob(program.weights, weightData(first, values)),
    inline: request.inline ?? false,
    images: request.images ?? false,
    compilerVersion: version,
    tuning: usedTuning(all),
    macs: planned.layers.reduce((sum, layer) => sum + layer.macs, 0),
  });
}

/** Every target of the backend; of wgsl, the classes of adapters asked for. */
function buildsFor(compilation: Compilation, { adapter }: BundleRequest): Promise<readonly Built[]> {
  if (compilation.backend !== "wgsl" || adapter === undefined) return compilation.buildAll();
  const classes = adapter === "both" ? (["gpu", "software"] as const) : [adapter];
  return Promise.all(classes.map((each) => compilation.build(`wgsl-${each}`)));
}

/** The hash of the measured choices that decided something; undefined where none did. */
function usedTuning(all: readonly Built[]): string | undefined {
  const used = all.flatMap(({ planned }) => planned.layers.flatMap(({ tuned }) => tuned ?? []));
  return used.length === 0 ? undefined : tuningHash(tuningOf(used));
}

/** The name asked for. */
function checkRequest(request: BundleRequest): string | undefined {
  checkOptions("bundle", request, ["name", "inline", "adapter", "images"]);
  const { name, inline, adapter, images } = request;
  if (adapter !== undefined && !["gpu", "software", "both"].includes(adapter))
    refuse("bad-option", `bundle: adapter is ${show(adapter)}; it must be "gpu", "software" or "both"`);
  if (name !== undefined && typeof name !== "string")
    refuse("bad-option", `bundle: name is ${show(name)}; it must be a string`);
  if (inline !== undefined) booleanOption("bundle", "inline", inline);
  if (images !== undefined) booleanOption("bundle", "images", images);
  return name;
}

/** The best of a compilation's targets that this engine runs. */
export function runnableTarget({ targets }: Compilation): TargetName {
  return targets.find(engineRuns) ?? targets.at(-1)!;
}

interface Instantiated {
  readonly built: Built;
  readonly note: string;
  readonly threaded: ThreadedInstance;
}

/** Builds the best target this engine runs, binds it to memory and starts its workers. */
async function instantiate(compilation: Compilation): Promise<Instantiated> {
  if (compilation.backend === "js") {
    const built = await compilation.build(compilation.targets[0]!);
    const instance = instantiateJs(jsFactory(built), built.program);
    return { built, note: `runs ${built.target}`, threaded: onOneThread(instance) };
  }
  if (!hasWasm())
    throw new UnsupportedError(
      "wasm-missing",
      'this engine has no WebAssembly SIMD; compile with backend "js"',
    );
  const target = runnableTarget(compilation);
  const built = await compilation.build(target);
  return { built, note: `runs ${target}`, threaded: await instantiateBuilt(built, compilation.threads) };
}

/** A wasm program in this process, with the workers it was built for; `threads` is how many were asked for. */
export async function instantiateBuilt(
  { artifact, program }: Pick<Built, "artifact" | "program">,
  threads: number,
): Promise<ThreadedInstance> {
  if (artifact.kind !== "wasm") throw new UnsupportedError("backend-unsupported", "no wasm was emitted");
  if (program.threads !== undefined) return instantiateThreads(artifact.bytes, program, makeFromSource);
  const notes = threads === 1 ? [] : [nothingToShare(threads)];
  return onOneThread(await instantiateWasm(artifact.bytes), notes);
}

function onOneThread(instance: Instance, notes: readonly string[] = []): ThreadedInstance {
  return { instance, notes, end: () => {} };
}

function jsFactory(built: Built): JsFactory {
  if (built.artifact.kind !== "js") throw new UnsupportedError("backend-unsupported", "no js was emitted");
  try {
    return new Function(`return ${built.artifact.source}`)() as JsFactory;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    throw new UnsupportedError(
      "code-generation-blocked",
      "this page forbids making code from text (CSP), which compile with backend js does; write a bundle with bundle() or `convsmith compile` instead, which does not",
    );
  }
}
