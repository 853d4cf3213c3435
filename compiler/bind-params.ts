/** Turns parameters whose values are known into constants, so that passes can compute with them. */
import type { Graph, ValueId } from "../ir/graph.js";
import { GraphBuilder } from "../ir/graph.js";
import type { Tensor } from "../runtime/tensor.js";
import { toFloat32 } from "../runtime/tensor.js";

/** `values` holds every parameter of the graph by path. */
export function bindParams(graph: Graph, values: ReadonlyMap<string, Tensor>): Graph {
  const builder = new GraphBuilder();
  for (const node of graph.nodes) {
    if (node.op !== "param") {
      builder.copy(node, node.args);
      continue;
    }
    builder.where = node.where;
    const data = parameterData(values.get(node.path)!);
    builder.add({ op: "constant", path: node.path, data }, [], node.type);
  }
  return builder.finish(graph.name, graph.outputs as readonly ValueId[]);
}

/** A parameter's numbers as the program stores them. */
export function parameterData(tensor: Tensor): Float32Array {
  return tensor.dtype === "float32" ? (tensor.data as Float32Array) : toFloat32(tensor);
}
