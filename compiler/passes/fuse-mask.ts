/**
 * fuse-mask: kernel * mask moves into the conv that reads it.
 *
 * before: `%3 = map(%1, %2) { $0 * $1 }`, `%4 = conv(%0, %3) …`
 * after:  `%3 = conv(%0, %1, %2) … fused={rhs: $rhs * $2}`
 *
 * The mask of the two operands is the constant that was not a parameter, else the only constant, else the second one
 * (flax computes kernel * mask); either operand may be the mask where only one has the kernel's shape. Where both are
 * constant the product is folded instead: fold-constants leaves it to this pass.
 *
 * A constant mask written in the model that is zero over a whole tap makes it a skipped tap, at precision "default"
 * only: leaving its products out is exact for finite activations and weights, while 0 * NaN would have been NaN. The
 * kernels of a local conv are different ones: it has no taps to skip.
 */
import type { Graph, Node, NodeOf, ValueId } from "../../ir/graph.js";
import { convAxes, nodeAt, tapCount } from "../../ir/graph.js";
import { arg, call, rounded, substitute } from "../../ir/scalar.js";
import type { ElementType } from "../../ir/types.js";
import { denseStrides, elementCount, sameShape } from "../../ir/types.js";
import { weightIndex } from "../../ir/window.js";
import { addFolded, constantAt } from "../fold.js";
import type { PassContext } from "../pass.js";
import type { Rewriting } from "../rewrite.js";
import { outputUser, rewriteGraph } from "../rewrite.js";

export function fuseMask(graph: Graph, context: PassContext): Graph {
  const next = rewriteGraph(graph, (node, _, rewriting) =>
    node.op === "conv" ? withoutProduct(node, rewriting, context) : null,
  );
  // A kernel may be masked more than once.
  return next === graph ? graph : fuseMask(next, context);
}

/** True for kernel * mask where every reader is a conv that reads it as its rhs, perhaps through views. */
export function isKernelProduct(id: ValueId, { graph, users }: Rewriting): boolean {
  if (!isProduct(nodeAt(graph, id)) || users[id]!.size === 0) return false;
  const readAsRhs = (value: ValueId): boolean =>
    [...users[value]!].every((index) => {
      if (index === outputUser) return false;
      const user = nodeAt(graph, index as ValueId);
      if (user.op === "conv") return user.args.indexOf(value) === 1 && user.args.lastIndexOf(value) === 1;
      return isView(user) && readAsRhs(index as ValueId);
    });
  return readAsRhs(id);
}

function isProduct(node: Node): node is NodeOf<"map"> {
  if (node.op !== "map" || node.args.length !== 2 || node.body.kind !== "call" || node.body.fn !== "mul")
    return false;
  const [a, b] = node.body.args.map((factor) => (factor.kind === "arg" ? factor.of : null));
  return (a === 0 && b === 1) || (a === 1 && b === 0);
}

function isView(node: Node): node is NodeOf<"reshape" | "transpose" | "slice"> {
  return node.op === "reshape" || node.op === "transpose" || node.op === "slice";
}

/** The conv with one product taken from its rhs; null where there is none. */
function withoutProduct(
  conv: NodeOf<"conv">,
  { graph, builder, rename }: Rewriting,
  context: PassContext,
): ValueId | null {
  const views: NodeOf<"reshape" | "transpose" | "slice">[] = [];
  let product = nodeAt(graph, conv.args[1]!);
  while (isView(product)) {
    views.unshift(product);
    product = nodeAt(graph, product.args[0]!);
  }
  if (!isProduct(product)) return null;
  const factors = kernelAndMask(product, graph, views.length > 0);
  if (factors === null) return null;
  const throughViews = (id: ValueId): ValueId =>
    views.reduce((value, view) => addFolded(builder, view, [value]), id);

  const kernel = rename(factors.kernel);
  const mask = throughViews(rename(factors.mask));
  const constant = constantAt(builder, mask);
  const skips = context.precision === "default" && conv.precision === "default";
  const zeroTaps =
    skips && !conv.local && constant !== null && constant.path === ""
      ? tapsWhereZero(constant, conv, nodeAt(graph, conv.args[1]!).type.shape)
      : [];
  const skippedTaps = [...new Set([...conv.skippedTaps, ...zeroTaps])].sort((a, b) => a - b);
  const args = conv.args.map(rename);
  if (constant !== null && constantAt(builder, kernel) !== null) {
    args[1] = throughViews(addFolded(builder, product, product.args.map(rename)));
    return args[1] === rename(conv.args[1]!) ? null : builder.copy({ ...conv, skippedTaps }, args);
  }
  args[1] = throughViews(kernel);
  args.push(mask);
  const masked = rounded(product.element, call("mul", arg("rhs"), arg(args.length - 1)));
  const rhs = substitute(conv.fused.rhs, (of) => (of === "rhs" ? masked : arg(of)));
  return builder.copy({ ...conv, skippedTaps, fused: { ...conv.fused, rhs } }, args);
}

/** Which factor is the kernel; null where neither has the product's shape (both must, below a view). */
function kernelAndMask(
  product: NodeOf<"map">,
  graph: Graph,
  viewed: boolean,
): { readonly kernel: ValueId; readonly mask: ValueId } | null {
  const [first, second] = product.args as readonly [ValueId, ValueId];
  const fits = (id: ValueId): boolean => sameShape(nodeAt(graph, id).type.shape, product.type.shape);
  if (fits(first) !== fits(second))
    return viewed ? null : fits(first) ? { kernel: first, mask: second } : { kernel: second, mask: first };
  if (!fits(first)) return null;
  const maskness = (id: ValueId): number => {
    const node = nodeAt(graph, id);
    return node.op !== "constant" ? 0 : node.path === "" ? 2 : 1;
  };
  return maskness(first) > maskness(second)
    ? { kernel: second, mask: first }
    : { kernel: first, mask: second };
}

/** Row-major window positions at which the mask is zero for every input and output feature. */
function tapsWhereZero(
  mask: NodeOf<"constant">,
  conv: NodeOf<"conv">,
  rhsShape: readonly number[],
): number[] {
  const { spatial } = convAxes(conv.dims).rhs;
  const zero = new Array<boolean>(tapCount(conv.window)).fill(true);
  const lead = rhsShape.length - mask.type.shape.length;
  const maskStrides = denseStrides(mask.type.shape);
  const rhsStrides = denseStrides(rhsShape);
  const tapStrides = denseStrides(conv.window.map((dim) => dim.size));
  for (let element = 0; element < elementCount(rhsShape); element++) {
    let at = 0;
    let tap = 0;
    rhsShape.forEach((extent, axis) => {
      const index = Math.floor(element / rhsStrides[axis]!) % extent;
      if (axis >= lead && mask.type.shape[axis - lead] !== 1) at += index * maskStrides[axis - lead]!;
      const d = spatial.indexOf(axis);
      if (d >= 0) tap += weightIndex(index, conv.window[d]!) * tapStrides[d]!;
    });
    if (!isZero(mask.data[at]!, mask.type.element)) zero[tap] = false;
  }
  return zero.flatMap((isZeroTap, tap) => (isZeroTap ? [tap] : []));
}

/** 16-bit floats are stored as bits; all but the sign must be 0. */
function isZero(stored: number, element: ElementType): boolean {
  return element === "f16" || element === "bf16" ? (stored & 0x7fff) === 0 : stored === 0;
}
