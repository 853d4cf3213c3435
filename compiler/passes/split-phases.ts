/**
 * split-phases: a conv over a dilated lhs becomes one conv per output phase over the lhs itself, so that no product
 * with an inserted zero is formed.
 *
 * before: `%2 = conv(%0, %1) window={size=3 lhs_dilate=2} …`
 * after:  `%2 = slice(%1) …`, `%3 = conv(%0, %2) window={size=2} …`, …, `%6 = interleave(%3, %5) steps=[1,2,1] …`
 *
 * Per dimension, with stride s, dilations l (lhs) and r (rhs): position p and tap k read t = p*s + k*r - low of the
 * dilated lhs, which is an element only where l divides t, namely element t/l. Advancing p by P = l/gcd(s,l) moves t by
 * a multiple of l, so the positions p = P*q + f of phase f all use the same taps, those with l | f*s + k*r - low: none,
 * or every K-th from some k0 on, K = l/gcd(r,l). Tap j of these reads element
 * q*(s/gcd(s,l)) + j*(r/gcd(r,l)) + (f*s + k0*r - low)/l: again a window, reversed where the whole one is: the phase
 * has every K-th weight, in either order. A phase without taps sums nothing: its conv has one tap, and skips it.
 *
 * The terms that remain are summed in their old order; those left out add a zero, which changes no accumulator that
 * started at 0 (finite weights given). So the results are the same bits.
 */
import { makeElements } from "../../ir/float16.js";
import type { Graph, GraphBuilder, NodeOf, ValueId } from "../../ir/graph.js";
import { convAxes, phaseIndex, phaseShape } from "../../ir/graph.js";
import type { Scalar, ScalarArg } from "../../ir/scalar.js";
import { arg, scalarArgs, substitute } from "../../ir/scalar.js";
import type { FloatElement } from "../../ir/types.js";
import { denseStrides, elementCount } from "../../ir/types.js";
import type { WindowDim } from "../../ir/window.js";
import { dilatedExtent, weightIndex, windowDim } from "../../ir/window.js";
import { addFolded } from "../fold.js";
import { rewriteGraph } from "../rewrite.js";

/** Each phase is a kernel; beyond this many the code outweighs the multiplications saved. */
const mostPhases = 256;

/** One axis of a slice. */
interface Run {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** What one phase of one dimension keeps: the taps, their weights, and the window over the undilated lhs. */
interface PhaseDim {
  readonly taps: Run;
  readonly weights: Run;
  readonly window: WindowDim;
}

export function splitPhases(graph: Graph): Graph {
  return rewriteGraph(graph, (node, _, { builder, rename }) =>
    node.op === "conv" && splits(node) ? split(node, node.args.map(rename), builder) : null,
  );
}

function phaseCounts(conv: NodeOf<"conv">): number[] {
  return conv.window.map((dim) => dim.lhsDilation / gcd(dim.stride, dim.lhsDilation));
}

/**
 * Work fused into the lhs might make something of the inserted zeros, and the taps of a local conv are no axes that
 * could be sliced.
 */
function splits(conv: NodeOf<"conv">): boolean {
  const { lhs } = conv.fused;
  return (
    !conv.local &&
    conv.window.some((dim) => dim.lhsDilation !== 1) &&
    lhs.kind === "arg" &&
    lhs.of === "lhs" &&
    elementCount(conv.type.shape) > 0 &&
    elementCount(phaseCounts(conv)) <= mostPhases
  );
}

function split(conv: NodeOf<"conv">, args: readonly ValueId[], builder: GraphBuilder): ValueId {
  const { shape } = conv.type;
  const axes = convAxes(conv.dims);
  const steps = new Array<number>(shape.length).fill(1);
  phaseCounts(conv).forEach((count, d) => {
    steps[axes.out.spatial[d]!] = count;
  });
  const lhsShape = builder.type(args[0]!).shape;
  const phases = Array.from({ length: elementCount(steps) }, (_, phase) => {
    const at = phaseIndex(steps, phase);
    const extents = phaseShape(shape, steps, phase);
    if (elementCount(extents) === 0) return emptyTensor(builder, conv.element, extents);
    const dims = conv.window.map((dim, d): PhaseDim | null => {
      const axis = axes.out.spatial[d]!;
      return phaseDim(dim, at[axis]!, extents[axis]!, lhsShape[axes.lhs.spatial[d]!]!);
    });
    const used = dims.filter((dim) => dim !== null);
    const phaseConv =
      used.length === dims.length ? convOfPhase(conv, used) : idleConv(conv, extents, lhsShape);
    const positions = new Map<number, Run>(
      axes.out.spatial.map((axis) => [axis, { start: at[axis]!, step: steps[axis]!, count: extents[axis]! }]),
    );
    return addPhase(phaseConv, args, positions, builder);
  });
  if (phases.length === 1) return phases[0]!;
  return builder.add({ op: "interleave", steps, shape }, phases);
}

/** A phase no output position belongs to. */
function emptyTensor(builder: GraphBuilder, element: FloatElement, shape: readonly number[]): ValueId {
  return builder.add({ op: "constant", path: "", data: makeElements(element, 0) }, [], { element, shape });
}

/** Phase f of one dimension, with `positions` outputs, over `extent` elements; null where it has no taps. */
function phaseDim(dim: WindowDim, f: number, positions: number, extent: number): PhaseDim | null {
  const { size, stride, low, lhsDilation, rhsDilation, reversal } = dim;
  const every = lhsDilation / gcd(rhsDilation, lhsDilation);
  const all = { start: 0, step: 1, count: size };
  if (lhsDilation === 1) return { taps: all, weights: all, window: dim };
  const reads = (k: number): number => f * stride + k * rhsDilation - low;
  const start = Array.from({ length: size }, (_, k) => k).find((k) => reads(k) % lhsDilation === 0);
  if (start === undefined) return null;
  const count = Math.ceil((size - start) / every);
  const window = {
    size: count,
    stride: stride / gcd(stride, lhsDilation),
    // `0 -` rather than a sign: there is no padding of -0.
    low: 0 - reads(start) / lhsDilation,
    lhsDilation: 1,
    rhsDilation: rhsDilation / gcd(rhsDilation, lhsDilation),
    reversal,
    border: "zero",
  } as const;
  const read = (positions - 1) * window.stride + dilatedExtent(count, window.rhsDilation);
  const taps = { start, step: count > 1 ? every : 1, count };
  const last = start + (count - 1) * taps.step;
  return {
    taps,
    weights: { ...taps, start: weightIndex(reversal ? last : start, dim) },
    window: { ...window, high: read - extent - window.low },
  };
}

/** The conv of a phase, not yet cut out of the whole: its weights of each spatial dimension are to be taken from rhs. */
interface PhaseConv {
  readonly conv: NodeOf<"conv">;
  readonly weights: readonly Run[];
}

function convOfPhase(conv: NodeOf<"conv">, dims: readonly PhaseDim[]): PhaseConv {
  return {
    conv: {
      ...conv,
      window: dims.map((dim) => dim.window),
      skippedTaps: phaseSkippedTaps(conv, dims),
    },
    weights: dims.map((dim) => dim.weights),
  };
}

/** A conv that sums nothing: of its one tap no product is formed. */
function idleConv(conv: NodeOf<"conv">, extents: readonly number[], lhsShape: readonly number[]): PhaseConv {
  const { lhs, out } = convAxes(conv.dims);
  const window = conv.window.map((_, d) =>
    windowDim(1, { high: extents[out.spatial[d]!]! - lhsShape[lhs.spatial[d]!]! }),
  );
  return {
    conv: { ...conv, window, skippedTaps: [0], fused: { ...conv.fused, rhs: arg("rhs") } },
    weights: window.map(() => ({ start: 0, step: 1, count: 1 })),
  };
}

/** Adds the conv of a phase over the whole conv's operands, each cut down to the phase's weights or positions. */
function addPhase(
  { conv, weights }: PhaseConv,
  args: readonly ValueId[],
  positions: ReadonlyMap<number, Run>,
  builder: GraphBuilder,
): ValueId {
  const { rhs } = convAxes(conv.dims);
  const weightsByAxis = new Map(weights.map((run, d) => [rhs.spatial[d]!, run]));
  const phaseArgs: ValueId[] = [args[0]!, sliced(builder, args[1]!, weightsByAxis)];
  /** The scalar over operands of its own: one operand may be cut differently for rhs and out. */
  const cut = (scalar: Scalar, runs: ReadonlyMap<number, Run>): Scalar => {
    const indices = new Map<ScalarArg, number>();
    for (const of of scalarArgs(scalar)) {
      if (typeof of !== "number") continue;
      const operand = broadcastSliced(builder, args[of]!, conv.type.shape.length, runs);
      indices.set(of, phaseArgs.push(operand) - 1);
    }
    return substitute(scalar, (of) => arg(indices.get(of) ?? of));
  };
  const { fused } = conv;
  const cutFused = { lhs: fused.lhs, rhs: cut(fused.rhs, weightsByAxis), out: cut(fused.out, positions) };
  return builder.copy({ ...conv, fused: cutFused }, phaseArgs);
}

/** The slice of a value that broadcasts against `rank` axes; axes it is broadcast along stay as they are. */
function broadcastSliced(
  builder: GraphBuilder,
  id: ValueId,
  rank: number,
  runs: ReadonlyMap<number, Run>,
): ValueId {
  const { shape } = builder.type(id);
  const own = new Map<number, Run>();
  for (const [axis, run] of runs) {
    const at = axis - rank + shape.length;
    if (at >= 0 && shape[at] !== 1) own.set(at, run);
  }
  return sliced(builder, id, own);
}

function sliced(builder: GraphBuilder, id: ValueId, runs: ReadonlyMap<number, Run>): ValueId {
  const { shape } = builder.type(id);
  const all = shape.map((count, axis): Run => runs.get(axis) ?? { start: 0, step: 1, count });
  if (all.every((run, axis) => run.count === shape[axis])) return id;
  return addFolded(
    builder,
    {
      op: "slice",
      start: all.map((run) => run.start),
      step: all.map((run) => run.step),
      shape: all.map((run) => run.count),
    },
    [id],
  );
}

function phaseSkippedTaps(conv: NodeOf<"conv">, dims: readonly PhaseDim[]): number[] {
  if (conv.skippedTaps.length === 0) return [];
  const skipped = new Set(conv.skippedTaps);
  const strides = denseStrides(conv.window.map((dim) => dim.size));
  const sizes = dims.map((dim) => dim.taps.count);
  const phaseStrides = denseStrides(sizes);
  const out: number[] = [];
  for (let tap = 0; tap < elementCount(sizes); tap++) {
    let old = 0;
    dims.forEach(({ taps }, d) => {
      const j = Math.floor(tap / phaseStrides[d]!) % sizes[d]!;
      old += (taps.start + j * taps.step) * strides[d]!;
    });
    if (skipped.has(old)) out.push(tap);
  }
  return out;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
