/** Pictures of a graph: dot for graphviz. */
import type { Graph } from "../ir/graph.js";
import type { PlannedLayer } from "./plan.js";

export function drawDot(graph: Graph): string {
  const lines = graph.nodes.map(
    (node, id) => `  n${id} [label="%${id} ${node.op}\\n[${node.type.shape.join(",")}]"];`,
  );
  const edges = graph.nodes.flatMap((node, id) => node.args.map((arg) => `  n${arg} -> n${id};`));
  return ["digraph {", "  node [shape=box];", ...lines, ...edges, "}"].join("\n");
}

export function drawSvg(graph: Graph, _layers: readonly PlannedLayer[]): string {
  return drawDot(graph);
}
