/** flax's initialisers (`flax.linen.initializers`, spec section 4.7): functions from a key, a shape and a dtype to a tensor. */
import { ConfigError, ShapeError, UnsupportedError } from "../../runtime/error.js";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { dataLength, newArray, tensor } from "../../runtime/tensor.js";
import * as sample from "./sample.js";
import { type Key, randomBits } from "./threefry.js";

/** Makes the initial value of a parameter; a pure function of its arguments. */
export type Initializer = (key: Key, shape: readonly number[], dtype: DType) => Tensor;

/** Which axes of a kernel count as its input, its output and its batch; negative axes count from the end. */
export interface FanAxes {
  /** Default -2. */
  readonly inAxis?: number | readonly number[];
  /** Default -1. */
  readonly outAxis?: number | readonly number[];
  /** Default none. */
  readonly batchAxis?: number | readonly number[];
}

/** `dtype` is the dtype used where the caller gives none; a module always gives its paramDtype. */
interface DefaultDType {
  readonly dtype?: DType;
}

export type FanMode = "fan_in" | "fan_out" | "fan_avg" | "fan_geo_avg";
export type Distribution = "truncated_normal" | "normal" | "uniform";

export interface VarianceScaling extends FanAxes, DefaultDType {
  readonly scale: number;
  readonly mode: FanMode;
  readonly distribution: Distribution;
}
export interface UniformOptions extends DefaultDType {
  readonly scale?: number;
}
export interface NormalOptions extends DefaultDType {
  readonly stddev?: number;
}
export interface TruncatedNormalOptions extends NormalOptions {
  readonly lower?: number;
  readonly upper?: number;
}

const { fround } = Math;
const fanModes: readonly FanMode[] = ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"];
const distributions: readonly Distribution[] = ["truncated_normal", "normal", "uniform"];
const fanOptions = ["inAxis", "outAxis", "batchAxis", "dtype"];
/** Standard deviation of a standard normal cut to (-2, 2). */
const TRUNCATED_STDDEV = 0.8796256610342398;

const count = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Rejects an unknown option, so that a misspelt one is never ignored. */
function checkOptions(maker: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new ConfigError(
        "unknown-option",
        `initializers.${maker}: unknown option "${name}"; it takes ${known.join(", ")}`,
      );
}

/** An initialiser that draws float32 samples and multiplies them by a float32 scale that may depend on the shape. */
function random(
  name: string,
  defaultDType: DType | undefined,
  draw: (bits: Uint32Array) => Float32Array,
  scaleOf: (shape: readonly number[]) => number,
): Initializer {
  return (key, shape, dtype = defaultDType ?? "float32") => {
    if (narrowed(dtype) !== "float32")
      throw new UnsupportedError(
        "random-dtype",
        `initializers.${name} makes float32 numbers, not ${dtype}; use paramDtype "float32", or zeros, ones or constant`,
      );
    const scale = scaleOf(shape);
    const data = draw(randomBits(key, count(shape)));
    for (let i = 0; i < data.length; i++) data[i]! *= scale;
    return { data, shape: [...shape], dtype: "float32" };
  };
}

function constant(value: number, dtype?: DType): Initializer {
  if (typeof value !== "number")
    throw new ConfigError("constant-value", `initializers.constant: expected a number, got ${typeof value}`);
  return (_key, shape, wanted = dtype ?? "float32") => {
    const made = narrowed(wanted);
    const data = newArray(made, dataLength(shape, made));
    if (made === "complex64") for (let i = 0; i < data.length; i += 2) data[i] = value;
    else data.fill(tensor([value], [1], made).data[0]!);
    return { data, shape: [...shape], dtype: made };
  };
}

/** jax without x64 makes float32 where float64 is asked for. */
function narrowed(dtype: DType): DType {
  return dtype === "float64" ? "float32" : dtype;
}

function uniform(options: number | UniformOptions = {}): Initializer {
  const given = typeof options === "number" ? { scale: options } : options;
  checkOptions("uniform", given, ["scale", "dtype"]);
  const scale = fround(given.scale ?? 0.01);
  return random(
    "uniform",
    given.dtype,
    (bits) => sample.uniform(bits, 0, 1),
    () => scale,
  );
}

function normal(options: number | NormalOptions = {}): Initializer {
  const given = typeof options === "number" ? { stddev: options } : options;
  checkOptions("normal", given, ["stddev", "dtype"]);
  const stddev = fround(given.stddev ?? 0.01);
  return random("normal", given.dtype, sample.normal, () => stddev);
}

function truncatedNormal(options: number | TruncatedNormalOptions = {}): Initializer {
  const given = typeof options === "number" ? { stddev: options } : options;
  checkOptions("truncatedNormal", given, ["stddev", "lower", "upper", "dtype"]);
  const { stddev = 0.01, lower = -2, upper = 2, dtype } = given;
  return random(
    "truncatedNormal",
    dtype,
    (bits) => sample.truncatedNormal(bits, lower, upper),
    () => fround(stddev),
  );
}

/** How much each kind of fan divides the variance by. Throws ShapeError where the shape has none. */
function fanOf(name: string, mode: FanMode, shape: readonly number[], axes: FanAxes): number {
  const { inAxis = -2, outAxis = -1, batchAxis = [] } = axes;
  if (inAxis === -2 && shape.length <= 1)
    throw new ShapeError(
      "fan-rank",
      `initializers.${name}: shape [${shape}] has no fan; give a shape of rank 2 or more, or set inAxis`,
    );
  const size = (wanted: number | readonly number[]): number =>
    count(
      (typeof wanted === "number" ? [wanted] : wanted).map((axis) => {
        const extent = shape.at(axis);
        if (!Number.isInteger(axis) || extent === undefined || axis < -shape.length)
          throw new ShapeError("fan-axis", `initializers.${name}: shape [${shape}] has no axis ${axis}`);
        return extent;
      }),
    );
  const [inSize, outSize] = [size(inAxis), size(outAxis)];
  // The order of the divisions is flax's: it decides the last bit of a fan that is no integer.
  const receptive = count(shape) / inSize / outSize / size(batchAxis);
  const [fanIn, fanOut] = [inSize * receptive, outSize * receptive];
  const fans: Readonly<Record<FanMode, number>> = {
    fan_in: fanIn,
    fan_out: fanOut,
    fan_avg: (fanIn + fanOut) / 2,
    fan_geo_avg: Math.sqrt(fanIn * fanOut),
  };
  if (!(fans[mode] > 0))
    throw new ShapeError(
      "zero-fan",
      `initializers.${name}: shape [${shape}] has a zero ${mode}; every axis must be at least 1 (or use zeros)`,
    );
  return fans[mode];
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): void {
  if (!known.includes(value))
    throw new ConfigError(
      `unknown-${option}`,
      `initializers.varianceScaling: ${option} is "${value}"; it must be one of ${known.join(", ")}`,
    );
}

function scaled(name: string, options: VarianceScaling): Initializer {
  const { scale, mode, distribution } = options;
  const variance = (shape: readonly number[]): number => fround(scale / fanOf(name, mode, shape, options));
  const root = (x: number): number => fround(Math.sqrt(x));
  switch (distribution) {
    case "truncated_normal":
      return random(
        name,
        options.dtype,
        (bits) => sample.truncatedNormal(bits, -2, 2),
        (shape) => fround(root(variance(shape)) / fround(TRUNCATED_STDDEV)),
      );
    case "normal":
      return random(name, options.dtype, sample.normal, (shape) => root(variance(shape)));
    case "uniform":
      return random(
        name,
        options.dtype,
        (bits) => sample.uniform(bits, -1, 1),
        (shape) => root(fround(3 * variance(shape))),
      );
    default:
      return distribution satisfies never;
  }
}

function varianceScaling(options: VarianceScaling): Initializer {
  checkOptions("varianceScaling", options, ["scale", "mode", "distribution", ...fanOptions]);
  oneOf("mode", options.mode, fanModes);
  oneOf("distribution", options.distribution, distributions);
  if (!(Number.isFinite(options.scale) && options.scale >= 0))
    throw new ConfigError(
      "bad-scale",
      `initializers.varianceScaling: scale is ${options.scale}; it must be >= 0`,
    );
  return scaled("varianceScaling", options);
}

/** One of the named special cases of varianceScaling. */
function named(name: string, scale: number, mode: FanMode, distribution: Distribution) {
  return (options: FanAxes & DefaultDType = {}): Initializer => {
    checkOptions(name, options, fanOptions);
    return scaled(name, { ...options, scale, mode, distribution });
  };
}

const heNormal = named("heNormal", 2, "fan_in", "truncated_normal");
const heUniform = named("heUniform", 2, "fan_in", "uniform");
const glorotNormal = named("glorotNormal", 1, "fan_avg", "truncated_normal");
const glorotUniform = named("glorotUniform", 1, "fan_avg", "uniform");

/**
 * flax.linen.initializers. `zeros` and `ones` are initialisers, the others make one. The numbers are flax's own, bit for
 * bit (jax's CPU backend, spec section 4).
 *
 * Random ones make float32 (anything else: UnsupportedError `random-dtype`); zeros, ones and constant make every dtype.
 * The fan-based ones throw ShapeError `fan-rank`, `fan-axis` or `zero-fan` for a shape without a fan; a wrong option
 * is a ConfigError.
 *
 * @example
 * const conv = new Conv({ features: 8, kernelSize: [3, 3], kernelInit: initializers.heNormal() });
 * const kernel = initializers.normal(0.02)(key(0), [3, 3, 1, 8], "float32");
 */
export const initializers = {
  zeros: constant(0),
  ones: constant(1),
  /** Every element is `value`. */
  constant,
  /** Uniform in [0, scale); scale defaults to 0.01. */
  uniform,
  /** Normal with the given stddev, default 0.01. */
  normal,
  /** Normal cut to (lower, upper), default (-2, 2), then multiplied by stddev, default 0.01. */
  truncatedNormal,
  /** Variance scale / fan; mode fan_in | fan_out | fan_avg | fan_geo_avg; distribution truncated_normal | normal | uniform. */
  varianceScaling,
  lecunNormal: named("lecunNormal", 1, "fan_in", "truncated_normal"),
  lecunUniform: named("lecunUniform", 1, "fan_in", "uniform"),
  heNormal,
  heUniform,
  kaimingNormal: heNormal,
  kaimingUniform: heUniform,
  glorotNormal,
  glorotUniform,
  xavierNormal: glorotNormal,
  xavierUniform: glorotUniform,
} as const;
