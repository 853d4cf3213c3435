/** The fans of a kernel: how many inputs each output has, and the other way round (spec section 4.7). */
import { ShapeError } from "../../runtime/error.js";

/** Which axes of a kernel count as its input, its output and its batch; negative axes count from the end. */
export interface FanAxes {
  /** Default -2. */
  readonly inAxis?: number | readonly number[];
  /** Default -1. */
  readonly outAxis?: number | readonly number[];
  /** Default none. */
  readonly batchAxis?: number | readonly number[];
}

export type FanMode = "fan_in" | "fan_out" | "fan_avg" | "fan_geo_avg";

const product = (extents: readonly number[]): number =>
  extents.reduce((result, extent) => result * extent, 1);

/** What a variance is divided by. Throws ShapeError where the shape has no such fan. */
export function fanOf(name: string, mode: FanMode, shape: readonly number[], axes: FanAxes): number {
  const { inAxis = -2, outAxis = -1, batchAxis = [] } = axes;
  if (inAxis === -2 && shape.length <= 1)
    throw new ShapeError(
      "fan-rank",
      `initializers.${name}: shape [${shape}] has no fan; give a shape of rank 2 or more, or set inAxis`,
    );
  const size = (wanted: number | readonly number[]): number =>
    product(
      (typeof wanted === "number" ? [wanted] : wanted).map((axis) => {
        const extent = shape.at(axis);
        if (!Number.isInteger(axis) || extent === undefined || axis < -shape.length)
          throw new ShapeError("fan-axis", `initializers.${name}: shape [${shape}] has no axis ${axis}`);
        return extent;
      }),
    );
  const [inSize, outSize] = [size(inAxis), size(outAxis)];
  // The order of the divisions is flax's: it decides the last bit of a fan that is no integer.
  const receptive = product(shape) / inSize / outSize / size(batchAxis);
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
