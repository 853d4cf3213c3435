/** What the interpreter makes of a graph on seeded data. Parameters get theirs by path, so that passes may drop some. */
import type { Graph } from "../../ir/graph.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { ElementArray, TensorType } from "../../ir/types.js";
import { elementCount } from "../../ir/types.js";
import { random } from "../support/random.js";

/** The bits of every output. */
export function outputBits(graph: Graph, seed: number): number[][] {
  const inputs: ElementArray[] = [];
  const params = new Map<string, ElementArray>();
  for (const node of graph.nodes) {
    if (node.op === "input") inputs.push(data(node.type, seed + inputs.length));
    if (node.op === "param") params.set(node.path, data(node.type, hash(node.path) ^ seed));
  }
  return interpretGraph(graph, { inputs, params }).map(({ buffer, byteOffset, byteLength }) => [
    ...new Uint32Array(buffer, byteOffset, byteLength / 4),
  ]);
}

function data({ element, shape }: TensorType, seed: number): ElementArray {
  const r = random(seed);
  const length = elementCount(shape);
  switch (element) {
    case "f32":
      return r.normals(length);
    case "u8":
      return Uint8Array.from({ length }, () => r.int(0, 255));
    case "i32":
      return Int32Array.from({ length }, () => r.int(-1000, 1000));
    default:
      throw new Error(`no data of ${element}`);
  }
}

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (Math.imul(value, 31) + char.charCodeAt(0)) | 0;
  return value;
}
