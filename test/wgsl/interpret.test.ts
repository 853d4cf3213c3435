/**
 * The interpreter runs what wgsl prints: workgroups, lanes, shared buffers and barriers. No multiply-add is fused here,
 * so that every bit must be the naive kernel's.
 */
import { describe, expect, it } from "vitest";
import { Conv, ConvLocal, ConvTranspose, nn, Sequential } from "../../compiler/index.js";
import { plan } from "../../compiler/plan.js";
import { runGraphPasses } from "../../compiler/run-passes.js";
import type { TraceTarget } from "../../compiler/trace.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { AdapterClass } from "../../ir/target.js";
import { wgslTarget } from "../../ir/target.js";
import { numbers, Running, randomValues } from "../plan/run-planned.js";
import { random } from "../support/random.js";

const models: Readonly<Record<string, readonly [TraceTarget, readonly number[]]>> = {
  "blocks of pixels and channels": [new Conv({ features: 16, kernelSize: [3, 3] }), [1, 8, 16, 8]],
  "a stem, its halo staged once": [
    new Conv({ features: 32, kernelSize: [3, 3], strides: 2 }),
    [2, 16, 16, 3],
  ],
  "a matrix product": [new Conv({ features: 32, kernelSize: [1, 1] }), [1, 8, 8, 16]],
  dilated: [new Conv({ features: 16, kernelSize: [3, 3], kernelDilation: 2 }), [1, 8, 8, 8]],
  circular: [new Conv({ features: 8, kernelSize: [3, 3], padding: "CIRCULAR" }), [1, 8, 8, 8]],
  reflected: [new Conv({ features: 8, kernelSize: [3, 3], padding: "REFLECT" }), [1, 8, 8, 8]],
  depthwise: [new Conv({ features: 8, kernelSize: [3, 3], featureGroupCount: 8 }), [1, 9, 7, 8]],
  grouped: [new Conv({ features: 16, kernelSize: [3, 3], featureGroupCount: 2 }), [1, 8, 8, 8]],
  "1-D": [new Conv({ features: 16, kernelSize: 3 }), [2, 64, 8]],
  "3-D": [new Conv({ features: 8, kernelSize: [2, 3, 3] }), [1, 3, 8, 8, 4]],
  transposed: [new ConvTranspose({ features: 8, kernelSize: [4, 4], strides: [2, 2] }), [1, 8, 8, 8]],
  local: [new ConvLocal({ features: 4, kernelSize: [2, 2] }), [1, 5, 6, 3]],
  "extents that nothing divides": [new Conv({ features: 7, kernelSize: [3, 3] }), [1, 13, 67, 5]],
  "a network": [
    new Sequential([
      new Conv({ features: 8, kernelSize: [3, 3] }),
      nn.relu,
      new Conv({ features: 4, kernelSize: [1, 1] }),
      nn.tanh,
    ]),
    [1, 8, 8, 3],
  ],
};

describe.each<AdapterClass>(["gpu", "software"])("schedules for %s", (adapter) => {
  it.each(Object.entries(models))("%s", (_, [model, shape]) => {
    const target = wgslTarget({ adapter }, "highest");
    const { graph } = traceProgram(model, { inputs: [shape] });
    const context = { target, precision: "highest" } as const;
    const passes = { verifyEach: true };
    const planned = plan(runGraphPasses(graph, context, passes).graph, {
      ...context,
      algorithm: "direct",
      handSchedules: new Map(),
      passes,
    });
    const values = randomValues(graph, random(7));
    const running = new Running(graph, planned, target.name);
    running.setVariables(values.params);
    expect(numbers(running.run(values.inputs))).toEqual(numbers(interpretGraph(graph, values)));
  });
});
