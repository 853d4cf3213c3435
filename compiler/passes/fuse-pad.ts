/**
 * fuse-pad: a pad that only convs read as their lhs becomes the padding of their windows.
 *
 * before: `%2 = pad(%0) mode=zero low=[0,1,1,0] …`, `%3 = conv(%2, %1) window={size=3x3}`
 * after:  `%2 = conv(%0, %1) window={size=3x3 pad=1_1x1_1}`
 *
 * A border read is per axis, so each axis is decided on its own, corners included:
 * - zero into a zero border adds up, whatever the window pads or crops already; but not where the lhs is dilated, as
 *   the pad comes before the dilation (split-phases removes dilations first);
 * - wrap and reflect need an axis that the window neither pads, crops nor dilates, and that is not empty;
 * - batch and feature axes have no window to fold into;
 * - with work fused into the lhs a padded element need no longer be 0, so such convs are left alone.
 * A pad that some reader still needs is kept for all of them: reading it costs no gates.
 */
import type { Graph, Node, NodeOf, PadMode, ValueId } from "../../ir/graph.js";
import { convAxes, nodeAt } from "../../ir/graph.js";
import type { WindowDim } from "../../ir/window.js";
import type { Rewriting } from "../rewrite.js";
import { outputUser, rewriteGraph } from "../rewrite.js";

export function fusePad(graph: Graph): Graph {
  const next = rewriteGraph(graph, visit);
  // Of nested pads the outer one goes first and uncovers the inner one.
  return next === graph ? graph : fusePad(next);
}

function visit(node: Node, _: ValueId, rewriting: Rewriting): ValueId | null {
  if (node.op !== "conv") return null;
  const lhs = node.args[0]!;
  const pad = nodeAt(rewriting.graph, lhs);
  if (pad.op !== "pad" || !everyReaderFolds(pad, lhs, rewriting)) return null;
  const window = foldedWindow(node, pad, rewriting.graph);
  if (window === null) return null;
  const { builder, rename } = rewriting;
  return builder.copy({ ...node, window }, [pad.args[0]!, ...node.args.slice(1)].map(rename));
}

function everyReaderFolds(pad: NodeOf<"pad">, id: ValueId, { graph, users }: Rewriting): boolean {
  return [...users[id]!].every((user) => {
    if (user === outputUser) return false;
    const conv = nodeAt(graph, user as ValueId);
    return conv.op === "conv" && conv.args.lastIndexOf(id) === 0 && foldedWindow(conv, pad, graph) !== null;
  });
}

/** The window of the conv with the pad in it, or null where that would mean something else. */
function foldedWindow(conv: NodeOf<"conv">, pad: NodeOf<"pad">, graph: Graph): WindowDim[] | null {
  if (conv.fused.lhs.kind !== "arg" || conv.fused.lhs.of !== "lhs") return null;
  const { lhs } = convAxes(conv.dims);
  for (const axis of [lhs.batch, lhs.feature]) if (pad.low[axis] !== 0 || pad.high[axis] !== 0) return null;
  const extents = nodeAt(graph, pad.args[0]!).type.shape;
  const window: WindowDim[] = [];
  for (const [d, dim] of conv.window.entries()) {
    const axis = lhs.spatial[d]!;
    const folded = foldedDim(dim, pad.mode, pad.low[axis]!, pad.high[axis]!, extents[axis]!);
    if (folded === null) return null;
    window.push(folded);
  }
  return window;
}

function foldedDim(
  dim: WindowDim,
  mode: PadMode,
  low: number,
  high: number,
  extent: number,
): WindowDim | null {
  if (low === 0 && high === 0) return dim;
  if (dim.lhsDilation !== 1 || dim.border !== "zero") return null;
  if (mode === "zero") return { ...dim, low: dim.low + low, high: dim.high + high };
  if (dim.low !== 0 || dim.high !== 0 || extent === 0) return null;
  return { ...dim, low, high, border: mode };
}
