/** jit(): compiles a model once per input shape, and keeps what it compiled. */
import type { Result, RunInput } from "../runtime/binding.js";
import type { Tensor } from "../runtime/tensor.js";
import type { Variables } from "./checkpoint/tree.js";
import { flattenParams } from "./checkpoint/tree.js";
import type { BackendName, CompileOptions } from "./compile-options.js";
import { checkCompileOptions } from "./compile-options.js";
import type { Executable } from "./executable.js";
import { compile } from "./executable.js";
import { isTensor } from "./option.js";
import { refuse } from "./refusal.js";
import type { TraceTarget } from "./trace.js";

export type JitOptions = Omit<CompileOptions, "inputs" | "variables">;

export interface Jitted<R extends Result = Tensor> {
  /** Runs the model; the first call for a shape compiles. Inputs are Tensors, whose shapes decide. */
  (variables: Variables, ...inputs: readonly Tensor[]): Promise<R>;
  /** How many shapes are compiled. */
  cacheSize(): number;
  /** Forgets everything compiled and every packed weight. */
  clear(): void;
}

interface Entry<R extends Result> {
  readonly executable: Promise<Executable<BackendName, R>>;
  /** Calls run one after another: each may change the weights. */
  queue: Promise<unknown>;
  /** The parameter Tensors the executable was last packed with. */
  packed: readonly Tensor[] | null;
}

/**
 * A function of variables and inputs that compiles itself for each new combination of input shapes and dtypes.
 *
 * Parameters are packed once per set of Tensor objects: after writing into their `data` in place, call `clear()`.
 *
 * @throws ConfigError on unknown options; what compile throws on the first call for a shape
 *
 * @example
 * const g = jit(new Conv({ features: 8, kernelSize: [3, 3] }));
 * const y = await g(variables, tensor(pixels, [1, 28, 28, 3]));
 */
export function jit<R extends Result = Tensor>(target: TraceTarget, options: JitOptions = {}): Jitted<R> {
  checkCompileOptions("jit", options);
  const cache = new Map<string, Entry<R>>();
  const entryFor = (inputs: readonly Tensor[]): Entry<R> => {
    const key = inputs.map((input) => `${input.dtype}[${input.shape.join()}]`).join(";");
    const known = cache.get(key);
    if (known !== undefined) return known;
    const specs = inputs.map(({ shape, dtype }) => ({ shape, dtype }));
    const entry: Entry<R> = {
      executable: compile<BackendName, R>(target, { ...options, inputs: specs }),
      queue: Promise.resolve(),
      packed: null,
    };
    cache.set(key, entry);
    entry.executable.catch(() => cache.delete(key));
    return entry;
  };
  const run = async (entry: Entry<R>, variables: Variables, inputs: readonly RunInput[]): Promise<R> => {
    const executable = await entry.executable;
    const tensors = [...flattenParams(variables.params ?? {}).values()];
    const same = entry.packed?.length === tensors.length && entry.packed.every((t, i) => t === tensors[i]);
    if (!same) {
      entry.packed = null;
      await executable.setVariables(variables);
      entry.packed = tensors;
    }
    return executable.run(...inputs);
  };
  const jitted = (variables: Variables, ...inputs: readonly Tensor[]): Promise<R> => {
    for (const input of inputs)
      if (!isTensor(input))
        refuse(
          "bad-inputs",
          "jit: inputs are Tensors, whose shapes decide what is compiled; use tensor(data, shape)",
        );
    const entry = entryFor(inputs);
    const result = entry.queue.then(() => run(entry, variables, inputs));
    entry.queue = result.catch(() => undefined);
    return result;
  };
  return Object.assign(jitted, {
    cacheSize: () => cache.size,
    clear: () => {
      for (const entry of cache.values()) entry.executable.then((e) => e.dispose()).catch(() => undefined);
      cache.clear();
    },
  });
}
