/**
 * prune: drops the nodes no output depends on. Inputs stay: they are the program's signature.
 *
 * before: `%1 = param "unused" : f32[3]`, `return %0`
 * after:  `return %0`
 */
import type { Graph } from "../../ir/graph.js";
import { removeDead } from "../rewrite.js";

export function prune(graph: Graph): Graph {
  return removeDead(graph);
}
