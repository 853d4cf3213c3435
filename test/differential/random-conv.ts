/** Random convolutions over the whole option space of Conv, as runnable configurations. */
import type { ConvOptions } from "../../compiler/nn/index.js";
import type { Tensor } from "../../runtime/tensor.js";
import type { Random } from "../support/random.js";

export interface RandomConv {
  readonly seed: number;
  readonly options: ConvOptions;
  readonly input: Tensor;
  readonly kernel: Tensor;
  readonly bias: Tensor | null;
  readonly activation: "none" | "relu" | "tanh" | "gelu" | "sigmoid" | "leakyRelu";
  readonly residual: boolean;
  readonly baked: boolean;
}

const names = ["SAME", "VALID", "SAME_LOWER", "CIRCULAR", "REFLECT"] as const;

/** Always a legal configuration; some have empty outputs. */
export function randomConv(seed: number, random: Random): RandomConv {
  const rank = random.pick([0, 1, 1, 2, 2, 2, 2, 3]);
  const each = <T>(make: () => T): T[] => Array.from({ length: rank }, make);
  const groups = random.pick([1, 1, 1, 2, 3, 4]);
  const depth = random.pick([1, 1, 2, 3, 5, 8]);
  const perGroup = random.pick([1, 1, 2, 3, 4, 5, 8, 9]);
  const features = groups * perGroup;
  const kernelSize = each(() => random.pick([1, 2, 3, 3, 5]));
  const extents = each(() => random.pick([1, 2, 3, 4, 5, 7, 9]));
  const strides = each(() => random.pick([1, 1, 1, 2, 3]));
  const kernelDilation = each(() => random.pick([1, 1, 2, 3]));
  const padding = randomPadding(random, rank);
  const explicit = Array.isArray(padding) || typeof padding === "number";
  const inputDilation = each(() => (explicit && random.chance(0.4) ? random.pick([2, 3]) : 1));
  const batch = random.pick([[], [1], [1], [2], [2, 2]]);
  const kernelShape = [...kernelSize, depth, features];
  const mask = random.chance(0.2) ? randomMask(random, kernelShape) : null;
  const options: ConvOptions = {
    features,
    kernelSize,
    strides,
    padding: legalPadding(padding, extents, inputDilation),
    kernelDilation,
    inputDilation,
    featureGroupCount: groups,
    useBias: random.chance(0.7),
    ...(mask === null ? {} : { mask }),
  };
  return {
    seed,
    options,
    input: randomInput(random, [...batch, ...extents, depth * groups]),
    kernel: floats(random, kernelShape),
    bias: options.useBias === false ? null : floats(random, [features]),
    activation: random.pick(["none", "none", "relu", "relu", "leakyRelu", "tanh", "gelu", "sigmoid"]),
    residual: random.chance(0.15),
    baked: random.chance(0.7),
  };
}

type RandomPadding = (typeof names)[number] | "CAUSAL" | number | (readonly [number, number])[];

function randomPadding(random: Random, rank: number): RandomPadding {
  const kind = random.int(0, 9);
  if (kind < 5) return random.pick(names);
  if (kind === 5 && rank === 1) return "CAUSAL";
  if (kind === 6) return random.int(0, 2);
  return Array.from({ length: rank }, () => [random.int(-1, 3), random.int(-1, 3)] as const);
}

/** Cropping more than there is would be refused. */
function legalPadding(padding: RandomPadding, extents: readonly number[], dilation: readonly number[]): RandomPadding {
  if (!Array.isArray(padding)) return padding;
  return padding.map(([low, high], d) => {
    const extent = 1 + (extents[d]! - 1) * dilation[d]!;
    return extent + low + high < 0 ? ([0, 0] as const) : ([low, high] as const);
  });
}

function floats(random: Random, shape: readonly number[]): Tensor {
  return { data: random.normals(shape.reduce((a, b) => a * b, 1)), shape, dtype: "float32" };
}

function randomInput(random: Random, shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  if (random.chance(0.8)) return floats(random, shape);
  if (random.chance(0.5)) {
    return { data: Uint8Array.from({ length: size }, () => random.int(0, 255)), shape, dtype: "uint8" };
  }
  return { data: Int32Array.from({ length: size }, () => random.int(-1000, 1000)), shape, dtype: "int32" };
}

function randomMask(random: Random, shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: size }, () => random.int(0, 1)), shape, dtype: "float32" };
}
