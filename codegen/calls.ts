/** Which functions an artifact needs: the kernels a program calls, kernels that are the same made one. */
import { InternalError } from "../ir/diagnostic.js";
import type { Kernel } from "../ir/kernel.js";
import { KernelSet } from "../ir/kernel-set.js";
import type { KernelCall, KernelProgram } from "../ir/program.js";
import type { ElementType } from "../ir/types.js";

/** A buffer a kernel's function takes: a parameter or an intermediate. */
export interface Argument {
  readonly name: string;
  readonly element: ElementType;
  readonly size: number;
}

export interface CallOf {
  readonly kernel: Kernel;
  readonly args: readonly number[];
}

export interface Calls {
  /** In order of first call; the calls below name no other. */
  readonly kernels: readonly Kernel[];
  readonly setup: readonly CallOf[];
  readonly run: readonly CallOf[];
}

/** What a kernel's function takes, in the order of `KernelCall.args`. */
export function kernelArguments(kernel: Kernel): readonly Argument[] {
  return [...kernel.params, ...kernel.locals];
}

export function resolveCalls(program: KernelProgram): Calls {
  const byName = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
  const distinct = new KernelSet(argumentsKey);
  const resolved = new Map<string, Kernel>();
  const one = (call: KernelCall): CallOf => {
    const named = byName.get(call.kernel);
    if (named === undefined) throw new InternalError(`program ${program.name} has no kernel ${call.kernel}`);
    if (call.args.length !== kernelArguments(named).length)
      throw new InternalError(`kernel ${call.kernel} called with ${call.args.length} arguments`);
    let kernel = resolved.get(call.kernel);
    if (kernel === undefined) {
      kernel = distinct.add(named);
      resolved.set(call.kernel, kernel);
    }
    return { kernel, args: call.args };
  };
  const setup = program.setup.map(one);
  const run = program.run.map(one);
  return { kernels: distinct.kernels, setup, run };
}

/** What a function takes; sizes and rights of buffers play no part in its code. */
function argumentsKey({ params, locals }: Kernel): string {
  return `${params.length} ${[...params, ...locals].map(({ name, element }) => `${name}:${element}`).join()}`;
}
