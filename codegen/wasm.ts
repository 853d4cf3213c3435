/**
 * The wasm backend: a program as one module that exports `memory`, `setup` and `run`.
 *
 * Kernels are functions of byte pointers; setup and run call them with constants. Transcendental functions are functions
 * of the module that kernels call. Binaryen is loaded by the first call.
 * A program of several workers is built by wasm-threads.ts.
 * No optimiser runs: kernels come in the shape they should have, and what is emitted stays readable and reproducible.
 */
import type binaryen from "binaryen";
import { InternalError } from "../ir/diagnostic.js";
import type { Kernel } from "../ir/kernel.js";
import type { KernelProgram } from "../ir/program.js";
import type { Target } from "../ir/target.js";
import type { Artifact } from "./backend.js";
import { type CallOf, resolveCalls } from "./calls.js";
import { createNames } from "./text.js";
import type { Binaryen, Ref } from "./wasm-memory.js";
import { addKernel } from "./wasm-stmt.js";
import { createSubroutines } from "./wasm-subroutine.js";
import { buildThreadedModule } from "./wasm-threads.js";

const pageBytes = 65536;

export async function emitWasm(program: KernelProgram, target: Target): Promise<Artifact> {
  const bytes = await withModule(program, target, (module) => module.emitBinary());
  return { kind: "wasm", target, bytes };
}

/** The same module as text, for people. */
export async function emitWat(program: KernelProgram, target: Target): Promise<string> {
  return withModule(program, target, (module) => module.emitText());
}

async function withModule<T>(
  program: KernelProgram,
  target: Target,
  use: (module: binaryen.Module) => T,
): Promise<T> {
  const api = (await import("binaryen")).default;
  const module = new api.Module();
  try {
    buildModule(api, module, program, target);
    if (module.validate() === 0)
      throw new InternalError(`the module of ${program.name} is not valid:\n${module.emitText()}`);
    return use(module);
  } finally {
    module.dispose();
  }
}

function buildModule(api: Binaryen, module: binaryen.Module, program: KernelProgram, target: Target): void {
  const { SIMD128, NontrappingFPToInt, RelaxedSIMD } = api.Features;
  const features = SIMD128 | NontrappingFPToInt | (target.fns.has("fma") ? RelaxedSIMD : 0);
  const { threads } = program;
  module.setFeatures(threads === undefined ? features : features | api.Features.Atomics);
  const pages = Math.max(1, Math.ceil(program.memoryBytes / pageBytes));
  if (threads !== undefined) {
    buildThreadedModule(api, module, { ...program, threads }, target, pages);
    return;
  }
  module.setMemory(pages, pages, "memory");
  const calls = resolveCalls(program);
  const names = createNames(new Set(["setup", "run"]));
  const subroutines = createSubroutines(api, module, target, names);
  const nameOf = (kernel: Kernel): string => names.of(`kernel ${kernel.name}`, kernel.name);
  for (const kernel of calls.kernels)
    addKernel(api, module, kernel, nameOf(kernel), target, subroutines, null);
  for (const entry of ["setup", "run"] as const) {
    const body = calls[entry].map((call) => callCode(api, module, call, nameOf(call.kernel)));
    module.addFunction(entry, api.none, api.none, [], module.block(null, body));
    module.addFunctionExport(entry, entry);
  }
}

function callCode(api: Binaryen, module: binaryen.Module, { args }: CallOf, name: string): Ref {
  const pointers = args.map((offset) => module.i32.const(offset));
  return module.call(name, pointers, api.none);
}
