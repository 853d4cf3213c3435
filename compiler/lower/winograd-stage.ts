/** Where the tiles of a Winograd convolution read the lhs: from a copy with its border made real, or as it is. */
import type { NodeOf } from "../../ir/graph.js";
import { convAxes } from "../../ir/graph.js";
import type { Affine, Buffer, Expr } from "../../ir/kernel.js";
import { addAffine, affine, allOf } from "../../ir/kernel.js";
import type { LoopNest } from "../schedule/loop-nest.js";
import { loop, loopsOver } from "../schedule/loop-nest.js";
import { axisOf, spatialNames } from "./conv.js";
import type { Operand } from "./operand.js";
import { address } from "./operand.js";

/** Strides of a buffer, and along each spatial axis which positions exist, if not all that tiles ask for do. */
export interface StagedSource {
  readonly buffer: string;
  readonly offset: number;
  readonly batch: number;
  readonly channel: number;
  readonly spatial: readonly number[];
  readonly within: readonly ({ readonly low: number; readonly extent: number } | null)[];
}

export interface Staged {
  readonly source: StagedSource;
  readonly nests: readonly LoopNest[];
  readonly locals: readonly Buffer[];
}

/** `extents`: positions that tiles reach along each spatial axis, from the low padding on. */
export function stageLhs(
  node: NodeOf<"conv">,
  lhs: Operand,
  extents: readonly number[],
  onGrid: boolean,
): Staged {
  const axes = convAxes(node.dims).lhs;
  const within = node.window.map(({ low }, d) => {
    const extent = lhs.type.shape[axes.spatial[d]!]!;
    return low <= 0 && extents[d]! - low <= extent ? null : { low, extent };
  });
  const inside = within.every((range) => range === null);
  const zero = node.window.every(({ border }) => border === "zero");
  // A grid would have to wait for the copy to be done.
  if (!inside && !(zero && onGrid)) return copyWithBorder(node, lhs, extents);
  const { strides } = lhs.layout;
  const spatial = axes.spatial.map((axis) => strides[axis]!);
  const source: StagedSource = {
    buffer: lhs.name,
    offset: node.window.reduce((at, { low }, d) => at - low * spatial[d]!, 0),
    batch: strides[axes.batch]!,
    channel: strides[axes.feature]!,
    spatial,
    within,
  };
  return { source, nests: [], locals: [] };
}

function copyWithBorder(node: NodeOf<"conv">, lhs: Operand, extents: readonly number[]): Staged {
  const axes = convAxes(node.dims).lhs;
  const names = spatialNames(node.window.length);
  const [batch, depth] = [lhs.type.shape[axes.batch]!, lhs.type.shape[axes.feature]!];
  const strides: number[] = [];
  let stride = depth;
  for (let d = extents.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= extents[d]!;
  }
  const within = extents.map(() => null);
  const source: StagedSource = {
    buffer: "x.staged",
    offset: 0,
    batch: stride,
    channel: 1,
    spatial: strides,
    within,
  };
  const index: Affine[] = [];
  index[axes.batch] = axisOf("n", batch);
  index[axes.feature] = axisOf("ic", depth);
  const gates: Expr[] = [];
  const lets: { name: string; value: Expr }[] = [];
  let to = addAffine(axisOf("ic", depth), axisOf("n", batch), source.batch);
  node.window.forEach((dim, d) => {
    const name = names[d]!.position;
    const position = affine(0, { [name]: 1 });
    const extent = lhs.type.shape[axes.spatial[d]!]!;
    const at = affine(-dim.low, { [`${name}.at`]: 1 });
    const { border } = dim;
    lets.push({
      name,
      value: border === "zero" ? { kind: "index", at } : { kind: "integer", fn: border, of: at, by: extent },
    });
    // Beyond a wrapped or mirrored border lies only what no output needs, so any element will do there.
    if (border === "zero") gates.push({ kind: "test", fn: "inside", of: position, by: extent });
    index[axes.spatial[d]!] = position;
    to = addAffine(to, affine(0, { [`${name}.at`]: strides[d]! }));
  });
  const when = allOf(gates);
  const gate = when && { when, otherwise: 0 };
  const from = { buffer: lhs.name, at: address(lhs, index), lanes: 1, gate } as const;
  const nest: LoopNest = {
    name: "stage-x",
    loops: [
      ...loopsOver(["n", batch]),
      ...extents.map((extent, d) => loop(`${names[d]!.position}.at`, extent, "pure")),
      ...loopsOver(["ic", depth]),
    ],
    lets,
    reduce: null,
    stores: [{ to: { buffer: "x.staged", at: to, lanes: 1, gate: null }, value: { kind: "load", from } }],
  };
  const local: Buffer = { name: "x.staged", element: "f32", size: stride * batch, space: "arena" };
  return { source, nests: [nest], locals: [local] };
}
