/** One layer: its ways as the cost model ranks them, each timed. */

import { Compilation } from "../../dist/compiler/compile.js";
import { runnableTarget } from "../../dist/compiler/executable.js";
import * as convsmith from "../../dist/compiler/index.js";
import { measureWays } from "../../dist/compiler/tune/measure.js";
import { printSchedule } from "../../dist/ir/print.js";
import { moduleOf } from "./contenders/convsmith.mjs";
import { inputShape } from "./layers.mjs";

/**
 * { layer, target, candidates: [{ algorithm, why, schedule, predictedMs, ms }] }, the chosen one first. Of a layer that is
 * computed in parts, such as the phases of a transposed convolution, the part that should take longest.
 */
export async function measureLayer(layer, settings, wide) {
  const { Sequential, nn } = convsmith;
  const model = new Sequential([moduleOf(convsmith, layer, { mask: null }), nn.relu]);
  const compilation = new Compilation(model, { inputs: [inputShape(layer)], ...settings });
  const target = compilation.targetOf(runnableTarget(compilation));
  const { planned } = await compilation.build(target.name);
  const main = planned.layers
    .filter(({ phase, choice }) => phase === "run" && choice.algorithm !== "map")
    .reduce((a, b) => (b.choice.predictedMs > a.choice.predictedMs ? b : a));
  const context = { target, precision: compilation.precision, passes: {} };
  const measured = await measureWays(main.ways, context, wide ? 24 : undefined);
  return {
    layer: layer.name,
    target: target.name,
    macs: main.macs,
    ways: { lowerings: main.ways, target, measured },
    candidates: measured.map(({ choice, ms }) => ({
      algorithm: choice.algorithm,
      why: choice.why,
      schedule: printSchedule(choice.schedule),
      predictedMs: choice.predictedMs,
      ms,
    })),
  };
}
