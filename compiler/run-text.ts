/**
 * Passes on text: what file tests, reproducers and `convsmith ir opt` do.
 *
 * Besides the rows of the table there is `apply-schedule`, which needs two things: it gives each schedule of the text to
 * the naive kernel of its name, before any other kernel pass. The kernels that pack operands follow the kernel they
 * are for.
 */
import { annotate } from "../ir/diagnostic.js";
import type { Kernel } from "../ir/kernel.js";
import { parseModule } from "../ir/parse.js";
import { printGraph, printKernel, printSchedule } from "../ir/print.js";
import type { Schedule } from "../ir/schedule.js";
import { verifyKernel } from "../ir/verify.js";
import { ConfigError, ConvsmithError } from "../runtime/error.js";
import { PassError } from "./pass.js";
import { pipeline } from "./pipeline.js";
import type { Run } from "./run-line.js";
import { runLine } from "./run-line.js";
import type { PassOptions } from "./run-passes.js";
import { checkPassName, runGraphPasses, runKernelPasses } from "./run-passes.js";
import { applySchedule } from "./schedule/apply.js";
import { readKernel } from "./schedule/read-nest.js";

const applies = "apply-schedule";

/**
 * Every graph and kernel of the text after the run's passes (schedules that are not applied are handed through), as
 * text again. Throws ParseError on what is not IR, ConfigError on a pass that does not exist or a schedule that does
 * not fit, PassError where a pass goes wrong.
 */
export function runText(text: string, run: Run, options: PassOptions = {}): string {
  const table = options.table ?? pipeline;
  const names = run.passes?.filter((name) => name !== applies) ?? null;
  const rows = names?.map((name) => checkPassName("--pass", name, table)) ?? table;
  const order = names === null ? options : { ...options, table: rows };
  const { graphs, schedules, kernels } = parseModule(text);
  const apply = run.passes?.includes(applies) === true;
  return [
    ...graphs.map((graph) => printGraph(runGraphPasses(graph, run.context, order).graph)),
    ...(apply ? [] : schedules.map(printSchedule)),
    ...(apply ? arrange(kernels, schedules, run) : kernels).map((kernel) =>
      printKernel(runKernelPasses(kernel, run.context, order).kernel),
    ),
  ].join("\n");
}

/** Each kernel with its loops arranged, and its pack kernels behind it. */
function arrange(kernels: readonly Kernel[], schedules: readonly Schedule[], run: Run): readonly Kernel[] {
  const { target } = run.context;
  for (const { kernel, target: wanted } of schedules) {
    if (!kernels.some(({ name }) => name === kernel))
      throw new ConfigError("schedule-illegal", `schedule @${kernel}: the text has no kernel of that name`);
    if (wanted !== target.name)
      throw new ConfigError(
        "schedule-illegal",
        `schedule @${kernel} is for ${wanted}; run it with --target=${wanted}`,
      );
  }
  return kernels.flatMap((kernel) => {
    const schedule = schedules.find((candidate) => candidate.kernel === kernel.name);
    return schedule === undefined ? [kernel] : arrangeOne(kernel, schedule, run);
  });
}

function arrangeOne(kernel: Kernel, schedule: Schedule, { context }: Run): readonly Kernel[] {
  const repro = [runLine({ passes: [applies], context }), printSchedule(schedule), printKernel(kernel)].join(
    "\n",
  );
  const verify = (what: string, value: Kernel): void => {
    const found = verifyKernel(value, null);
    if (found.length > 0)
      throw new PassError(applies, `${what}\n${annotate(printKernel(value), found)}`, repro);
  };
  verify("the kernel given does not verify", kernel);
  try {
    const scheduled = applySchedule(readKernel(kernel), schedule);
    const out = [scheduled.kernel, ...scheduled.packed.map((packed) => packed.kernel)];
    for (const each of out) verify("its result does not verify", each);
    return out;
  } catch (error) {
    if (error instanceof ConvsmithError || error instanceof PassError) throw error;
    throw new PassError(applies, error instanceof Error ? error.message : String(error), repro, error);
  }
}
