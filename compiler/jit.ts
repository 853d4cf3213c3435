/** jit(): compiles a model once per input shape, and keeps what it compiled. */
import type { Result, RunInput } from "../runtime/binding.js";
import type { Tensor } from "../runtime/tensor.js";
import type { Variables } from "./checkpoint/tree.js";
import { flattenParams } from "./checkpoint/tree.js";
import { Compilation } from "./compile.js";
import type { BackendName, CompileOptions } from "./compile-options.js";
import { checkCompileOptions } from "./compile-options.js";
import type { Executable, ResultOf } from "./executable.js";
import { executableOf } from "./executable.js";
import { isWholeTensor } from "./option.js";
import { refuse } from "./refusal.js";
import type { GivenDTypes, TraceTarget } from "./trace.js";
import { dtypesOf } from "./trace.js";

export type JitOptions = Omit<CompileOptions, "inputs" | "variables">;

export interface Jitted<R = Tensor> {
  /** Runs the model; the first call for a shape compiles. Inputs are Tensors, whose shapes decide. */
  (variables: Variables, ...inputs: readonly Tensor[]): Promise<R>;
  /** How many shapes are compiled. */
  cacheSize(): number;
  /** Forgets everything compiled and every packed weight. */
  clear(): void;
}

interface Entry {
  readonly executable: Promise<Executable<BackendName, Result>>;
  /** Calls run one after another: each may change the weights. */
  queue: Promise<unknown>;
  /** The parameter Tensors the executable was last packed with. */
  packed: ReadonlyMap<string, Tensor> | null;
}

/**
 * A function of variables and inputs that compiles itself for each new combination of input shapes, and of dtypes of
 * inputs and parameters.
 *
 * Parameters are packed once per set of Tensor objects: after writing into their `data` in place, call `clear()`.
 *
 * @throws ConfigError on unknown options; what compile throws on the first call for a shape
 *
 * @example
 * const g = jit(new Conv({ features: 8, kernelSize: [3, 3] }));
 * const y = await g(variables, tensor(pixels, [1, 28, 28, 3]));
 */
export function jit<T extends TraceTarget>(target: T, options?: JitOptions): Jitted<ResultOf<T>>;
export function jit<R = Tensor>(target: TraceTarget, options?: JitOptions): Jitted<R>;
export function jit(target: TraceTarget, options: JitOptions = {}): Jitted<Result> {
  checkCompileOptions("jit", options);
  const cache = new Map<string, Entry>();
  const entryFor = (variables: Variables, inputs: readonly Tensor[]): Entry => {
    const given = dtypesOf(variables);
    const shapes = inputs.map((input) => `${input.dtype}[${input.shape.join()}]`);
    const narrow = [...given].filter(([, dtype]) => dtype !== "float32");
    const key = JSON.stringify([shapes, narrow]);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const specs = inputs.map(({ shape, dtype }) => ({ shape, dtype }));
    const entry: Entry = {
      executable: executableFor(target, { ...options, inputs: specs }, given),
      queue: Promise.resolve(),
      packed: null,
    };
    cache.set(key, entry);
    entry.executable.catch(() => cache.get(key) === entry && cache.delete(key));
    return entry;
  };
  const run = async (entry: Entry, variables: Variables, inputs: readonly RunInput[]): Promise<Result> => {
    const executable = await entry.executable;
    const tensors = tensorsOf(variables);
    if (tensors === null || !samePacked(entry.packed, tensors)) {
      entry.packed = null;
      await executable.setVariables(variables);
      entry.packed = tensors;
    }
    return executable.run(...inputs);
  };
  const jitted = async (variables: Variables, ...inputs: readonly Tensor[]): Promise<Result> => {
    for (const input of inputs)
      if (!isWholeTensor(input))
        refuse(
          "bad-inputs",
          "jit: inputs are Tensors whose data has the length and array type that shape and dtype say; use tensor(data, shape)",
        );
    const entry = entryFor(variables, inputs);
    const result = entry.queue.then(() => run(entry, variables, inputs));
    entry.queue = result.catch(() => undefined);
    return result;
  };
  return Object.assign(jitted, {
    cacheSize: () => cache.size,
    clear: () => {
      // Calls that are under way still get their results.
      for (const { executable, queue } of cache.values())
        queue.then(async () => (await executable).dispose()).catch(() => undefined);
      cache.clear();
    },
  });
}

async function executableFor(
  target: TraceTarget,
  options: CompileOptions,
  given: GivenDTypes,
): Promise<Executable<BackendName, Result>> {
  return executableOf(new Compilation(target, options, given));
}

/** The parameter Tensors by path; null where the variables are no tree, which setVariables refuses. */
function tensorsOf(variables: Variables): ReadonlyMap<string, Tensor> | null {
  const { params } = Object(variables) as Variables;
  return typeof params === "object" && params !== null ? flattenParams(params) : null;
}

function samePacked(packed: Entry["packed"], tensors: ReadonlyMap<string, Tensor>): boolean {
  return packed?.size === tensors.size && [...tensors].every(([path, t]) => packed.get(path) === t);
}
