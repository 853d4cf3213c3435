/** Who owns what: results, views, `out`, overlapping calls, dispose; and what is refused before anything runs. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Executable } from "../../compiler/index.js";
import { compile, tensor } from "../../compiler/index.js";
import { firstDifference } from "../support/run-everywhere.js";
import {
  backends,
  conv,
  convolve,
  convolveInputs,
  copyOf,
  normal,
  outShape,
  refusal,
  shape,
  thrown,
  variables,
  wrong,
} from "./models.js";

const x = normal(shape);
const others = [2, 3, 4].map((seed) => normal(shape, seed));

describe.each(backends)("on %s", (backend) => {
  const ready = () => compile(conv, { inputs: [shape], variables, backend });
  let f: Executable;
  let two: Executable;
  beforeAll(async () => {
    f = await ready();
    two = await compile(convolve, { inputs: convolveInputs, backend });
  });

  it("results belong to the caller", async () => {
    const [first, sync] = [await f.run(x), f.runSync(x)];
    const kept = first.data.slice();
    (sync.data as Float32Array).fill(0);
    await f.run(others[0]!);
    expect(first.data).toEqual(kept);
    expect(first.data.buffer).not.toBe(f.outputs[0]!.data.buffer);
    expect(firstDifference(await f.run(x), first)).toBe(-1);
  });

  it("runSync and run write into out", async () => {
    const expected = f.runSync(x);
    const out = new Float32Array(expected.data.length);
    const y = f.runSync(x, out);
    expect([y.data, y.shape, y.dtype]).toEqual([out, outShape, "float32"]);
    expect(y.data).toBe(out);
    expect(out).toEqual(expected.data);
    out.fill(Number.NaN);
    expect((await f.run(x.data, out)).data).toBe(out);
    expect(out).toEqual(expected.data);
    f.runSync({ x: others[0]! }, out);
    expect(out).toEqual(f.runSync(others[0]!).data);
  });

  it("overlapping runs each get their own result, of the input as it was", async () => {
    const expected = others.map((other) => f.runSync(other));
    const input = new Float32Array(x.data.length);
    const running = others.map((other) => {
      input.set(other.data);
      return f.run(input);
    });
    input.fill(0);
    const found = await Promise.all(running);
    expect(found.map((y, i) => firstDifference(y, expected[i]!))).toEqual([-1, -1, -1]);
  });

  it("views stay what they are, and invoke twice gives the same bits", async () => {
    const [input, output] = [f.inputs[0]!.data, f.outputs[0]!.data];
    expect(f.inputs[0]).toMatchObject({ name: "x", shape, dtype: "float32" });
    expect(f.outputs[0]).toMatchObject({ name: "y", shape: outShape, dtype: "float32" });
    const expected = f.runSync(x).data;
    for (const other of others) await f.run(other);
    input.set(x.data);
    f.invoke();
    expect(output).toEqual(expected);
    f.invoke();
    expect(output).toEqual(expected);
    expect(input).toEqual(x.data);
    expect([f.inputs[0]!.data === input, f.outputs[0]!.data === output]).toEqual([true, true]);
  });

  it("Tensors handed in are not modified", async () => {
    const [lhs, rhs] = [normal(convolveInputs.lhs), normal(convolveInputs.rhs, 2)];
    const before = copyOf({ params: { lhs, rhs } }).params;
    two.runSync(lhs, rhs);
    await two.run({ lhs, rhs });
    expect({ lhs, rhs }).toEqual(before);
  });

  it("after dispose every method throws ConfigError", async () => {
    const f = await ready();
    const last = f.run(x);
    f.dispose();
    expect((await last).shape).toEqual(outShape);
    const disposed = { name: "ConfigError", code: "disposed" };
    for (const method of [
      () => f.run(x),
      () => f.setVariables(variables),
      () => f.bundle(),
      () => f.emit("graph"),
    ])
      expect(
        await method().then(
          () => null,
          (reason: unknown) => reason,
        ),
      ).toMatchObject(disposed);
    for (const method of [
      () => f.runSync(x),
      () => f.invoke(),
      () => f.inputs,
      () => f.outputs,
      () => f.explain(),
      () => f.explain({ json: true }),
      () => f.dispose(),
    ])
      expect(thrown(method)).toMatchObject(disposed);
  });

  it.each([
    ["a short array", new Float32Array(3), "input-shape", "Float32Array[3]"],
    ["another array type", new Float64Array(60), "input-dtype", "Float64Array[60]"],
    ["bytes", new Uint8Array(60), "input-dtype", "Uint8Array[60]"],
    ["another shape of that size", tensor(x.data, [1, 6, 5, 2]), "input-shape", "float32[1,6,5,2]"],
    ["no batch", tensor(x.data, [5, 6, 2]), "input-shape", "float32[5,6,2]"],
    ["another dtype", tensor(new Int32Array(60), shape), "input-dtype", "int32[1,5,6,2]"],
    ["a plain array", [...x.data], "input-dtype", "Array[60]"],
    ["nothing", undefined, "input-dtype", "undefined"],
    ["another name", { image: x }, "input-name", "image"],
  ])("%s is a ShapeError before anything runs", async (_, input, code, given) => {
    f.runSync(x);
    const before = [f.inputs[0]!.data.slice(), f.outputs[0]!.data.slice()];
    for (const run of [() => f.runSync(wrong(input)), () => f.run(wrong(input))]) {
      const error = await refusal(run);
      expect(error).toMatchObject({ name: "ShapeError", code });
      expect(error.message).toContain(given);
      if (code !== "input-name") expect(error.message).toContain("float32[1,5,6,2]");
    }
    expect([f.inputs[0]!.data, f.outputs[0]!.data]).toEqual(before);
  });

  it("an out that does not fit is a ShapeError before anything runs", async () => {
    f.runSync(x);
    const before = f.outputs[0]!.data.slice();
    const short = await refusal(() => f.runSync(others[0]!, new Float32Array(3)));
    expect(short).toMatchObject({ name: "ShapeError", code: "output-shape" });
    expect(short.message).toMatch(/float32\[1,5,6,5\].*Float32Array\[3\]/);
    expect((await refusal(() => f.runSync(others[0]!, new Float64Array(150)))).code).toBe("output-dtype");
    expect(f.outputs[0]!.data).toEqual(before);
  });

  it("too few and too many inputs are refused", async () => {
    const { lhs, rhs } = { lhs: normal(convolveInputs.lhs), rhs: normal(convolveInputs.rhs) };
    expect((await refusal(() => two.run(lhs))).message).toMatch(/lhs, rhs/);
    expect((await refusal(() => two.run(lhs, rhs, rhs, rhs))).code).toBe("input-count");
    expect((await refusal(() => two.run({ lhs }))).code).toBe("input-name");
    expect((await refusal(() => two.run({ lhs, rhs, more: rhs }))).code).toBe("input-name");
    expect((await refusal(() => two.run(rhs, lhs))).message).toMatch(/input lhs .*\[1,4,4,2\].*\[3,3,2,3\]/);
  });
});
