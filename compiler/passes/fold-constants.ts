/**
 * fold-constants: a node whose operands are all constants becomes the constant the interpreter computes for it.
 *
 * before: `%1 = constant … : u8[3]`, `%2 = map(%1) { $0 * 0.5 } : f32[3]`
 * after:  `%1 = constant … : f32[3]`
 *
 * Parameters are never folded, but a constant that was one keeps its path, and the result takes that of its main
 * operand (of kernel * bias-like scale: the kernel's). Two things stay as they are:
 * - results that hold more data than they were made of (a broadcast, a pad): the artifact would only grow;
 * - kernel * mask feeding a conv: fuse-mask folds it, after noting which taps the mask removes. Folded here, a tap
 *   masked out could no longer be told from one whose weights happen to be zero, and weights are data.
 */
import type { Graph } from "../../ir/graph.js";
import { fold } from "../fold.js";
import { rewriteGraph } from "../rewrite.js";
import { isKernelProduct } from "./fuse-mask.js";

export function foldConstants(graph: Graph): Graph {
  return rewriteGraph(graph, (node, id, rewriting) => {
    if (node.op === "input" || node.op === "param" || node.op === "constant") return null;
    if (isKernelProduct(id, rewriting)) return null;
    return fold(rewriting.builder, node, node.args.map(rewriting.rename));
  });
}
