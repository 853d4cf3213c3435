/**
 * pack w as oc.o kh kw ic oc.i: a constant operand is re-laid out once, in the order its axes run.
 *
 *   acc += x[..] * w[24*kh + 8*kw + oc]   ->   setup: w.packed[..] = w[..]; run: acc += x[..] * w.packed[dense]
 *
 * The largest expression around the operand that reads nothing but constants, along these axes, moves into the setup
 * kernel with it, so a weight mask is multiplied in once.
 */
import { InternalError } from "../../ir/diagnostic.js";
import type { Expr, Kernel, Parameter } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import { exprChildren, freeNames, loadsIn, mapExpr, readsBuffer } from "../../ir/visit.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { naiveKernel, singleNest } from "../lower/lowered.js";
import type { Draft } from "./apply.js";
import { illegal } from "./apply.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { findLoop, loop, mapNest } from "./loop-nest.js";

export interface PackedOperand {
  /** Name of the parameter that takes the packed values. */
  readonly name: string;
  /** Writes them; its last parameter is the packed buffer, the others are parameters of the scheduled kernel. */
  readonly kernel: Kernel;
  /** The same with its loops as data. */
  readonly lowered: LoweredKernel;
}

export function pack(draft: Draft, operand: string, axes: readonly string[]): Draft {
  const text = `pack ${operand} as ${axes.join(" ")}`;
  const nest = draft.nests.find((candidate) => candidate.reduce !== null);
  if (nest?.reduce == null) throw illegal(text, "the kernel has no reduction");
  if (!draft.params.some((p) => p.name === operand))
    throw illegal(text, `the kernel has no operand ${operand}`);
  const constants = new Set(draft.params.filter((p) => p.access === "constant").map((p) => p.name));
  if (!constants.has(operand)) throw illegal(text, `${operand} is not constant`);
  const value = largestConstant(nest.reduce.value, operand, constants, new Set(axes));
  if (value === null) throw illegal(text, `${operand} is not read in the reduction`);
  const loops = axes.map((axis) => {
    const around = draft.together?.nests.includes(nest.name) ? draft.together.loops : [];
    const found = findLoop(nest, axis) ?? around.find((l) => l.axis === axis);
    if (found === undefined) throw illegal(text, `there is no axis ${axis}`);
    return found;
  });
  if (new Set(axes).size !== axes.length) throw illegal(text, "an axis is named twice");
  for (const { axis, cut } of loops)
    if (cut !== null && axes.includes(cut.inner) && axes.indexOf(cut.inner) < axes.indexOf(axis))
      throw illegal(text, `${axis} has a tail, so it stays outside ${cut.inner}`);
  for (const name of freeNames(value))
    if (!axes.includes(name)) throw illegal(text, `${operand} also varies along ${name}: name it too`);

  const packed = `${operand}.packed`;
  const { strides, size } = packedStrides(loops);
  const read: Expr = { kind: "load", from: { buffer: packed, at: affine(0, strides), lanes: 1, gate: null } };
  const rewritten: LoopNest = {
    ...nest,
    reduce: { ...nest.reduce, value: mapExpr(nest.reduce.value, (e) => (e === value ? read : e)) },
  };
  const lowered = lowerPack(draft, value, loops, affine(0, strides), packed, size);
  const parameter: Parameter = { name: packed, element: "f32", size, access: "constant" };
  const nests = draft.nests.map((candidate) => (candidate === nest ? rewritten : candidate));
  return {
    ...draft,
    nests,
    params: [...draft.params, parameter].filter((p) => p.access !== "constant" || reads(nests, p.name)),
    packed: [...draft.packed, { name: packed, kernel: naiveKernel(lowered), lowered }],
  };
}

/** A tail iteration takes a full block, so that one stride serves both. */
function packedStrides(loops: readonly Loop[]): { strides: Record<string, number>; size: number } {
  const strides: Record<string, number> = {};
  let size = 1;
  for (const l of [...loops].reverse()) {
    strides[l.axis] = size;
    size *= l.extent + (l.cut === null ? 0 : 1);
  }
  return { strides, size };
}

function lowerPack(
  draft: Draft,
  value: Expr,
  loops: readonly Loop[],
  to: ReturnType<typeof affine>,
  packed: string,
  size: number,
): LoweredKernel {
  const nest: LoopNest = {
    name: "main",
    loops: loops.map((l) => ({ ...loop(l.axis, l.extent, "pure"), cut: l.cut })),
    lets: [],
    reduce: null,
    stores: [{ to: { buffer: packed, at: to, lanes: 1, gate: null }, value }],
  };
  const used = new Set(loadsIn(value).map(({ from }) => from.buffer));
  const params: readonly Parameter[] = [
    ...draft.params.filter((p) => used.has(p.name)),
    { name: packed, element: "f32", size, access: "write" },
  ];
  return singleNest("pack", "map", params, nest);
}

/**
 * The outermost expression that loads the operand, loads only constants and varies along no axis but the named ones; at
 * least the operand itself. (Of a product of constants only the factor around the operand is packed, as wide as it is.)
 */
function largestConstant(
  expr: Expr,
  operand: string,
  constants: ReadonlySet<string>,
  axes: ReadonlySet<string>,
): Expr | null {
  if (!readsBuffer(expr, operand)) return null;
  const onlyConstants = loadsIn(expr).every(({ from }) => constants.has(from.buffer));
  if (expr.kind === "load" && expr.from.buffer === operand) return expr;
  if (onlyConstants && [...freeNames(expr)].every((name) => axes.has(name))) return expr;
  for (const child of exprChildren(expr)) {
    const inner = largestConstant(child, operand, constants, axes);
    if (inner !== null) return inner;
  }
  throw new InternalError(`${operand} is loaded nowhere`);
}

function reads(nests: readonly LoopNest[], buffer: string): boolean {
  let found = false;
  for (const nest of nests)
    mapNest(nest, {
      expr: (e) => {
        if (e.kind === "load" && e.from.buffer === buffer) found = true;
        return e;
      },
    });
  return found;
}
