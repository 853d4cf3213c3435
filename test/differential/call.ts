/** One convolution module on one input, as plain data: what the random tests run, compare and print. */
import type { CompileOptions } from "../../compiler/compile-options.js";
import type { Module, Variables } from "../../compiler/index.js";
import { Conv, ConvLocal, ConvTranspose, lax, nn, tensor } from "../../compiler/index.js";
import type { TracedFunction, TraceTarget } from "../../compiler/trace.js";
import { traceProgram } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import type { DType, Tensor } from "../../runtime/tensor.js";
import type { Everywhere, Way } from "../support/run-everywhere.js";
import { runOneWay } from "../support/run-everywhere.js";

type Maker = new (options: unknown) => Module & { call(x: Traced): Traced };

/** The convolution modules by name; options may be anything, also what their types forbid. */
export const moduleClasses = { Conv, ConvLocal, ConvTranspose } as unknown as Readonly<
  Record<"Conv" | "ConvLocal" | "ConvTranspose", Maker>
>;
export type ModuleName = keyof typeof moduleClasses;
export const modules = Object.keys(moduleClasses) as readonly ModuleName[];

export type Activation = "none" | "relu" | "tanh" | "gelu" | "sigmoid" | "leakyRelu";

export interface Call {
  readonly module: ModuleName;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: Tensor;
  readonly kernel: Tensor;
  readonly bias?: Tensor | undefined;
  readonly activation?: Activation | undefined;
  /** The result and the activated result are added. */
  readonly residual?: boolean | undefined;
  /** Parameters are constants of the program, or given after compilation. Default true. */
  readonly baked?: boolean | undefined;
}

/** Whether the compiler can compute in a dtype; one it can't is refused when the module is made. */
function supports(dtype: DType): boolean {
  try {
    new Conv({ features: 1, kernelSize: 1, dtype });
    return true;
  } catch {
    return false;
  }
}

/** Floating dtypes beside float32 that modules compute in. */
export const narrowDTypes: readonly DType[] = (["float16", "bfloat16"] as const).filter(supports);

export function makeModule(call: Pick<Call, "module" | "options">): InstanceType<Maker> {
  return new moduleClasses[call.module](call.options);
}

/** With nothing after it the module itself, else a function of a module made inside (its parameters under "NAME_0"). */
export function targetOf(call: Omit<Call, "input" | "kernel">): TraceTarget {
  const { activation = "none", residual = false } = call;
  if (activation === "none" && !residual) return makeModule(call);
  const model: TracedFunction = (x) => {
    const y = makeModule(call).call(x);
    const activated = activation === "none" ? y : nn[activation](y);
    return residual ? lax.add(activated, y) : activated;
  };
  return model;
}

export function variablesOf(call: Call): Variables {
  const { activation = "none", residual = false, kernel, bias } = call;
  const params = { kernel, ...(bias === undefined ? {} : { bias }) };
  return { params: activation === "none" && !residual ? params : { [`${call.module}_0`]: params } };
}

export interface Running {
  readonly precision?: "default" | "highest";
  readonly options?: Partial<CompileOptions>;
}

export function programOf(call: Call, { precision = "highest", options = {} }: Running = {}): Everywhere {
  return {
    target: targetOf(call),
    inputs: [call.input],
    variables: variablesOf(call),
    precision,
    baked: call.baked ?? true,
    options,
  };
}

/** The result of a call, run one way. */
export function run(call: Call, way: Way, running: Running = {}): Promise<Tensor> {
  return runOneWay(way, programOf(call, running));
}

/** The shapes of the kernel and bias a module asks for, and of its result. */
export function shapesOf(
  module: ModuleName,
  options: Readonly<Record<string, unknown>>,
  input: { readonly shape: readonly number[]; readonly dtype: DType },
): {
  readonly kernel: readonly number[];
  readonly bias: readonly number[] | null;
  readonly out: readonly number[];
} {
  const spec = { shape: input.shape, dtype: input.dtype };
  const { params, outputs } = traceProgram(makeModule({ module, options }), { inputs: [spec] });
  const named = (name: string) => params.find(({ path }) => path === name)?.shape;
  return { kernel: named("kernel")!, bias: named("bias") ?? null, out: outputs[0]!.shape };
}

/** A float32 tensor whose element at an index is what `value` says. */
export function build(shape: readonly number[], value: (at: readonly number[], i: number) => number): Tensor {
  const at = shape.map(() => 0);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return value(at, i);
  });
  return tensor(data, shape);
}
