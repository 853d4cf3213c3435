/** The backends: printers of the kernel IR, each loaded on first use. */
import type { KernelProgram } from "../ir/program.js";
import type { AdapterClass, Target } from "../ir/target.js";

/**
 * js: the text of an arrow function `(memory: ArrayBuffer) => ({ setup(): void, run(): void })` that uses no global but
 * the language's own. wasm: a module that exports `memory` (sized exactly, never growing), `setup` and `run`.
 */
export type Artifact =
  | { readonly kind: "js"; readonly target: Target; readonly source: string }
  | { readonly kind: "wasm"; readonly target: Target; readonly bytes: Uint8Array }
  | { readonly kind: "wgsl"; readonly target: Target; readonly program: GpuProgram };

/** Shaders with an entry point `main` each, and what to dispatch once and in every run. */
export interface GpuProgram {
  readonly target: `wgsl-${AdapterClass}`;
  /** Bytes of each buffer, in whole words: of inputs, outputs and weights in order, then of temporaries. */
  readonly sizes: readonly number[];
  readonly shaders: readonly string[];
  readonly setup: readonly Dispatch[];
  readonly run: readonly Dispatch[];
}

export interface Dispatch {
  readonly shader: number;
  /** Numbers of buffers, one for each binding of group 0. */
  readonly buffers: readonly number[];
  readonly groups: readonly [x: number, y: number];
}

/** Pure and deterministic: the same program gives the same bytes. */
export type Emit = (program: KernelProgram, target: Target) => Promise<Artifact>;

export const backends: Readonly<Record<Target["backend"], () => Promise<Emit>>> = {
  js: async () => (await import("./js.js")).emitJs,
  wasm: async () => (await import("./wasm.js")).emitWasm,
  wgsl: async () => (await import("./wgsl.js")).emitWgsl,
};
