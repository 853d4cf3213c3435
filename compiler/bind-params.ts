/** Turns parameters whose values are known into constants, so that passes can compute with them. */
import type { Graph, NodeOf, ValueId } from "../ir/graph.js";
import { GraphBuilder } from "../ir/graph.js";
import type { ElementArray } from "../ir/types.js";
import type { Tensor } from "../runtime/tensor.js";
import { toFloat32 } from "../runtime/tensor.js";
import { dtypeOf } from "./element-type.js";
import { refuse } from "./refusal.js";

/** `values` holds every parameter of the graph by path. */
export function bindParams(graph: Graph, values: ReadonlyMap<string, Tensor>): Graph {
  const builder = new GraphBuilder();
  for (const node of graph.nodes) {
    if (node.op !== "param") {
      builder.copy(node, node.args);
      continue;
    }
    builder.where = node.where;
    const data = parameterData(values.get(node.path)!, node);
    builder.add({ op: "constant", path: node.path, data }, [], node.type);
  }
  return builder.finish(graph.name, graph.outputs as readonly ValueId[]);
}

/**
 * A parameter's numbers as the program stores them: widened where that loses nothing.
 *
 * @throws CheckpointError `params-dtype` for a program that was compiled for another, narrower dtype
 */
export function parameterData(tensor: Tensor, node: NodeOf<"param">): ElementArray {
  const wanted = dtypeOf(node.type.element);
  if (tensor.dtype === wanted) return tensor.data as ElementArray;
  if (wanted === "float32" && tensor.dtype !== "complex64") return toFloat32(tensor);
  return refuse(
    "params-dtype",
    `${node.path} is ${tensor.dtype}, the program was compiled for ${wanted}; give the variables to compile, or convert them`,
  );
}
