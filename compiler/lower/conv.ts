/**
 * A convolution as a naive loop nest, straight from its definition (spec section 2.1): pure axes `h n oh ow g oc`,
 * reduction axes `kh kw ic` in this order (a local conv: `ic kh kw`), the accumulator from 0, then `fused.out`.
 *
 * Axes of extent 1 are left out. Each spatial position that can leave the lhs, or meets elements that more than one tap
 * would convert to f32, is a let (`ih`, `iw`), so that a schedule can tell the dimensions of the lhs apart; elements outside the lhs are gated loads, which yield 0 and are still multiplied. A term whose
 * element was inserted by lhs dilation, or whose tap is skipped, is not formed at all.
 */
import { InternalError } from "../../ir/diagnostic.js";
import type { NodeOf } from "../../ir/graph.js";
import { convAxes, convDepth, tapCount } from "../../ir/graph.js";
import type { Affine, Expr } from "../../ir/kernel.js";
import { addAffine, affine, allOf } from "../../ir/kernel.js";
import { denseStrides, elementCount } from "../../ir/types.js";
import type { WindowDim } from "../../ir/window.js";
import { dilatedExtent } from "../../ir/window.js";
import type { IntegerLet, Loop, LoopNest } from "../schedule/loop-nest.js";
import { accumulator, loop } from "../schedule/loop-nest.js";
import type { LoweredKernel } from "./lowered.js";
import { singleNest } from "./lowered.js";
import type { Operand } from "./operand.js";
import { address, broadcastAddress, readParameter, writeParameter } from "./operand.js";
import { lowerScalar } from "./scalar.js";

export interface SpatialNames {
  readonly out: string;
  readonly tap: string;
  readonly position: string;
}

/** Axis names of the spatial dimensions: `ow kw iw` in 1-D, `oh …` before it, then `od …`, then `o3 …` outwards. */
export function spatialNames(rank: number): SpatialNames[] {
  const letters = ["w", "h", "d"];
  return Array.from({ length: rank }, (_, d) => {
    const fromLast = rank - 1 - d;
    const letter = letters[fromLast] ?? String(fromLast);
    return { out: `o${letter}`, tap: `k${letter}`, position: `i${letter}` };
  });
}

/** The value of an axis that a loop of extent 1 would run. */
export function axisOf(name: string, extent: number): Affine {
  return extent === 1 ? affine(0) : affine(0, { [name]: 1 });
}

/** operands: lhs, rhs, then what `fused` reads as $2 …; out: the result. */
export function lowerConv(node: NodeOf<"conv">, operands: readonly Operand[], out: Operand): LoweredKernel {
  const [lhs, rhs] = operands;
  if (lhs === undefined || rhs === undefined) throw new InternalError("conv without lhs or rhs");
  const axes = convAxes(node.dims);
  const names = spatialNames(node.window.length);
  const outShape = node.type.shape;
  const batch = outShape[axes.out.batch]!;
  const groups = node.groups * node.batchGroups;
  const perGroup = outShape[axes.out.feature]! / groups;
  const depth = convDepth(node, rhs.type.shape);

  const n = axisOf("n", batch);
  const g = axisOf("g", groups);
  const oc = axisOf("oc", perGroup);
  const ic = axisOf("ic", depth);
  const feature = addAffine(oc, g, perGroup);
  const weight = node.window.map((dim, d) => weightOf(axisOf(names[d]!.tap, dim.size), dim));
  // An empty lhs is padding throughout: nothing can be loaded from it, and every term is 0 times a weight.
  const allPadding = elementCount(lhs.type.shape) === 0;
  const converts = lhs.type.element !== "f32";
  const positions = node.window
    .map((dim, d) => {
      const [outExtent, extent] = [outShape[axes.out.spatial[d]!]!, lhs.type.shape[axes.lhs.spatial[d]!]!];
      return spatialPosition(dim, names[d]!, outExtent, extent, converts);
    })
    .map((p) => (allPadding ? { ...p, gate: [], lets: p.guard.length > 0 ? p.lets : [] } : p));

  const lhsIndex: Affine[] = [];
  lhsIndex[axes.lhs.batch] = node.batchGroups > 1 ? addAffine(n, g, batch) : n;
  lhsIndex[axes.lhs.feature] = node.batchGroups > 1 ? ic : addAffine(ic, g, depth);
  const rhsIndex: Affine[] = [];
  rhsIndex[axes.rhs.in] = node.local
    ? addAffine(flatTap(node.window, weight), ic, tapCount(node.window))
    : ic;
  rhsIndex[axes.rhs.out] = feature;
  const outIndex: Affine[] = [];
  outIndex[axes.out.batch] = n;
  outIndex[axes.out.feature] = feature;
  positions.forEach((position, d) => {
    lhsIndex[axes.lhs.spatial[d]!] = position.index;
    const own = axisOf(names[d]!.out, outShape[axes.out.spatial[d]!]!);
    rhsIndex[axes.rhs.spatial[d]!] = node.local ? own : weight[d]!;
    outIndex[axes.out.spatial[d]!] = own;
  });

  const gates = positions.flatMap((position) => position.gate);
  const extra = (of: number, index: readonly Affine[]): Expr =>
    load(operands[of]!, broadcastAddress(operands[of]!, index));
  // An operand of the prologue is read where the lhs is: its positions may lie outside as well.
  const besideLhs = (of: number): Expr => {
    const at = broadcastAddress(operands[of]!, lhsIndex);
    const moves = at.terms.some((term) => names.some((name) => name.position === term.of));
    return {
      kind: "load",
      from: { buffer: operands[of]!.name, at, lanes: 1, gate: moves ? gateOf(gates) : null },
    };
  };
  const lhsLoad: Expr = {
    kind: "load",
    from: { buffer: lhs.name, at: address(lhs, lhsIndex), lanes: 1, gate: gateOf(gates) },
  };
  const prologue = lowerScalar(node.fused.lhs, (of) => (of === "lhs" ? lhsLoad : besideLhs(of as number)));
  const outside: Expr = { kind: "lit", value: 0 };
  const inside = prologue === lhsLoad ? lhsLoad : zeroOutside(prologue, gates);
  const left = allPadding ? outside : inside;
  const rhsLoad = load(rhs, address(rhs, rhsIndex));
  const right = lowerScalar(node.fused.rhs, (of) => (of === "rhs" ? rhsLoad : extra(of as number, rhsIndex)));
  const epilogue = lowerScalar(node.fused.out, (of) =>
    of === "acc" ? accumulator : extra(of as number, outIndex),
  );

  const pure = (axis: string, extent: number): Loop[] => (extent === 1 ? [] : [loop(axis, extent, "pure")]);
  const reduced = (axis: string, extent: number): Loop[] =>
    extent === 1 ? [] : [loop(axis, extent, "reduce")];
  const nest: LoopNest = {
    name: "main",
    loops: [
      ...pure("n", batch),
      ...names.flatMap((name, d) => pure(name.out, outShape[axes.out.spatial[d]!]!)),
      ...pure("g", groups),
      ...pure("oc", perGroup),
      ...(node.local ? reduced("ic", depth) : []),
      ...names.flatMap((name, d) => reduced(name.tap, node.window[d]!.size)),
      ...(node.local ? [] : reduced("ic", depth)),
    ],
    lets: positions.flatMap((position) => position.lets),
    reduce: {
      fn: "add",
      init: 0,
      value: { kind: "call", fn: "mul", args: [left, right] },
      guard: allOf([...positions.flatMap((p) => p.guard), ...skippedTaps(node)]),
    },
    stores: [{ to: { buffer: out.name, at: address(out, outIndex), lanes: 1, gate: null }, value: epilogue }],
  };
  const taps = node.window.reduce((count, dim) => count * dim.size, 1);
  const macs = batch * groups * perGroup * depth * product(outShape, axes.out.spatial) * taps;
  const name = `conv_${node.window.map((dim) => dim.size).join("x") || "point"}${strideName(node.window)}`;
  return singleNest(name, "direct", [...operands.map(readParameter), writeParameter(out)], nest, macs);
}

function product(shape: readonly number[], axes: readonly number[]): number {
  return axes.reduce((total, axis) => total * shape[axis]!, 1);
}

function strideName(window: readonly WindowDim[]): string {
  return window.some((dim) => dim.stride !== 1) ? `s${window.map((dim) => dim.stride).join("x")}` : "";
}

function load(operand: Operand, at: Affine): Expr {
  return { kind: "load", from: { buffer: operand.name, at, lanes: 1, gate: null } };
}

function gateOf(tests: readonly Expr[]): { when: Expr; otherwise: number } | null {
  const when = allOf(tests);
  return when && { when, otherwise: 0 };
}

/** Padding is zero after the prologue, not before it. */
function zeroOutside(value: Expr, gates: readonly Expr[]): Expr {
  const when = allOf(gates);
  return when === null
    ? value
    : { kind: "call", fn: "select", args: [when, value, { kind: "lit", value: 0 }] };
}

interface Position {
  /** Index along the lhs axis. */
  readonly index: Affine;
  readonly lets: readonly IntegerLet[];
  /** Where false, the element is padding. */
  readonly gate: readonly Expr[];
  /** Where false, the element was inserted by dilation. */
  readonly guard: readonly Expr[];
}

function spatialPosition(
  dim: WindowDim,
  names: SpatialNames,
  outExtent: number,
  lhsExtent: number,
  converts: boolean,
): Position {
  let at = affine(-dim.low);
  at = addAffine(at, axisOf(names.out, outExtent), dim.stride);
  at = addAffine(at, axisOf(names.tap, dim.size), dim.rhsDilation);
  const last = (outExtent - 1) * dim.stride + (dim.size - 1) * dim.rhsDilation - dim.low;
  const inside = dim.lhsDilation === 1 && -dim.low >= 0 && last < lhsExtent;
  if (inside && !(converts && dim.size > 1)) return { index: at, lets: [], gate: [], guard: [] };
  const named = (value: Expr, name = names.position): IntegerLet => ({ name, value });
  const index = affine(0, { [names.position]: 1 });
  const test = (fn: "inside" | "divides", of: Affine, by: number): Expr => ({ kind: "test", fn, of, by });
  if (inside) return { index, lets: [named({ kind: "index", at })], gate: [], guard: [] };
  if (dim.border !== "zero")
    return {
      index,
      lets: [named({ kind: "integer", fn: dim.border, of: at, by: lhsExtent })],
      gate: [],
      guard: [],
    };
  if (dim.lhsDilation === 1)
    return {
      index,
      lets: [named({ kind: "index", at })],
      gate: [test("inside", index, lhsExtent)],
      guard: [],
    };
  const dilated = `${names.position}.dilated`;
  const of = affine(0, { [dilated]: 1 });
  return {
    index,
    lets: [
      named({ kind: "index", at }, dilated),
      named({ kind: "integer", fn: "div", of, by: dim.lhsDilation }),
    ],
    gate: [test("inside", of, dilatedExtent(lhsExtent, dim.lhsDilation))],
    guard: [test("divides", of, dim.lhsDilation)],
  };
}

/** Row-major number of the window position with the given index. */
function flatTap(window: readonly WindowDim[], index: readonly Affine[]): Affine {
  const strides = denseStrides(window.map((dim) => dim.size));
  return index.reduce((tap, at, d) => addAffine(tap, at, strides[d]!), affine(0));
}

/** Index along the kernel of the weight of a tap. */
function weightOf(tap: Affine, dim: WindowDim): Affine {
  return dim.reversal ? addAffine(affine(dim.size - 1), tap, -1) : tap;
}

/** One test a skipped tap: its row-major number is not this one. */
function skippedTaps(node: NodeOf<"conv">): Expr[] {
  const names = spatialNames(node.window.length);
  const tap = flatTap(
    node.window,
    node.window.map((dim, d) => axisOf(names[d]!.tap, dim.size)),
  );
  return node.skippedTaps.map((skipped) => ({
    kind: "call",
    fn: "not",
    args: [{ kind: "test", fn: "inside", of: addAffine(tap, affine(-skipped)), by: 1 }],
  }));
}
