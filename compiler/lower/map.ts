/**
 * Elementwise kernels: `map`, `pad`, and the copy a view needs that could not be planned away. Adjacent axes that every
 * operand walks as one are collapsed first, so that a dense map is one loop.
 */
import type { NodeOf, PadMode } from "../../ir/graph.js";
import type { Affine, Expr } from "../../ir/kernel.js";
import { addAffine, affine, allOf } from "../../ir/kernel.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg } from "../../ir/scalar.js";
import { elementCount } from "../../ir/types.js";
import type { Loop, LoopNest } from "../schedule/loop-nest.js";
import { loop } from "../schedule/loop-nest.js";
import type { LoweredKernel } from "./lowered.js";
import { singleNest } from "./lowered.js";
import type { Operand } from "./operand.js";
import { address, readParameter, writeParameter } from "./operand.js";
import { lowerScalar } from "./scalar.js";

/** Per operand the stride along each axis of the result; broadcast axes have stride 0. */
function stridesAgainst(shape: readonly number[], operand: Operand): number[] {
  const missing = shape.length - operand.type.shape.length;
  return shape.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || operand.type.shape[own] === 1 ? 0 : operand.layout.strides[own]!;
  });
}

interface Walk {
  readonly extents: readonly number[];
  /** strides[operand][axis]. */
  readonly strides: readonly (readonly number[])[];
}

/** Merges axis a + 1 into axis a where stride(a) = extent(a + 1) * stride(a + 1) for every operand; drops extent 1. */
export function collapse(extents: readonly number[], strides: readonly (readonly number[])[]): Walk {
  const outExtents: number[] = [];
  const out: number[][] = strides.map(() => []);
  extents.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = outExtents.length - 1;
    const merges = last >= 0 && strides.every((s, o) => out[o]![last] === extent * s[axis]!);
    if (merges) {
      outExtents[last] = outExtents[last]! * extent;
      strides.forEach((s, o) => {
        out[o]![last] = s[axis]!;
      });
    } else {
      outExtents.push(extent);
      strides.forEach((s, o) => {
        out[o]!.push(s[axis]!);
      });
    }
  });
  return { extents: outExtents, strides: out };
}

function elementwise(name: string, body: Scalar, operands: readonly Operand[], out: Operand): LoweredKernel {
  const shape = out.type.shape;
  const walk = collapse(shape, [...operands.map((o) => stridesAgainst(shape, o)), out.layout.strides]);
  const at = (strides: readonly number[]): Affine =>
    affine(0, Object.fromEntries(strides.map((stride, axis) => [`i${axis}`, stride])));
  const value = lowerScalar(body, (of) => {
    const operand = operands[of as number]!;
    return {
      kind: "load",
      from: { buffer: operand.name, at: at(walk.strides[of as number]!), lanes: 1, gate: null },
    };
  });
  const nest: LoopNest = {
    name: "main",
    loops: walk.extents.map((extent, axis) => loop(`i${axis}`, extent, "pure")),
    lets: [],
    reduce: null,
    stores: [
      { to: { buffer: out.name, at: at(walk.strides[operands.length]!), lanes: 1, gate: null }, value },
    ],
  };
  return singleNest(name, "map", [...operands.map(readParameter), writeParameter(out)], nest);
}

export function lowerMap(node: NodeOf<"map">, operands: readonly Operand[], out: Operand): LoweredKernel {
  return elementwise("map", node.body, operands, out);
}

/** Copies a tensor from one layout to another. */
export function lowerCopy(from: Operand, out: Operand): LoweredKernel {
  return elementwise("copy", arg(0), [from], out);
}

/** A `pad` that nothing could fold: each element is read through its position let. */
export function lowerPad(node: NodeOf<"pad">, from: Operand, out: Operand): LoweredKernel {
  const loops: Loop[] = [];
  const lets: { name: string; value: Expr }[] = [];
  const gates: Expr[] = [];
  const outIndex: Affine[] = [];
  // An empty operand is padding throughout: nothing can be loaded from it.
  const empty = elementCount(from.type.shape) === 0;
  const inIndex = from.type.shape.map((extent, axis) => {
    const padded = out.type.shape[axis]!;
    if (padded !== 1) loops.push(loop(`i${axis}`, padded, "pure"));
    const own = padded === 1 ? affine(0) : affine(0, { [`i${axis}`]: 1 });
    outIndex.push(own);
    if (empty || (node.low[axis] === 0 && node.high[axis] === 0)) return own;
    const position = affine(0, { [`p${axis}`]: 1 });
    const at = addAffine(own, affine(-node.low[axis]!));
    lets.push({ name: `p${axis}`, value: padPosition(node.mode, at, extent) });
    if (node.mode === "zero") gates.push({ kind: "test", fn: "inside", of: position, by: extent });
    return position;
  });
  const when = allOf(gates);
  const source: Expr = empty
    ? { kind: "lit", value: 0 }
    : {
        kind: "load",
        from: {
          buffer: from.name,
          at: address(from, inIndex),
          lanes: 1,
          gate: when && { when, otherwise: 0 },
        },
      };
  const nest: LoopNest = {
    name: "main",
    loops,
    lets,
    reduce: null,
    stores: [{ to: { buffer: out.name, at: address(out, outIndex), lanes: 1, gate: null }, value: source }],
  };
  return singleNest(`pad_${node.mode}`, "map", [readParameter(from), writeParameter(out)], nest);
}

function padPosition(mode: PadMode, at: Affine, extent: number): Expr {
  return mode === "zero" ? { kind: "index", at } : { kind: "integer", fn: mode, of: at, by: extent };
}
