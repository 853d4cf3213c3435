/** What a call must give, in float64 and straight from the definitions, with the error the numeric contract allows. */
import type { Tensor } from "../../runtime/tensor.js";
import { toFloat32 } from "../../runtime/tensor.js";
import type { ReferenceWindow } from "../support/reference-conv.js";
import { referenceConv } from "../support/reference-conv.js";
import type { Call } from "./call.js";
import type { ConvSpec } from "./random-conv.js";

export interface Expected {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** Sum of |x·w| of each element, bias included. */
  readonly magnitude: Float64Array;
  /** Roundings between a product and the result. */
  readonly steps: number;
}

/** Low and high padding of one dimension of a forward convolution. */
function forwardPads(spec: ConvSpec, d: number): readonly [number, number] {
  const { padding } = spec;
  const [extent, stride] = [spec.extents[d]!, spec.strides[d]!];
  const reach = (spec.kernelSize[d]! - 1) * spec.kernelDilation[d]! + 1;
  const total = Math.max((Math.ceil(extent / stride) - 1) * stride + reach - extent, 0);
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
  if (padding === "SAME") return [less, more];
  if (padding === "SAME_LOWER") return [more, less];
  if (padding === "VALID") return [0, 0];
  if (padding === "CAUSAL") return [reach - 1, 0];
  if (padding === "CIRCULAR" || padding === "REFLECT")
    return [Math.floor((reach - 1) / 2), Math.floor(reach / 2)];
  return typeof padding === "number" ? [padding, padding] : padding[d]!;
}

/** Padding of the dilated input of a transposed convolution. */
function transposedPads(spec: ConvSpec, d: number): readonly [number, number] {
  const { padding } = spec;
  const stride = spec.strides[d]!;
  const reach = (spec.kernelSize[d]! - 1) * spec.kernelDilation[d]! + 1;
  if (typeof padding === "number") return [padding, padding];
  if (typeof padding !== "string") return padding[d]!;
  const same = padding === "SAME";
  const total = reach + stride - 2 + (same ? 0 : Math.max(reach - stride, 0));
  const low = same && stride <= reach - 1 ? Math.ceil(total / 2) : reach - 1;
  return [low, total - low];
}

function windowOf(spec: ConvSpec): ReferenceWindow[] {
  const transposed = spec.module === "ConvTranspose";
  const border = spec.padding === "CIRCULAR" ? "wrap" : spec.padding === "REFLECT" ? "reflect" : "zero";
  return spec.kernelSize.map((size, d) => {
    const [low, high] = transposed ? transposedPads(spec, d) : forwardPads(spec, d);
    return {
      size,
      low,
      high,
      stride: transposed ? 1 : spec.strides[d]!,
      lhsDilation: transposed ? spec.strides[d]! : spec.inputDilation[d]!,
      rhsDilation: spec.kernelDilation[d]!,
      reversal: spec.transposeKernel,
      border: transposed ? "zero" : border,
    };
  });
}

/** Of the convolution and its bias; a relu is applied, other activations are not known here. */
export function reference(spec: ConvSpec, call: Call): Expected {
  const { batch, extents, strides, kernelSize } = spec;
  const rank = extents.length;
  const mask = call.options.mask as Tensor | undefined;
  const lhs = Float32Array.from(toFloat32(call.input));
  const rhs = toFloat32(call.kernel).map((w, i) => (mask === undefined ? w : w * mask.data[i]!));
  const digits = "012".slice(0, rank);
  let result: { data: Float64Array; shape: readonly number[]; magnitude: Float64Array } = referenceConv({
    lhs,
    lhsShape: [batch.reduce((a, b) => a * b, 1), ...extents, spec.depth * spec.groups],
    rhs,
    rhsShape: call.kernel.shape,
    window: windowOf(spec),
    groups: spec.groups,
    local: spec.module === "ConvLocal",
    dims: `b${digits}f_${digits}${spec.transposeKernel ? "oi" : "io"}->b${digits}f`,
  });
  let folds = 0;
  if (spec.module === "ConvTranspose" && spec.padding === "CIRCULAR")
    for (let d = 0; d < rank; d++) {
      const period = extents[d]! * strides[d]!;
      folds += Math.ceil(result.shape[d + 1]! / period) + 1;
      result = fold(result, d + 1, period, spec.transposeKernel);
    }
  const { data, magnitude } = result;
  const shape = [...batch, ...result.shape.slice(1)];
  if (call.bias !== undefined) {
    const bias = toFloat32(call.bias);
    for (let i = 0; i < data.length; i++) {
      data[i]! += bias[i % bias.length]!;
      magnitude[i]! += Math.abs(bias[i % bias.length]!);
    }
  }
  if (call.activation === "relu") for (let i = 0; i < data.length; i++) data[i] = Math.max(data[i]!, 0);
  return { data, magnitude, shape, steps: kernelSize.reduce((a, b) => a * b, spec.depth) + folds + 2 };
}

/** CIRCULAR of a transposed convolution: the result wraps around its period along an axis. */
function fold(
  { data, magnitude, shape }: { data: Float64Array; magnitude: Float64Array; shape: readonly number[] },
  axis: number,
  period: number,
  transposeKernel: boolean,
) {
  const extent = shape[axis]!;
  const difference = (((period - extent) % (2 * period)) + 2 * period) % (2 * period);
  const low = transposeKernel ? Math.floor(difference / 2) : Math.ceil(difference / 2);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const folded = (from: Float64Array): Float64Array => {
    const to = new Float64Array(outer * period * inner);
    from.forEach((value, i) => {
      const [o, j, rest] = [Math.floor(i / inner / extent), Math.floor(i / inner) % extent, i % inner];
      to[(o * period + ((j + low) % period)) * inner + rest]! += value;
    });
    return to;
  };
  return { data: folded(data), magnitude: folded(magnitude), shape: shape.with(axis, period) };
}

/**
 * Index and excess of the first element further from the reference than the contract of precision "default" allows
 * (which holds at "highest" too), or null. Winograd: one bound for the whole tensor.
 */
export function outsideContract(
  found: Tensor,
  expected: Expected,
  winograd: boolean,
): { at: number; allowed: number } | null {
  let largest = 0;
  for (const size of expected.magnitude) largest = Math.max(largest, size);
  for (let i = 0; i < expected.data.length; i++) {
    const direct = expected.steps * 2 ** -24 * expected.magnitude[i]!;
    const allowed = winograd ? Math.max(direct, 1e-5 * largest) : direct;
    if (!(Math.abs(found.data[i]! - expected.data[i]!) <= allowed)) return { at: i, allowed };
  }
  return null;
}
