/** `convsmith inspect`: any stage of a compilation as text. */
import type { Compilation } from "../../compiler/compile.js";
import { handSchedules } from "../../compiler/compile-options.js";
import type { EmitStage } from "../../compiler/emit-stage.js";
import { emitStage } from "../../compiler/emit-stage.js";
import { runnableTarget } from "../../compiler/executable.js";
import { pipeline } from "../../compiler/pipeline.js";
import { plan } from "../../compiler/plan.js";
import type { PassOptions, PassTime } from "../../compiler/run-passes.js";
import { checkPassName, runGraphPasses } from "../../compiler/run-passes.js";
import { TuningIndex } from "../../compiler/tune/tuning.js";
import { printGraph, printKernel } from "../../ir/print.js";
import { targets } from "../../ir/target.js";
import type { InspectFlags } from "../options.js";
import { passOptions, timesText } from "../pass-flags.js";
import { buildHere, prepare } from "../prepare.js";
import type { Terminal } from "../terminal.js";
import { UsageError } from "../terminal.js";

/** A stage that only one backend has chooses it. */
const backendOf: Readonly<Record<string, "js" | "wasm" | "wgsl">> = { js: "js", wat: "wasm", wgsl: "wgsl" };

export async function inspectCommand(path: string, flags: InspectFlags, terminal: Terminal): Promise<void> {
  const { emit: stage, stopAfter, printAfter, timePasses } = flags;
  const aboutPasses = stopAfter !== undefined || printAfter !== undefined || timePasses;
  if (stage === undefined && !aboutPasses)
    throw new UsageError("--emit is missing: say which stage, or --print-after, --stop-after, --time-passes");
  const backend = flags.backend ?? backendOf[stage ?? ""];
  const compilation = await prepare(path, { ...flags, backend }, terminal);
  if (aboutPasses) {
    const { text, times } = runPasses(compilation, passOptions(flags, terminal));
    if (timePasses) terminal.out(timesText(times, flags.json));
    if (stopAfter !== undefined) return terminal.out(text());
  }
  if (stage === undefined) return;
  if (stage === "trace") return terminal.out(printGraph(compilation.traced.graph));
  const text = await emitStage(compilation, await buildHere(compilation), stage as EmitStage);
  terminal.out(text.endsWith("\n") ? text : `${text}\n`);
}

/** The passes without what follows them: a stopped pipeline leaves nothing that could be emitted. */
function runPasses(
  compilation: Compilation,
  passes: PassOptions,
): { readonly text: () => string; readonly times: readonly PassTime[] } {
  const target = targets[runnableTarget(compilation)];
  const context = { target, precision: compilation.precision };
  const { graph, times } = runGraphPasses(compilation.graph, context, passes);
  const { stopAfter } = passes;
  if (stopAfter !== undefined && checkPassName("--stop-after", stopAfter, pipeline).level === "graph")
    return { text: () => printGraph(graph), times };
  const planned = plan(graph, {
    ...context,
    passes,
    algorithm: compilation.options.algorithm ?? "auto",
    handSchedules: handSchedules(compilation.options.schedules, target.name),
    tuning: new TuningIndex(compilation.tuning),
  });
  const text = (): string => planned.layers.map(({ kernels }) => printKernel(kernels.legal)).join("\n");
  return { text, times: [...times, ...planned.times] };
}
