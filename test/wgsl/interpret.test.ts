/**
 * The interpreter runs what wgsl prints: workgroups, lanes, shared buffers and barriers. No multiply-add is fused here,
 * so that every bit must be the naive kernel's.
 */
import { describe, expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { explain } from "../../compiler/explain.js";
import { Conv, ConvLocal, ConvTranspose, key, nn, Sequential } from "../../compiler/index.js";
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
    const { found, expected } = bothWays(model, shape, adapter, "highest");
    expect(found).toEqual(expected);
  });

  it.each([
    [1, 8, 8, 8],
    [1, 7, 7, 16],
  ])("Winograd on %i,%i,%i,%i", (...shape) => {
    const model = new Conv({ features: 16, kernelSize: [3, 3] });
    const { found, expected, layers } = bothWays(model, shape, adapter, "default");
    expect(layers.map(({ choice }) => choice.algorithm)).toEqual(["winograd"]);
    const largest = Math.max(...expected[0]!.map(Math.abs));
    found[0]!.forEach((value, i) => {
      expect(Math.abs(value - expected[0]![i]!)).toBeLessThanOrEqual(1e-5 * largest);
    });
  });
});

describe("reads of the GPU schedules, counted", () => {
  const layers: readonly (readonly [string, Conv, readonly number[]])[] = [
    ["3x3 56²x64", new Conv({ features: 64, kernelSize: [3, 3] }), [1, 56, 56, 64]],
    ["3x3 28²x128", new Conv({ features: 128, kernelSize: [3, 3] }), [1, 28, 28, 128]],
    ["1x1 56²x64->256", new Conv({ features: 256, kernelSize: [1, 1] }), [1, 56, 56, 64]],
  ];
  it.each(layers)(
    "%s: at most a scalar for 16 multiply-adds, 16 KB shared, no idle lanes",
    async (_, model, shape) => {
      for (const algorithm of ["direct", "auto"] as const) {
        const variables = model.init(key(0), shape);
        const options = { inputs: [shape], variables, backend: "wgsl", adapter: "gpu", algorithm } as const;
        const compilation = new Compilation(model, options);
        const { layers } = explain(compilation, await compilation.build("wgsl-gpu"));
        const { readsPerMac, sharedBytes, idleLanes } = layers[0]!.grid!;
        expect(readsPerMac).toBeLessThanOrEqual(1 / 16);
        expect(sharedBytes).toBeLessThanOrEqual(16384);
        expect(idleLanes).toBeLessThanOrEqual(0.1);
      }
    },
  );
});

function bothWays(
  model: TraceTarget,
  shape: readonly number[],
  adapter: AdapterClass,
  precision: "default" | "highest",
) {
  const target = wgslTarget({ adapter }, precision);
  const { graph } = traceProgram(model, { inputs: [shape] });
  const context = { target, precision } as const;
  // At "highest" parameters stay parameters; Winograd transforms them in setup.
  const algorithm = precision === "highest" ? "direct" : "winograd";
  const passes = { verifyEach: true };
  const fused = runGraphPasses(graph, context, passes).graph;
  const planned = plan(fused, { ...context, algorithm, handSchedules: new Map(), passes });
  const values = randomValues(graph, random(7));
  const running = new Running(graph, planned, target.name);
  running.setVariables(values.params);
  const found = numbers(running.run(values.inputs));
  return { found, expected: numbers(interpretGraph(graph, values)), layers: planned.layers };
}
