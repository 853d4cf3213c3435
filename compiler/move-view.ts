/**
 * Moving elementwise work from behind a view to before it: what becomes of the other operands.
 *
 * `map(view(x), y)` equals `view(map(x, y'))` where y' broadcasts against x as y does against view(x).
 */
import type { GraphBuilder, NodeOf, ValueId } from "../ir/graph.js";
import { elementCount, sameShape } from "../ir/types.js";
import { addFolded } from "./fold.js";

/** y' for a value y of the builder, or null where no reshape or transpose of y will do. */
export function operandBefore(
  view: NodeOf<"reshape" | "transpose">,
  value: ValueId,
  builder: GraphBuilder,
): ValueId | null {
  const { shape } = builder.type(value);
  const viewed = view.type.shape;
  const source = builder.type(view.args[0]!).shape;
  const padded = [...new Array<number>(Math.max(viewed.length - shape.length, 0)).fill(1), ...shape];
  if (padded.length !== viewed.length) return null;
  switch (view.op) {
    case "reshape": {
      const target = broadcastBefore(source, viewed, padded);
      return target === null ? null : reshaped(builder, value, target);
    }
    case "transpose": {
      const { permutation } = view;
      const back = permutation.map((_, axis) => permutation.indexOf(axis));
      const target = back.map((axis) => padded[axis]!);
      if (padded.filter((extent) => extent !== 1).length <= 1) return reshaped(builder, value, target);
      const full = sameShape(padded, shape)
        ? value
        : addFolded(builder, { op: "reshape", shape: padded }, [value]);
      return addFolded(builder, { op: "transpose", permutation: back }, [full]);
    }
    default:
      return view satisfies never;
  }
}

/** The value in the target's shape, reshaped anew only where nothing it came from has it; leading axes of extent 1 are left to broadcasting. */
function reshaped(builder: GraphBuilder, value: ValueId, target: readonly number[]): ValueId {
  const trimmed = withoutLeadingOnes(target);
  let source = value;
  for (;;) {
    const node = builder.nodes[source]!;
    const { shape } = node.type;
    if (shape.length <= target.length && sameShape(withoutLeadingOnes(shape), trimmed)) return source;
    if (node.op !== "reshape") return addFolded(builder, { op: "reshape", shape: trimmed }, [source]);
    source = node.args[0]!;
  }
}

function withoutLeadingOnes(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((extent) => extent !== 1);
  return first < 0 ? [] : shape.slice(first);
}

/**
 * The shape that broadcasts against `source` as `operand` does against `viewed`, which is `source` reshaped. Runs of
 * axes with equal products correspond; over each run the operand must be whole or broadcast.
 */
function broadcastBefore(
  source: readonly number[],
  viewed: readonly number[],
  operand: readonly number[],
): number[] | null {
  if (elementCount(source) === 0) return null;
  const out: number[] = [];
  let s = 0;
  let v = 0;
  while (s < source.length || v < viewed.length) {
    const [firstS, firstV] = [s, v];
    let left = 1;
    let right = 1;
    if (s < source.length) left *= source[s++]!;
    else right *= viewed[v++]!;
    while (left !== right) {
      if (left < right) left *= source[s++]!;
      else right *= viewed[v++]!;
    }
    const run = operand.slice(firstV, v);
    const whole = sameShape(run, viewed.slice(firstV, v));
    if (!whole && run.some((extent) => extent !== 1)) return null;
    for (const extent of source.slice(firstS, s)) out.push(whole ? extent : 1);
  }
  return out;
}
