/** The interpreter's convolution against the definition, bit for bit. */
import { describe, expect, it } from "vitest";
import { evaluator } from "../../ir/evaluate.js";
import type { ConvFused, NodeBody } from "../../ir/graph.js";
import { GraphBuilder, identityFused } from "../../ir/graph.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import { arg, call, lit } from "../../ir/scalar.js";
import type { ElementArray, TensorType } from "../../ir/types.js";
import { elementCount } from "../../ir/types.js";
import { windowDim } from "../../ir/window.js";
import { random } from "../support/random.js";
import type { RandomConv } from "../support/random-conv.js";
import { randomConv } from "../support/random-conv.js";
import { referenceConv } from "../support/reference-conv.js";

type ConvBody = Extract<NodeBody, { op: "conv" }>;

const body = (
  conv: Omit<RandomConv, "lhsShape" | "rhsShape">,
  fused: ConvFused = identityFused,
): ConvBody => {
  const { window, dims, groups, batchGroups, local, skippedTaps } = conv;
  const shared = { precision: "highest", element: "f32" } as const;
  return { op: "conv", window, dims, groups, batchGroups, local, skippedTaps, fused, ...shared };
};

const plain: Omit<RandomConv, "lhsShape" | "rhsShape"> = {
  window: [windowDim(2)],
  dims: "b0f_0io->b0f",
  groups: 1,
  batchGroups: 1,
  local: false,
  skippedTaps: [],
};

/** A graph that is one conv over inputs of these types. */
function runConv(conv: ConvBody, types: readonly TensorType[], inputs: readonly ElementArray[]) {
  const builder = new GraphBuilder();
  const args = types.map((type, i) => builder.add({ op: "input", name: `x${i}` }, [], type));
  const id = builder.add(conv, args);
  const graph = builder.finish("test", [id]);
  return { shape: builder.type(id).shape, data: interpretGraph(graph, { inputs, params: new Map() })[0]! };
}

const f32 = (shape: readonly number[]): TensorType => ({ element: "f32", shape });

/** Index of the first element that is not the same value, zero signs and NaN included; -1 where all are. */
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}

describe("interpretGraph: conv", () => {
  it("equals the definition for random configurations", () => {
    let elements = 0;
    let empty = 0;
    for (let seed = 0; seed < 700; seed++) {
      const source = random(seed);
      const conv = randomConv(source);
      const lhs = source.normals(elementCount(conv.lhsShape));
      const rhs = source.normals(elementCount(conv.rhsShape));
      // An infinite or NaN weight shows which products are formed.
      if (rhs.length > 0 && source.chance(0.1))
        rhs[source.int(0, rhs.length - 1)] = source.pick([Infinity, NaN]);
      const got = runConv(body(conv), [f32(conv.lhsShape), f32(conv.rhsShape)], [lhs, rhs]);
      const expected = referenceConv({ ...conv, lhs, rhs, stepwise: true });
      const context = `seed ${seed}: ${JSON.stringify(conv)}`;
      expect(got.shape, context).toEqual(expected.shape);
      expect(firstDifference(got.data, expected.data), context).toBe(-1);
      elements += got.data.length;
      if (got.data.length === 0) empty++;
    }
    expect(elements).toBeGreaterThan(25_000);
    expect(empty).toBeGreaterThan(10);
  });

  it("stays within the bound of direct summation of float64", () => {
    for (let seed = 0; seed < 60; seed++) {
      const source = random(seed + 10_000);
      const conv = randomConv(source);
      const lhs = source.normals(elementCount(conv.lhsShape));
      const rhs = source.normals(elementCount(conv.rhsShape));
      const got = runConv(body(conv), [f32(conv.lhsShape), f32(conv.rhsShape)], [lhs, rhs]).data;
      const expected = referenceConv({ ...conv, lhs, rhs });
      const terms = rhs.length;
      expected.data.forEach((value, i) => {
        const bound = (terms + 2) * 2 ** -24 * expected.magnitude[i]!;
        expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(bound);
      });
    }
  });

  it("applies fused.lhs to elements and not to padding, and fused.out to sums", () => {
    // (x + 10), then out = max(acc, 25) + $2; the padding zeros stay zero.
    const conv = body(
      { ...plain, window: [windowDim(2, { low: 1, high: 1 })] },
      {
        lhs: call("add", arg("lhs"), lit(10)),
        rhs: call("mul", arg("rhs"), arg(3)),
        out: call("add", call("max", arg("acc"), lit(25)), arg(2)),
      },
    );
    const { data } = runConv(
      conv,
      [f32([1, 3, 1]), f32([2, 1, 2]), f32([2]), f32([2, 1, 1])],
      [
        Float32Array.of(1, 2, 3),
        Float32Array.of(1, 2, 10, 20),
        Float32Array.of(0.5, 0.25),
        Float32Array.of(1, 0.1),
      ],
    );
    // Taps: weights [1, 2] and, scaled by 0.1, [1, 2].
    expect([...data]).toEqual([25.5, 25.25, 25.5, 46.25, 25.5, 50.25, 25.5, 26.25]);
  });

  it("multiplies padding with infinite weights but not the gaps of lhs dilation", () => {
    const types = [f32([1, 2, 1]), f32([2, 1, 1])];
    const inputs = [Float32Array.of(1, 2), Float32Array.of(Infinity, 1)];
    const padded = runConv(body({ ...plain, window: [windowDim(2, { low: 1 })] }), types, inputs);
    expect([...padded.data]).toEqual([NaN, Infinity]);
    const dilated = runConv(body({ ...plain, window: [windowDim(2, { lhsDilation: 2 })] }), types, inputs);
    expect([...dilated.data]).toEqual([Infinity, 2]);
    const skipped = runConv(
      body({ ...plain, window: [windowDim(2, { low: 1 })], skippedTaps: [0] }),
      types,
      inputs,
    );
    expect([...skipped.data]).toEqual([1, 2]);
  });

  it("reads integers, bools and 16-bit floats as f32", () => {
    const conv = body({ ...plain, window: [windowDim(1)] });
    const run = (element: TensorType["element"], data: ElementArray): number[] => {
      const lhs: TensorType = { element, shape: [1, data.length, 1] };
      return [...runConv(conv, [lhs, f32([1, 1, 1])], [data, Float32Array.of(1)]).data];
    };
    expect(run("i32", Int32Array.of(16777217, -16777219))).toEqual([16777216, -16777220]);
    expect(run("u32", Uint32Array.of(4294967295))).toEqual([4294967296]);
    expect(run("bool", Uint8Array.of(0, 1))).toEqual([0, 1]);
    expect(run("i8", Int8Array.of(-128, 127))).toEqual([-128, 127]);
    expect(run("f16", Uint16Array.of(0x3c00, 0x8000, 0x7bff))).toEqual([1, 0, 65504]);
    expect(run("bf16", Uint16Array.of(0x3f80, 0xc000))).toEqual([1, -2]);
  });

  it("sums nothing to +0 and still runs the epilogue", () => {
    const types = [f32([1, 3, 0]), f32([2, 0, 1])];
    const empty = [new Float32Array(0), new Float32Array(0)];
    const zeros = runConv(body(plain), types, empty).data;
    expect(firstDifference(zeros, [0, 0])).toBe(-1);
    const fused = { ...identityFused, out: call("exp", call("add", arg("acc"), lit(1))) };
    const shown = runConv(body(plain, fused), types, empty).data;
    expect([...shown]).toEqual([Math.fround(Math.E), Math.fround(Math.E)]);
  });

  it("expands transcendentals like every other user of the scalar language", () => {
    const source = random(5);
    const lhs = source.normals(40);
    const fused = { ...identityFused, out: call("erf", arg("acc")) };
    const conv = body({ ...plain, window: [windowDim(1)] }, fused);
    const { data } = runConv(conv, [f32([1, 40, 1]), f32([1, 1, 1])], [lhs, Float32Array.of(1)]);
    const one = (x: number): number => evaluator(call("erf", arg(0)), () => () => x)();
    expect([...data]).toEqual([...lhs].map(one));
  });
});
