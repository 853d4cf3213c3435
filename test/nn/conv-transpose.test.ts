/** ConvTranspose: its graphs, that it is the adjoint of Conv, and the fold that CIRCULAR stands for. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import {
  Conv,
  ConvTranspose,
  compile,
  key,
  lax,
  Module,
  modelFromSpec,
  trace,
} from "../../compiler/index.js";
import type { ConvTransposeOptions } from "../../compiler/nn/index.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { Random } from "../support/random.js";
import { random } from "../support/random.js";

type Shape = readonly number[];
const count = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);
const integers = (source: Random, shape: Shape): Float32Array =>
  Float32Array.from({ length: count(shape) }, () => source.int(-4, 4));

interface Result {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/** A module without a bias, interpreted. */
function run(module: Module, shape: Shape, x: Float32Array, kernel: Float32Array): Result {
  const { graph, outputs, params } = traceProgram(module, { inputs: [shape] });
  expect(count(params[0]!.shape)).toBe(kernel.length);
  const [data] = interpretGraph(graph, { inputs: [x], params: new Map([["kernel", kernel]]) });
  return { data: data as Float32Array, shape: outputs[0]!.shape };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

describe("graphs", () => {
  const graphOf = (options: Omit<ConvTransposeOptions, "features">, shape: Shape): string =>
    String(trace(new ConvTranspose({ features: 2, ...options }), { inputs: [shape] }));

  it("are a convolution of the dilated input", () => {
    expect(
      graphOf({ kernelSize: [3], strides: 2 }, [1, 4, 3]),
    ).toBe(`graph @ConvTranspose(%0 "x": f32[1,4,3]) -> f32[1,8,2] {
  %1 = param "kernel" : f32[3,3,2] @"ConvTranspose"
  %2 = param "bias" : f32[2] @"ConvTranspose"
  %3 = conv(%0, %1) window={size=3 pad=2_1 lhs_dilate=2} dim_labels=b0f_0io->b0f : f32[1,8,2] @"ConvTranspose"
  %4 = map(%3, %2) { $0 + $1 } : f32[1,8,2] @"ConvTranspose"
  return %4
}
`);
  });

  it("turn a transposed kernel round by its window and labels, and move nothing", () => {
    expect(
      graphOf({ kernelSize: [3, 2], strides: [1, 2], transposeKernel: true, useBias: false }, [1, 4, 4, 3]),
    ).toBe(`graph @ConvTranspose(%0 "x": f32[1,4,4,3]) -> f32[1,4,8,2] {
  %1 = param "kernel" : f32[3,2,2,3] @"ConvTranspose"
  %2 = conv(%0, %1) window={size=3x2 pad=1_1x1_1 lhs_dilate=1x2 rhs_reversal=1x1} dim_labels=b01f_01oi->b01f : f32[1,4,8,2] @"ConvTranspose"
  return %2
}
`);
  });

  it("wrap the input for CIRCULAR, as much of it as the windows reach", () => {
    expect(
      graphOf({ kernelSize: [4], strides: 2, padding: "CIRCULAR", useBias: false }, [1, 5, 3]),
    ).toBe(`graph @ConvTranspose(%0 "x": f32[1,5,3]) -> f32[1,10,2] {
  %1 = param "kernel" : f32[4,3,2] @"ConvTranspose"
  %2 = pad(%0) mode=wrap low=[0,1,0] high=[0,1,0] : f32[1,7,3] @"ConvTranspose"
  %3 = conv(%2, %1) window={size=4 lhs_dilate=2} dim_labels=b0f_0io->b0f : f32[1,10,2] @"ConvTranspose"
  return %3
}
`);
  });

  it("come from JSON, as a module and as a function", () => {
    const shared = { features: 2, kernelSize: [3], strides: 2, transposeKernel: true };
    const options = { ...shared, kernelInit: "heNormal" };
    const model = modelFromSpec({ type: "ConvTranspose", ...options });
    expect(model.init(key(0), [1, 4, 3]).params).toHaveProperty("kernel.shape", [3, 2, 3]);
    const graph = modelFromSpec({
      type: "Graph",
      inputs: { x: [1, 4, 3], w: [3, 3, 2] },
      nodes: [
        { id: "y", op: "convTranspose", inputs: ["x", "w"], options: { strides: [2], padding: "SAME" } },
      ],
      outputs: ["y"],
    });
    expect(String(trace(graph, { inputs: { x: [1, 4, 3], w: [3, 3, 2] } }))).toContain(
      "pad=2_1 lhs_dilate=2",
    );
  });
});

describe("compiled", () => {
  it("multiplies no inserted zero", async () => {
    const [extent, features] = [6, 4];
    const up = new ConvTranspose({ features, kernelSize: [4, 4], strides: 2, useBias: false });
    for (const backend of ["js", "wasm"] as const) {
      const shape = [1, extent, extent, 3];
      const f = await compile(up, { inputs: [shape], variables: up.init(key(0), shape), backend });
      const { layers } = f.explain({ json: true });
      const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
      // Of 4 x 4 taps, 2 x 2 meet an element or the border.
      expect(macs).toBe((2 * extent) ** 2 * 2 * 2 * 3 * features);
      expect(await f.emit("graph")).not.toContain("lhs_dilate");
      f.dispose();
    }
  });
});

/** Extents such that the string paddings invert each other. */
function randomPair(source: Random) {
  const rank = source.pick([1, 2, 2]);
  const each = (...choices: number[]): number[] => Array.from({ length: rank }, () => source.pick(choices));
  const strides = each(1, 1, 2, 3);
  const small = each(1, 2, 3, 4);
  return {
    strides,
    kernelSize: each(1, 2, 3, 4, 5),
    kernelDilation: each(1, 1, 2),
    padding: source.pick(["SAME", "VALID", "CIRCULAR"] as const),
    small: [1, ...small, source.pick([1, 2])],
    large: [1, ...small.map((extent, d) => extent * strides[d]!), source.pick([1, 3])],
  };
}

/** flax rounds half the overlap the other way round for the rest: its CIRCULAR layers are then off by an element. */
function circularInverts({ strides, kernelSize, kernelDilation }: ReturnType<typeof randomPair>): boolean {
  return strides.every((stride, d) => {
    const reach = (kernelSize[d]! - 1) * kernelDilation[d]!;
    return stride === 2 || (stride === 1 && reach % 2 === 0);
  });
}

describe("with transposeKernel", () => {
  it("is the adjoint of Conv with the same kernel: <Conv(x), y> = <x, ConvTranspose(y)>", () => {
    let compared = 0;
    for (let seed = 0; seed < 400; seed++) {
      const source = random(seed);
      const pair = randomPair(source);
      const { small, large, ...options } = pair;
      if (options.padding === "CIRCULAR" && !circularInverts(pair)) continue;
      const [inner, outer] = [small.at(-1)!, large.at(-1)!];
      const conv = new Conv({ ...options, features: inner, useBias: false });
      const forward = traceProgram(conv, { inputs: [large] }).outputs[0]!.shape;
      if (forward.includes(0)) continue;
      const back = new ConvTranspose({ ...options, features: outer, useBias: false, transposeKernel: true });
      // VALID gives back an extent of its own where the forward one left some elements unread.
      if (traceProgram(back, { inputs: [forward] }).outputs[0]!.shape.join() !== large.join()) continue;
      const kernel = integers(source, [...options.kernelSize, outer, inner]);
      const [x, y] = [integers(source, large), integers(source, forward)];
      const left = dot(run(conv, large, x, kernel).data, y);
      const right = dot(x, run(back, forward, y, kernel).data);
      expect(right, `seed ${seed}: ${JSON.stringify({ ...options, small, large })}`).toBe(left);
      compared++;
    }
    expect(compared).toBeGreaterThan(200);
  });
});

/** flax's own way: the VALID result padded to an odd number of periods, then folded (spec 1.9). */
function folded(valid: Result, period: number, transposeKernel: boolean): number[] {
  const extent = valid.shape[1]!;
  const modulus = 2 * period;
  const difference = (((period - extent) % modulus) + modulus) % modulus;
  const low = transposeKernel ? Math.floor(difference / 2) : Math.ceil(difference / 2);
  const out = new Array<number>(period).fill(0);
  for (let j = 0; j < extent; j++) out[(j + low) % period]! += valid.data[j]!;
  return out;
}

describe("CIRCULAR", () => {
  it("is the fold of the VALID result, whatever the extents", () => {
    for (let seed = 0; seed < 500; seed++) {
      const source = random(seed);
      const options = {
        features: 1,
        kernelSize: [source.int(1, 9)],
        strides: source.int(1, 5),
        kernelDilation: source.pick([1, 1, 2, 3, 6]),
        transposeKernel: source.chance(0.5),
        useBias: false,
      };
      const shape = [1, source.int(1, 6), 1];
      const kernel = integers(source, options.kernelSize);
      const x = integers(source, shape);
      const valid = run(new ConvTranspose({ ...options, padding: "VALID" }), shape, x, kernel);
      const circular = run(new ConvTranspose({ ...options, padding: "CIRCULAR" }), shape, x, kernel);
      const context = `seed ${seed}: ${JSON.stringify(options)} on [${shape}]`;
      const expected = folded(valid, shape[1]! * options.strides, options.transposeKernel);
      expect([...circular.data], context).toEqual(expected);
    }
  });

  it("is refused where an axis is empty, kernel of one tap or not", () => {
    for (const size of [1, 3])
      expect(() =>
        new ConvTranspose({ features: 1, kernelSize: [size], strides: 2, padding: "CIRCULAR" }).init(
          key(0),
          [1, 0, 2],
        ),
      ).toThrow(expect.objectContaining({ code: "empty-axis-padding", path: "ConvTranspose" }));
  });
});

describe("options", () => {
  const made = (options: object) => () =>
    new ConvTranspose({ features: 2, kernelSize: [3, 3], ...options } as ConvTransposeOptions);

  it.each([
    ["an input dilation", { inputDilation: 2 }, "unknown-option"],
    ["feature groups", { featureGroupCount: 1 }, "unknown-option"],
    ["a hook it has not", { convGeneralDilated: () => null }, "unknown-option"],
    ["four dimensions", { kernelSize: [1, 1, 1, 1] }, "bad-kernel-size"],
    ["REFLECT", { padding: "REFLECT" }, "unknown-padding"],
    ["CAUSAL", { padding: "CAUSAL" }, "unknown-padding"],
    ["an unknown name", { padding: "FOO" }, "unknown-padding"],
    ["SAME_LOWER with strides", { padding: "SAME_LOWER", strides: 2 }, "string-padding-dilated"],
    ["lower case with strides", { padding: "valid", strides: [1, 2] }, "string-padding-dilated"],
    ["transposeKernel that is no boolean", { transposeKernel: 1 }, "bad-option"],
    ["an integer preferredElementType", { preferredElementType: "int32" }, "preferred-element-type"],
  ])("refuses %s", (_, options, code) => {
    expect(made(options)).toThrow(expect.objectContaining({ name: "ConfigError", code }));
  });

  it("takes lax's names without strides, as an ordinary convolution's", () => {
    for (const padding of ["SAME_LOWER", "same_lower", "Same_Lower"]) {
      const graph = String(
        trace(new ConvTranspose({ features: 1, kernelSize: [4], padding }), { inputs: [[1, 5, 1]] }),
      );
      expect(graph).toContain("window={size=4 pad=2_1}");
    }
    // Upper case pads as a transposed convolution does, and lower case does not.
    expect(made({ padding: "valid" })).not.toThrow();
  });

  it("is named after its class", () => {
    class Net extends Module {
      call(x: Traced): Traced {
        const up = () => new ConvTranspose({ features: 1, kernelSize: [1] });
        return up().call(new Conv({ features: 1, kernelSize: [1] }).call(up().call(x)));
      }
    }
    // The outermost is made first, and its parameters last.
    const { params } = new Net().init(key(0), [1, 4, 1]);
    expect(Object.keys(params)).toEqual(["ConvTranspose_1", "Conv_0", "ConvTranspose_0"]);
  });
});

it("lax.convTranspose names what it refuses", () => {
  const call = (options: object, shapes: readonly Shape[]) => () =>
    trace((x, k) => lax.convTranspose(x!, k!, { strides: [2], padding: "SAME", ...options } as never), {
      inputs: shapes,
    });
  const good: readonly Shape[] = [
    [1, 4, 3],
    [3, 3, 2],
  ];
  expect(call({}, good)).not.toThrow();
  expect(call({ windowStrides: [1] }, good)).toThrow(/unknown; did you mean "strides"/);
  expect(call({ strides: 2 }, good)).toThrow(expect.objectContaining({ code: "bad-strides" }));
  expect(call({ strides: [2, 2] }, good)).toThrow(expect.objectContaining({ code: "strides-rank" }));
  expect(call({ padding: "same" }, good)).toThrow(/cannot be used with strides \[2\]/);
  expect(call({ transposeKernel: true }, good)).toThrow(
    expect.objectContaining({ code: "feature-mismatch" }),
  );
  const many: readonly Shape[] = [
    [1, 2, 2, 2, 2, 1],
    [1, 1, 1, 1, 1, 1],
  ];
  expect(call({ strides: [1, 1, 1, 1] }, many)).toThrow(
    expect.objectContaining({ code: "bad-dimension-numbers" }),
  );
});
