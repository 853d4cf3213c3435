/**
 * fuse-convert: what computes in f32 reads integers and 16-bit floats itself, as loads convert to f32 anyway.
 *
 * before: `%1 = map(%0) { $0 } : f32[1,8,8,3]`, `%3 = conv(%1, %2) …`   with %0: u8[1,8,8,3]
 * after:  `%2 = conv(%0, %1) …`
 *
 * Of a conv's lhs, reshapes, transposes, slices and pads between the conversion and the conv move the stored elements
 * instead, where nothing but convs reads them; moving and converting commute, and 0 converts to 0. A conversion to the
 * element type a value has is no conversion and goes away whoever reads it. A conversion to 16 bits rounds, and stays.
 */
import type { Graph, Node, ValueId } from "../../ir/graph.js";
import { nodeAt } from "../../ir/graph.js";
import type { Rewriting } from "../rewrite.js";
import { outputUser, rewriteGraph } from "../rewrite.js";

export function fuseConvert(graph: Graph): Graph {
  /** Of each value looked at: the same elements as stored, or null. */
  const stored = new Map<ValueId, ValueId | null>();
  return rewriteGraph(graph, (node, _, rewriting) => {
    if (node.op !== "conv" && node.op !== "map") return null;
    const args = node.args.map((id, index) => {
      if (node.op === "conv" && index === 0) return storedValue(id, rewriting, stored);
      const argument = nodeAt(graph, id);
      return toF32(argument) ? rewriting.rename(argument.args[0]!) : null;
    });
    const renamed = args.map((id, index) => id ?? rewriting.rename(node.args[index]!));
    if (isConversion(node) && rewriting.builder.type(renamed[0]!).element === node.type.element)
      return renamed[0]!;
    return args.every((id) => id === null) ? null : rewriting.builder.copy(node, renamed);
  });
}

/** Gives the numbers of another value, as its element type holds them. */
export function isConversion(node: Node): boolean {
  return node.op === "map" && node.body.kind === "arg" && node.args.length === 1;
}

function toF32(node: Node): boolean {
  return isConversion(node) && node.type.element === "f32";
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
  if (toF32(node)) value = rewriting.rename(node.args[0]!);
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
