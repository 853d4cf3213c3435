/** Turns parameters whose values are known into constants, so that passes can compute with them. */
import type { Graph, ValueId } from "../ir/graph.js";
import { GraphBuilder } from "../ir/graph.js";
import type { ElementArray } from "../ir/types.js";
import type { DType, Tensor } from "../runtime/tensor.js";
import { toFloat32 } from "../runtime/tensor.js";
import { dtypeOf } from "./element-type.js";
import { refuse } from "./refusal.js";

/** `values` holds every parameter of the graph by path; `complex` are those the graph has as pairs. */
export function bindParams(
  graph: Graph,
  values: ReadonlyMap<string, Tensor>,
  complex: ReadonlySet<string>,
): Graph {
  const builder = new GraphBuilder();
  for (const node of graph.nodes) {
    if (node.op !== "param") {
      builder.copy(node, node.args);
      continue;
    }
    builder.where = node.where;
    const wanted = complex.has(node.path) ? "complex64" : dtypeOf(node.type.element);
    const data = parameterData(values.get(node.path)!, node.path, wanted);
    builder.add({ op: "constant", path: node.path, data }, [], node.type);
  }
  return builder.finish(graph.name, graph.outputs as readonly ValueId[]);
}

/**
 * A parameter's numbers as the program stores them: widened where that loses nothing.
 *
 * @throws CheckpointError `params-dtype` for a program that was compiled for another, narrower dtype
 */
export function parameterData(tensor: Tensor, path: string, wanted: DType): ElementArray {
  if (tensor.dtype === wanted) return tensor.data as ElementArray;
  if (wanted === "float32" && tensor.dtype !== "complex64") return toFloat32(tensor);
  if (wanted === "complex64") return withoutImaginary(toFloat32(tensor));
  return refuse(
    "params-dtype",
    `${path} is ${tensor.dtype}, the program was compiled for ${wanted}; give the variables to compile, or convert them`,
  );
}

function withoutImaginary(numbers: Float32Array): Float32Array {
  const out = new Float32Array(2 * numbers.length);
  numbers.forEach((value, index) => {
    out[2 * index] = value;
  });
  return out;
}
