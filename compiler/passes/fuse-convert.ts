/**
 * fuse-convert: a conv reads an integer tensor itself, as loads convert to f32 anyway.
 *
 * before: `%1 = map(%0) { $0 } : f32[1,8,8,3]`, `%3 = conv(%1, %2) …`   with %0: u8[1,8,8,3]
 * after:  `%2 = conv(%0, %1) …`
 *
 * Reshapes, transposes, slices and pads between the conversion and the conv move the stored elements instead, where
 * nothing but convs reads them; moving and converting commute, and 0 converts to 0. A conversion of f32 is no
 * conversion and goes away whoever reads it.
 */
import type { Graph, Node, ValueId } from "../../ir/graph.js";
import { nodeAt } from "../../ir/graph.js";
import type { ElementType } from "../../ir/types.js";
import type { Rewriting } from "../rewrite.js";
import { outputUser, rewriteGraph } from "../rewrite.js";

export function fuseConvert(graph: Graph): Graph {
  /** Of each value looked at: the same elements as stored, or null. */
  const stored = new Map<ValueId, ValueId | null>();
  return rewriteGraph(graph, (node, _, rewriting) => {
    if (isConversion(node) && elementOf(node.args[0]!, graph) === "f32")
      return rewriting.rename(node.args[0]!);
    if (node.op !== "conv") return null;
    const [lhs, ...rest] = node.args;
    const raw = storedValue(lhs!, rewriting, stored);
    return raw === null ? null : rewriting.builder.copy(node, [raw, ...rest.map(rewriting.rename)]);
  });
}

function isConversion(node: Node): boolean {
  return node.op === "map" && node.body.kind === "arg" && node.args.length === 1;
}

function elementOf(id: ValueId, graph: Graph): ElementType {
  return nodeAt(graph, id).type.element;
}

/** 16-bit floats take many instructions to widen, so they are widened once rather than at every tap. */
function isInteger(element: ElementType): boolean {
  return element !== "f32" && element !== "f16" && element !== "bf16";
}

function moves(node: Node): boolean {
  return node.op === "reshape" || node.op === "transpose" || node.op === "slice" || node.op === "pad";
}

function storedValue(
  id: ValueId,
  rewriting: Rewriting,
  stored: Map<ValueId, ValueId | null>,
): ValueId | null {
  const known = stored.get(id);
  if (known !== undefined) return known;
  const node = nodeAt(rewriting.graph, id);
  let value: ValueId | null = null;
  if (isConversion(node) && isInteger(elementOf(node.args[0]!, rewriting.graph)))
    value = rewriting.rename(node.args[0]!);
  else if (moves(node) && readOnlyAsLhs(id, rewriting)) {
    const inner = storedValue(node.args[0]!, rewriting, stored);
    if (inner !== null) value = rewriting.builder.copy(node, [inner]);
  }
  stored.set(id, value);
  return value;
}

function readOnlyAsLhs(id: ValueId, rewriting: Rewriting): boolean {
  return [...rewriting.users[id]!].every((index) => {
    if (index === outputUser) return false;
    const user = nodeAt(rewriting.graph, index as ValueId);
    if (user.op === "conv") return user.args.lastIndexOf(id) === 0;
    return moves(user) && readOnlyAsLhs(index as ValueId, rewriting);
  });
}
