/** Activations against what flax computed, and against float64 where flax's own float32 is not accurate. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import { lax, nn } from "../../compiler/index.js";
import { type ActivationName, activations } from "../../compiler/nn/activation.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import { recorded, recordedNumber } from "../oracle/vectors.js";

function evaluate(f: (x: Traced) => Traced, x: readonly number[]): Float32Array {
  const { graph } = traceProgram((input) => f(input!), { inputs: [[x.length]] });
  return interpretGraph(graph, { inputs: [Float32Array.from(x)], params: new Map() })[0] as Float32Array;
}

describe("recorded from flax", () => {
  const x = recorded.activations.x.map(recordedNumber);
  it.each(Object.entries(recorded.activations.y))("%s", (name, recordedY) => {
    const f = name === "geluExact" ? (t: Traced) => nn.gelu(t, false) : activations[name as "relu"];
    const y = evaluate(f, x);
    const off = recordedY.map((value, i) => {
      const wanted = recordedNumber(value);
      if (!Number.isFinite(wanted)) return Object.is(y[i], wanted) ? 0 : Infinity;
      return Math.abs(y[i]! - wanted) / Math.max(1, Math.abs(wanted));
    });
    // flax computes squareplus with a sum that cancels for negative numbers.
    expect(Math.max(...off)).toBeLessThan(name === "squareplus" ? 2e-6 : 1e-6);
  });
});

/** In float64, from formulas that do not cancel. */
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const geluLogit = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
/** Greatest error in units of the last place, of the name's results over the sweep. */
const exact: readonly (readonly [ActivationName, number, (x: number) => number])[] = [
  ["relu", 0, (x) => Math.max(x, 0)],
  ["relu6", 0, (x) => Math.min(Math.max(x, 0), 6)],
  ["sigmoid", 4, sigmoid],
  ["tanh", 2, Math.tanh],
  ["silu", 5, (x) => x * sigmoid(x)],
  // The exponent's own rounding counts |2u| times over.
  ["gelu", 120, (x) => x * sigmoid(geluLogit(x))],
  ["leakyRelu", 1, (x) => (x >= 0 ? x : Math.fround(0.01) * x)],
  ["elu", 2, (x) => (x > 0 ? x : Math.expm1(x))],
  ["celu", 2, (x) => (x > 0 ? x : Math.expm1(x))],
  ["selu", 4, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))],
  ["softplus", 3, softplus],
  ["logSigmoid", 3, (x) => -softplus(-x)],
  ["hardTanh", 0, (x) => Math.min(Math.max(x, -1), 1)],
  ["softSign", 2, (x) => x / (1 + Math.abs(x))],
  ["mish", 6, (x) => x * Math.tanh(softplus(x))],
  ["squareplus", 3, (x) => (x < 0 ? 2 / (Math.sqrt(x * x + 4) - x) : (x + Math.sqrt(x * x + 4)) / 2)],
];

/** Distance in float32 steps of the size found at the wanted value. */
function steps(given: number, wanted: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(wanted))), -126);
  return Math.abs(given - wanted) / 2 ** (exponent - 23);
}

describe("accuracy in float32 steps", () => {
  const sweep: number[] = [];
  for (let i = -3000; i <= 3000; i++) sweep.push(Math.fround(i / 37));
  for (let e = -30; e <= 6; e++) sweep.push(2 ** e * 1.3, -(2 ** e) * 1.7);
  const x = sweep.map(Math.fround);
  it.each(exact)("%s within %d", (name, allowed, wanted) => {
    const y = evaluate(activations[name] as (x: Traced) => Traced, x);
    // Below the smallest normal number digits are lost by nature.
    const off = x.map((value, i) => {
      const exactValue = wanted(value);
      return Math.abs(exactValue) < 1e-36 ? 0 : steps(y[i]!, exactValue);
    });
    expect(Math.max(...off)).toBeLessThanOrEqual(allowed);
  });
});

describe("extremes", () => {
  const huge = 3e38;
  const names = Object.keys(activations) as ActivationName[];
  it.each(names)("%s of huge numbers is a number, of NaN is NaN", (name) => {
    const [low, high, nan] = evaluate(activations[name] as (x: Traced) => Traced, [-huge, huge, Number.NaN]);
    expect(low).not.toBeNaN();
    expect(high).not.toBeNaN();
    expect(nan).toBeNaN();
  });

  const limits: readonly (readonly [ActivationName, number, number])[] = [
    ["sigmoid", 0, 1],
    ["silu", 0, huge],
    ["gelu", 0, huge],
    ["mish", 0, huge],
    ["softplus", 0, huge],
    ["logSigmoid", -huge, 0],
    ["elu", -1, huge],
    ["celu", -1, huge],
    ["selu", -1.7580993, Math.fround(1.0507009873554805) * Math.fround(huge)],
    ["squareplus", 0, huge],
    ["sparsePlus", 0, huge],
    ["softSign", -1, 1],
    ["hardSigmoid", 0, 1],
    ["relu6", 0, 6],
  ];
  it.each(limits)("%s goes from %d to %d", (name, below, above) => {
    const [low, high] = evaluate(activations[name] as (x: Traced) => Traced, [-huge, huge]);
    expect(low! + 0).toBe(Math.fround(below));
    expect(high! + 0).toBe(Math.fround(above));
  });

  it("small results keep their digits", () => {
    expect(evaluate(nn.sigmoid, [-80])[0]).toBeCloseTo(1.80485138784e-35, 40);
    expect(evaluate(nn.squareplus, [-1000])[0]).toBeCloseTo(0.000999999, 9);
    expect(evaluate(nn.gelu, [-5])[0]! / -2.29179619726e-7).toBeCloseTo(1, 5);
    expect(evaluate((x) => nn.gelu(x, { approximate: false }), [-5])[0]! / -1.4332578590447e-6).toBeCloseTo(
      1,
      5,
    );
  });
});

describe("options", () => {
  it("may be given by name or alone", () => {
    const x = [-2, 3];
    expect(evaluate((t) => nn.leakyRelu(t, 0.25), x)).toEqual(Float32Array.of(-0.5, 3));
    expect(evaluate((t) => nn.leakyRelu(t, { negativeSlope: 0.25 }), x)).toEqual(Float32Array.of(-0.5, 3));
    expect(evaluate((t) => nn.elu(t, { alpha: 2 }), [-40])).toEqual(Float32Array.of(-2));
    expect(evaluate((t) => nn.celu(t, 2), [-80])).toEqual(Float32Array.of(-2));
    expect(evaluate((t) => nn.squareplus(t, 0), x)).toEqual(Float32Array.of(0, 3));
    expect(evaluate((t) => nn.gelu(t, {}), x)).toEqual(evaluate(nn.gelu, x));
  });
});

describe("integers", () => {
  const of = (f: (x: Traced) => Traced) => () =>
    traceProgram((x) => f(x!), { inputs: [{ shape: [2], dtype: "int32" }] }).outputs[0]!.dtype;
  it("become floats where flax makes them so", () => {
    for (const f of [
      nn.relu6,
      nn.tanh,
      nn.gelu,
      nn.leakyRelu,
      nn.elu,
      nn.celu,
      nn.selu,
      nn.softplus,
      nn.hardSigmoid,
      nn.mish,
    ])
      expect(of(f as (x: Traced) => Traced)()).toBe("float32");
  });
  it("pass through identity as they are", () => {
    expect(of(nn.identity)()).toBe("int32");
    expect(of((x) => nn.relu(lax.convertElementType(x, "float32")))()).toBe("float32");
  });
});

describe("lax", () => {
  it("joins a scalar, and extents of one, with anything", () => {
    const shape = (a: readonly number[], b: readonly number[]) =>
      traceProgram((x, y) => lax.mul(x!, y!), { inputs: [a, b] }).outputs[0]!.shape;
    expect(shape([2, 3], [])).toEqual([2, 3]);
    expect(shape([], [3])).toEqual([3]);
    expect(shape([2, 1], [1, 3])).toEqual([2, 3]);
  });
  it("computes", () => {
    const x = [1, 4, 0.25];
    expect(evaluate((t) => lax.sub(1, t), x)).toEqual(Float32Array.of(0, -3, 0.75));
    expect(evaluate((t) => lax.div(lax.max(t, 1), lax.min(t, 1)), x)).toEqual(Float32Array.of(1, 4, 4));
    expect(evaluate(lax.rsqrt, x)).toEqual(Float32Array.of(1, 0.5, 2));
    expect(evaluate((t) => lax.neg(lax.floor(t)), x)).toEqual(Float32Array.of(-1, -4, -0));
  });
  it("moves elements", () => {
    const x = [0, 1, 2, 3, 4, 5];
    const f = (t: Traced): Traced => {
      const m = lax.transpose(lax.reshape(t, [2, -1]), [1, 0]);
      const first = lax.slice(m, [0, 0], [3, 1]);
      return lax.concatenate([first, m, lax.slice(m, [2, 0], [3, 2], [1, 1])].slice(0, 2), -1);
    };
    expect(evaluate(f, x)).toEqual(Float32Array.of(0, 0, 3, 1, 1, 4, 2, 2, 5));
  });
});
