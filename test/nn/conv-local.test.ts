/** ConvLocal: its graphs and parameters, what it refuses, and that equal kernels everywhere are a Conv. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import {
  Conv,
  ConvLocal,
  compile,
  key,
  lax,
  Module,
  modelFromSpec,
  tensor,
  trace,
} from "../../compiler/index.js";
import type { ConvGeneralDilated, ConvOptions } from "../../compiler/nn/index.js";
import { traceProgram } from "../../compiler/trace.js";
import { random } from "../support/random.js";
import { runOneWay } from "../support/run-everywhere.js";

type Shape = readonly number[];
const count = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

const local = (options: object = {}): ConvLocal =>
  new ConvLocal({ features: 2, kernelSize: [3], ...options } as ConvOptions);

describe("graphs", () => {
  it("have a kernel and a bias for every output", () => {
    expect(
      String(trace(local({ padding: "CIRCULAR", strides: 2 }), { inputs: [[1, 6, 3]] })),
    ).toBe(`graph @ConvLocal(%0 "x": f32[1,6,3]) -> f32[1,3,2] {
  %1 = pad(%0) mode=wrap low=[0,1,0] high=[0,1,0] : f32[1,8,3] @"ConvLocal"
  %2 = param "kernel" : f32[3,9,2] @"ConvLocal"
  %3 = param "bias" : f32[3,2] @"ConvLocal"
  %4 = conv(%1, %2) window={size=3 stride=2} dim_labels=b0f_0io->b0f local=true : f32[1,3,2] @"ConvLocal"
  %5 = map(%4, %3) { $0 + $1 } : f32[1,3,2] @"ConvLocal"
  return %5
}
`);
  });

  it("are one kernel call", async () => {
    const model = local({ padding: "REFLECT" });
    const variables = model.init(key(0), [1, 6, 3]);
    const f = await compile(model, { inputs: [[1, 6, 3]], variables, backend: "js" });
    expect(f.explain({ json: true }).layers).toHaveLength(1);
    f.dispose();
  });

  it("read the kernel where it lies, unless a tile is shorter than its rows", async () => {
    for (const [features, packs] of [
      [8, false],
      [96, true],
    ] as const) {
      const model = local({ features });
      const variables = model.init(key(0), [1, 6, 3]);
      const f = await compile(model, { inputs: [[1, 6, 3]], variables, backend: "wasm" });
      expect((await f.emit("schedule")).includes("pack w")).toBe(packs);
      f.dispose();
    }
  });

  it("come from JSON, as a module and as a function", () => {
    const model = modelFromSpec({ type: "ConvLocal", features: 2, kernelSize: [3], useBias: false });
    expect(model.init(key(0), [1, 4, 3]).params).toHaveProperty("kernel.shape", [4, 9, 2]);
    const inputs = { x: [1, 4, 3], w: [4, 9, 2] };
    const options = {
      windowStrides: [1],
      padding: "SAME",
      filterShape: [3],
      dimensionNumbers: ["NWC", "WIO", "NWC"],
    };
    const nodes = [{ id: "y", op: "convGeneralDilatedLocal", inputs: ["x", "w"], options }];
    const graph = modelFromSpec({ type: "Graph", inputs, nodes, outputs: ["y"] });
    expect(String(trace(graph, { inputs }))).toContain("local=true");
  });

  it("are named after their class, and hold for one input shape", () => {
    class Net extends Module {
      call(x: Traced): Traced {
        const first = local();
        return local().call(first.call(x));
      }
    }
    const net = new Net();
    const variables = net.init(key(0), [1, 5, 2]);
    expect(Object.keys(variables.params)).toEqual(["ConvLocal_0", "ConvLocal_1"]);
    expect(() => traceProgram(net, { inputs: [[1, 6, 2]], variables })).toThrow(
      expect.objectContaining({ code: "params-shape" }),
    );
  });
});

describe("options", () => {
  it.each([
    ["feature groups", { featureGroupCount: 2 }, "UnsupportedError", "local-groups"],
    ["no spatial axes", { kernelSize: [] }, "ConfigError", "bad-kernel-size"],
    ["a dot algorithm", { precision: "F32_F32_F32" }, "ConfigError", "bad-precision"],
    ["transposeKernel", { transposeKernel: true }, "ConfigError", "unknown-option"],
    ["CAUSAL in 2-D", { kernelSize: [2, 2], padding: "CAUSAL" }, "ConfigError", "causal-rank"],
    ["named padding with dilation", { inputDilation: 2 }, "ConfigError", "string-padding-dilated"],
  ])("refuses %s", (_, options, name, code) => {
    expect(() => local(options)).toThrow(expect.objectContaining({ name, code }));
  });

  it("asks an injected convolution for its result's shape only", () => {
    const seen: Shape[] = [];
    const convGeneralDilated: ConvGeneralDilated = (x, kernel, windowStrides, padding, options) => {
      seen.push(kernel.shape);
      return lax.convGeneralDilated(x, kernel, { ...options, windowStrides, padding });
    };
    const model = local({ convGeneralDilated, useBias: false });
    expect(traceProgram(model, { inputs: [[1, 4, 3]] }).graph.outputs).toHaveLength(1);
    expect(seen).toEqual([[3, 3, 2]]);
    const larger: ConvGeneralDilated = (x, kernel, windowStrides, _, options) =>
      lax.convGeneralDilated(x, kernel, { ...options, windowStrides, padding: [[9, 9]] });
    expect(() => traceProgram(local({ convGeneralDilated: larger }), { inputs: [[1, 4, 3]] })).toThrow(
      expect.objectContaining({ code: "shape-mismatch" }),
    );
    expect(() =>
      traceProgram(local({ convGeneralDilated: () => null as never }), { inputs: [[1, 4, 3]] }),
    ).toThrow(expect.objectContaining({ code: "bad-hook" }));
  });
});

it("is a Conv where all its kernels are the same", async () => {
  for (let seed = 0; seed < 25; seed++) {
    const source = random(seed);
    const rank = source.pick([1, 2]);
    const each = (...choices: number[]): number[] => Array.from({ length: rank }, () => source.pick(choices));
    const options = {
      features: source.pick([1, 3, 5]),
      kernelSize: each(1, 2, 3),
      strides: each(1, 2),
      kernelDilation: each(1, 2),
      padding: source.pick(["SAME", "CIRCULAR", "REFLECT"] as const),
      useBias: false,
    };
    const [depth, taps] = [source.pick([1, 2, 3]), count(options.kernelSize)];
    const shape = [2, ...each(3, 4), depth];
    const shared = Float32Array.from({ length: taps * depth * options.features }, () => source.int(-4, 4));
    const model = new ConvLocal(options);
    const stored = traceProgram(model, { inputs: [shape] }).params[0]!.shape;
    // (tap, channel, feature) of Conv is (channel, tap, feature) here.
    const own = Float32Array.from({ length: count(stored) }, (_, at) => {
      const [f, q] = [at % options.features, Math.floor(at / options.features) % (taps * depth)];
      return shared[((q % taps) * depth + Math.floor(q / taps)) * options.features + f]!;
    });
    const input = tensor(
      Float32Array.from({ length: count(shape) }, () => source.int(-4, 4)),
      shape,
    );
    const params = (data: Float32Array, of: Shape) => ({ params: { kernel: tensor(data, of) } });
    const expected = await runOneWay("interpreter", {
      target: new Conv(options),
      inputs: [input],
      variables: params(shared, [...options.kernelSize, depth, options.features]),
    });
    for (const way of ["interpreter", "js", "wasm"] as const) {
      const program = {
        target: model,
        inputs: [input],
        variables: params(own, stored),
        baked: seed % 2 === 0,
      };
      const found = await runOneWay(way, program);
      expect(found.shape).toEqual(expected.shape);
      expect([...found.data], `${way}, seed ${seed}: ${JSON.stringify(options)}`).toEqual([...expected.data]);
    }
  }
});
