/** Passes on text: what file tests, reproducers and `convsmith ir opt` do. */
import { parseModule } from "../ir/parse.js";
import { printGraph, printKernel, printSchedule } from "../ir/print.js";
import { pipeline } from "./pipeline.js";
import type { Run } from "./run-line.js";
import type { PassOptions } from "./run-passes.js";
import { checkPassName, runGraphPasses, runKernelPasses } from "./run-passes.js";

/**
 * Every graph and kernel of the text after the run's passes (schedules are handed through), as text again.
 * Throws ParseError on what is not IR, ConfigError on a pass that does not exist, PassError where one goes wrong.
 */
export function runText(text: string, run: Run, options: PassOptions = {}): string {
  const table = options.table ?? pipeline;
  const rows = run.passes?.map((name) => checkPassName("--pass", name, table)) ?? table;
  const order = run.passes === null ? options : { ...options, table: rows };
  const { graphs, schedules, kernels } = parseModule(text);
  return [
    ...graphs.map((graph) => printGraph(runGraphPasses(graph, run.context, order).graph)),
    ...schedules.map(printSchedule),
    ...kernels.map((kernel) => printKernel(runKernelPasses(kernel, run.context, order).kernel)),
  ].join("\n");
}
