/** A random order of a graph's nodes in which operands still come first: what a pass makes must not depend on it. */
import type { Graph, ValueId } from "../ir/graph.js";
import { reorder } from "./rewrite.js";

/** The same seed gives the same order. Inputs keep their places. */
export function shuffleGraph(graph: Graph, seed: number): Graph {
  const random = generator(seed);
  const missing = graph.nodes.map((node) => new Set(node.args).size);
  const users = graph.nodes.map(() => [] as ValueId[]);
  graph.nodes.forEach((node, index) => {
    for (const id of new Set(node.args)) users[id]!.push(index as ValueId);
  });
  const order: ValueId[] = [];
  const ready: ValueId[] = [];
  const place = (id: ValueId): void => {
    order.push(id);
    for (const user of users[id]!) if (--missing[user]! === 0) ready.push(user);
  };
  const inputs = graph.nodes.flatMap((node, index) => (node.op === "input" ? [index as ValueId] : []));
  graph.nodes.forEach((node, index) => {
    if (node.op !== "input" && node.args.length === 0) ready.push(index as ValueId);
  });
  inputs.forEach(place);
  while (ready.length > 0) place(ready.splice(Math.floor(random() * ready.length), 1)[0]!);
  return reorder(graph, order);
}

/** Numbers in [0, 1): xorshift, started so that close seeds differ at once. */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
