/** Starts a js artifact: a function of the program's memory. */
import type { Instance } from "./executable.js";
import type { Program } from "./program.js";

/** What the text of a js artifact evaluates to. */
export type JsFactory = (memory: ArrayBuffer) => { setup(): void; run(): void };

export function instantiateJs(factory: JsFactory, program: Program): Instance {
  const memory = new ArrayBuffer(program.memoryBytes);
  const { setup, run } = factory(memory);
  return { memory, setup, run };
}
