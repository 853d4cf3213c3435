/** A distribution in every dtype it has, and drawing a scaled tensor of it. */
import { smallFloatBits } from "../../runtime/small-float.js";
import type { Tensor } from "../../runtime/tensor.js";
import { complexNormal, complexTruncatedNormal, complexUniform } from "./complex-sample.js";
import * as sample from "./sample.js";
import {
  drawSmall,
  roundedResult,
  roundedTo,
  type SmallFormat,
  smallConstant,
  smallFormats,
  smallNormals,
  smallTruncatedNormals,
  smallUniforms,
} from "./small-float-sample.js";
import { type Key, randomBits } from "./threefry.js";

/** The dtypes there are random numbers in. */
export type RandomDType = "float32" | "float16" | "bfloat16" | "complex64";

export interface Distribution {
  readonly float32: (bits: Uint32Array) => Float32Array;
  /** Every sample of a 16-bit type, by draw. */
  readonly small: (format: SmallFormat) => Float32Array;
  readonly complex64?: (key: Key, count: number) => Float32Array;
}

export function dtypesOf({ complex64 }: Distribution): readonly RandomDType[] {
  return complex64 === undefined ? realDTypes : [...realDTypes, "complex64"];
}

const realDTypes: readonly RandomDType[] = ["float32", "float16", "bfloat16"];

export const normal: Distribution = {
  float32: sample.normal,
  small: smallNormals,
  complex64: complexNormal,
};

export function uniform(low: number, high: number): Distribution {
  return {
    float32: (bits) => sample.uniform(bits, low, high),
    small: (format) => smallUniforms(format, low, high),
  };
}

/** Standard normal, cut to the open interval (lower, upper). */
export function truncatedNormal(lower: number, upper: number): Distribution {
  return {
    float32: (bits) => sample.truncatedNormal(bits, lower, upper),
    small: (format) => smallTruncatedNormals(format, lower, upper),
  };
}

/** What variance scaling calls uniform and truncated normal; complex ones are cut to a disk. */
export const symmetricUniform: Distribution = { ...uniform(-1, 1), complex64: complexUniform };
export const scaledTruncatedNormal: Distribution = {
  ...truncatedNormal(-2, 2),
  complex64: complexTruncatedNormal,
};

/** How numbers and results of operations are rounded to a dtype. */
export interface Rounding {
  /** A Python number as the dtype. */
  readonly constant: (x: number) => number;
  /** The result of one operation on numbers of the dtype. */
  readonly result: (x: number) => number;
}

export function roundingOf(dtype: RandomDType): Rounding {
  if (dtype === "float32" || dtype === "complex64") return { constant: Math.fround, result: Math.fround };
  const format = smallFormats[dtype];
  return { constant: (x) => smallConstant(format, x), result: (x) => roundedResult(format, x) };
}

/** Samples times a scale, which is a number of the dtype. The dtype must be one the distribution has. */
export function draw(
  distribution: Distribution,
  key: Key,
  shape: readonly number[],
  dtype: RandomDType,
  scale: number,
): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  switch (dtype) {
    case "float32": {
      const data = distribution.float32(randomBits(key, count));
      for (let i = 0; i < data.length; i++) data[i]! *= scale;
      return { data, shape: [...shape], dtype };
    }
    case "float16":
    case "bfloat16": {
      const format = smallFormats[dtype];
      const table = roundedTo(
        format,
        distribution.small(format).map((x) => x * scale),
      );
      const data = drawSmall(format, smallFloatBits(table, format.float), randomBits(key, count));
      return { data, shape: [...shape], dtype };
    }
    case "complex64": {
      const data = distribution.complex64!(key, count);
      // Products with the scale's imaginary half, which is 0, decide the signs of zeros.
      for (let i = 0; i < data.length; i += 2) {
        const [re, im] = [data[i]!, data[i + 1]!];
        data[i] = re * scale - im * 0;
        data[i + 1] = re * 0 + im * scale;
      }
      return { data, shape: [...shape], dtype };
    }
    default:
      return dtype satisfies never;
  }
}
