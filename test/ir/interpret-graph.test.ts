/** Each graph operation on small tensors, and the conversions of stored elements. */
import { describe, expect, it } from "vitest";
import { evaluator } from "../../ir/evaluate.js";
import { expandFn } from "../../ir/expand.js";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, loadElement, storeElement } from "../../ir/float16.js";
import type { NodeBody } from "../../ir/graph.js";
import { GraphBuilder } from "../../ir/graph.js";
import { evaluateNode, interpretGraph } from "../../ir/interpret-graph.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import type { ElementArray, TensorType } from "../../ir/types.js";
import { elementCount } from "../../ir/types.js";
import { random } from "../support/random.js";
import { scalarToFunction } from "../support/scalar-js.js";

const count = (shape: readonly number[], from = 0): Float32Array =>
  Float32Array.from({ length: elementCount(shape) }, (_, i) => i + from);

function run(
  body: NodeBody,
  shapes: readonly (readonly number[])[],
): { shape: readonly number[]; data: number[] } {
  const builder = new GraphBuilder();
  const args = shapes.map((shape, i) =>
    builder.add({ op: "input", name: `x${i}` }, [], { element: "f32", shape }),
  );
  const id = builder.add(body, args);
  const inputs = shapes.map((shape, i) => count(shape, 100 * i));
  const [out] = interpretGraph(builder.finish("test", [id]), { inputs, params: new Map() });
  return { shape: builder.type(id).shape, data: [...out!] };
}

describe("interpretGraph: moving elements", () => {
  it("reshape keeps the order", () => {
    expect(run({ op: "reshape", shape: [3, 2] }, [[2, 3]])).toEqual({
      shape: [3, 2],
      data: [0, 1, 2, 3, 4, 5],
    });
  });

  it("transpose: axis a of the result is axis permutation[a]", () => {
    const { shape, data } = run({ op: "transpose", permutation: [2, 0, 1] }, [[2, 1, 3]]);
    expect(shape).toEqual([3, 2, 1]);
    expect(data).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it("slice with steps", () => {
    const { data } = run({ op: "slice", start: [1, 0], step: [1, 2], shape: [2, 2] }, [[3, 4]]);
    expect(data).toEqual([4, 6, 8, 10]);
  });

  it("concat, an empty operand included", () => {
    const { shape, data } = run({ op: "concat", axis: 1 }, [
      [2, 1],
      [2, 0],
      [2, 2],
    ]);
    expect(shape).toEqual([2, 3]);
    expect(data).toEqual([0, 200, 201, 1, 202, 203]);
  });

  it("interleave undoes slicing into phases", () => {
    const shape = [3, 5];
    const steps = [2, 3];
    const builder = new GraphBuilder();
    const x = builder.add({ op: "input", name: "x" }, [], { element: "f32", shape });
    const phases = [0, 1].flatMap((r) =>
      [0, 1, 2].map((c) => {
        const extents = [Math.ceil((3 - r) / 2), Math.ceil((5 - c) / 3)];
        return builder.add({ op: "slice", start: [r, c], step: steps, shape: extents }, [x]);
      }),
    );
    const y = builder.add({ op: "interleave", steps, shape }, phases);
    const [out] = interpretGraph(builder.finish("test", [y]), { inputs: [count(shape)], params: new Map() });
    expect([...out!]).toEqual([...count(shape)]);
  });

  it("pad: zero, wrap past a whole period, reflect bouncing", () => {
    const pad = (mode: "zero" | "wrap" | "reflect") =>
      run({ op: "pad", mode, low: [4], high: [3] }, [[3]]).data;
    expect(pad("zero")).toEqual([0, 0, 0, 0, 0, 1, 2, 0, 0, 0]);
    expect(pad("wrap")).toEqual([2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    expect(pad("reflect")).toEqual([0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
    expect(run({ op: "pad", mode: "reflect", low: [2], high: [1] }, [[1]]).data).toEqual([0, 0, 0, 0]);
    expect(() => run({ op: "pad", mode: "wrap", low: [1], high: [0] }, [[0]])).toThrow("empty axis");
  });

  it("views keep the stored bits of any element type", () => {
    const type: TensorType = { element: "f16", shape: [2, 2] };
    const builder = new GraphBuilder();
    const x = builder.add({ op: "input", name: "x" }, [], type);
    const y = builder.add({ op: "transpose", permutation: [1, 0] }, [x]);
    const inputs = [Uint16Array.of(1, 0x7e01, 0x8000, 0x3c00)];
    const [out] = interpretGraph(builder.finish("test", [y]), { inputs, params: new Map() });
    expect(out).toEqual(Uint16Array.of(1, 0x8000, 0x7e01, 0x3c00));
  });
});

describe("interpretGraph: map and arguments", () => {
  it("broadcasts by NumPy's rule and rounds after each call", () => {
    const body = call("add", call("mul", arg(0), arg(1)), arg(2));
    const { shape, data } = run({ op: "map", body, element: "f32" }, [[2, 1], [3], []]);
    expect(shape).toEqual([2, 3]);
    expect(data).toEqual([200, 200, 200, 300, 301, 302]);
    const tenth = Math.fround(0.1);
    const product = evaluator(call("mul", lit(0.1), lit(0.1)), () => () => 0)();
    expect(product).toBe(Math.fround(tenth * tenth));
  });

  it("evaluates a shared sub-tree once", () => {
    let tree: Scalar = arg(0);
    for (let i = 0; i < 60; i++) tree = call("mul", tree, tree);
    let reads = 0;
    const compute = evaluator(tree, () => () => {
      reads++;
      return 1;
    });
    expect([compute(), compute()]).toEqual([1, 1]);
    expect(reads).toBe(4);
  });

  it("agrees with the expansions as JavaScript, bit for bit", () => {
    const source = random(3);
    for (const fn of ["exp", "expm1", "log", "log1p", "tanh", "erf", "erfc", "rsqrt"] as const) {
      for (const rounding of ["exact", "wide"] as const) {
        let x = 0;
        const mine = evaluator(call(fn, arg(0)), () => () => x, rounding);
        const other = scalarToFunction(expandFn(fn, [arg(0)]), rounding === "wide" ? "wide-bits" : "exact");
        for (let i = 0; i < 2000; i++) {
          x = i % 2 === 0 ? source.anyFloat() : source.normal() * 8;
          x = Math.fround(x);
          expect(Math.fround(mine()), `${fn}(${x})`).toBe(other(x));
        }
      }
    }
  });

  it("names what is missing or too short", () => {
    const builder = new GraphBuilder();
    const type: TensorType = { element: "f32", shape: [2] };
    const x = builder.add({ op: "input", name: "x" }, [], type);
    const w = builder.add({ op: "param", path: "conv/bias" }, [], type);
    const y = builder.add({ op: "map", body: call("add", arg(0), arg(1)), element: "f32" }, [x, w]);
    const graph = builder.finish("net", [y]);
    const two = Float32Array.of(1, 2);
    expect(() => interpretGraph(graph, { inputs: [], params: new Map() })).toThrow("input x has no elements");
    expect(() => interpretGraph(graph, { inputs: [two], params: new Map() })).toThrow("parameter conv/bias");
    const params = new Map<string, ElementArray>([["conv/bias", two]]);
    expect(() => interpretGraph(graph, { inputs: [two.subarray(1)], params })).toThrow(
      "has 1 elements, not 2",
    );
    expect(interpretGraph(graph, { inputs: [two], params })).toEqual([Float32Array.of(2, 4)]);
  });

  it("evaluateNode computes one node", () => {
    const type: TensorType = { element: "f32", shape: [2] };
    const node = { op: "map", body: call("neg", arg(0)), element: "f32", type, args: [], where: "" } as const;
    const data = Int32Array.of(1, -2);
    expect(evaluateNode(node, [{ type: { element: "i32", shape: [2] }, data }])).toEqual(
      Float32Array.of(-1, 2),
    );
  });
});

describe("16-bit floats", () => {
  it("every pattern survives a round trip", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const half = f16ToF32(bits);
      if (Number.isNaN(half)) expect(bits & 0x7fff).toBeGreaterThan(0x7c00);
      else if (f32ToF16(half) !== bits) expect.fail(`f16 ${bits}`);
      const brain = bf16ToF32(bits);
      if (Number.isNaN(brain)) expect(bits & 0x7fff).toBeGreaterThan(0x7f80);
      else if (f32ToBf16(brain) !== bits) expect.fail(`bf16 ${bits}`);
    }
    expect([f32ToF16(NaN), f32ToBf16(NaN)]).toEqual([0x7e00, 0x7fc0]);
  });

  it("rounds to the nearest, ties to even, overflow to infinity", () => {
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -23].map(f32ToF16)).toEqual([
      0x3c00, 0x3c02, 0x3c01,
    ]);
    expect([65504, 65519, 65520, -1e9].map(f32ToF16)).toEqual([0x7bff, 0x7bff, 0x7c00, 0xfc00]);
    expect([2 ** -24, 2 ** -25, 1.5 * 2 ** -25, -(2 ** -30)].map(f32ToF16)).toEqual([1, 0, 1, 0x8000]);
    expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38].map(f32ToBf16)).toEqual([0x3f80, 0x3f82, 0x7f80]);
  });

  it("bfloat16 is f32's upper half, rounded", () => {
    const view = new DataView(new ArrayBuffer(4));
    const source = random(11);
    for (let i = 0; i < 20_000; i++) {
      const x = source.anyFloat();
      if (Number.isNaN(x)) continue;
      view.setFloat32(0, x);
      const bits = view.getUint32(0);
      expect(f32ToBf16(x)).toBe(((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff);
    }
  });

  it("loads and stores convert", () => {
    const data = new Uint16Array(1);
    storeElement(data, "f16", 0, 1.0001);
    expect(loadElement(data, "f16", 0)).toBe(1);
    storeElement(data, "bf16", 0, -3);
    expect(loadElement(data, "bf16", 0)).toBe(-3);
    expect(loadElement(Int32Array.of(16777217), "i32", 0)).toBe(16777216);
  });
});
