/**
 * dedupe: equal nodes become one; constants are equal where both data and path are. A pad of no extent is its operand.
 *
 * before: `%1 = map(%0) { max($0, 0) }`, `%2 = map(%0) { max($0, 0) }`, `%3 = map(%1, %2) { $0 + $1 }`
 * after:  `%1 = map(%0) { max($0, 0) }`, `%2 = map(%1, %1) { $0 + $1 }`
 *
 * It runs first: two equal users of a conv would keep fuse-epilogue from fusing either, and so would an empty pad.
 */
import type { Graph, Node, ValueId } from "../../ir/graph.js";
import type { Rewriting } from "../rewrite.js";
import { rewriteGraph, shareNodes } from "../rewrite.js";

export function dedupe(graph: Graph): Graph {
  return shareNodes(rewriteGraph(graph, dropEmptyPad));
}

function dropEmptyPad(node: Node, _: ValueId, { rename }: Rewriting): ValueId | null {
  const empty = node.op === "pad" && [...node.low, ...node.high].every((extent) => extent === 0);
  return empty ? rename(node.args[0]!) : null;
}
