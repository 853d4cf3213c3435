/**
 * dedupe: equal nodes become one; constants are equal where both data and path are.
 *
 * before: `%1 = map(%0) { max($0, 0) }`, `%2 = map(%0) { max($0, 0) }`, `%3 = map(%1, %2) { $0 + $1 }`
 * after:  `%1 = map(%0) { max($0, 0) }`, `%2 = map(%1, %1) { $0 + $1 }`
 *
 * It runs first: two equal users of a conv would keep fuse-epilogue from fusing either.
 */
import type { Graph } from "../../ir/graph.js";
import { shareNodes } from "../rewrite.js";

export function dedupe(graph: Graph): Graph {
  return shareNodes(graph);
}
