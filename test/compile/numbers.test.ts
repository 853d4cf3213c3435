/** The numeric contract: the same bits at "highest", bounded errors at "default", and where NaN and infinity reach. */
import { describe, expect, it } from "vitest";
import type { Tensor, Variables } from "../../compiler/index.js";
import { Conv, compile, nn, Sequential, tensor } from "../../compiler/index.js";
import type { Random } from "../support/random.js";
import { random } from "../support/random.js";
import type { ReferenceConv } from "../support/reference-conv.js";
import { referenceConv } from "../support/reference-conv.js";
import { firstDifference } from "../support/run-everywhere.js";
import { backends, conv, normal, shape, variables } from "./models.js";

const compiled = (options: object) => compile(conv, { inputs: [shape], variables, ...options });
const x = normal(shape);

it("js and wasm give the same bits at highest, and the data could tell", async () => {
  const run = async (options: object) => (await compiled(options)).runSync(x);
  const [js, wasm] = [
    await run({ backend: "js", precision: "highest" }),
    await run({ backend: "wasm", precision: "highest" }),
  ];
  expect(firstDifference(js, wasm)).toBe(-1);
  // js keeps double precision inside a sum at "default".
  expect(firstDifference(await run({ backend: "js", precision: "default" }), js)).toBeGreaterThanOrEqual(0);
});

it("a layer of precision highest, or float32, makes the program so", async () => {
  const of = (options: object) =>
    new Sequential([new Conv({ features: 5, kernelSize: [3, 3], ...options }), nn.relu]);
  const layers = { params: { layers_0: variables.params } };
  const run = async (target: Sequential, options: object) => {
    const f = await compile(target, { inputs: [shape], variables: layers, ...options });
    return { y: f.runSync(x), f };
  };
  const forced = await run(of({ precision: "highest" }), { backend: "js", algorithm: "winograd" });
  expect(forced.f.explain({ json: true })).toMatchObject({ precision: "highest", target: "js" });
  expect(forced.f.notes.join("\n")).toMatch(/a layer asks for "highest"/);
  expect(forced.f.notes.join("\n")).toMatch(/"winograd"/);
  const whole = await run(of({}), { backend: "js", precision: "highest" });
  expect(whole.f.notes.join("\n")).not.toMatch(/highest/);
  expect(firstDifference(forced.y, whole.y)).toBe(-1);
  const wasm = await run(of({ precision: "float32" }), { backend: "wasm" });
  expect(firstDifference(wasm.y, whole.y)).toBe(-1);
  const free = await run(of({}), { backend: "js" });
  expect(firstDifference(free.y, whole.y)).toBeGreaterThanOrEqual(0);
});

type Kind = "normal" | "relu'd" | "all-positive" | "constant" | "half-zero";
const kinds: readonly Kind[] = ["normal", "relu'd", "all-positive", "constant", "half-zero"];

function fill(source: Random, kind: Kind, shapeOf: readonly number[]): Tensor {
  const size = shapeOf.reduce((product, extent) => product * extent, 1);
  const level = source.normal();
  const value: Record<Kind, () => number> = {
    normal: () => source.normal(),
    "relu'd": () => Math.max(0, source.normal()),
    "all-positive": () => 1 + source.unit(),
    constant: () => level,
    "half-zero": () => (source.chance(0.5) ? 0 : source.normal()),
  };
  return { data: Float32Array.from({ length: size }, value[kind]), shape: shapeOf, dtype: "float32" };
}

/** A convolution and its shape, in explicit pads so that the reference can be told the same. */
function randomLayer(source: Random, winograd: boolean) {
  const rank = winograd ? source.pick([2, 2, 3]) : source.int(1, 2);
  const each = <T>(make: () => T): T[] => Array.from({ length: rank }, make);
  const groups = winograd ? 1 : source.pick([1, 1, 1, 2]);
  const depth = source.pick(winograd ? [1, 3, 17, 64, 130] : [1, 3, 8, 17]);
  const features = groups * source.pick([1, 3, 4, 8]);
  const taps = source.pick([3, 3, 5]);
  const kernelSize = each(() => (winograd ? taps : source.pick([1, 2, 3, 5])));
  // The first axis of three is not transformed, and may have any taps.
  if (winograd && rank === 3) kernelSize[0] = source.int(1, 4);
  const strides = each(() => (winograd ? 1 : source.pick([1, 1, 2])));
  const kernelDilation = each(() => (winograd ? 1 : source.pick([1, 1, 2])));
  if (winograd && rank === 3) kernelDilation[0] = source.int(1, 2);
  const padding = each(() => [source.int(0, 2), source.int(0, 2)] as const);
  const extents = each(() => source.int(5, 11));
  const useBias = source.chance(0.5);
  const layer = new Conv({
    features,
    kernelSize,
    strides,
    kernelDilation,
    padding,
    featureGroupCount: groups,
    useBias,
  });
  const window = kernelSize.map((_, d) => ({
    stride: strides[d]!,
    rhsDilation: kernelDilation[d]!,
    low: padding[d]![0],
    high: padding[d]![1],
  }));
  return {
    layer,
    useBias,
    features,
    lhsShape: [1, ...extents, depth * groups],
    rhsShape: [...kernelSize, depth, features],
    reference: { window, groups },
  };
}

type Layer = ReturnType<typeof randomLayer>;

function randomData(source: Random, kind: Kind, { lhsShape, rhsShape, features, useBias }: Layer) {
  const lhs = fill(source, kind, lhsShape);
  const kernel = fill(source, kind === "all-positive" ? kind : "normal", rhsShape);
  const bias = fill(source, "normal", [features]);
  const params = useBias ? { kernel, bias } : { kernel };
  return { lhs, kernel, bias: useBias ? bias.data : new Float32Array(features), params };
}

/** Result and Σ|x·w| in float64, the bias one more term. */
function exact({ reference, rhsShape, features, lhsShape }: Layer, data: ReturnType<typeof randomData>) {
  const { lhs, kernel, bias } = data;
  const given: ReferenceConv = { ...reference, lhs: lhs.data, lhsShape, rhs: kernel.data, rhsShape };
  const sum = referenceConv(given);
  const terms = rhsShape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  return {
    terms: terms + 1,
    value: sum.data.map((value, i) => value + bias[i % features]!),
    magnitude: sum.magnitude.map((value, i) => value + Math.abs(bias[i % features]!)),
  };
}

describe.each(backends)("errors on %s stay within the contract", (backend) => {
  const ways = [
    ["default", "direct"],
    ["highest", "auto"],
  ] as const;

  it.each(ways)("at %s, %s: every element within (K+2) 2^-24 Σ|x·w|", async (precision, algorithm) => {
    const source = random(backend === "js" ? 7 : 8);
    for (let i = 0; i < 8; i++) {
      const layer = randomLayer(source, false);
      const f = await compile(layer.layer, { inputs: [layer.lhsShape], backend, precision, algorithm });
      for (const kind of kinds) {
        const data = randomData(source, kind, layer);
        await f.setVariables({ params: data.params });
        const y = f.runSync(data.lhs).data;
        const { terms, value, magnitude } = exact(layer, data);
        expect(y.length).toBe(value.length);
        for (const [at, wanted] of value.entries()) {
          const error = Math.abs(y[at]! - wanted);
          if (!(error <= (terms + 2) * 2 ** -24 * magnitude[at]!))
            expect.fail(`${kind}, element ${at}: ${y[at]} for ${wanted}; ${JSON.stringify(layer)}`);
        }
      }
    }
  });

  it("with Winograd: within 1e-5 of the largest Σ|x·w|", async () => {
    const source = random(9);
    let used = 0;
    for (let i = 0; i < 6; i++) {
      const layer = randomLayer(source, true);
      const f = await compile(layer.layer, { inputs: [layer.lhsShape], backend, algorithm: "winograd" });
      if (
        /winograd/i.test(
          f
            .explain({ json: true })
            .layers.map((l) => l.algorithm)
            .join(),
        )
      )
        used++;
      for (const kind of kinds) {
        const data = randomData(source, kind, layer);
        await f.setVariables({ params: data.params });
        const y = f.runSync(data.lhs).data;
        const { value, magnitude } = exact(layer, data);
        const bound = 1e-5 * Math.max(...magnitude);
        expect(Math.max(...value.map((wanted, at) => Math.abs(y[at]! - wanted)))).toBeLessThanOrEqual(bound);
      }
    }
    expect(used).toBeGreaterThan(0);
  });
});

describe.each(backends)("NaN and infinity on %s", (backend) => {
  const layer = new Conv({ features: 3, kernelSize: [3, 3], strides: [2, 1], kernelDilation: [1, 2] });
  const wide = [1, 9, 8, 2] as const;
  const params: Variables = { params: { kernel: normal([3, 3, 2, 3], 3), bias: normal([3], 4) } };

  it.each([
    ["highest", "auto"],
    ["default", "direct"],
  ] as const)(
    "in an input reach exactly the outputs whose window holds it, at %s",
    async (precision, algorithm) => {
      const f = await compile(layer, { inputs: [wide], variables: params, backend, precision, algorithm });
      const clean = normal(wide);
      const expected = f.runSync(clean);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        for (const at of [0, 17, 62, 79, 143]) {
          const data = clean.data.slice();
          data[at] = value;
          const y = f.runSync({ ...clean, data }).data;
          const inside = referenceConv({
            lhs: clean.data.map((_, i) => Number(i === at)),
            lhsShape: wide,
            rhs: new Float32Array(54).fill(1),
            rhsShape: [3, 3, 2, 3],
            // SAME: 9 rows by 2, 8 columns by 1 under 5 dilated taps.
            window: [
              { stride: 2, low: 1, high: 1 },
              { stride: 1, low: 2, high: 2, rhsDilation: 2 },
            ],
          });
          expect(inside.shape).toEqual([...f.outputs[0]!.shape]);
          for (const [i, reached] of inside.magnitude.entries()) {
            const found = [Number.isFinite(y[i]!), Object.is(y[i], expected.data[i])];
            expect([value, at, i, ...found]).toEqual([value, at, i, reached === 0, reached === 0]);
          }
        }
    },
  );

  it("in a weight meet padding zeros, but not the zeros of dilation", async () => {
    const kernel = tensor([1, Number.POSITIVE_INFINITY], [2, 1, 1]);
    const run = async (options: object) => {
      const one = new Conv({ features: 1, kernelSize: [2], useBias: false, ...options });
      const f = await compile(one, { inputs: [[1, 3, 1]], variables: { params: { kernel } }, backend });
      return [...f.runSync(new Float32Array([1, 2, 3])).data];
    };
    const infinite = Number.POSITIVE_INFINITY;
    expect(await run({ padding: [[0, 1]] })).toEqual([infinite, infinite, Number.NaN]);
    // 1 0 2 0 3: each window holds one element and one zero in between.
    expect(await run({ padding: [[0, 0]], inputDilation: 2 })).toEqual([1, infinite, 2, infinite]);
  });
});
