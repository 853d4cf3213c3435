/** Computing a node at compile time, for the passes that add nodes over weights. */
import type { GraphBuilder, NodeBody, NodeOf, ValueId } from "../ir/graph.js";
import { inferType } from "../ir/graph.js";
import { evaluateNode } from "../ir/interpret-graph.js";
import { elementCount, sameShape } from "../ir/types.js";

/** The constant node of a value, or null. */
export function constantAt(builder: GraphBuilder, id: ValueId): NodeOf<"constant"> | null {
  const node = builder.nodes[id]!;
  return node.op === "constant" ? node : null;
}

/** Adds the node, or the constant it is. */
export function addFolded(builder: GraphBuilder, body: NodeBody, args: readonly ValueId[]): ValueId {
  return fold(builder, body, args) ?? builder.add(body, args);
}

/**
 * Adds the constant that a node over constants is; null where an operand is not constant, or where the result holds
 * more elements than the operands.
 */
export function fold(builder: GraphBuilder, body: NodeBody, args: readonly ValueId[]): ValueId | null {
  const operands: NodeOf<"constant">[] = [];
  for (const id of args) {
    const operand = constantAt(builder, id);
    if (operand === null) return null;
    operands.push(operand);
  }
  const type = inferType(
    body,
    operands.map((operand) => operand.type),
    null,
  );
  const count = elementCount(type.shape);
  const held = operands.reduce((sum, operand) => sum + elementCount(operand.type.shape), 0);
  if (count > Math.max(held, 1)) return null;
  const node = { ...body, type, args, where: builder.where };
  const data = evaluateNode(node, operands);
  // The parameter a result is named after: one of its own shape first, as a scale or a mask is rarely the subject.
  const named = operands.filter((operand) => operand.path !== "");
  const main = named.find((operand) => sameShape(operand.type.shape, type.shape)) ?? named[0];
  return builder.add({ op: "constant", path: main?.path ?? "", data }, [], type);
}
