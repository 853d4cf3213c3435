import { describe, expect, it } from "vitest";
import { checkParams, type ExpectedParam } from "../../compiler/checkpoint/check-params.js";
import { writeMsgpack } from "../../compiler/checkpoint/msgpack.js";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import type { Variables } from "../../compiler/checkpoint/tree.js";
import { CheckpointError } from "../../runtime/error.js";
import { newArray, tensor } from "../../runtime/tensor.js";
import { npy, safetensors, zip } from "./write-file.js";

const zeros = (...shape: number[]) =>
  tensor(
    newArray(
      "float32",
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
const expected: readonly ExpectedParam[] = [
  { path: "Conv_0/kernel", shape: [3, 3, 1, 4], dtype: "float32" },
  { path: "Conv_0/bias", shape: [4], dtype: "float32" },
  { path: "Conv_1/kernel", shape: [1, 1, 4, 2], dtype: "float32" },
];
const good = { Conv_0: { kernel: zeros(3, 3, 1, 4), bias: zeros(4) }, Conv_1: { kernel: zeros(1, 1, 4, 2) } };

function refusal(variables: unknown, options = {}): CheckpointError {
  try {
    checkParams(expected, variables as Variables, options);
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
  throw new Error("accepted");
}

describe("checkParams", () => {
  it("gives the tensors by path", () => {
    const found = checkParams(expected, { params: good });
    expect([...found.keys()]).toEqual(expected.map(({ path }) => path));
    expect(found.get("Conv_0/bias")).toBe(good.Conv_0.bias);
  });

  it("accepts other dtypes, as flax does, and narrows float64", () => {
    const bias = tensor([1, 2, 3, 4], [4], "float16");
    const kernel = tensor(new Float64Array(8).fill(0.1), [1, 1, 4, 2]);
    const found = checkParams(expected, {
      params: { ...good, Conv_0: { ...good.Conv_0, bias }, Conv_1: { kernel } },
    });
    expect(found.get("Conv_0/bias")).toBe(bias);
    expect(found.get("Conv_1/kernel")).toEqual(tensor(new Float32Array(8).fill(0.1), [1, 1, 4, 2]));
  });

  it("lists everything that is missing or mis-shaped at once", () => {
    const error = refusal({ params: { Conv_0: { kernel: zeros(3, 3, 4, 1), bias: zeros(4, 1) } } });
    expect(error.code).toBe("params-missing");
    expect(error.message).toBe(
      "parameters do not fit the model: Conv_0/kernel is float32[3,3,4,1], expected shape [3,3,1,4]; " +
        "Conv_0/bias is float32[4,1], expected shape [4]; Conv_1/kernel is missing, expected float32[1,1,4,2]",
    );
    expect(refusal({ params: { ...good, Conv_1: { kernel: zeros(2, 2) } } }).code).toBe("params-shape");
  });

  it("names what the file has instead", () => {
    const error = refusal({ params: { layers_0: good.Conv_0, Conv_1: good.Conv_1 } });
    expect(error.message).toContain("not used by the model: layers_0/kernel, layers_0/bias");
  });

  it("reports extras once, or refuses them when strict", () => {
    const params = { ...good, head: { kernel: zeros(1), bias: zeros(1) } };
    const warnings: string[] = [];
    checkParams(expected, { params }, { onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual(["2 parameters are not used by the model: head/kernel, head/bias"]);
    expect(refusal({ params }, { strict: true }).code).toBe("params-extra");
    checkParams(expected, { params: good }, { strict: true });
  });

  it("does not warn when all fits", () => {
    checkParams(expected, { params: good }, { onWarning: (message) => expect.fail(message) });
  });

  it("recognises params inside params", () => {
    const error = refusal({ params: { params: good } });
    expect(error.code).toBe("params-in-params");
    expect(error.message).toContain("variables.params.params");
  });

  it("recognises it in a file of every format", () => {
    const kernel = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
    const array = npy("<f4", "(1,)", new Uint8Array(4));
    const files = [
      writeMsgpack({ params: { params: good } }),
      safetensors({ "params.params.Conv_0.kernel": kernel }, new Uint8Array(4)),
      safetensors({ "params/params/Conv_0/kernel": kernel }, new Uint8Array(4)),
      zip([{ name: "params/params/Conv_0/kernel.npy", data: array }]),
    ];
    for (const file of files) expect(refusal(readWeights(file)).code).toBe("params-in-params");
  });

  it("recognises PyTorch's order of axes", () => {
    const turned = refusal({ params: { ...good, Conv_0: { ...good.Conv_0, kernel: zeros(4, 1, 3, 3) } } });
    expect(turned.message).toMatch(/expected shape \[3,3,1,4\] \(PyTorch's order of axes/);
    const other = refusal({ params: { ...good, Conv_0: { ...good.Conv_0, kernel: zeros(4, 3, 1, 3) } } });
    expect(other.message).not.toContain("PyTorch");
  });

  it("recognises variables without params", () => {
    expect(refusal({}).message).toContain("{ params: { … } }");
    expect(refusal({ params: zeros(1) }).code).toBe("params-missing");
    expect(refusal({ params: {} }).message).toContain("Conv_0/kernel is missing");
  });
});
