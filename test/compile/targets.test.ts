/** What compile takes and gives: modules and functions, inputs and outputs in every form. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import { Conv, compile, lax, nn, Sequential, tensor, toFloat32, trace } from "../../compiler/index.js";
import { firstDifference, runOneWay } from "../support/run-everywhere.js";
import {
  backends,
  conv,
  convolve,
  convolveInputs,
  normal,
  outShape,
  refusal,
  shape,
  variables,
  wrong,
} from "./models.js";

const x = normal(shape);
const [lhs, rhs] = [normal(convolveInputs.lhs), normal(convolveInputs.rhs, 2)];

describe.each(backends)("on %s", (backend) => {
  it("a module computes what its graph means", async () => {
    const f = await compile(conv, { inputs: [shape], variables, backend, precision: "highest" });
    const y = await f.run(x);
    expect([f.backend, y.dtype, y.shape]).toEqual([backend, "float32", outShape]);
    const expected = await runOneWay("interpreter", { target: conv, inputs: [x], variables });
    expect(firstDifference(y, expected)).toBe(-1);
  });

  it("a function of several inputs takes them in order or by name", async () => {
    const f = await compile(convolve, { inputs: convolveInputs, backend, precision: "highest" });
    const expected = await runOneWay("interpreter", { target: convolve, inputs: [lhs, rhs] });
    for (const y of [
      await f.run(lhs, rhs),
      await f.run(lhs.data, rhs),
      await f.run({ lhs, rhs }),
      await f.run({ rhs: rhs.data, lhs }),
      f.runSync(lhs, rhs),
      f.runSync({ rhs, lhs }),
    ])
      expect(firstDifference(y, expected)).toBe(-1);
  });

  it("outputs come in the form the model returns", async () => {
    const model = (a: Traced, b: Traced) => ({ sum: lax.add(a, b), parts: [nn.relu(b), a] as const });
    const f = await compile(model, { inputs: [[2], [2]], backend });
    const [a, b] = [new Float32Array([1, -2]), new Float32Array([-3, 5])];
    const y = await f.run(a, b);
    expect(y).toEqual({
      sum: tensor([-2, 3], [2]),
      parts: [tensor([0, 5], [2]), tensor(a, [2])],
    });
    expect(y.parts[1].data).not.toBe(a);
    expect(f.outputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["sum", 2],
      ["parts.0", 2],
      ["parts.1", 2],
    ]);
    const out = { sum: new Float32Array(2), parts: [new Float32Array(2), new Float32Array(2)] };
    f.runSync(a, b, out);
    expect([...out.sum]).toEqual([-2, 3]);
    expect([...out.parts[0]!]).toEqual([0, 5]);
  });

  it("a tuple of one and an output that is an input are what they say", async () => {
    const f = await compile((a: Traced) => [a] as const, { inputs: [[3]], backend });
    const [y] = await f.run(new Float32Array([1, 2, 3]));
    expect(y).toEqual(tensor([1, 2, 3], [3]));
  });

  it("a uint8 input takes bytes", async () => {
    const model = new Sequential([
      (p: Traced) => lax.mul(lax.convertElementType(p, "float32"), 0.5),
      nn.relu,
    ]);
    const f = await compile(model, { inputs: [{ shape: [4], dtype: "uint8" }], backend });
    expect([...(await f.run(new Uint8Array([0, 1, 2, 255]))).data]).toEqual([0, 0.5, 1, 127.5]);
    expect([...f.runSync(new Uint8ClampedArray([0, 1, 2, 255])).data]).toEqual([0, 0.5, 1, 127.5]);
    expect((await refusal(() => f.run(new Float32Array(4)))).code).toBe("input-dtype");
    expect(f.inputs[0]!.data).toBeInstanceOf(Uint8Array);
  });

  it("a float64 Tensor is narrowed, to nearest", async () => {
    const f = await compile((a: Traced) => a, { inputs: [{ shape: [2], dtype: "float64" }], backend });
    const y = await f.run({ data: new Float64Array([0.1, 1 / 3]), shape: [2], dtype: "float64" });
    expect(y).toEqual(tensor(new Float32Array([0.1, 1 / 3]), [2]));
    expect((await refusal(() => f.run(new Float64Array(2)))).code).toBe("input-dtype");
  });

  it("empty tensors go through", async () => {
    const f = await compile(conv, { inputs: [[0, 5, 6, 2]], variables, backend });
    expect((await f.run(new Float32Array(0))).shape).toEqual([0, 5, 6, 5]);
  });
});

describe("inputs", () => {
  const pixels = tensor(new Uint8Array(60), shape);
  it.each([
    ["a shape", [shape], "x", "float32"],
    ["a Tensor", [pixels], "x", "uint8"],
    ["a shape and a dtype", [{ shape, dtype: "int32" as const }], "x", "int32"],
    ["a shape in a record", [{ shape }], "x", "float32"],
    ["a record of names", { pixels }, "pixels", "uint8"],
  ])("are given as %s", async (_, inputs, name, dtype) => {
    const f = await compile((a: Traced) => nn.identity(a), { inputs, backend: "js" });
    expect(f.inputs).toHaveLength(1);
    expect(f.inputs[0]).toMatchObject({ name, dtype, shape });
  });

  it("of a function without names are x0, x1 …", async () => {
    const f = await compile(convolve, { inputs: [lhs, rhs], backend: "js" });
    expect(f.inputs.map(({ name }) => name)).toEqual(["x0", "x1"]);
  });

  it("make the same program as trace prints", async () => {
    const f = await compile(conv, { inputs: [shape], backend: "js" });
    expect(await f.emit("trace")).toBe(String(trace(conv, { inputs: [shape] })));
  });

  it("that do not fit the model are refused by compile", async () => {
    const few = await refusal(() => compile(convolve, { inputs: [lhs] }));
    expect(few.code).toBe("not-traced");
    const grouped = new Conv({ features: 4, kernelSize: [1, 1], featureGroupCount: 4 });
    const odd = await refusal(() => compile(grouped, { inputs: [[1, 5, 5, 3]] }));
    expect(odd).toMatchObject({ name: "ShapeError", code: "input-features", path: "Conv" });
  });
});

describe("not targets", () => {
  it.each([
    ["nothing", undefined],
    ["a class", Conv],
    ["a number", 3],
  ])("%s", async (_, target) => {
    const error = await refusal(() => compile(wrong<typeof conv>(target), { inputs: [shape] }));
    expect(error).toMatchObject({ name: "ConfigError", code: "not-a-target" });
  });
});

it("parameters in float64 or int32 are used as float32", async () => {
  const wide = Object.fromEntries(
    Object.entries(variables.params).map(([name, value]) => {
      const t = wrong<typeof x>(value);
      return [name, { ...t, data: Float64Array.from(t.data), dtype: "float64" as const }];
    }),
  );
  const run = async (params: typeof variables.params) => {
    const f = await compile(conv, { inputs: [shape], variables: { params }, backend: "js" });
    return f.runSync(x);
  };
  expect(firstDifference(await run(wide), await run(variables.params))).toBe(-1);
  expect(toFloat32(wide.kernel!)).toEqual(wrong<typeof x>(variables.params.kernel).data);
});
