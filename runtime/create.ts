/** What create() of a standalone bundle does: read the files beside it, start the artifact, set the weights. */
import type { Result } from "./binding.js";
import { ConfigError } from "./error.js";
import type { Executable, Instance } from "./executable.js";
import { createExecutable } from "./executable.js";
import { features } from "./features.js";
import type { Program } from "./program.js";
import type { JsFactory } from "./run-js.js";
import { instantiateJs } from "./run-js.js";
import type { WasmSource, WasmTarget } from "./run-wasm.js";
import { chooseWasm, instantiateWasm } from "./run-wasm.js";
import type { Tensor } from "./tensor.js";
import { weightArrays } from "./weights.js";

/** What a caller who has the files already hands over, so that nothing is read. */
export interface CreateOptions {
  /** A compiled .wasm of the bundle; where code may not be compiled, the only way. */
  readonly module?: WebAssembly.Module | undefined;
  /** The contents of the .weights.bin. */
  readonly weights?: ArrayBuffer | ArrayBufferView | undefined;
}

export type ReadBytes = () => Uint8Array | Promise<Uint8Array>;

export async function createFromJs<R extends Result = Tensor>(
  program: Program,
  factory: JsFactory,
  readWeights: ReadBytes,
  options: CreateOptions = {},
): Promise<Executable<R>> {
  checkOptions(program, options);
  const weights = options.weights ?? (await readWeights());
  return withWeights(program, instantiateJs(factory, program), weights, []);
}

/** `modules` holds a reader for each target, best first. */
export async function createFromWasm<R extends Result = Tensor>(
  program: Program,
  modules: Readonly<Partial<Record<WasmTarget, ReadBytes>>>,
  readWeights: ReadBytes,
  options: CreateOptions = {},
  instantiate: (source: WasmSource) => Promise<Instance> = instantiateWasm,
): Promise<Executable<R>> {
  checkOptions(program, options);
  const [choice, weights] = await Promise.all([
    options.module === undefined
      ? chooseWasm(Object.keys(modules) as WasmTarget[], (target) => modules[target]!())
      : { source: options.module, note: "runs the module given" },
    options.weights ?? readWeights(),
  ]);
  return withWeights(program, await instantiate(choice.source), weights, [choice.note]);
}

function withWeights<R extends Result>(
  program: Program,
  instance: Instance,
  weights: ArrayBuffer | ArrayBufferView,
  notes: readonly string[],
): Executable<R> {
  const executable = createExecutable<R>(program, instance, { notes });
  if (features.weights && program.weights.length > 0)
    executable.setWeights(weightArrays(program.weights, weights));
  return executable;
}

function checkOptions(program: Program, options: CreateOptions): void {
  for (const key of Object.keys(options))
    if (key !== "module" && key !== "weights")
      throw new ConfigError(
        "create-option",
        `${program.name}: create() takes module and weights, not ${key}`,
      );
}
