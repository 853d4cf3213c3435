/** The backends: printers of the kernel IR, each loaded on first use. */
import type { KernelProgram } from "../ir/program.js";
import type { Target } from "../ir/target.js";

/**
 * js: the text of an arrow function `(memory: ArrayBuffer) => ({ setup(): void, run(): void })` that uses no global but
 * the language's own. wasm: a module that exports `memory` (sized exactly, never growing), `setup` and `run`.
 */
export type Artifact =
  | { readonly kind: "js"; readonly target: Target; readonly source: string }
  | { readonly kind: "wasm"; readonly target: Target; readonly bytes: Uint8Array };

/** Pure and deterministic: the same program gives the same bytes. */
export type Emit = (program: KernelProgram, target: Target) => Promise<Artifact>;

export const backends: Readonly<Record<Target["backend"], () => Promise<Emit>>> = {
  js: async () => (await import("./js.js")).emitJs,
  wasm: async () => (await import("./wasm.js")).emitWasm,
};
