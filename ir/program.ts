/** A whole program as an emitter sees it: kernels, and the calls of them at fixed places of one memory. */
import type { Kernel } from "./kernel.js";

/** One kernel call. `args` are byte offsets into memory: of each of the kernel's params, then of each of its locals. */
export interface KernelCall {
  readonly kernel: string;
  readonly args: readonly number[];
}

export interface KernelProgram {
  readonly name: string;
  readonly kernels: readonly Kernel[];
  /** Run once after the weights are in place: packing and everything else that depends on weights only. */
  readonly setup: readonly KernelCall[];
  readonly run: readonly KernelCall[];
  readonly memoryBytes: number;
}
