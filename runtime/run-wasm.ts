/** Starts a wasm artifact: chooses the module this engine can run, and takes its exports. */
import { UnsupportedError } from "./error.js";
import type { Instance } from "./executable.js";

/** The targets a program is emitted for, best first. */
export type WasmTarget = "wasm-relaxed" | "wasm-simd";

export type WasmSource = Uint8Array | WebAssembly.Module;

export interface WasmChoice {
  readonly source: WasmSource;
  readonly note: string;
}

/**
 * The first module that the engine accepts. `read` is asked for one target after another, so that nothing is fetched
 * that is not needed.
 *
 * @throws UnsupportedError where the engine accepts none
 */
export async function chooseWasm(
  targets: readonly WasmTarget[],
  read: (target: WasmTarget) => Uint8Array | Promise<Uint8Array>,
): Promise<WasmChoice> {
  const refused: string[] = [];
  for (const target of typeof WebAssembly === "object" ? targets : []) {
    const source = await read(target);
    if (WebAssembly.validate(source as BufferSource))
      return {
        source,
        note: `runs ${target}${refused.map((name) => `; this engine refuses ${name}`).join("")}`,
      };
    refused.push(target);
  }
  throw new UnsupportedError("wasm-missing", "no WebAssembly SIMD here; compile with backend js");
}

/** Instantiates a module made by convsmith: it imports nothing and exports its memory, setup and run. */
export async function instantiateWasm(source: WasmSource): Promise<Instance> {
  const module = ArrayBuffer.isView(source) ? await compileWasm(source as BufferSource) : source;
  const { memory, setup, run } = (await WebAssembly.instantiate(module)).exports as unknown as {
    readonly memory: WebAssembly.Memory;
    setup(): void;
    run(): void;
  };
  return { memory: memory.buffer, setup, run };
}

export async function compileWasm(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new UnsupportedError(
      "wasm-blocked",
      `WebAssembly may not be compiled here (${error}); pass a module or compile with backend js`,
    );
  }
}
