/** backend "auto": wgsl where a GPU should be faster, else wasm, else js; what was chosen and why is a note. */
import { UnsupportedError } from "../runtime/error.js";
import type { FoundDevice } from "../runtime/run-wgsl.js";
import { adapterKind } from "../runtime/run-wgsl.js";
import type { Built, Compilation } from "./compile.js";
import { resolveBackend } from "./compile-options.js";
import { adapterOf, gpuFor } from "./gpu.js";

/** Milliseconds to write inputs, submit and read results back, whatever the program. */
const roundTripMs = { gpu: 0.4, software: 0.6 } as const;

/** The same program for the backend that should be fastest here. */
export async function chooseBackend(asked: Compilation): Promise<Compilation> {
  const host = resolveBackend("auto");
  const on = (backend: typeof host | "wgsl", why: string, found?: FoundDevice): Compilation =>
    asked.withBackend(
      backend,
      `backend: ${backend}, ${why}`,
      found && adapterOf(found, asked.options.adapter),
    );
  const withoutWasm = host === "js" ? "; WebAssembly SIMD may not be compiled here" : "";
  if (asked.options.tune === true)
    return on(host, `since tune is true and kernels of wgsl are not measured${withoutWasm}`);
  let found: FoundDevice;
  try {
    found = await gpuFor(asked.options.device);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return on(host, `since there is ${error.message.split(";")[0]}${withoutWasm}`);
  }
  const gpu = on("wgsl", "", found);
  const [there, here] = await Promise.all([built(gpu), built(on(host, ""))]);
  const kind = adapterKind(found);
  const gpuMs = predicted(there) + roundTripMs[kind];
  const hostMs = predicted(here);
  const figures = `${gpuMs.toFixed(3)} ms on wgsl (${kind}), ${hostMs.toFixed(3)} ms on ${host}`;
  return gpuMs < hostMs
    ? on("wgsl", `predicted ${figures}`, found)
    : on(host, `predicted ${figures}${withoutWasm}`);
}

function built(compilation: Compilation): Promise<Built> {
  return compilation.build(compilation.targets[0]!);
}

function predicted({ planned }: Built): number {
  return planned.layers
    .filter(({ phase }) => phase === "run")
    .reduce((sum, { choice }) => sum + choice.predictedMs, 0);
}
