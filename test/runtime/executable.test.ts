/** The ownership rules of an executable, one by one, on a program written by hand. */
import { describe, expect, it } from "vitest";
import type { Executable } from "../../runtime/executable.js";
import { createExecutable } from "../../runtime/executable.js";
import type { JsFactory } from "../../runtime/run-js.js";
import { instantiateJs } from "../../runtime/run-js.js";
import type { Tensor } from "../../runtime/tensor.js";
import { tensor } from "../../runtime/tensor.js";
import { affine, affineProgram, affineSource, pairProgram, pairSource } from "../bundle/fake-program.js";

const factory = (source: string): JsFactory => new Function(`return ${source}`)() as JsFactory;

function unset(): Executable {
  return createExecutable(affineProgram, instantiateJs(factory(affineSource), affineProgram));
}

function ready(bias = 0.25): Executable {
  const executable = unset();
  executable.setWeights([new Float32Array([bias])]);
  return executable;
}

type Pair = { readonly sum: Tensor; readonly rest: readonly [Tensor, Tensor] };
function pair(): Executable<Pair> {
  return createExecutable<Pair>(pairProgram, instantiateJs(factory(pairSource), pairProgram));
}

const x = new Float32Array([1, 2, 3, 4]);
const thrown = (act: () => unknown): { name: string; code: string; message: string } => {
  try {
    act();
  } catch (error) {
    return error as { name: string; code: string; message: string };
  }
  throw new Error("nothing was thrown");
};

describe("results", () => {
  it("belong to the caller: a later run leaves them alone", async () => {
    const f = ready();
    const first = f.runSync(x);
    const second = await f.run(new Float32Array(4));
    expect(first).toEqual({ data: new Float32Array(affine([...x], 0.25)), shape: [1, 4], dtype: "float32" });
    expect([...second.data]).toEqual(affine([0, 0, 0, 0], 0.25));
    first.data.fill(9);
    expect([...f.runSync(x).data]).toEqual(affine([...x], 0.25));
  });

  it("have the form the model returned", async () => {
    const y = await pair().run(new Uint8Array([1, 2, 3]), new Uint16Array([10, 20, 30]));
    expect([...y.sum.data]).toEqual([11, 22, 33]);
    expect(y.rest[0]).toEqual({ data: new Uint16Array([10, 20, 30]), shape: [3], dtype: "float16" });
    expect(y.rest[1].data).not.toBe(y.sum.data);
    expect(Object.keys(y)).toEqual(["sum", "rest"]);
  });

  it("are written into out, which the result then lies in", () => {
    const f = ready();
    const out = new Float32Array(4);
    const result = f.runSync(x, out);
    expect([...out]).toEqual(affine([...x], 0.25));
    expect(result.data).toBe(out);
    expect(f.runSync(new Float32Array(4), out)).toBe(result);
    expect([...out]).toEqual(affine([0, 0, 0, 0], 0.25));
  });

  it("are written into a tree of out arrays", () => {
    const out = { sum: new Int32Array(3), rest: [new Uint16Array(3), new Int32Array(3)] };
    const a = new Uint8Array([1, 2, 3]);
    const b = new Uint16Array([1, 1, 1]);
    for (const act of [() => pair().runSync(a, b, out), () => pair().runSync({ b, a }, out)]) {
      const y = act();
      expect([...out.sum]).toEqual([2, 3, 4]);
      expect(y.rest[1].data).toBe(out.rest[1]);
      out.sum.fill(0);
    }
  });
});

describe("inputs", () => {
  it("may change as soon as run was called, and overlapping runs keep their own", async () => {
    const f = ready();
    const input = new Float32Array([1, 1, 1, 1]);
    const first = f.run(input);
    input.fill(5);
    const second = f.run(input);
    input.fill(7);
    expect((await first).data[0]).toBe(2.5);
    expect((await second).data[0]).toBe(10.5);
    expect([...input]).toEqual([7, 7, 7, 7]);
  });

  it("are arrays, Tensors or a record by name", () => {
    const f = ready();
    const expected = affine([...x], 0.25);
    expect([...f.runSync(tensor(x, [1, 4])).data]).toEqual(expected);
    expect([...f.runSync({ x }).data]).toEqual(expected);
    expect([...f.runSync({ x: tensor(x, [1, 4]) }).data]).toEqual(expected);
    expect([...f.runSync(tensor([1, 2, 3, 4], [1, 4], "float64")).data]).toEqual(expected);
  });

  it("take clamped pixels for uint8 and a Float16Array, by its bits, for float16", () => {
    class Float16Array extends Uint16Array {
      override get [Symbol.toStringTag](): "Uint16Array" {
        return "Float16Array" as "Uint16Array";
      }
    }
    const y = pair().runSync(new Uint8ClampedArray([0, 0, 0]), new Float16Array([7, 8, 9]));
    expect([...y.rest[0].data]).toEqual([7, 8, 9]);
  });

  it.each([
    ["a short array", new Float32Array(3), "input-shape", "float32[1,4]", "Float32Array[3]"],
    ["another array type", new Float64Array(4), "input-dtype", "Float32Array of 4", "Float64Array[4]"],
    ["a plain array", [1, 2, 3, 4], "input-dtype", "float32[1,4]", "Array[4]"],
    ["another shape", tensor(x, [4]), "input-shape", "float32[1,4]", "float32[4]"],
    ["another dtype", tensor([1, 2, 3, 4], [1, 4], "int32"), "input-dtype", "float32[1,4]", "int32[1,4]"],
    [
      "a lying Tensor",
      { data: new Float32Array(5), shape: [1, 4], dtype: "float32" },
      "input-shape",
      "[1,4]",
      "[5]",
    ],
    ["nothing", undefined, "input-dtype", "float32[1,4]", "undefined"],
    ["null", null, "input-dtype", "float32[1,4]", "null"],
    ["another name", { z: x }, "input-name", "x", "z"],
  ])("refuse %s before anything runs", async (_, input, code, wanted, given) => {
    const f = ready();
    f.runSync(x);
    const before = [...f.outputs[0]!.data, ...f.inputs[0]!.data];
    const error = thrown(() => f.runSync(input as Float32Array));
    expect(error).toMatchObject({ name: "ShapeError", code });
    expect(error.message).toContain(wanted);
    expect(error.message).toContain(given);
    expect(error.message).not.toContain("\n");
    expect([...f.outputs[0]!.data, ...f.inputs[0]!.data]).toEqual(before);
    await expect(f.run(input as Float32Array)).rejects.toMatchObject({ code });
  });

  it("are all checked before the first is copied", () => {
    const f = pair();
    const error = thrown(() => f.runSync(new Uint8Array([1, 1, 1]), new Uint16Array(2)));
    expect(error.message).toContain("input b");
    expect([...f.inputs[0]!.data]).toEqual([0, 0, 0]);
    expect(thrown(() => f.runSync(new Uint8Array(3))).code).toBe("input-count");
  });

  it.each([
    ["a wrong length", new Float32Array(5), "output-shape"],
    ["a wrong type", new Float64Array(4), "output-dtype"],
    ["a tuple where one tensor is", [new Float32Array(4)], "output-dtype"],
  ])("an out of %s is refused before anything runs", (_, out, code) => {
    const f = ready();
    expect(thrown(() => f.runSync(x, out))).toMatchObject({ name: "ShapeError", code });
    expect([...f.inputs[0]!.data]).toEqual([0, 0, 0, 0]);
  });

  it("an out of another form is refused", () => {
    const [a, b] = [new Uint8Array(3), new Uint16Array(3)];
    expect(thrown(() => pair().runSync(a, b, { sum: new Int32Array(3) })).code).toBe("output-tree");
    expect(thrown(() => pair().runSync(a, b, new Int32Array(3))).code).toBe("output-tree");
  });
});

describe("views", () => {
  it("lie in the program's memory: invoke twice gives the same result", () => {
    const f = ready();
    const [input, output] = [f.inputs[0]!, f.outputs[0]!];
    expect(input).toMatchObject({ name: "x", shape: [1, 4], dtype: "float32" });
    input.data.set(x);
    f.invoke();
    const once = [...output.data];
    f.invoke();
    expect(once).toEqual(affine([...x], 0.25));
    expect([...output.data]).toEqual(once);
    expect(f.outputs[0]!.data).toBe(output.data);
  });
});

describe("weights", () => {
  it("must be set before the first run", async () => {
    const f = unset();
    const missing = { name: "ConfigError", code: "weights-missing" };
    expect(thrown(() => f.runSync(x))).toMatchObject(missing);
    expect(thrown(() => f.invoke())).toMatchObject(missing);
    await expect(f.run(x)).rejects.toMatchObject(missing);
  });

  it("are prepared when set, and can be swapped", () => {
    const f = ready(1);
    expect([...f.runSync(x).data]).toEqual(affine([...x], 1));
    f.setWeights([new Float32Array([3])]);
    expect([...f.runSync(x).data]).toEqual(affine([...x], 3));
  });

  it("of another number or size are refused", () => {
    const f = unset();
    expect(thrown(() => f.setWeights([]))).toMatchObject({ name: "CheckpointError", code: "weights-shape" });
    const error = thrown(() => f.setWeights([new Float32Array(2)]));
    expect(error).toMatchObject({ name: "CheckpointError", code: "weights-shape" });
    expect(error.message).toContain("params/bias");
    expect(thrown(() => f.runSync(x)).code).toBe("weights-missing");
  });
});

describe("dispose", () => {
  it("ends every method with a ConfigError", async () => {
    const f = ready();
    const last = f.run(x);
    f.dispose();
    expect((await last).data[0]).toBe(2.5);
    const disposed = { name: "ConfigError", code: "disposed" };
    const methods = [
      () => f.runSync(x),
      () => f.invoke(),
      () => f.setWeights([]),
      () => f.dispose(),
      () => f.inputs,
      () => f.outputs,
    ];
    for (const method of methods) expect(thrown(method)).toMatchObject(disposed);
    await expect(f.run(x)).rejects.toMatchObject(disposed);
  });
});
