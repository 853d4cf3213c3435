/** Random convolutions over the whole option space of the modules, as small plain specs that a shrinker can edit. */
import type { DType, Tensor } from "../../runtime/tensor.js";
import { newArray, tensor } from "../../runtime/tensor.js";
import type { Random } from "../support/random.js";
import { random as seeded } from "../support/random.js";
import type { Activation, Call, ModuleName } from "./call.js";
import { modules, narrowDTypes, shapesOf } from "./call.js";

export type SpecPadding =
  | "SAME"
  | "VALID"
  | "SAME_LOWER"
  | "CIRCULAR"
  | "REFLECT"
  | "CAUSAL"
  | number
  | readonly (readonly [low: number, high: number])[];

/** What the numbers look like; "special" has NaN, infinities, signed zeros and subnormals among them. */
export const dataKinds = ["normal", "positive", "halfZero", "constant", "integers", "special"] as const;
export type DataKind = (typeof dataKinds)[number];

export interface ConvSpec {
  /** The numbers of input, kernel, bias and mask are drawn with it. */
  readonly seed: number;
  readonly module: ModuleName;
  readonly batch: readonly number[];
  readonly extents: readonly number[];
  /** Input features of a group, and output features of a group. */
  readonly depth: number;
  readonly perGroup: number;
  readonly groups: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly padding: SpecPadding;
  readonly inputDilation: readonly number[];
  readonly kernelDilation: readonly number[];
  readonly transposeKernel: boolean;
  readonly useBias: boolean;
  readonly mask: boolean;
  readonly inputDType: DType;
  /** null: not given. */
  readonly dtype: DType | null;
  readonly paramDType: DType;
  readonly data: DataKind;
  readonly activation: Activation;
  readonly residual: boolean;
  readonly baked: boolean;
}

const names = ["SAME", "VALID", "SAME_LOWER", "CIRCULAR", "REFLECT"] as const;
const integers = ["uint8", "int8", "int32", "uint32", "bool"] as const;

/** Always a legal configuration; some have empty inputs or outputs. */
export function randomConv(seed: number, among: readonly ModuleName[] = modules): ConvSpec {
  const random = seeded(seed);
  const module = random.pick(among.includes("Conv") ? [...among, "Conv" as const] : among);
  const rank = random.pick(module === "Conv" ? [0, 1, 1, 2, 2, 2, 2, 3] : [1, 1, 2, 2, 2, 3]);
  const each = <T>(make: () => T): T[] => Array.from({ length: rank }, make);
  const padding = randomPadding(random, rank);
  const numeric = typeof padding !== "string";
  const winograd = random.chance(0.15);
  // Large enough for several tiles of every kind.
  const large = random.chance(0.1) && rank < 3 && module !== "ConvLocal";
  const dtype = random.pick<DType | null>([null, null, null, "float32", "float64", ...narrowDTypes]);
  return legal({
    seed,
    module,
    batch: random.pick([[], [1], [1], [1], [2], [2, 2], [3, 1, 2], ...(random.chance(0.1) ? [[0]] : [])]),
    extents: each(() => random.pick(extentsOf(rank, large, random.chance(0.05)))),
    depth: random.pick(large ? [3, 8, 16, 17] : [1, 1, 2, 3, 4, 5, 8]),
    perGroup: random.pick(large ? [8, 12, 16, 17, 24] : [1, 1, 2, 3, 4, 5, 8, 9]),
    groups: module === "Conv" && !winograd ? random.pick([1, 1, 1, 2, 3, 4]) : 1,
    kernelSize: each(() => (winograd ? 3 : random.pick([1, 2, 3, 3, 5]))),
    strides: each(() => (winograd ? 1 : random.pick([1, 1, 1, 2, 3]))),
    padding,
    inputDilation: each(() =>
      numeric && module !== "ConvTranspose" && random.chance(0.3) ? random.pick([2, 3]) : 1,
    ),
    kernelDilation: each(() => random.pick([1, 1, 2, 3])),
    transposeKernel: module === "ConvTranspose" && random.chance(0.5),
    useBias: random.chance(0.7),
    mask: random.chance(0.2),
    inputDType: random.chance(0.75)
      ? "float32"
      : random.pick<DType>([...integers, "float64", ...narrowDTypes]),
    dtype,
    paramDType: random.pick<DType>(["float32", "float32", "float32", "float64", ...narrowDTypes]),
    data: random.pick(dataKinds),
    activation: random.pick(["none", "none", "relu", "relu", "leakyRelu", "tanh", "gelu", "sigmoid"]),
    residual: random.chance(0.15),
    baked: random.chance(0.7),
  });
}

function extentsOf(rank: number, large: boolean, empty: boolean): readonly number[] {
  if (large) return [9, 11, 13, 14, 18];
  return [1, 2, 3, 4, 5, ...(rank < 3 ? [7, 9] : []), ...(empty ? [0] : [])];
}

function randomPadding(random: Random, rank: number): SpecPadding {
  const kind = random.int(0, 9);
  if (kind < 5) return random.pick(names);
  if (kind === 5 && rank === 1) return "CAUSAL";
  if (kind === 6) return random.int(0, 2);
  return Array.from({ length: rank }, () => [random.int(-1, 3), random.int(-1, 3)] as const);
}

/** The same spec with what its module refuses replaced by something it takes. */
export function legal(spec: ConvSpec): ConvSpec {
  const { module, kernelSize, batch } = spec;
  const empty = spec.extents.includes(0) && module === "Conv" && batch.length === 1;
  const extents = empty ? spec.extents : spec.extents.map((extent) => Math.max(extent, 1));
  const padding = legalName(spec.padding, module, empty);
  const reach = (d: number): number => 1 + (kernelSize[d]! - 1) * spec.kernelDilation[d]!;
  // ConvLocal has no parameters where it has no output.
  const plain = { ...spec, extents, padding: "SAME" as const, inputDilation: kernelSize.map(() => 1) };
  if (padding === "VALID" && module === "ConvLocal" && extents.some((extent, d) => extent < reach(d)))
    return plain;
  if (typeof padding === "string") return { ...spec, extents, padding };
  const pairs = typeof padding === "number" ? kernelSize.map(() => [padding, padding] as const) : padding;
  const dilation = module === "ConvTranspose" ? spec.strides : spec.inputDilation;
  const room = extents.map(
    (extent, d) => Math.max(1 + (extent - 1) * dilation[d]!, 0) + pairs[d]![0] + pairs[d]![1],
  );
  if (module === "ConvLocal" && room.some((extent, d) => extent < reach(d))) return plain;
  // Cropping more than there is is refused.
  const fitting = room.every((extent) => extent >= 0)
    ? padding
    : pairs.map((pair, d) => (room[d]! < 0 ? ([0, 0] as const) : pair));
  return { ...spec, extents, padding: fitting };
}

function legalName(padding: SpecPadding, module: ModuleName, empty: boolean): SpecPadding {
  const forward = padding === "SAME_LOWER" || padding === "REFLECT" || padding === "CAUSAL";
  const bordered = padding === "CIRCULAR" || padding === "REFLECT";
  return (module === "ConvTranspose" && forward) || (empty && bordered) ? "SAME" : padding;
}

/** The options as a user writes them; what has its default value is left out. */
export function optionsOf(spec: ConvSpec): Record<string, unknown> {
  const { groups, perGroup, kernelSize, strides, padding, inputDilation, kernelDilation } = spec;
  const some = (values: readonly number[]): boolean => values.some((value) => value !== 1);
  return {
    features: groups * perGroup,
    kernelSize,
    ...(some(strides) ? { strides } : {}),
    ...(padding === "SAME" ? {} : { padding }),
    ...(some(inputDilation) ? { inputDilation } : {}),
    ...(some(kernelDilation) ? { kernelDilation } : {}),
    ...(groups === 1 ? {} : { featureGroupCount: groups }),
    ...(spec.transposeKernel ? { transposeKernel: true } : {}),
    ...(spec.useBias ? {} : { useBias: false }),
    ...(spec.dtype === null ? {} : { dtype: spec.dtype }),
    // What is given later than compiled for: its dtype has to be known.
    ...(!spec.baked && narrowDTypes.includes(spec.paramDType) ? { paramDtype: spec.paramDType } : {}),
  };
}

export const inputShapeOf = ({ batch, extents, depth, groups }: ConvSpec): readonly number[] => [
  ...batch,
  ...extents,
  depth * groups,
];

/** The spec with its numbers. */
export function callOf(spec: ConvSpec): Call {
  const random = seeded(spec.seed ^ 0x5bd1e995);
  const input = numbers(random, inputShapeOf(spec), spec.inputDType, spec.data);
  const shapes = shapesOf(spec.module, optionsOf(spec), input);
  const kernel = numbers(random, shapes.kernel, spec.paramDType, spec.data);
  const bias = shapes.bias === null ? undefined : numbers(random, shapes.bias, spec.paramDType, spec.data);
  const mask = spec.mask ? { mask: randomMask(random, shapes.kernel) } : {};
  const { module, activation, residual, baked } = spec;
  return {
    module,
    options: { ...optionsOf(spec), ...mask },
    input,
    kernel,
    bias,
    activation,
    residual,
    baked,
  };
}

const special = [0, -0, 1, -1, 0.1, NaN, Infinity, -Infinity, 1e-40, -1e-45, 3e38, 1e-20];

function number(random: Random, kind: DataKind): number {
  switch (kind) {
    case "normal":
      return random.normal();
    case "positive":
      return Math.abs(random.normal());
    case "halfZero":
      return random.chance(0.5) ? 0 : random.normal();
    case "constant":
      return 0.7;
    case "integers":
      return random.int(-4, 4);
    case "special":
      return random.chance(0.15) ? random.pick(special) : random.normal();
    default:
      return kind satisfies never;
  }
}

const ranges: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
};

function numbers(random: Random, shape: readonly number[], dtype: DType, kind: DataKind): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  const range = ranges[dtype];
  if (range === undefined)
    return tensor(
      Array.from({ length }, () => Math.fround(number(random, kind))),
      shape,
      dtype,
    );
  const [low, high] = kind === "integers" ? [Math.max(range[0], -9), Math.min(range[1], 9)] : range;
  const data = newArray(dtype, length);
  for (let i = 0; i < length; i++) data[i] = random.int(low, high);
  return { data, shape, dtype };
}

/** 0 and 1, in several dtypes; whole taps may be 0. */
function randomMask(random: Random, shape: readonly number[]): Tensor {
  const dtype = random.pick<DType>(["float32", "bool", "int32"]);
  const data = newArray(
    dtype,
    shape.reduce((a, b) => a * b, 1),
  );
  const tap = shape.slice(-2).reduce((a, b) => a * b, 1);
  const whole = random.chance(0.5);
  for (let i = 0; i < data.length; i++) data[i] = whole && i % tap !== 0 ? data[i - 1]! : random.int(0, 1);
  return { data, shape, dtype };
}
