/**
 * The meaning of the graph IR: a slow evaluator, one node at a time, that every pass and backend is tested against.
 *
 * Arithmetic is f32, rounded after each primitive call; operands of any element type are converted when read, results
 * when they are stored.
 */
import { InternalError } from "./diagnostic.js";
import type { Compute } from "./evaluate.js";
import { evaluator } from "./evaluate.js";
import { loadElement, makeElements, storeElement } from "./float16.js";
import type { Graph, Node, NodeOf } from "./graph.js";
import { phaseIndex } from "./graph.js";
import { convolve } from "./interpret-conv.js";
import type { Scalar, ScalarArg } from "./scalar.js";
import type { ElementArray, FloatElement, TensorType } from "./types.js";
import { denseStrides, elementCount } from "./types.js";
import { reflectIndex, wrapIndex } from "./window.js";

export interface Operand {
  readonly type: TensorType;
  readonly data: ElementArray;
}

export interface GraphArguments {
  /** In the order of the graph's input nodes. */
  readonly inputs: readonly ElementArray[];
  readonly params: ReadonlyMap<string, ElementArray>;
}

/** The outputs, in order. Throws InternalError where an input or a parameter is missing or has the wrong length. */
export function interpretGraph(graph: Graph, { inputs, params }: GraphArguments): ElementArray[] {
  const values: ElementArray[] = [];
  let input = 0;
  const bound = (data: ElementArray | undefined, node: Node, name: string): ElementArray => {
    const count = elementCount(node.type.shape);
    if (data?.length !== count)
      throw new InternalError(`@${graph.name}: ${name} has ${data?.length ?? "no"} elements, not ${count}`);
    return data;
  };
  for (const node of graph.nodes) {
    if (node.op === "input") values.push(bound(inputs[input++], node, `input ${node.name}`));
    else if (node.op === "param") values.push(bound(params.get(node.path), node, `parameter ${node.path}`));
    else {
      const operands = node.args.map((id) => ({ type: graph.nodes[id]!.type, data: values[id]! }));
      values.push(evaluateNode(node, operands));
    }
  }
  return graph.outputs.map((id) => values[id]!);
}

/** The value of a node, given those of its arguments; also what constant folding computes with. */
export function evaluateNode(node: Node, operands: readonly Operand[]): ElementArray {
  const { shape } = node.type;
  switch (node.op) {
    case "input":
    case "param":
      throw new InternalError(`${node.op} has no value of its own`);
    case "constant":
      return node.data;
    case "reshape":
      return operands[0]!.data.slice();
    case "transpose":
      return gather(node.type, operands, (at) => {
        const from = new Array<number>(at.length);
        node.permutation.forEach((axis, to) => {
          from[axis] = at[to]!;
        });
        return { of: 0, at: from };
      });
    case "slice":
      return gather(node.type, operands, (at) => ({
        of: 0,
        at: at.map((i, axis) => node.start[axis]! + i * node.step[axis]!),
      }));
    case "concat":
      return gather(node.type, operands, (at) => {
        let of = 0;
        let rest = at[node.axis]!;
        while (rest >= operands[of]!.type.shape[node.axis]!) rest -= operands[of++]!.type.shape[node.axis]!;
        return { of, at: at.map((i, axis) => (axis === node.axis ? rest : i)) };
      });
    case "interleave":
      return interleave(node, operands);
    case "pad":
      return pad(node, operands);
    case "map":
      return stored(node.element, elementwise(node.body, shape, { operands }));
    case "conv":
      return stored(node.element, conv(node, operands));
    default:
      throw new InternalError(`unknown op ${(node satisfies never as Node).op}`);
  }
}

interface Place {
  readonly of: number;
  readonly at: readonly number[];
}

/** A tensor each of whose elements is an element of an operand, as stored, or (null) zero. */
function gather(
  type: TensorType,
  operands: readonly Operand[],
  place: (at: readonly number[]) => Place | null,
): ElementArray {
  const count = elementCount(type.shape);
  const out = makeElements(type.element, count);
  const strides = operands.map((operand) => denseStrides(operand.type.shape));
  const at = new Array<number>(type.shape.length).fill(0);
  for (let i = 0; i < count; i++) {
    const from = place(at);
    if (from !== null) {
      const index = from.at.reduce((sum, value, axis) => sum + value * strides[from.of]![axis]!, 0);
      out[i] = operands[from.of]!.data[index]!;
    }
    for (let axis = at.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < type.shape[axis]!) break;
      at[axis] = 0;
    }
  }
  return out;
}

function interleave(node: NodeOf<"interleave">, operands: readonly Operand[]): ElementArray {
  const { steps } = node;
  const phases = operands.map((_, phase) => phaseIndex(steps, phase).join());
  return gather(node.type, operands, (at) => ({
    of: phases.indexOf(at.map((i, axis) => i % steps[axis]!).join()),
    at: at.map((i, axis) => Math.floor(i / steps[axis]!)),
  }));
}

function pad(node: NodeOf<"pad">, operands: readonly Operand[]): ElementArray {
  const { shape } = operands[0]!.type;
  if (node.mode !== "zero" && shape.some((e, axis) => e === 0 && node.type.shape[axis]! > 0))
    throw new InternalError(`${node.mode} pad of an empty axis of [${shape}]`);
  return gather(node.type, operands, (at) => {
    const from = at.map((i, axis) => i - node.low[axis]!);
    if (node.mode === "zero")
      return from.every((i, axis) => i >= 0 && i < shape[axis]!) ? { of: 0, at: from } : null;
    const index = node.mode === "wrap" ? wrapIndex : reflectIndex;
    return { of: 0, at: from.map((i, axis) => index(i, shape[axis]!)) };
  });
}

/** For each element of `shape`, the index of the element of an operand that broadcasts to it. */
function broadcastIndices(from: readonly number[], shape: readonly number[]): Int32Array {
  const own = denseStrides(from);
  const lead = shape.length - from.length;
  const strides = shape.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead]!));
  const out = new Int32Array(elementCount(shape));
  const to = denseStrides(shape);
  for (let i = 0; i < out.length; i++)
    out[i] = strides.reduce((sum, stride, axis) => {
      return sum + (Math.floor(i / to[axis]!) % shape[axis]!) * stride;
    }, 0);
  return out;
}

/** What a scalar body reads: `own` under its name, the operands under their numbers. */
interface Reads {
  readonly own?: { readonly name: ScalarArg; readonly data: (index: number) => number };
  readonly operands: readonly Operand[];
}

/** The body for every element of the shape, operands broadcast to it. */
function elementwise(body: Scalar, shape: readonly number[], { own, operands }: Reads): Float32Array {
  const out = new Float32Array(elementCount(shape));
  let index = 0;
  const compute = evaluator(body, (of): Compute => {
    if (own !== undefined && of === own.name) return () => own.data(index);
    const operand = typeof of === "number" ? operands[of] : undefined;
    if (operand === undefined) throw new InternalError(`$${of} is not an operand`);
    const { data, type } = operand;
    const at = broadcastIndices(type.shape, shape);
    return () => loadElement(data, type.element, at[index]!);
  });
  for (; index < out.length; index++) out[index] = compute();
  return out;
}

/** Results as their element type holds them. */
function stored(element: FloatElement, results: Float32Array): ElementArray {
  if (element === "f32") return results;
  const out = makeElements(element, results.length);
  results.forEach((value, index) => {
    storeElement(out, element, index, value);
  });
  return out;
}

/**
 * Each element of lhs and rhs goes through its fused body once: what the body gives does not depend on the tap that
 * reads it, and padding is zero after it.
 */
function conv(node: NodeOf<"conv">, operands: readonly Operand[]): Float32Array {
  const [lhs, rhs] = operands as [Operand, Operand];
  const out = node.type.shape;
  const read = ({ data, type }: Operand) => {
    return (index: number): number => loadElement(data, type.element, index);
  };
  const left = elementwise(node.fused.lhs, lhs.type.shape, {
    own: { name: "lhs", data: read(lhs) },
    operands,
  });
  const right = elementwise(node.fused.rhs, rhs.type.shape, {
    own: { name: "rhs", data: read(rhs) },
    operands,
  });
  const sums = convolve(node, left, right, { lhs: lhs.type.shape, rhs: rhs.type.shape, out });
  return elementwise(node.fused.out, out, { own: { name: "acc", data: (index) => sums[index]! }, operands });
}
