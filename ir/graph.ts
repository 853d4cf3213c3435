/**
 * The graph IR: a program over whole tensors, as a list of nodes in topological order.
 *
 * A value is the index of the node that makes it, printed `%n`. Graphs are immutable: a pass builds a new one.
 * `GraphBuilder` infers every type, so that a wrong graph is hard to build.
 */
import { InternalError } from "./diagnostic.js";
import type { Scalar, ScalarArg } from "./scalar.js";
import { arg, scalarArgs } from "./scalar.js";
import type { ElementArray, FloatElement, TensorType } from "./types.js";
import { broadcastShapes, elementCount } from "./types.js";
import type { WindowDim } from "./window.js";
import { dilatedExtent, outputExtent } from "./window.js";

export type ValueId = number & { readonly brand: "value" };

export type PadMode = "zero" | "wrap" | "reflect";

/**
 * Where the axes of the three tensors of a conv are: labels of lhs, rhs and out in the field's own spelling,
 * `b01f_01io->b01f` (b batch, f feature, i input feature, o output feature, digits the spatial dimensions).
 */
export type DimLabels = string;

/**
 * Scalar work fused into a conv. `lhs` sees `$lhs`, `rhs` sees `$rhs`, `out` sees `$acc`; each may also read `$n`,
 * the node's n-th argument (n >= 2), broadcast by NumPy's rule against the tensor it is applied to.
 */
export interface ConvFused {
  readonly lhs: Scalar;
  readonly rhs: Scalar;
  readonly out: Scalar;
}

export const identityFused: ConvFused = { lhs: arg("lhs"), rhs: arg("rhs"), out: arg("acc") };

export type NodeBody =
  | { readonly op: "input"; readonly name: string }
  | { readonly op: "param"; readonly path: string }
  /** `path` names the parameter the data came from, or is empty. */
  | { readonly op: "constant"; readonly path: string; readonly data: ElementArray }
  | { readonly op: "reshape"; readonly shape: readonly number[] }
  /** Axis a of the result is axis permutation[a] of the operand. */
  | { readonly op: "transpose"; readonly permutation: readonly number[] }
  /** Elements start, start + step, … of each axis, `shape` of them. */
  | {
      readonly op: "slice";
      readonly start: readonly number[];
      readonly step: readonly number[];
      readonly shape: readonly number[];
    }
  | { readonly op: "concat"; readonly axis: number }
  /**
   * The inverse of slicing into phases: element i of axis a comes from operand number (i mod steps[a]) (row-major over
   * the axes), at i div steps[a].
   */
  | { readonly op: "interleave"; readonly steps: readonly number[]; readonly shape: readonly number[] }
  /** low and high are not negative (cropping is a slice). */
  | {
      readonly op: "pad";
      readonly mode: PadMode;
      readonly low: readonly number[];
      readonly high: readonly number[];
    }
  /** Elementwise over NumPy-broadcast operands `$0`, `$1` …; the result is rounded to `element` when it is stored. */
  | { readonly op: "map"; readonly body: Scalar; readonly element: FloatElement }
  /**
   * args: lhs, rhs, then whatever `fused` reads. At most one of groups and batchGroups exceeds 1. The sum is f32; what
   * `fused.out` makes of it is rounded to `element` when it is stored.
   *
   * A local conv has a kernel for every output position: the spatial extents of rhs are those of out, and its input
   * axis holds the taps of input feature 0 (row-major over the window), then those of feature 1, and so on.
   */
  | {
      readonly op: "conv";
      readonly window: readonly WindowDim[];
      readonly dims: DimLabels;
      readonly groups: number;
      readonly batchGroups: number;
      readonly local: boolean;
      readonly precision: "default" | "highest";
      readonly element: FloatElement;
      /** Row-major window positions that fuse-mask proved to meet only zero weights. */
      readonly skippedTaps: readonly number[];
      readonly fused: ConvFused;
    };

type ConvBody = Extract<NodeBody, { readonly op: "conv" }>;
export type Op = NodeBody["op"];
export type Node = NodeBody & {
  readonly type: TensorType;
  readonly args: readonly ValueId[];
  /** Module path the node was traced in, for messages; "" where there is none. */
  readonly where: string;
};
export type NodeOf<O extends Op> = Extract<Node, { readonly op: O }>;

export interface Graph {
  readonly name: string;
  /** Input nodes come first. */
  readonly nodes: readonly Node[];
  readonly outputs: readonly ValueId[];
}

/** What the table of operations knows: how many arguments, and whether the result is a view of them. */
export const ops: Readonly<Record<Op, { readonly arity: number | "any"; readonly view: boolean }>> = {
  input: { arity: 0, view: false },
  param: { arity: 0, view: false },
  constant: { arity: 0, view: false },
  reshape: { arity: 1, view: true },
  transpose: { arity: 1, view: true },
  slice: { arity: 1, view: true },
  concat: { arity: "any", view: true },
  interleave: { arity: "any", view: true },
  pad: { arity: 1, view: false },
  map: { arity: "any", view: false },
  conv: { arity: "any", view: false },
};

/** Axis numbers of a parsed label: `spatial[d]` is the axis of spatial dimension d. */
export interface ConvAxes {
  readonly lhs: { readonly batch: number; readonly feature: number; readonly spatial: readonly number[] };
  readonly rhs: { readonly in: number; readonly out: number; readonly spatial: readonly number[] };
  readonly out: { readonly batch: number; readonly feature: number; readonly spatial: readonly number[] };
}

/** Reads `b01f_01io->b01f`; throws InternalError on labels that are not permutations of each other. */
export function convAxes(dims: DimLabels): ConvAxes {
  const match = /^([bf\d]+)_([io\d]+)->([bf\d]+)$/.exec(dims);
  if (match === null) throw new InternalError(`bad dim_labels ${dims}`);
  const [lhs, rhs, out] = [match[1]!, match[2]!, match[3]!];
  const rank = lhs.length;
  const axis = (labels: string, label: string): number => {
    const at = labels.indexOf(label);
    if (at < 0 || labels.length !== rank) throw new InternalError(`bad dim_labels ${dims}`);
    return at;
  };
  const spatial = (labels: string): number[] =>
    Array.from({ length: rank - 2 }, (_, d) => axis(labels, String(d)));
  return {
    lhs: { batch: axis(lhs, "b"), feature: axis(lhs, "f"), spatial: spatial(lhs) },
    rhs: { in: axis(rhs, "i"), out: axis(rhs, "o"), spatial: spatial(rhs) },
    out: { batch: axis(out, "b"), feature: axis(out, "f"), spatial: spatial(out) },
  };
}

/** `b01f_01io->b01f` for the given number of spatial dimensions (at most 10). */
export function channelsLast(spatialRank: number): DimLabels {
  const digits = "0123456789".slice(0, spatialRank);
  return `b${digits}f_${digits}io->b${digits}f`;
}

/** Row-major window positions of a conv: the number of its taps. */
export function tapCount(window: readonly WindowDim[]): number {
  return window.reduce((taps, dim) => taps * dim.size, 1);
}

/** How many input features each tap of a conv reads. */
export function convDepth(conv: ConvBody, rhsShape: readonly number[]): number {
  return rhsShape[convAxes(conv.dims).rhs.in]! / (conv.local ? tapCount(conv.window) : 1);
}

/** The type a node must have; throws InternalError with the reason where its operands do not fit. */
export function inferType(
  body: NodeBody,
  operands: readonly TensorType[],
  declared: TensorType | null,
): TensorType {
  const one = (): TensorType => {
    const first = operands[0];
    if (first === undefined) throw new InternalError(`${body.op} has no operand`);
    return first;
  };
  const { arity } = ops[body.op];
  if (arity !== "any" && operands.length !== arity)
    throw new InternalError(`${body.op} takes ${arity} operands, not ${operands.length}`);
  switch (body.op) {
    case "input":
    case "param":
      if (declared === null) throw new InternalError(`${body.op} needs a declared type`);
      return declared;
    case "constant":
      if (declared === null) throw new InternalError("constant needs a declared type");
      if (elementCount(declared.shape) !== body.data.length)
        throw new InternalError(`constant has ${body.data.length} elements for shape [${declared.shape}]`);
      return declared;
    case "reshape":
      if (elementCount(body.shape) !== elementCount(one().shape))
        throw new InternalError(`reshape of [${one().shape}] to [${body.shape}]`);
      return { element: one().element, shape: body.shape };
    case "transpose": {
      const { shape, element } = one();
      const seen = new Set(body.permutation);
      if (seen.size !== shape.length || body.permutation.some((axis) => shape[axis] === undefined))
        throw new InternalError(`transpose [${body.permutation}] of rank ${shape.length}`);
      return { element, shape: body.permutation.map((axis) => shape[axis]!) };
    }
    case "slice": {
      const { shape, element } = one();
      if (body.shape.length !== shape.length) throw new InternalError(`slice of rank ${shape.length}`);
      body.shape.forEach((extent, axis) => {
        const last = body.start[axis]! + (extent - 1) * body.step[axis]!;
        if (body.start[axis]! < 0 || body.step[axis]! < 1 || (extent > 0 && last >= shape[axis]!))
          throw new InternalError(`slice leaves axis ${axis} of [${shape}]`);
      });
      return { element, shape: body.shape };
    }
    case "concat": {
      const { shape, element } = one();
      let extent = 0;
      for (const operand of operands) {
        const fits = operand.shape.every((e, axis) => axis === body.axis || e === shape[axis]);
        if (!fits || operand.shape.length !== shape.length || operand.element !== element)
          throw new InternalError(`concat of [${shape}] and [${operand.shape}]`);
        extent += operand.shape[body.axis]!;
      }
      return { element, shape: shape.map((e, axis) => (axis === body.axis ? extent : e)) };
    }
    case "interleave": {
      const { element } = one();
      if (operands.length !== elementCount(body.steps))
        throw new InternalError(`interleave of ${operands.length} operands by [${body.steps}]`);
      operands.forEach((operand, phase) => {
        const expected = phaseShape(body.shape, body.steps, phase);
        if (operand.shape.join() !== expected.join())
          throw new InternalError(`phase ${phase} is [${operand.shape}], not [${expected}]`);
      });
      return { element, shape: body.shape };
    }
    case "pad": {
      const { shape, element } = one();
      if (body.low.length !== shape.length || [...body.low, ...body.high].some((e) => e < 0))
        throw new InternalError(`pad low=[${body.low}] high=[${body.high}] of [${shape}]`);
      return { element, shape: shape.map((e, axis) => e + body.low[axis]! + body.high[axis]!) };
    }
    case "map": {
      let shape: readonly number[] = [];
      for (const operand of operands) {
        const joined = broadcastShapes(shape, operand.shape);
        if (joined === null) throw new InternalError(`map of [${shape}] and [${operand.shape}]`);
        shape = joined;
      }
      for (const of of scalarArgs(body.body))
        if (typeof of !== "number" || of >= operands.length) throw new InternalError(`map reads $${of}`);
      return { element: body.element, shape };
    }
    case "conv":
      return inferConv(body, operands);
    default:
      throw new InternalError(`unknown op ${(body satisfies never as NodeBody).op}`);
  }
}

function inferConv(body: ConvBody, operands: readonly TensorType[]): TensorType {
  const [lhs, rhs] = operands;
  if (lhs === undefined || rhs === undefined) throw new InternalError("conv needs lhs and rhs");
  const axes = convAxes(body.dims);
  const rank = body.window.length + 2;
  if (lhs.shape.length !== rank || rhs.shape.length !== rank || axes.lhs.spatial.length !== rank - 2)
    throw new InternalError(`conv of [${lhs.shape}] and [${rhs.shape}] with ${rank - 2} window dimensions`);
  const features = rhs.shape[axes.rhs.out]!;
  const depth = convDepth(body, rhs.shape);
  if (lhs.shape[axes.lhs.feature] !== depth * body.groups)
    throw new InternalError(
      `conv: lhs has ${lhs.shape[axes.lhs.feature]} features, rhs reads ${depth} in ${body.groups} groups`,
    );
  const batch = lhs.shape[axes.lhs.batch]!;
  if (features % body.groups !== 0 || features % body.batchGroups !== 0 || batch % body.batchGroups !== 0)
    throw new InternalError("conv: groups do not divide");
  if (body.groups > 1 && body.batchGroups > 1) throw new InternalError("conv: groups and batchGroups");
  if (body.local && body.groups * body.batchGroups > 1) throw new InternalError("conv: local and in groups");
  const shape = new Array<number>(rank);
  shape[axes.out.batch] = batch / body.batchGroups;
  shape[axes.out.feature] = features;
  body.window.forEach((dim, d) => {
    if (dim.border !== "zero" && (dim.lhsDilation !== 1 || dim.low < 0 || dim.high < 0))
      throw new InternalError(`conv: ${dim.border} border with lhs dilation or cropping`);
    const extent = lhs.shape[axes.lhs.spatial[d]!]!;
    if (dilatedExtent(extent, dim.lhsDilation) + dim.low + dim.high < 0)
      throw new InternalError(`conv: padding ${dim.low}_${dim.high} of ${extent} elements`);
    if (dim.border !== "zero" && extent === 0 && dim.low + dim.high > 0)
      throw new InternalError(`conv: ${dim.border} border of an empty axis`);
    const outputs = outputExtent(extent, dim);
    const own = rhs.shape[axes.rhs.spatial[d]!]!;
    if (body.local && own !== outputs)
      throw new InternalError(`conv: ${outputs} positions but rhs has kernels for ${own}`);
    if (!body.local && own !== dim.size)
      throw new InternalError(`conv: window ${dim.size} but rhs has ${own} taps`);
    shape[axes.out.spatial[d]!] = outputs;
  });
  checkFused(body.fused, operands, { lhs: lhs.shape, rhs: rhs.shape, out: shape });
  return { element: body.element, shape };
}

function checkFused(
  fused: ConvFused,
  operands: readonly TensorType[],
  against: Readonly<Record<"lhs" | "rhs" | "out", readonly number[]>>,
): void {
  const own: Readonly<Record<"lhs" | "rhs" | "out", ScalarArg>> = { lhs: "lhs", rhs: "rhs", out: "acc" };
  for (const place of ["lhs", "rhs", "out"] as const) {
    for (const of of scalarArgs(fused[place])) {
      if (of === own[place]) continue;
      const operand = typeof of === "number" && of >= 2 ? operands[of] : undefined;
      if (operand === undefined) throw new InternalError(`conv: fused.${place} reads $${of}`);
      const joined = broadcastShapes(operand.shape, against[place]);
      if (joined === null || joined.join() !== against[place].join())
        throw new InternalError(
          `conv: $${of} is [${operand.shape}], does not broadcast to [${against[place]}]`,
        );
    }
  }
}

/** Shape of operand `phase` of an interleave. */
export function phaseShape(shape: readonly number[], steps: readonly number[], phase: number): number[] {
  const at = phaseIndex(steps, phase);
  return shape.map((extent, axis) => Math.max(Math.ceil((extent - at[axis]!) / steps[axis]!), 0));
}

/** Which phase of each axis operand `phase` of an interleave holds (row-major). */
export function phaseIndex(steps: readonly number[], phase: number): number[] {
  const at = new Array<number>(steps.length);
  let rest = phase;
  for (let axis = steps.length - 1; axis >= 0; axis--) {
    at[axis] = rest % steps[axis]!;
    rest = Math.floor(rest / steps[axis]!);
  }
  return at;
}

/** Builds a graph node by node. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  /** Module path given to the nodes added next. */
  where = "";

  add(body: NodeBody, args: readonly ValueId[] = [], declared: TensorType | null = null): ValueId {
    const type = inferType(
      body,
      args.map((id) => this.type(id)),
      declared,
    );
    this.nodes.push({ ...body, type, args, where: this.where });
    return (this.nodes.length - 1) as ValueId;
  }

  type(id: ValueId): TensorType {
    const node = this.nodes[id];
    if (node === undefined) throw new InternalError(`%${id} is not defined`);
    return node.type;
  }

  /** Adds a node with its operands renamed; keeps its type, which must still be right. */
  copy(node: Node, args: readonly ValueId[]): ValueId {
    const { type: declared, args: _, where, ...body } = node;
    this.where = where;
    return this.add(body as NodeBody, args, declared);
  }

  finish(name: string, outputs: readonly ValueId[]): Graph {
    return { name, nodes: this.nodes, outputs };
  }
}

export function nodeAt(graph: Graph, id: ValueId): Node {
  const node = graph.nodes[id];
  if (node === undefined) throw new InternalError(`%${id} is not defined in @${graph.name}`);
  return node;
}

/** How often each value is used, outputs counted. */
export function useCounts(graph: Graph): number[] {
  const counts = new Array<number>(graph.nodes.length).fill(0);
  for (const node of graph.nodes) for (const id of node.args) counts[id]!++;
  for (const id of graph.outputs) counts[id]!++;
  return counts;
}
