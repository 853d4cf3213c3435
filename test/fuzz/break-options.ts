/** Options that are wrong on their own or together. */
import type { Code } from "../../compiler/refusal.js";
import type { Random } from "../support/random.js";
import type { Breakage, Valid } from "./invalid.js";

/** Not positive integers, where one must be. */
export const notPositive = [
  0,
  -1,
  -3,
  1.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31,
  "3",
  "",
  {},
  3n,
  false,
  () => 1,
] as const;
const notAName = [3, {}, [], true, () => 1] as const;

export const withOptions = (valid: Valid, changes: Readonly<Record<string, unknown>>): Valid => ({
  ...valid,
  options: { ...valid.options, ...changes },
});

/** One option set to one of some values. */
function oneOf(option: string, code: Code | readonly Code[], values: readonly unknown[]): Breakage {
  const codes = typeof code === "string" ? [code] : code;
  return (valid, random) => ({
    attempt: withOptions(valid, { [option]: random.pick(values) }),
    codes,
    mentions: [option],
  });
}

/** A wrong value for all dimensions, for one of them, or too many or few values. */
function perDimension(option: "strides" | "inputDilation" | "kernelDilation", code: Code): Breakage {
  return (valid, random) => {
    const { module, spec } = valid;
    if (option === "inputDilation" && module === "ConvTranspose") return null;
    const good = spec.kernelSize.map(() => 1);
    const at = random.int(0, good.length - 1);
    const bad = random.pick<unknown>(notPositive);
    const values = [
      bad,
      [...good, 1],
      [...good, bad],
      ...(good.length === 0
        ? []
        : [good.slice(1), (good as unknown[]).with(at, bad), (good as unknown[]).with(at, null)]),
    ];
    return {
      attempt: withOptions(valid, { [option]: random.pick<unknown>(values) }),
      codes: [code],
      mentions: [option],
    };
  };
}

/** A known name with one slip of the pen. */
export function misspelt(name: string, known: readonly string[], random: Random): string {
  const at = random.int(0, name.length - 1);
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const slips = [
    name.slice(0, at) + name.slice(at + 1),
    name.slice(0, at) + name[at] + name.slice(at),
    name.slice(0, at) + (name[at + 1] ?? "") + name[at] + name.slice(at + 2),
    snake,
    name[0]!.toUpperCase() + name.slice(1),
    `${name}s`,
    name.replace(/s$/, ""),
  ];
  return random.pick(slips.filter((slip) => slip !== "" && !known.includes(slip)));
}

const shared = [
  "features",
  "kernelSize",
  "strides",
  "padding",
  "kernelDilation",
  "useBias",
  "mask",
  "dtype",
  "paramDtype",
  "precision",
  "kernelInit",
  "biasInit",
  "promoteDtype",
  "name",
];
const transposeOnly = ["transposeKernel", "preferredElementType"];
const forwardOnly = ["inputDilation", "featureGroupCount", "convGeneralDilated", "convGeneralDilatedCls"];
const namesOf = ({ module }: Valid): readonly string[] => [
  ...shared,
  ...(module === "ConvTranspose" ? transposeOnly : forwardOnly),
];

const unknown: Breakage = (valid, random) => {
  const known = namesOf(valid);
  const name = misspelt(random.pick(known), known, random);
  return {
    attempt: withOptions(valid, { [name]: random.pick([1, undefined, "SAME"]) }),
    codes: ["unknown-option"],
    mentions: [`"${name}"`, "did you mean"],
  };
};

const ofAnotherModule: Breakage = (valid, random) => {
  const name = random.pick(valid.module === "ConvTranspose" ? forwardOnly : transposeOnly);
  return { attempt: withOptions(valid, { [name]: 1 }), codes: ["unknown-option"], mentions: [`"${name}"`] };
};

const missing: Breakage = (valid, random) => {
  const name = random.pick(["features", "kernelSize"] as const);
  const { [name]: _, ...rest } = valid.options;
  const options = random.chance(0.5) ? rest : { ...rest, [name]: undefined };
  return { attempt: { ...valid, options }, codes: ["missing-option"], mentions: [`"${name}"`] };
};

const noOptions: Breakage = (valid, random) => ({
  attempt: {
    ...valid,
    options: random.pick([undefined, null, 3, "Conv", [], [valid.options], () => valid.options, true]),
  },
  codes: ["bad-option"],
  mentions: [valid.module],
});

const kernelSize: Breakage = (valid, random) => {
  const sizes: readonly unknown[] = valid.spec.kernelSize;
  const bad = random.pick<unknown>([...notPositive, null, undefined, [3]]);
  const at = random.int(0, sizes.length - 1);
  const value = random.chance(0.3)
    ? random.pick([null, NaN, 0, -3, 2.5, "33", {}, () => 3])
    : sizes.length === 0
      ? [bad]
      : sizes.with(at, bad);
  return {
    attempt: withOptions(valid, { kernelSize: value }),
    codes: ["bad-kernel-size"],
    mentions: ["kernelSize"],
  };
};

const badPads = [
  NaN,
  Infinity,
  0.5,
  "1",
  null,
  undefined,
  {},
  [1],
  [1, 2, 3],
  [0.5, 1],
  [NaN, 0],
  ["SAME", 1],
  [[1, 1], 0],
  new Int32Array([1, 1]),
] as const;

const padding: Breakage = (valid, random) => {
  const { kernelSize } = valid.spec;
  const good: readonly unknown[] = kernelSize.map(() => [1, 1]);
  const at = random.int(0, good.length - 1);
  const value = random.pick<unknown>([
    null,
    1.5,
    NaN,
    Infinity,
    {},
    () => 1,
    2n,
    2 ** 31,
    new Set([1]),
    new Int32Array(Math.max(good.length, 1)),
    [...good, [0, 0]],
    [...good, random.pick<unknown>(badPads)],
    ...(good.length === 0
      ? []
      : [
          good.slice(1),
          good.with(at, random.pick<unknown>(badPads)),
          good.with(at, random.pick<unknown>(badPads)),
        ]),
  ]);
  return { attempt: withOptions(valid, { padding: value }), codes: ["bad-padding"], mentions: ["padding"] };
};

const paddingName: Breakage = (valid, random) => {
  const name = random.pick([
    "FOO",
    "circular",
    "reflect",
    "causal",
    "SAME_UPPER",
    "same ",
    "",
    "VALIDE",
    "1",
  ]);
  const options = {
    padding: name,
    strides: 1,
    ...(valid.module === "ConvTranspose" ? {} : { inputDilation: 1 }),
  };
  return {
    attempt: withOptions(valid, options),
    codes: ["unknown-padding"],
    mentions: ["padding", `"${name}"`],
  };
};

/** Names that transposed convolutions do not take, or not with strides. */
const transposedName: Breakage = (valid, random) => {
  if (valid.module !== "ConvTranspose" || valid.spec.kernelSize.length === 0) return null;
  const strides = random.int(1, 3);
  const name = random.pick(
    strides === 1 ? ["REFLECT", "CAUSAL"] : ["REFLECT", "CAUSAL", "SAME_LOWER", "valid", "same"],
  );
  return {
    attempt: withOptions(valid, { padding: name, strides }),
    codes: [strides === 1 ? "unknown-padding" : "string-padding-dilated"],
    mentions: ["padding", `"${name}"`],
  };
};

const nameWithDilation: Breakage = (valid, random) => {
  const { module, kernelSize } = valid.spec;
  if (module === "ConvTranspose" || kernelSize.length === 0) return null;
  const names = [
    "SAME",
    "VALID",
    "SAME_LOWER",
    "CIRCULAR",
    "REFLECT",
    ...(kernelSize.length === 1 ? ["CAUSAL"] : []),
  ];
  const { padding: _, ...rest } = valid.options;
  const named = random.chance(0.2) ? {} : { padding: random.pick(names) };
  const inputDilation = kernelSize.map((_size, d) => (d === 0 ? 2 : 1));
  return {
    attempt: { ...valid, options: { ...rest, ...named, inputDilation } },
    codes: ["string-padding-dilated"],
    mentions: ["padding", "inputDilation"],
  };
};

const causal: Breakage = (valid) => {
  const { module, kernelSize: sizes } = valid.spec;
  if (module === "ConvTranspose" || sizes.length === 1) return null;
  const attempt = withOptions(valid, { padding: "CAUSAL", inputDilation: 1 });
  return { attempt, codes: ["causal-rank"], mentions: ["CAUSAL", "kernelSize"] };
};

const groups: Breakage = (valid, random) => {
  if (valid.module === "ConvTranspose") return null;
  const value = random.pick<unknown>([...notPositive, null, [1]]);
  return {
    attempt: withOptions(valid, { featureGroupCount: value }),
    codes: ["bad-group-count"],
    mentions: ["featureGroupCount"],
  };
};

const indivisible: Breakage = (valid, random) => {
  if (valid.module !== "Conv") return null;
  const count = random.int(2, 7);
  const features = count * random.int(1, 4) + random.int(1, count - 1);
  return {
    attempt: withOptions(valid, { features, featureGroupCount: count }),
    codes: ["features-not-divisible"],
    mentions: ["features", String(features), "featureGroupCount", String(count)],
  };
};

const localGroups: Breakage = (valid, random) => {
  if (valid.module !== "ConvLocal") return null;
  const features = random.pick([2, 4]);
  const attempt = withOptions(valid, { features, featureGroupCount: 2 });
  return { attempt, codes: ["local-groups"], mentions: ["featureGroupCount"] };
};

function dtype(option: "dtype" | "paramDtype"): Breakage {
  return (valid, random) => {
    const integer = random.chance(0.4);
    const value = integer
      ? random.pick(["int32", "uint32", "int8", "uint8", "bool"])
      : random.pick<unknown>([
          "f32",
          "flaot32",
          "float8",
          "FLOAT32",
          "",
          3,
          {},
          [],
          () => 1,
          ...(option === "dtype" ? [] : [null]),
        ]);
    return {
      attempt: withOptions(valid, { [option]: value }),
      codes: [integer ? "dtype-not-inexact" : "unknown-dtype"],
      mentions: [option],
    };
  };
}

/** Functions that are no functions, and functions that return what they must not. */
const initializer: Breakage = (valid, random) => {
  const option = random.pick(valid.bias === null ? ["kernelInit"] : ["kernelInit", "biasInit"]);
  const value = random.pick<unknown>(["zeros", 3, {}, null, [], true]);
  return { attempt: withOptions(valid, { [option]: value }), codes: ["bad-initializer"], mentions: [option] };
};

const initialValue: Breakage = (valid, random) => {
  const option = random.pick(valid.bias === null ? ["kernel"] : ["kernel", "bias"]);
  if (valid[option as "kernel" | "bias"]!.includes(0)) return null;
  const value = random.pick<unknown>([
    () => 3,
    () => null,
    () => [1, 2],
    () => ({ data: new Float32Array(1), shape: [1, 1, 1, 1, 1, 1, 1], dtype: "float32" }),
    (_: unknown, shape: readonly number[]) => ({ data: new Float32Array(0), shape, dtype: "float32" }),
    (_: unknown, shape: readonly number[]) => ({ data: [1], shape, dtype: "float32" }),
    async () => 1,
  ]);
  const broken = withOptions(valid, { [`${option}Init`]: value });
  return { attempt: { ...broken, step: "init" }, codes: ["bad-initializer"], mentions: [option] };
};

const hook: Breakage = (valid, random) => {
  const names = valid.module === "ConvTranspose" ? [] : ["convGeneralDilated", "convGeneralDilatedCls"];
  const option = random.pick(["promoteDtype", ...names]);
  const value = random.pick<unknown>([
    3,
    "float32",
    {},
    [],
    true,
    ...(option === "promoteDtype" ? [null] : []),
  ]);
  return { attempt: withOptions(valid, { [option]: value }), codes: ["bad-hook"], mentions: [option] };
};

const hookResult: Breakage = (valid, random) => {
  const results = [() => [], () => null, () => 3, () => [1, 2, 3], () => [null, null, null], async () => 1];
  const forward = valid.module !== "ConvTranspose" && random.chance(0.5);
  const option = forward ? random.pick(["convGeneralDilated", "convGeneralDilatedCls"]) : "promoteDtype";
  return {
    attempt: withOptions(valid, { [option]: random.pick(results) }),
    codes: ["bad-hook"],
    mentions: [option.replace("Cls", "")],
  };
};

const mask: Breakage = (valid, random) => {
  const data = new Float32Array(valid.kernel.reduce((a, b) => a * b, 1));
  const shape = valid.kernel;
  const value = random.pick<unknown>([
    3,
    "mask",
    true,
    {},
    () => 1,
    [[1]],
    data,
    { data, shape },
    { data, shape, dtype: "f32" },
    { data: [...data], shape, dtype: "float32" },
    { data: new Float32Array(data.length + 1), shape, dtype: "float32" },
    { data: new Float32Array(data.length + 1).subarray(1), shape: shape.map(String), dtype: "float32" },
    { data: new Uint8Array(data.length), shape, dtype: "float32" },
    { data, shape, dtype: "bool" },
    { data, shape, dtype: "int32" },
  ]);
  return { attempt: withOptions(valid, { mask: value }), codes: ["bad-mask"], mentions: ["mask"] };
};

export const optionBreakages: Readonly<Record<string, Breakage>> = {
  "an option misspelt": unknown,
  "an option of another module": ofAnotherModule,
  "a required option left out": missing,
  "options that are no record": noOptions,
  features: oneOf("features", "bad-features", [...notPositive, null, [3]]),
  "kernel size": kernelSize,
  strides: perDimension("strides", "bad-strides"),
  "input dilation": perDimension("inputDilation", "bad-dilation"),
  "kernel dilation": perDimension("kernelDilation", "bad-dilation"),
  "padding of a bad form": padding,
  "padding name": paddingName,
  "padding name of a transposed convolution": transposedName,
  "padding name with input dilation": nameWithDilation,
  "CAUSAL of another rank": causal,
  "group count": groups,
  "features that groups do not divide": indivisible,
  "groups of a local convolution": localGroups,
  useBias: oneOf("useBias", "bad-option", [1, 0, "true", null, {}, []]),
  transposeKernel: (valid, random) =>
    valid.module === "ConvTranspose"
      ? oneOf("transposeKernel", "bad-option", [1, 0, "true", null, {}])(valid, random)
      : null,
  dtype: dtype("dtype"),
  paramDtype: dtype("paramDtype"),
  precision: oneOf("precision", "bad-precision", [
    "exact",
    "HIGHEST",
    "",
    3,
    true,
    {},
    [],
    ["highest"],
    ["high", "high", "high"],
    [1, 2],
  ]),
  initializer,
  "what an initializer returns": initialValue,
  hook,
  "what a hook returns": hookResult,
  mask,
  name: oneOf("name", "bad-name", notAName),
};
