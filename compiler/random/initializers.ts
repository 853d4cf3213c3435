/** flax's initialisers (`flax.linen.initializers`, spec section 4.7): functions from a key, a shape and a dtype to a tensor. */
import { ConfigError } from "../../runtime/error.js";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { arrayNames, dataLength, newArray, tensor } from "../../runtime/tensor.js";
import * as distribution from "./distribution.js";
import {
  type Distribution as Drawn,
  draw,
  dtypesOf,
  type RandomDType,
  type Rounding,
  roundingOf,
} from "./distribution.js";
import { type FanAxes, type FanMode, fanOf } from "./fans.js";
import type { Key } from "./threefry.js";

export type { FanAxes, FanMode } from "./fans.js";

/** Makes the initial value of a parameter; a pure function of its arguments. */
export type Initializer = (key: Key, shape: readonly number[], dtype: DType) => Tensor;

/** `dtype` is the dtype used where the caller gives none; a module always gives its paramDtype. */
interface DefaultDType {
  readonly dtype?: DType;
}

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

const fanModes: readonly FanMode[] = ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"];
const distributions: readonly Distribution[] = ["truncated_normal", "normal", "uniform"];
const fanOptions = ["inAxis", "outAxis", "batchAxis", "dtype"];
/** Standard deviations of a standard normal cut to (-2, 2), and of a complex one cut to the disk of radius 2. */
const TRUNCATED_STDDEV = 0.8796256610342398;
const TRUNCATED_COMPLEX_STDDEV = 0.9531116438049121;

/** Rejects an unknown option, so that a misspelt one is never ignored. */
function checkOptions(maker: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new ConfigError(
        "unknown-option",
        `initializers.${maker}: unknown option "${name}"; it takes ${known.join(", ")}`,
      );
}

/** Makes the scale of samples of a shape: a number of the dtype, rounded as jax rounds each step. */
type ScaleOf = (shape: readonly number[], rounding: Rounding, dtype: RandomDType) => number;

/** An initialiser that draws samples and multiplies them by a scale. */
function random(
  name: string,
  defaultDType: DType | undefined,
  samples: Drawn,
  scaleOf: ScaleOf,
): Initializer {
  const known = dtypesOf(samples);
  return (key, shape, dtype = defaultDType ?? "float32") => {
    const made = known.find((each) => each === narrowed(dtype));
    if (made !== undefined) return draw(samples, key, shape, made, scaleOf(shape, roundingOf(made), made));
    throw new ConfigError(
      "random-dtype",
      `initializers.${name} makes ${known.join(", ")}, not ${dtype}; use one of these, or zeros, ones or constant`,
    );
  };
}

function constant(value: number, dtype?: DType): Initializer {
  if (typeof value !== "number")
    throw new ConfigError("constant-value", `initializers.constant: expected a number, got ${typeof value}`);
  return (_key, shape, wanted = dtype ?? "float32") => {
    const made = narrowed(wanted);
    if (!Object.hasOwn(arrayNames, made))
      throw new ConfigError(
        "unknown-dtype",
        `initializers.constant: unknown dtype ${JSON.stringify(wanted)}; the dtypes are ${Object.keys(arrayNames).join(", ")}`,
      );
    const data = newArray(made, dataLength(shape, made));
    if (made === "complex64") for (let i = 0; i < data.length; i += 2) data[i] = value;
    else data.fill(elementOf(value, made));
    return { data, shape: [...shape], dtype: made };
  };
}

/** What an array of the dtype holds for a number; as jax does it, integers drop the fraction and stop at their limits. */
function elementOf(value: number, dtype: DType): number {
  if (dtype === "float16" || dtype === "bfloat16")
    return tensor([roundingOf(dtype).constant(value)], [1], dtype).data[0]!;
  if (dtype === "bool") return value === 0 ? 0 : 1;
  const limits = integerLimits[dtype];
  return limits === undefined ? value : Math.min(limits[1], Math.max(limits[0], Math.trunc(value)));
}

const integerLimits: Partial<Readonly<Record<DType, readonly [low: number, high: number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
};

/** jax without x64 makes float32 where float64 is asked for. */
function narrowed(dtype: DType): DType {
  return dtype === "float64" ? "float32" : dtype;
}

function uniform(options: number | UniformOptions = {}): Initializer {
  const given = typeof options === "number" ? { scale: options } : options;
  checkOptions("uniform", given, ["scale", "dtype"]);
  const { scale = 0.01 } = given;
  return random("uniform", given.dtype, distribution.uniform(0, 1), times(scale));
}

function normal(options: number | NormalOptions = {}): Initializer {
  const given = typeof options === "number" ? { stddev: options } : options;
  checkOptions("normal", given, ["stddev", "dtype"]);
  const { stddev = 0.01 } = given;
  return random("normal", given.dtype, distribution.normal, times(stddev));
}

function truncatedNormal(options: number | TruncatedNormalOptions = {}): Initializer {
  const given = typeof options === "number" ? { stddev: options } : options;
  checkOptions("truncatedNormal", given, ["stddev", "lower", "upper", "dtype"]);
  const { stddev = 0.01, lower = -2, upper = 2, dtype } = given;
  return random("truncatedNormal", dtype, distribution.truncatedNormal(lower, upper), times(stddev));
}

const times =
  (scale: number): ScaleOf =>
  (_shape, { constant }) =>
    constant(scale);

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): void {
  if (!known.includes(value))
    throw new ConfigError(
      `unknown-${option}`,
      `initializers.varianceScaling: ${option} is "${value}"; it must be one of ${known.join(", ")}`,
    );
}

function scaled(name: string, options: VarianceScaling): Initializer {
  const { scale, mode, dtype } = options;
  const variance = (shape: readonly number[], { constant }: Rounding): number =>
    constant(scale / fanOf(name, mode, shape, options));
  const stddev: ScaleOf = (shape, rounding) => rounding.result(Math.sqrt(variance(shape, rounding)));
  switch (options.distribution) {
    case "truncated_normal":
      return random(name, dtype, distribution.scaledTruncatedNormal, (shape, rounding, made) => {
        const cut = made === "complex64" ? TRUNCATED_COMPLEX_STDDEV : TRUNCATED_STDDEV;
        return rounding.result(stddev(shape, rounding, made) / rounding.constant(cut));
      });
    case "normal":
      return random(name, dtype, distribution.normal, stddev);
    case "uniform":
      return random(name, dtype, distribution.symmetricUniform, (shape, rounding, made) =>
        // A real one has a third of the variance of its range's half; a complex one fills a disk of its variance.
        made === "complex64"
          ? stddev(shape, rounding, made)
          : rounding.result(Math.sqrt(rounding.result(3 * variance(shape, rounding)))),
      );
    default:
      return options.distribution satisfies never;
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
 * Random ones make float32, float16, bfloat16 and (normal and the fan-based ones) complex64, anything else being
 * ConfigError `random-dtype`; zeros, ones and constant make every dtype.
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
