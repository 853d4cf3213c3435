/** What create() of a bundle compiled with threads does; its workers run the same bundle. */
import type { Result } from "./binding.js";
import type { CreateOptions, ReadBytes } from "./create.js";
import { createFromWasm } from "./create.js";
import type { Executable } from "./executable.js";
import type { Program } from "./program.js";
import type { WasmTarget } from "./run-wasm.js";
import type { Tensor } from "./tensor.js";
import type { MakeWorker, ThreadedInstance } from "./threads.js";
import { instantiateThreads, withWorkers } from "./threads.js";

/** As createFromWasm; `make` starts a worker. */
export async function createFromWasmThreads<R extends Result = Tensor>(
  program: Program,
  modules: Readonly<Partial<Record<WasmTarget, ReadBytes>>>,
  readWeights: ReadBytes,
  make: MakeWorker,
  options?: CreateOptions,
): Promise<Executable<R>> {
  let threaded: ThreadedInstance | undefined;
  try {
    const executable = await createFromWasm<R>(program, modules, readWeights, options, async (source) => {
      threaded = await instantiateThreads(source, program, make);
      return threaded.instance;
    });
    return withWorkers(executable, threaded!);
  } catch (error) {
    threaded?.end();
    throw error;
  }
}
