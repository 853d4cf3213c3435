/**
 * The meaning of `conv`: one multiply, one add at a time, in the order that fixes every bit (spec 2.1).
 *
 * A sum starts at +0 and runs over the taps in row-major order, then over the input features of the tap; that of a
 * local conv runs over the input features, then over the taps, which is the order of its weights. A padding zero is
 * multiplied with its weight. A tap that falls between lhs elements (where the lhs dilation does not divide its
 * position) takes no part, nor does a skipped tap.
 */
import { InternalError } from "./diagnostic.js";
import type { ConvAxes, NodeOf } from "./graph.js";
import { convAxes, convDepth, tapCount } from "./graph.js";
import { denseStrides, elementCount } from "./types.js";
import type { WindowDim } from "./window.js";
import { dilatedExtent, reflectIndex, weightIndex, wrapIndex } from "./window.js";

/** What a tap reads along one axis when it is not an element: a padding zero, or nothing. */
const padding = -1;
const nothing = -2;

/** Index of the lhs element at a position of the dilated, unpadded axis, or one of the two above. */
function sourceIndex(at: number, extent: number, dim: WindowDim): number {
  if (at % dim.lhsDilation !== 0) return nothing;
  if (at >= 0 && at < dilatedExtent(extent, dim.lhsDilation)) return at / dim.lhsDilation;
  switch (dim.border) {
    case "zero":
      return padding;
    case "wrap":
      return wrapIndex(at, extent);
    case "reflect":
      return reflectIndex(at, extent);
    default:
      throw new InternalError(`unknown border ${dim.border satisfies never as string}`);
  }
}

/** A tap of one window position: where its weights begin, and where the lhs elements do (or `padding`). */
interface Tap {
  readonly rhs: number;
  readonly lhs: number;
}

/** All multi-indices of a shape, the last axis fastest. */
function* indices(shape: readonly number[]): Generator<readonly number[]> {
  const count = elementCount(shape);
  const at = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < count; i++) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const choose = (values: readonly number[], axes: readonly number[]): number[] =>
  axes.map((axis) => values[axis]!);

interface Shapes {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly out: readonly number[];
}

/** The taps of the window at output position `at`, in the order they are summed. */
function tapsAt(node: NodeOf<"conv">, axes: ConvAxes, shapes: Shapes, at: readonly number[]): Tap[] {
  const skipped = new Set(node.skippedTaps);
  const extents = choose(shapes.lhs, axes.lhs.spatial);
  const lhsStrides = choose(denseStrides(shapes.lhs), axes.lhs.spatial);
  const rhsStrides = denseStrides(shapes.rhs);
  const spatialStrides = choose(rhsStrides, axes.rhs.spatial);
  const flatStrides = denseStrides(node.window.map((dim) => dim.size)).map(
    (s) => s * rhsStrides[axes.rhs.in]!,
  );
  const taps: Tap[] = [];
  let number = -1;
  for (const tap of indices(node.window.map((dim) => dim.size))) {
    number++;
    if (skipped.has(number)) continue;
    const source = node.window.map((dim, d) =>
      sourceIndex(at[d]! * dim.stride + tap[d]! * dim.rhsDilation - dim.low, extents[d]!, dim),
    );
    if (source.includes(nothing)) continue;
    const weight = tap.map((k, d) => weightIndex(k, node.window[d]!));
    taps.push({
      rhs: node.local ? dot(at, spatialStrides) + dot(weight, flatStrides) : dot(weight, spatialStrides),
      lhs: source.includes(padding) ? padding : dot(source, lhsStrides),
    });
  }
  return taps;
}

/** The convolution of two f32 tensors, before `fused.out`; shapes as in the node's types. */
export function convolve(
  node: NodeOf<"conv">,
  lhs: Float32Array,
  rhs: Float32Array,
  shapes: Shapes,
): Float32Array {
  const axes = convAxes(node.dims);
  const [lhsStride, rhsStride, outStride] = [shapes.lhs, shapes.rhs, shapes.out].map(denseStrides) as [
    number[],
    number[],
    number[],
  ];
  const features = shapes.rhs[axes.rhs.out]!;
  const depth = convDepth(node, shapes.rhs);
  const batch = shapes.out[axes.out.batch]!;
  const lhsStep = lhsStride[axes.lhs.feature]!;
  const rhsStep = rhsStride[axes.rhs.in]! * (node.local ? tapCount(node.window) : 1);
  const outSpatial = choose(outStride, axes.out.spatial);
  const out = new Float32Array(elementCount(shapes.out));
  for (const at of indices(choose(shapes.out, axes.out.spatial))) {
    const taps = tapsAt(node, axes, shapes, at);
    for (let b = 0; b < batch; b++) {
      for (let o = 0; o < features; o++) {
        const group = Math.floor(o / (features / node.groups));
        const batchGroup = Math.floor(o / (features / node.batchGroups));
        const lhsBase = (batchGroup * batch + b) * lhsStride[axes.lhs.batch]! + group * depth * lhsStep;
        const rhsBase = o * rhsStride[axes.rhs.out]!;
        let sum = 0;
        const add = (tap: Tap, i: number): void => {
          const x = tap.lhs === padding ? 0 : lhs[lhsBase + tap.lhs + i * lhsStep]!;
          sum = Math.fround(sum + Math.fround(x * rhs[rhsBase + tap.rhs + i * rhsStep]!));
        };
        if (node.local) for (let i = 0; i < depth; i++) for (const tap of taps) add(tap, i);
        else for (const tap of taps) for (let i = 0; i < depth; i++) add(tap, i);
        out[dot(at, outSpatial) + b * outStride[axes.out.batch]! + o * outStride[axes.out.feature]!] = sum;
      }
    }
  }
  return out;
}
