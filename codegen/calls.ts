/** Which functions an artifact needs: the kernels a program calls, kernels that are the same made one. */
import { InternalError } from "../ir/diagnostic.js";
import type { Kernel } from "../ir/kernel.js";
import type { KernelCall, KernelProgram } from "../ir/program.js";
import type { ElementType } from "../ir/types.js";
import { stmtsKey } from "../ir/visit.js";

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
  const byMeaning = new Map<string, Kernel>();
  const resolved = new Map<string, Kernel>();
  const one = (call: KernelCall): CallOf => {
    const named = byName.get(call.kernel);
    if (named === undefined) throw new InternalError(`program ${program.name} has no kernel ${call.kernel}`);
    if (call.args.length !== kernelArguments(named).length)
      throw new InternalError(`kernel ${call.kernel} called with ${call.args.length} arguments`);
    let kernel = resolved.get(call.kernel);
    if (kernel === undefined) {
      const meaning = meaningOf(named);
      kernel = byMeaning.get(meaning) ?? named;
      byMeaning.set(meaning, kernel);
      resolved.set(call.kernel, kernel);
    }
    return { kernel, args: call.args };
  };
  const setup = program.setup.map(one);
  const run = program.run.map(one);
  return { kernels: [...byMeaning.values()], setup, run };
}

/** Equal for kernels whose functions would be equal: their name, and sizes and rights of buffers, play no part. */
function meaningOf(kernel: Kernel): string {
  const buffers = [...kernel.params, ...kernel.locals].map(({ name, element }) => `${name}:${element}`);
  return [buffers.join(), kernel.params.length, ...kernel.nests.map((nest) => stmtsKey(nest.body))].join(
    "\n",
  );
}
