/** What a pass is, what it may look at, and the error that names the pass that went wrong. */
import { InternalError } from "../ir/diagnostic.js";
import type { Graph } from "../ir/graph.js";
import type { Kernel } from "../ir/kernel.js";
import type { Target } from "../ir/target.js";

export interface PassContext {
  readonly target: Target;
  readonly precision: "default" | "highest";
}

interface PassInfo {
  /** Also the name of the pass's file, of its flag and of its folder of file tests. */
  readonly name: string;
  readonly summary: string;
  /** A required pass cannot be disabled. */
  readonly required: boolean;
  /** False where the pass may change the last bits of a result; it is then skipped at "highest". */
  readonly exact: boolean;
  /** Passes that must stand before this one in the table. */
  readonly after: readonly { readonly pass: string; readonly because: string }[];
}

/** `run` is pure and returns the very object it was given where nothing changed. */
export type GraphPass = PassInfo & {
  readonly level: "graph";
  readonly run: (graph: Graph, context: PassContext) => Graph;
};
export type KernelPass = PassInfo & {
  readonly level: "kernel";
  readonly run: (kernel: Kernel, context: PassContext) => Kernel;
};
export type Pass = GraphPass | KernelPass;

/** A pass threw, or its result does not verify. */
export class PassError extends InternalError {
  readonly pass: string;
  /** Text of a file that shows the failure again: the run line, then the IR the pass was given. */
  readonly repro: string;

  constructor(pass: string, message: string, repro: string, cause?: unknown) {
    super(`pass ${pass}: ${message}`, cause === undefined ? undefined : { cause });
    this.pass = pass;
    this.repro = repro;
  }
}
