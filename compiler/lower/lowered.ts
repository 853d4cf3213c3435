/** What a lowering makes of one node: loop nests over parameters, every loop serial. */
import type { Kernel, Parameter } from "../../ir/kernel.js";
import type { LoopNest } from "../schedule/loop-nest.js";
import { buildNest } from "../schedule/loop-nest.js";

export interface LoweredKernel {
  readonly name: string;
  /** The node's operands in order, then its result. */
  readonly params: readonly Parameter[];
  readonly nests: readonly LoopNest[];
  /** Multiply-adds by the definition, padding included. */
  readonly macs: number;
}

/** The naive kernel: serial loops, gates, one statement a nest. */
export function naiveKernel(lowered: LoweredKernel): Kernel {
  return { name: lowered.name, params: lowered.params, locals: [], nests: lowered.nests.map(buildNest) };
}
