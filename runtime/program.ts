/** What an artifact says about itself: where inputs, outputs and weights lie in its memory. */
import type { DType } from "./tensor.js";

/** A dense tensor at a byte offset of the program's memory. */
export interface Slot {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly offset: number;
}

/** What `call` returned: one tensor (its number among the outputs), a tuple, or a record. */
export type OutputTree = number | readonly OutputTree[] | { readonly [name: string]: OutputTree };

export interface Program {
  readonly name: string;
  readonly backend: "js" | "wasm" | "wgsl";
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly outputTree: OutputTree;
  /** Parameters and folded constants, in the order of the weights file, where setup expects them. */
  readonly weights: readonly Slot[];
  readonly memoryBytes: number;
  /** Workers that share the memory; left out where there is one. */
  readonly threads?: number;
}
