/** A whole program as an emitter sees it: kernels, and the calls of them at fixed places of one memory. */
import type { Buffer, Kernel } from "./kernel.js";
import { elementBytes } from "./types.js";

/**
 * One kernel call. `args` are byte offsets into memory: of each of the kernel's params, then of each of its locals. A
 * scratch local is the first worker's; those of the others follow, `scratchBytes` apart.
 */
export interface KernelCall {
  readonly kernel: string;
  readonly args: readonly number[];
}

/** A part of memory that is a buffer of its own where memory is many buffers. */
export interface Region {
  readonly offset: number;
  readonly bytes: number;
}

export interface KernelProgram {
  readonly name: string;
  readonly kernels: readonly Kernel[];
  /** Run once after the weights are in place: packing and everything else that depends on weights only. */
  readonly setup: readonly KernelCall[];
  readonly run: readonly KernelCall[];
  readonly memoryBytes: number;
  /** Left out: one worker, and no kernel has parallel loops that matter. */
  readonly threads?: Threads;
  /** Where memory is many buffers: all of them, one after another. No argument of a call reaches beyond its region. */
  readonly regions?: readonly Region[];
}

export interface Threads {
  /** Workers that memory is planned for. */
  readonly count: number;
  /** Byte offset of `controlBytes` bytes, 0 at the start, in which the workers wait for each other. */
  readonly control: number;
}

/** A cache line, and the one that processors fetch with it. */
export const lineBytes = 128;

/** Four words that are written often, a line each. */
export const controlBytes = 4 * lineBytes;

/** What one worker's part of a scratch buffer takes, so that no two workers write to one cache line. */
export function scratchBytes({ size, element }: Pick<Buffer, "size" | "element">): number {
  return Math.ceil((size * elementBytes(element)) / lineBytes) * lineBytes;
}
