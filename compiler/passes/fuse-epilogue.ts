/**
 * fuse-epilogue: a map that alone reads a conv, or another map of the same shape, joins it.
 *
 * before: `%4 = conv(%0, %1) …`, `%5 = map(%4, %2) { $0 + $1 }`, `%6 = map(%5) { max($0, 0) }`
 * after:  `%3 = conv(%0, %1, %2) … fused={out: max($acc + $2, 0)}`
 *
 * A reshape or transpose in between (the restored batch axes) moves behind the map: `map(reshape(conv))` becomes
 * `reshape(conv')`, where the map's other operands can be reshaped the other way round.
 *
 * Rounding does not change: the accumulator starts at 0 and is finished first, then each map's arithmetic follows in
 * its order, each result rounded once, just as when every map was a loop of its own. What was stored in 16 bits is
 * rounded to them by a call: `%4 = conv … : bf16`, `%5 = map(%4) { … }` gives `fused={out: … bf16($acc) …}`.
 */

import type { Graph, GraphBuilder, Node, NodeOf, ValueId } from "../../ir/graph.js";
import { arg, nodesOf, rounded, substitute, unrounded } from "../../ir/scalar.js";
import { sameShape } from "../../ir/types.js";
import { operandBefore } from "../move-view.js";
import type { PassContext } from "../pass.js";
import { rewriteGraph } from "../rewrite.js";

/** Beyond this many scalar nodes a map stays on its own: a loop body should stay readable and in registers. */
const largestBody = 1000;

type View = NodeOf<"reshape" | "transpose">;
type Producer = NodeOf<"conv" | "map">;

/** A producer and the views behind it, innermost first. */
interface Found {
  readonly producer: Producer;
  readonly views: readonly View[];
}

export function fuseEpilogue(graph: Graph, context: PassContext): Graph {
  return fuseMaps(graph, context.target.grid?.buffers ?? Number.POSITIVE_INFINITY);
}

/** `buffers`: how many a kernel may touch, its result among them. */
function fuseMaps(graph: Graph, buffers: number): Graph {
  /** New values that have one reader. */
  const sole = new Set<ValueId>();
  const next = rewriteGraph(graph, (node, _, { builder, rename, users }) => {
    for (const operand of node.args) if (users[operand]!.size === 1) sole.add(rename(operand));
    return node.op === "map"
      ? fuseMap({ ...node, args: node.args.map(rename) }, builder, sole, buffers)
      : null;
  });
  // Two readers may have become one: of a value that joins its own activation, as in x * sigmoid(x).
  return next === graph ? graph : fuseMaps(next, buffers);
}

/** The map joined with its producers, one after another, up to and including a conv; null where it has none. */
function fuseMap(
  map: NodeOf<"map">,
  builder: GraphBuilder,
  sole: Set<ValueId>,
  buffers: number,
): ValueId | null {
  let node: Producer = map;
  let views: readonly View[] = [];
  while (node.op === "map") {
    const step = fuseOnce(node, builder, sole, buffers);
    if (step === null) break;
    node = step.producer;
    views = [...step.views, ...views];
  }
  if (node === map) return null;
  let value = builder.copy(node, node.args);
  for (const view of views) {
    sole.add(value);
    value = builder.copy(view, [value]);
  }
  return value;
}

function fuseOnce(
  map: NodeOf<"map">,
  builder: GraphBuilder,
  sole: ReadonlySet<ValueId>,
  buffers: number,
): Found | null {
  const isMap = (found: Found): number => (found.producer.op === "map" ? 1 : 0);
  const candidates = [...new Set(map.args)].flatMap((value) => {
    const found = producerOf(value, builder, sole);
    return found !== null && sameShape(builder.type(value).shape, map.type.shape) ? [{ value, found }] : [];
  });
  // Maps first: a conv ends the chain. Of two convs that are added, the later one reads the other's result.
  candidates.sort((a, b) => isMap(b.found) - isMap(a.found) || b.value - a.value);
  for (const { value, found } of candidates) {
    const operands = operandsBefore(map.args, value, found.views, builder);
    if (operands === null) continue;
    const producer = joined(found.producer, map, operands);
    if (nodesOf(producer.op === "conv" ? producer.fused.out : producer.body).size > largestBody) continue;
    if (producer.args.length + 1 > buffers) continue;
    return { producer, views: found.views };
  }
  return null;
}

/** The conv or map behind a value that only it reads, and the views in between, innermost first. */
function producerOf(value: ValueId, builder: GraphBuilder, sole: ReadonlySet<ValueId>): Found | null {
  const views: View[] = [];
  let at = value;
  while (sole.has(at)) {
    const node: Node = builder.nodes[at]!;
    if (node.op === "conv" || node.op === "map") return { producer: node, views };
    if (node.op !== "reshape" && node.op !== "transpose") return null;
    views.unshift(node);
    at = node.args[0]!;
  }
  return null;
}

/** The map's operands as they were before the views; null (not an operand) for the producer's value itself. */
function operandsBefore(
  args: readonly ValueId[],
  chosen: ValueId,
  views: readonly View[],
  builder: GraphBuilder,
): (ValueId | null)[] | null {
  const out: (ValueId | null)[] = [];
  for (const operand of args) {
    let value: ValueId | null = operand;
    if (operand !== chosen)
      for (const view of views.toReversed()) {
        value = operandBefore(view, value, builder);
        if (value === null) return null;
      }
    out.push(operand === chosen ? null : value);
  }
  return out;
}

/** The producer with the map's work appended to its own. */
function joined(producer: Producer, map: NodeOf<"map">, operands: readonly (ValueId | null)[]): Producer {
  const args = [...producer.args];
  const first = producer.op === "conv" ? 2 : 0;
  const own = rounded(producer.element, producer.op === "conv" ? producer.fused.out : producer.body);
  const body = substitute(map.body, (of) => {
    const operand = operands[of as number];
    if (operand === null || operand === undefined) return own;
    let index = args.indexOf(operand, first);
    if (index < 0) index = args.push(operand) - 1;
    return arg(index);
  });
  const { element } = map;
  const result = unrounded(element, body);
  return producer.op === "conv"
    ? { ...producer, args, element, fused: { ...producer.fused, out: result } }
    : { ...producer, args, element, body: result };
}
