/**
 * fold-constants: a node whose operands are all constants becomes the constant the interpreter computes for it.
 *
 * before: `%1 = constant … : u8[3]`, `%2 = map(%1) { $0 * 0.5 } : f32[3]`
 * after:  `%1 = constant … : f32[3]`
 *
 * Parameters are never folded, but a constant that was one keeps its path, and the result takes that of its main
 * operand (of kernel * bias-like scale: the kernel's). Three things stay as they are:
 * - results that hold more data than they were made of (a broadcast, a pad): the artifact would only grow;
 * - conversions of narrow elements to f32, for the same reason: whoever reads them can read the narrow ones;
 * - kernel * mask feeding a conv: fuse-mask folds it, after noting which taps the mask removes. Folded here, a tap
 *   masked out could no longer be told from one whose weights happen to be zero, and weights are data.
 */
import type { Graph, Node } from "../../ir/graph.js";
import { nodeAt } from "../../ir/graph.js";
import { elementBytes } from "../../ir/types.js";
import { fold } from "../fold.js";
import type { Rewriting } from "../rewrite.js";
import { rewriteGraph } from "../rewrite.js";
import { isConversion } from "./fuse-convert.js";
import { isKernelProduct } from "./fuse-mask.js";

export function foldConstants(graph: Graph): Graph {
  return rewriteGraph(graph, (node, id, rewriting) => {
    if (node.op === "input" || node.op === "param" || node.op === "constant") return null;
    if (isKernelProduct(id, rewriting) || widens(node, rewriting)) return null;
    return fold(rewriting.builder, node, node.args.map(rewriting.rename));
  });
}

function widens(node: Node, { graph }: Rewriting): boolean {
  if (!isConversion(node)) return false;
  return elementBytes(nodeAt(graph, node.args[0]!).type.element) < elementBytes(node.type.element);
}
