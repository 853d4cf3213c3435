/** Inputs, masks and parameters that do not fit, other options of compile, and what a program is run on. */
import type { Code } from "../../compiler/refusal.js";
import type { Attempt } from "./attempt.js";
import { misspelt, withOptions } from "./break-options.js";
import type { Breakage, Broken, Valid } from "./invalid.js";

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const zeros = (shape: readonly number[]) => ({
  data: new Float32Array(count(shape)),
  shape,
  dtype: "float32",
});

const withShape = (
  valid: Valid,
  shape: readonly unknown[],
  code: Code,
  mentions?: readonly string[],
): Broken => ({
  attempt: { ...valid, inputs: [shape] },
  codes: [code],
  mentions: mentions ?? [`[${shape}]`],
});

const inputRank: Breakage = (valid, random) => {
  const rank = valid.spec.kernelSize.length;
  const shape = valid.shape.slice(valid.shape.length - rank);
  return withShape(valid, shape.slice(random.int(0, rank)), "input-rank", ["input", "kernelSize"]);
};

const inputFeatures: Breakage = (valid) => {
  const { groups, depth } = valid.spec;
  if (groups === 1) return null;
  const shape = valid.shape.with(-1, groups * depth + 1);
  return withShape(valid, shape, "input-features", [`[${shape}]`, "featureGroupCount"]);
};

/** Several batch axes cannot be flattened where the rest is empty. */
const emptyAxis: Breakage = (valid, random) => {
  const { kernelSize, batch } = valid.spec;
  if (kernelSize.length === 0 || batch.length === 1) return null;
  const shape = valid.shape.with(random.int(batch.length, valid.shape.length - 1), 0);
  return withShape(valid, shape, "empty-batch-reshape");
};

const noFeatures: Breakage = (valid) => {
  const { batch, module } = valid.spec;
  if (batch.length !== 1 || (module === "ConvTranspose" && valid.options.padding === "CIRCULAR")) return null;
  return withShape(valid, valid.shape.with(-1, 0), "zero-fan", []);
};

const wrapNothing: Breakage = (valid, random) => {
  const { kernelSize, batch, module } = valid.spec;
  if (kernelSize.length === 0) return null;
  const padding = module === "ConvTranspose" ? "CIRCULAR" : random.pick(["CIRCULAR", "REFLECT"]);
  const broken = withOptions(valid, {
    padding,
    kernelSize: kernelSize.map(() => 3),
    strides: 1,
    ...(module === "ConvTranspose" ? {} : { inputDilation: 1 }),
  });
  const shape = [batch[0] ?? 1, ...kernelSize.map(() => 0), valid.shape.at(-1)!];
  return withShape(broken, shape, "empty-axis-padding", ["input"]);
};

const cropped: Breakage = (valid, random) => {
  const { kernelSize, extents, strides, inputDilation, module } = valid.spec;
  if (kernelSize.length === 0) return null;
  const dilation = module === "ConvTranspose" ? strides : inputDilation;
  const at = random.int(0, kernelSize.length - 1);
  const extent = Math.max(1 + (extents[at]! - 1) * dilation[at]!, 0);
  const low = -random.int(0, extent + 1);
  const padding = kernelSize.map((_, d) => (d === at ? [low, -extent - 1 - low] : [9, 9]));
  return {
    attempt: withOptions(valid, { padding }),
    codes: ["negative-padding"],
    mentions: ["padding", `(${low}, ${-extent - 1 - low})`],
  };
};

const extents: Breakage = (valid, random) => {
  const bad = random.pick<unknown>([NaN, -1, 1.5, Infinity, "3", null, undefined, [2], true, 2n]);
  const shape = (valid.shape as readonly unknown[]).with(random.int(0, valid.shape.length - 1), bad);
  const spec = random.chance(0.5) ? shape : { shape };
  return { attempt: { ...valid, inputs: [spec] }, codes: ["bad-inputs"], mentions: ['"x"'] };
};

const specs: Breakage = (valid, random) => {
  const { shape } = valid;
  const whole = random.pick<unknown>([
    null,
    3,
    "1,2",
    true,
    new Int32Array(shape),
    zeros(shape),
    () => [shape],
    ...(shape.length > 0 ? [shape] : []),
  ]);
  const single = random.pick<unknown>([null, undefined, "1,28", true, () => 1, new Int32Array(shape)]);
  const inputs = random.chance(0.5) ? whole : [single];
  return {
    attempt: { ...valid, inputs },
    codes: ["bad-inputs", "unknown-option", "missing-option"],
    mentions: ["input"],
  };
};

const noInputs: Breakage = (valid) => ({
  attempt: { ...valid, inputs: undefined },
  codes: ["missing-option"],
  mentions: ['"inputs"'],
});

const inputCount: Breakage = (valid, random) => {
  const inputs = random.pick<unknown>([
    [],
    {},
    [valid.shape, valid.shape],
    { a: valid.shape, b: [1] },
    [valid.shape, [2], [3]],
  ]);
  const step = random.pick(["compile", "init"] as const);
  const list = Array.isArray(inputs) ? inputs : [valid.shape, valid.shape];
  return {
    attempt: { ...valid, inputs: step === "init" ? list : inputs, step },
    codes: ["input-count"],
    mentions: [valid.module, "input"],
  };
};

const spec: Breakage = (valid, random) => {
  const { shape } = valid;
  const [value, code, mention] = random.pick<readonly [unknown, Code, string]>([
    [{}, "missing-option", "shape"],
    [{ dtype: "float32" }, "missing-option", "shape"],
    [{ shap: shape }, "unknown-option", '"shap"'],
    [{ shape, dtyp: "float32" }, "unknown-option", '"dtyp"'],
    [{ shape, dtype: "f32" }, "unknown-dtype", '"f32"'],
    [{ shape, dtype: "Float32" }, "unknown-dtype", '"Float32"'],
    [{ shape, dtype: 32 }, "unknown-dtype", "dtype"],
    [{ shape, dtype: null }, "unknown-dtype", "dtype"],
    [{ shape: 3 }, "bad-inputs", "3"],
    [{ shape: "1,2" }, "bad-inputs", "1,2"],
    [{ shape: new Int32Array(shape) }, "bad-inputs", "shape"],
    [{ ...zeros(shape), data: new Float32Array(count(shape) + 1) }, "bad-inputs", `[${shape}]`],
    [{ ...zeros(shape), data: new Uint8Array(count(shape)) }, "bad-inputs", "Uint8Array"],
    [{ shape: [2 ** 30, 2 ** 30, 2 ** 30] }, "bad-inputs", "too large"],
  ]);
  return { attempt: { ...valid, inputs: [value] }, codes: [code], mentions: [mention] };
};

/** Another shape, by one change. */
function otherShape(shape: readonly number[], pick: <T>(items: readonly T[]) => T): readonly number[] {
  const shapes = [
    [...shape, 1],
    [1, ...shape],
    shape.slice(1),
    shape.toReversed(),
    shape.with(-1, shape.at(-1)! + 1),
    shape.with(0, shape[0]! + 1),
    shape.with(-1, 1),
  ];
  return pick(shapes.filter((other) => other.join() !== shape.join()));
}

const maskShape: Breakage = (valid, random) => {
  const shape = otherShape(valid.kernel, random.pick);
  return {
    attempt: withOptions(valid, { mask: zeros(shape) }),
    codes: ["mask-shape"],
    mentions: ["mask", `[${shape}]`, `[${valid.kernel}]`],
  };
};

const paramShape: Breakage = (valid, random) => {
  const name = valid.bias === null || random.chance(0.6) ? "kernel" : "bias";
  const shape = otherShape(valid[name]!, random.pick);
  const params = { ...paramsOf(valid), [name]: zeros(shape) };
  return {
    attempt: { ...valid, variables: { params } },
    codes: ["params-shape"],
    mentions: [name, `[${shape}]`, `[${valid[name]}]`],
  };
};

type Params = Readonly<Record<string, unknown>>;
const paramsOf = ({ variables }: Attempt): Params => (variables as { readonly params: Params }).params;

const missingParam: Breakage = (valid, random) => {
  const { kernel, bias } = paramsOf(valid);
  const name = bias === undefined || random.chance(0.5) ? "kernel" : "bias";
  const { [name]: _, ...rest } = paramsOf(valid);
  const renamed = misspelt(name, ["kernel", "bias"], random);
  const params = random.pick<unknown>([
    rest,
    {},
    { ...rest, [renamed]: kernel },
    { ...rest, [name]: null },
    { ...rest, [name]: 3 },
    { ...rest, [name]: {} },
    { ...rest, [name]: [1, 2] },
    { Conv_0: paramsOf(valid) },
  ]);
  return {
    attempt: { ...valid, variables: { params } },
    codes: ["params-missing"],
    mentions: [name === "bias" ? "bias" : "kernel"],
  };
};

const notVariables: Breakage = (valid, random) => {
  const value = random.pick<unknown>([
    null,
    3,
    "params",
    true,
    {},
    [],
    { params: null },
    { params: undefined },
    { params: 3 },
    { params: valid.kernel },
    { params: zeros([1]) },
    paramsOf(valid),
    () => 1,
  ]);
  return { attempt: { ...valid, variables: value }, codes: ["params-missing"], mentions: ["param"] };
};

const paramsInParams: Breakage = (valid) => ({
  attempt: { ...valid, variables: { params: { params: paramsOf(valid) } } },
  codes: ["params-in-params"],
  mentions: ["params"],
});

/** Tensors that are not what they say. */
const paramData: Breakage = (valid, random) => {
  const name = valid.bias === null || random.chance(0.6) ? "kernel" : "bias";
  const shape = valid[name]!;
  const size = count(shape);
  const tensor = random.pick<unknown>([
    { data: new Float32Array(size + 1), shape, dtype: "float32" },
    ...(size > 0 ? [{ data: new Float32Array(size - 1), shape, dtype: "float32" }] : []),
    { data: new Float32Array(size), shape, dtype: "float16" },
    { data: new Uint16Array(size), shape, dtype: "float32" },
    { data: new Float32Array(size), shape, dtype: "f32" },
  ]);
  const params = { ...paramsOf(valid), [name]: tensor };
  return {
    attempt: { ...valid, variables: { params } },
    codes: ["params-shape", "params-missing"],
    mentions: [name],
  };
};

const extraParam: Breakage = (valid) => ({
  attempt: {
    ...valid,
    variables: { params: { ...paramsOf(valid), scale: zeros([1]) } },
    compile: { ...valid.compile, strict: true },
  },
  codes: ["params-extra"],
  mentions: ["scale"],
});

const compileNames = [
  "inputs",
  "variables",
  "backend",
  "threads",
  "precision",
  "algorithm",
  "schedules",
  "name",
  "onProgress",
  "onWarning",
  "strict",
  "passes",
];

const compileOption: Breakage = (valid, random) => {
  const name = misspelt(random.pick(compileNames), [...compileNames, "tune", "device", "adapter"], random);
  return {
    attempt: {
      ...valid,
      compile: { ...valid.compile, [name]: 1 },
      step: random.pick(["compile", "jit"] as const),
    },
    codes: ["unknown-option"],
    mentions: [`"${name}"`],
  };
};

const compileValue: Breakage = (valid, random) => {
  const values: Readonly<Record<string, readonly unknown[]>> = {
    backend: ["wsm", "webgpu", "JS", "", 3, null, {}],
    precision: ["exact", "float32", "", 1, null, {}],
    algorithm: ["fft", "Winograd", "", 1, null],
    threads: [0, -1, 1.5, NaN, Infinity, "2", null, true],
    name: [3, null, {}, []],
    onWarning: [3, "log", null, {}],
    strict: [1, "true", null],
    schedules: [3, null, {}, [3], [{}], [null]],
  };
  const name = random.pick(Object.keys(values));
  const attempt: Attempt = {
    ...valid,
    compile: { ...valid.compile, [name]: random.pick(values[name]!) },
    step: random.pick(["compile", "jit"] as const),
  };
  return { attempt, codes: ["bad-option"], mentions: [name] };
};

const jitInput: Breakage = (valid, random) => {
  const { shape } = valid;
  const value = random.pick<unknown>([
    null,
    undefined,
    3,
    "x",
    [1, 2],
    {},
    shape,
    { shape },
    () => 1,
    new Float32Array(count(shape)),
    { data: [1], shape, dtype: "float32" },
    { ...zeros(shape), dtype: "f32" },
  ]);
  return { attempt: { ...valid, step: "jit", given: [value] }, codes: ["bad-inputs"], mentions: ["input"] };
};

const jitInputData: Breakage = (valid, random) => {
  const size = count(valid.shape);
  const data = random.pick([new Float32Array(size + 1), new Int32Array(size)]);
  const value = { ...zeros(valid.shape), data };
  return { attempt: { ...valid, step: "jit", given: [value] }, codes: ["bad-inputs"], mentions: ["input"] };
};

/** A program that is compiled once and given wrong things. */
const program = {
  module: "Conv",
  options: { features: 2, kernelSize: [3] },
  inputs: { x: [1, 4, 2] },
  variables: { params: { kernel: zeros([3, 2, 2]), bias: zeros([2]) } },
  compile: { backend: "js" },
  step: "run",
} as const;

const runInput: Breakage = (_, random) => {
  const [given, ...codes] = random.pick<readonly [readonly unknown[], ...Code[]]>([
    [[], "input-count", "input-dtype"],
    [[new Float32Array(7)], "input-shape"],
    [[new Float32Array(0)], "input-shape"],
    [[new Float64Array(8)], "input-dtype"],
    [[new Uint8Array(8)], "input-dtype"],
    [[[1, 2, 3, 4, 5, 6, 7, 8]], "input-dtype"],
    [[3], "input-dtype"],
    [["x"], "input-dtype"],
    [[null], "input-dtype"],
    [[new DataView(new ArrayBuffer(32))], "input-dtype"],
    [[new ArrayBuffer(32)], "input-name"],
    [[{ y: new Float32Array(8) }], "input-name"],
    [[{ x: new Float32Array(8), y: new Float32Array(8) }], "input-name"],
    [[{}], "input-name"],
    [[{ x: new Float32Array(7) }], "input-shape"],
    [[zeros([1, 2, 4])], "input-shape"],
    [[zeros([8])], "input-shape"],
    [[{ ...zeros([1, 4, 2]), dtype: "int32" }], "input-dtype"],
    [[{ ...zeros([1, 4, 2]), dtype: "f32" }], "input-dtype"],
    [[{ ...zeros([1, 4, 2]), data: new Float32Array(7) }], "input-shape"],
    [[{ ...zeros([1, 4, 2]), data: null }], "input-dtype"],
    [[new Float32Array(8), new Float32Array(7)], "output-shape"],
    [[new Float32Array(8), new Int32Array(8)], "output-dtype"],
    [[new Float32Array(8), [1]], "output-dtype"],
    [[new Float32Array(8), {}], "output-dtype"],
    [[new Float32Array(8), 3], "output-dtype"],
  ]);
  return { attempt: { ...program, given }, codes, mentions: [] };
};

const runOddInput: Breakage = (_, random) => {
  const [given, code] = random.pick<readonly [readonly unknown[], Code]>([
    [[new Float32Array(8), new Float32Array(8), new Float32Array(8)], "input-count"],
    [[{ ...zeros([1, 4, 2]), shape: 3 }], "input-shape"],
    [[{ ...zeros([1, 4, 2]), shape: null }], "input-shape"],
  ]);
  return { attempt: { ...program, given }, codes: [code], mentions: [] };
};

export const shapeBreakages: Readonly<Record<string, Breakage>> = {
  "input of too low rank": inputRank,
  "input features that groups do not divide": inputFeatures,
  "an empty axis and several batch axes": emptyAxis,
  "no input features": noFeatures,
  "an empty axis to wrap": wrapNothing,
  "more cropped than there is": cropped,
  "extent of an input": extents,
  "what is no input spec": specs,
  "no inputs": noInputs,
  "number of inputs": inputCount,
  "input spec": spec,
  "mask of another shape": maskShape,
  "parameter of another shape": paramShape,
  "parameter missing": missingParam,
  "what is no variables": notVariables,
  "params in params": paramsInParams,
  "parameter that is not what it says": paramData,
  "input of jit that is not what it says": jitInputData,
  "odd input of a program": runOddInput,
  "parameter too many": extraParam,
  "option of compile misspelt": compileOption,
  "option of compile": compileValue,
  "input of jit": jitInput,
  "input of a program": runInput,
};
