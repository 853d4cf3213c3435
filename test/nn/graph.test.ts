/** The graph a Conv traces to: flax's effects in flax's order. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import { Conv, lax, nn, Sequential, tensor, trace } from "../../compiler/index.js";
import type { InputSpec } from "../../compiler/input-spec.js";
import { traceProgram } from "../../compiler/trace.js";
import { nodeAt } from "../../ir/graph.js";

type Options = ConstructorParameters<typeof Conv>[0];

const text = (options: Partial<Options>, spec: InputSpec): string =>
  String(trace(new Conv({ features: 2, kernelSize: [3, 3], useBias: false, ...options }), { inputs: [spec] }))
    .replaceAll(' @"Conv"', "")
    .trim();

const shapeOf = (options: Partial<Options>, shape: readonly number[]): readonly number[] =>
  traceProgram(new Conv({ features: 2, kernelSize: [3, 3], ...options }), { inputs: [shape] }).outputs[0]!
    .shape;

describe("graphs", () => {
  it("SAME with stride, bias", () => {
    expect(text({ strides: 2, useBias: true }, [1, 6, 5, 3])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,6,5,3]) -> f32[1,3,3,2] {
        %1 = param "kernel" : f32[3,3,3,2]
        %2 = param "bias" : f32[2]
        %3 = conv(%0, %1) window={size=3x3 stride=2x2 pad=0_1x1_1} dim_labels=b01f_01io->b01f : f32[1,3,3,2]
        %4 = map(%3, %2) { $0 + $1 } : f32[1,3,3,2]
        return %4
      }"
    `);
  });
  it("SAME_LOWER and VALID, in any case", () => {
    expect(text({ padding: "same_lower", strides: 2 }, [1, 6, 5, 3])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,6,5,3]) -> f32[1,3,3,2] {
        %1 = param "kernel" : f32[3,3,3,2]
        %2 = conv(%0, %1) window={size=3x3 stride=2x2 pad=1_0x1_1} dim_labels=b01f_01io->b01f : f32[1,3,3,2]
        return %2
      }"
    `);
    expect(text({ padding: "valid", kernelDilation: 2 }, [1, 6, 5, 3])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,6,5,3]) -> f32[1,2,1,2] {
        %1 = param "kernel" : f32[3,3,3,2]
        %2 = conv(%0, %1) window={size=3x3 rhs_dilate=2x2} dim_labels=b01f_01io->b01f : f32[1,2,1,2]
        return %2
      }"
    `);
  });
  it("pairs, dilation of the input", () => {
    expect(text({ padding: [1, [2, -1]], inputDilation: [2, 1] }, [1, 6, 5, 3])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,6,5,3]) -> f32[1,11,4,2] {
        %1 = param "kernel" : f32[3,3,3,2]
        %2 = conv(%0, %1) window={size=3x3 pad=1_1x2_-1 lhs_dilate=2x1} dim_labels=b01f_01io->b01f : f32[1,11,4,2]
        return %2
      }"
    `);
  });
  it("CIRCULAR, even dilated kernel", () => {
    expect(
      text({ padding: "CIRCULAR", kernelSize: [2, 3], kernelDilation: [3, 1] }, [1, 6, 5, 3]),
    ).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,6,5,3]) -> f32[1,6,5,2] {
        %1 = pad(%0) mode=wrap low=[0,1,1,0] high=[0,2,1,0] : f32[1,9,7,3]
        %2 = param "kernel" : f32[2,3,3,2]
        %3 = conv(%1, %2) window={size=2x3 rhs_dilate=3x1} dim_labels=b01f_01io->b01f : f32[1,6,5,2]
        return %3
      }"
    `);
  });
  it("REFLECT with two batch axes", () => {
    expect(text({ padding: "REFLECT" }, [2, 3, 6, 5, 3])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[2,3,6,5,3]) -> f32[2,3,6,5,2] {
        %1 = reshape(%0) : f32[6,6,5,3]
        %2 = pad(%1) mode=reflect low=[0,1,1,0] high=[0,1,1,0] : f32[6,8,7,3]
        %3 = param "kernel" : f32[3,3,3,2]
        %4 = conv(%2, %3) window={size=3x3} dim_labels=b01f_01io->b01f : f32[6,6,5,2]
        %5 = reshape(%4) : f32[2,3,6,5,2]
        return %5
      }"
    `);
  });
  it("CAUSAL of bytes without a batch axis", () => {
    expect(
      text({ padding: "CAUSAL", kernelSize: 3, kernelDilation: 2 }, { shape: [6, 3], dtype: "uint8" }),
    ).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": u8[6,3]) -> f32[6,2] {
        %1 = reshape(%0) : u8[1,6,3]
        %2 = pad(%1) mode=zero low=[0,4,0] high=[0,0,0] : u8[1,10,3]
        %3 = param "kernel" : f32[3,3,2]
        %4 = map(%2) { $0 } : f32[1,10,3]
        %5 = conv(%4, %3) window={size=3 rhs_dilate=2} dim_labels=b0f_0io->b0f : f32[1,6,2]
        %6 = reshape(%5) : f32[6,2]
        return %6
      }"
    `);
  });
  it("mask, before the bias is made", () => {
    const mask = tensor([true, false, true, true], [1, 1, 2, 2]);
    expect(text({ kernelSize: [1, 1], mask, useBias: true }, [1, 2, 2, 2])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,2,2,2]) -> f32[1,2,2,2] {
        %1 = param "kernel" : f32[1,1,2,2]
        %2 = constant "" [1, 0, 1, 1] : bool[1,1,2,2]
        %3 = map(%1, %2) { $0 * $1 } : f32[1,1,2,2]
        %4 = param "bias" : f32[2]
        %5 = conv(%0, %3) window={size=1x1} dim_labels=b01f_01io->b01f : f32[1,2,2,2]
        %6 = map(%5, %4) { $0 + $1 } : f32[1,2,2,2]
        return %6
      }"
    `);
  });
  it("groups and precision", () => {
    expect(text({ featureGroupCount: 2, precision: "float32" }, [1, 6, 5, 4])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[1,6,5,4]) -> f32[1,6,5,2] {
        %1 = param "kernel" : f32[3,3,2,2]
        %2 = conv(%0, %1) window={size=3x3 pad=1_1x1_1} dim_labels=b01f_01io->b01f feature_group_count=2 precision=highest : f32[1,6,5,2]
        return %2
      }"
    `);
  });
  it("no spatial dimensions", () => {
    expect(text({ kernelSize: [] }, [2, 3])).toMatchInlineSnapshot(`
      "graph @Conv(%0 "x": f32[2,3]) -> f32[2,2] {
        %1 = param "kernel" : f32[3,2]
        %2 = conv(%0, %1) window={} dim_labels=bf_io->bf : f32[2,2]
        return %2
      }"
    `);
  });
  it("layers say where they are", () => {
    const net = new Sequential([new Conv({ features: 2, kernelSize: [1] }), nn.relu]);
    expect(String(trace(net, { inputs: [[1, 4, 3]] })).trim()).toMatchInlineSnapshot(`
      "graph @Sequential(%0 "x": f32[1,4,3]) -> f32[1,4,2] {
        %1 = param "layers_0/kernel" : f32[1,3,2] @"Sequential/layers_0"
        %2 = param "layers_0/bias" : f32[2] @"Sequential/layers_0"
        %3 = conv(%0, %1) window={size=1} dim_labels=b0f_0io->b0f : f32[1,4,2] @"Sequential/layers_0"
        %4 = map(%3, %2) { $0 + $1 } : f32[1,4,2] @"Sequential/layers_0"
        %5 = map(%4) { max($0, 0) } : f32[1,4,2] @"Sequential"
        return %5
      }"
    `);
  });
  it("named inputs, lists and records of results, each value once", () => {
    const f = (a: Traced, b: Traced) => ({ sum: lax.add(a, b), rest: [lax.mul(a, 2), a, a] });
    const traced = traceProgram(f as never, { inputs: { left: [2], right: [2] } });
    expect(traced.inputs.map(({ name }) => name)).toEqual(["left", "right"]);
    expect(traced.outputTree).toEqual({ sum: 0, rest: [1, 2, 2] });
    expect(traced.outputs).toHaveLength(3);
    expect(traceProgram(f as never, { inputs: [[2], [2]] }).inputs.map(({ name }) => name)).toEqual([
      "x0",
      "x1",
    ]);
  });
});

describe("legal though odd", () => {
  const odd: readonly (readonly [string, Partial<Options>, readonly number[], readonly number[]])[] = [
    ["integer kernel on images is 1-D", { kernelSize: 3 }, [2, 5, 6, 3], [2, 5, 6, 2]],
    ["padding true is 1", { padding: true }, [1, 5, 5, 1], [1, 5, 5, 2]],
    ["negative padding", { padding: -1 }, [1, 7, 7, 1], [1, 3, 3, 2]],
    [
      "cropping everything",
      {
        kernelSize: [1, 1],
        padding: [
          [-3, -2],
          [0, 0],
        ],
      },
      [1, 5, 5, 1],
      [1, 0, 5, 2],
    ],
    [
      "cropping past one side",
      {
        kernelSize: [1, 1],
        padding: [
          [-7, 4],
          [0, 0],
        ],
      },
      [1, 5, 5, 1],
      [1, 2, 5, 2],
    ],
    ["empty batch", {}, [0, 5, 5, 1], [0, 5, 5, 2]],
    ["empty second batch axis", {}, [2, 0, 5, 5, 1], [2, 0, 5, 5, 2]],
    ["empty spatial axis, one batch axis", {}, [1, 0, 5, 1], [1, 0, 5, 2]],
    ["window larger than the input", { padding: "VALID" }, [1, 2, 5, 1], [1, 0, 3, 2]],
    ["four spatial dimensions", { kernelSize: [1, 2, 1, 2] }, [1, 3, 3, 3, 3, 1], [1, 3, 3, 3, 3, 2]],
    ["wrap further than the axis", { kernelSize: [9, 1], padding: "CIRCULAR" }, [1, 2, 3, 1], [1, 2, 3, 2]],
    [
      "iterables",
      { kernelSize: new Set([3, 1]), strides: new Uint8Array([1, 2]) },
      [1, 4, 4, 1],
      [1, 4, 2, 2],
    ],
    [
      "no features, given an initialiser without a fan",
      { features: 0, kernelInit: nn.initializers.zeros },
      [1, 4, 4, 1],
      [1, 4, 4, 0],
    ],
    ["no input features, likewise", { kernelInit: nn.initializers.zeros }, [1, 4, 4, 0], [1, 4, 4, 2]],
    ["dot algorithms as precision", { precision: "BF16_BF16_F32_X3" }, [1, 4, 4, 1], [1, 4, 4, 2]],
    [
      "nulls where flax has None",
      { strides: null, inputDilation: null, kernelDilation: null, mask: null, dtype: null, name: null },
      [1, 4, 4, 1],
      [1, 4, 4, 2],
    ],
  ];
  it.each(odd)("%s", (_, options, input, output) => {
    expect(shapeOf(options, input)).toEqual(output);
  });
});

describe("injected functions", () => {
  const seen: unknown[] = [];
  const injected: NonNullable<Options["convGeneralDilated"]> = (
    lhs,
    rhs,
    windowStrides,
    padding,
    options,
  ) => {
    seen.push([windowStrides, padding, options]);
    return lax.convGeneralDilated(lhs, rhs, { ...options, windowStrides, padding: "VALID" });
  };

  it("get the padding raw, after CIRCULAR has been applied", () => {
    seen.length = 0;
    shapeOf({ convGeneralDilated: injected, padding: "MINE", inputDilation: 1 }, [1, 5, 5, 1]);
    shapeOf({ convGeneralDilated: injected, padding: 2, strides: [1, 2], precision: "high" }, [1, 5, 5, 1]);
    shapeOf({ convGeneralDilated: injected, padding: "CIRCULAR" }, [1, 5, 5, 1]);
    const numbers = { lhsSpec: [0, 3, 1, 2], rhsSpec: [3, 2, 0, 1], outSpec: [0, 3, 1, 2] };
    const options = {
      lhsDilation: [1, 1],
      rhsDilation: [1, 1],
      dimensionNumbers: numbers,
      featureGroupCount: 1,
    };
    expect(seen).toEqual([
      [[1, 1], "MINE", { ...options, precision: null }],
      [
        [1, 2],
        [
          [2, 2],
          [2, 2],
        ],
        { ...options, precision: "high" },
      ],
      [[1, 1], "VALID", { ...options, precision: null }],
    ]);
  });

  it("come from a class or a factory first, made at each call", () => {
    let made = 0;
    class Injected {
      constructor() {
        made++;
      }
      call = injected;
    }
    const never = (): never => {
      throw new Error("not called");
    };
    shapeOf({ convGeneralDilatedCls: Injected, convGeneralDilated: never }, [1, 5, 5, 1]);
    expect(made).toBe(1);
    shapeOf({ convGeneralDilatedCls: () => injected, convGeneralDilated: never }, [1, 5, 5, 1]);
  });

  it("promoteDtype sees bias null without one", () => {
    const biases: unknown[] = [];
    const promoteDtype: NonNullable<Options["promoteDtype"]> = (x, kernel, bias, { dtype }) => {
      biases.push(bias === null ? null : bias.shape, dtype);
      return [lax.neg(x), kernel, bias];
    };
    const { graph } = traceProgram(new Conv({ features: 2, kernelSize: [1], promoteDtype }), {
      inputs: [[1, 4, 3]],
    });
    shapeOf({ promoteDtype, useBias: false, dtype: "float64" }, [1, 4, 4, 1]);
    expect(biases).toEqual([[2], null, null, "float32"]);
    expect(graph.nodes.some((node) => node.op === "map" && node.args.length === 1)).toBe(true);
    expect(nodeAt(graph, graph.outputs[0]!).op).toBe("map");
  });
});
