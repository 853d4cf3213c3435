/** Measures the layers of a planned program that a tuning does not know yet. */
import { printSchedule } from "../../ir/print.js";
import { withThreads } from "../../ir/target.js";
import type { Progress } from "../compile-options.js";
import type { HandSchedules, PlannedLayer } from "../plan.js";
import { measureWays } from "./measure.js";
import type { TrialContext } from "./trial.js";
import type { TunedKernel, TuningIndex } from "./tuning.js";
import { describeWays, kernelKey } from "./tuning.js";

interface TuneOptions extends TrialContext {
  readonly known: TuningIndex;
  readonly handSchedules: HandSchedules;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The fastest way of each layer that has more than one and runs again and again; equal layers are measured once. */
export async function measureLayers(
  layers: readonly PlannedLayer[],
  options: TuneOptions,
): Promise<readonly TunedKernel[]> {
  const { known, handSchedules, onProgress, ...context } = options;
  const target = withThreads(context.target, 1);
  const wanted = new Map<string, PlannedLayer>();
  for (const layer of layers) {
    const { kernel, phase, choice, ways } = layer;
    if (phase === "setup" || choice.algorithm === "map" || handSchedules.has(kernel)) continue;
    if (known.find(target.name, ways) === undefined) wanted.set(kernelKey(ways), layer);
  }
  const tuned: TunedKernel[] = [];
  for (const [key, { kernel, ways }] of wanted) {
    onProgress?.({ stage: `measure ${kernel} for ${target.name}`, done: tuned.length, total: wanted.size });
    const measured = await measureWays(ways, { ...context, target });
    const { choice, ms } = measured.reduce((best, each) => (each.ms < best.ms ? each : best));
    const { lowered, schedule, algorithm } = choice;
    tuned.push({
      key,
      target: target.name,
      layer: describeWays(ways),
      lowering: lowered.name,
      algorithm,
      schedule: printSchedule(schedule),
      ms: Number(ms.toPrecision(3)),
    });
  }
  if (tuned.length > 0) onProgress?.({ stage: "measured", done: tuned.length, total: tuned.length });
  return tuned;
}
