/**
 * stage x in arena: copies an operand into a buffer in which its borders are real elements.
 *
 *   y[..] += x[stride*ih + ic] when inside(ih, H)   ->   nest stage-x: x.staged[..] = x[..] when inside(..)
 *                                                        nest main:    y[..] += x.staged[..], no gate, affine
 *
 * stage x at oh.o in arena: the two nests run together, one after the other in every iteration of oh.o and of the loops
 * around it, and the copy holds what one iteration reads: a block of rows that stays near, not the whole operand.
 *
 *   for oh.o { for oh.i .. y[..] += x[..] }   ->   for oh.o { stage-x: x.staged[..] = x[..]; main: for oh.i .. }
 *
 * Each name in the operand's address is one dimension of the copy: a loop axis with its extent, or a position let with
 * the range it takes over the loops it depends on. Loops around the copy are no dimensions of it.
 */
import type { Access, Affine, Buffer, Expr } from "../../ir/kernel.js";
import { addAffine, affine, coefficient, substituteAffine } from "../../ir/kernel.js";
import type { Range } from "../../ir/range.js";
import { affineRange } from "../../ir/range.js";
import type { Step } from "../../ir/schedule.js";
import { freeNames, loadsIn, mapExpr } from "../../ir/visit.js";
import type { Draft } from "./apply.js";
import { illegal } from "./apply.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { loop, mapNest, storeNames } from "./loop-nest.js";

type StageStep = Extract<Step, { readonly do: "stage" }>;

interface Dimension {
  readonly name: string;
  /** Values the name takes, before it is clamped or wrapped into the operand. */
  readonly range: Range;
  /** The position before wrapping, for a let, as far as it varies inside the copy; null for a loop axis. */
  readonly raw: Affine | null;
  /** The rest of it: what the loops around the copy add. */
  readonly around: Affine;
}

/** The only read of an operand; null where there is none, or more than one. */
export function findRead(nest: LoopNest, operand: string): Access | null {
  const found = new Map<string, Access>();
  const look = (expr: Expr): void =>
    loadsIn(expr).forEach(({ from }) => {
      if (from.buffer === operand) found.set(JSON.stringify(from), from);
    });
  if (nest.reduce !== null) look(nest.reduce.value);
  for (const store of nest.stores) look(store.value);
  return found.size === 1 ? [...found.values()][0]! : null;
}

export function stage(draft: Draft, { operand, at }: StageStep): Draft {
  const text = `stage ${operand}`;
  const name = `${operand}.staged`;
  if (draft.locals.some((local) => local.name === name)) throw illegal(text, "it is staged already");
  const nest = draft.nests.find((candidate) => findRead(candidate, operand) !== null);
  const param = draft.params.find((candidate) => candidate.name === operand);
  if (nest === undefined || param === undefined)
    throw illegal(text, "it is not an operand read in exactly one way");
  if (nest.loops.some((l) => l.cut !== null) || nest.loops.some((l) => l.mode !== "serial"))
    throw illegal(text, "stage before splitting and changing modes");
  const read = findRead(nest, operand)!;
  const around = at === null ? [] : loopsAround(draft, nest, at, text);
  const dimensions = dimensionsOf(nest, read, new Set(around.map((l) => l.axis)), text);
  const strides = new Map<string, number>();
  let size = 1;
  for (const { name: dimension, range } of [...dimensions].reverse()) {
    strides.set(dimension, size);
    size *= range.max - range.min + 1;
  }
  const buffer: Buffer = { name, element: "f32", size, space: "arena" };
  const rewritten = rewriteReads(nest, read, buffer.name, dimensions, strides);
  const main = { ...rewritten, loops: rewritten.loops.slice(around.length) };
  const copy = copyNest(nest, read, buffer.name, dimensions, strides);
  return {
    ...draft,
    locals: [...draft.locals, buffer],
    nests: draft.nests.flatMap((candidate) => (candidate === nest ? [copy, main] : [candidate])),
    together: at === null ? draft.together : { loops: around, nests: [copy.name, main.name] },
  };
}

/** The loops of the nest from the outermost to the named one. */
function loopsAround(draft: Draft, nest: LoopNest, at: string, text: string): readonly Loop[] {
  const [axis, owner] = at.split("/").reverse() as [string, string | undefined];
  const last = nest.loops.findIndex((l) => l.axis === axis);
  if (last < 0 || (owner ?? "main") !== nest.name)
    throw illegal(text, `nest ${nest.name}, which reads it, has no axis ${at}`);
  if (draft.together !== null) throw illegal(text, "its nest runs together with others already");
  const around = nest.loops.slice(0, last + 1);
  const reduced = around.find((l) => l.kind === "reduce");
  if (reduced !== undefined) throw illegal(text, `${reduced.axis} is reduced: stage outside it`);
  return around;
}

/** Names in the address and its gate, outermost (largest stride) first, without those of the loops around. */
function dimensionsOf(nest: LoopNest, read: Access, around: ReadonlySet<string>, text: string): Dimension[] {
  const axes = new Map(nest.loops.map((l) => [l.axis, { min: 0, max: l.extent - 1 }]));
  const used = new Map<string, number>();
  for (const { of, coef } of read.at.terms) used.set(of, coef);
  if (read.gate !== null)
    for (const name of freeNames(read.gate.when)) if (!used.has(name)) used.set(name, 0);
  // Names of the same stride (a let and nothing else) keep their order; sort is stable.
  return [...used.entries()]
    .filter(([name]) => !around.has(name))
    .sort((a, b) => b[1] - a[1])
    .map(([name]) => {
      const own = axes.get(name);
      if (own !== undefined) return { name, range: own, raw: null, around: affine(0) };
      const value = nest.lets.find((l) => l.name === name)?.value;
      const raw =
        value?.kind === "index"
          ? value.at
          : value?.kind === "integer" && value.fn !== "div"
            ? value.of
            : null;
      if (raw === null || raw.terms.some((term) => !axes.has(term.of)))
        throw illegal(text, `${name} is not a position that can be copied`);
      const outside = { offset: 0, terms: raw.terms.filter((term) => around.has(term.of)) };
      const inside = { ...raw, terms: raw.terms.filter((term) => !around.has(term.of)) };
      return { name, range: affineRange(inside, axes), raw: inside, around: outside };
    });
}

/** Reads go to the copy, addressed by the raw positions; lets nothing else uses are dropped. */
function rewriteReads(
  nest: LoopNest,
  read: Access,
  buffer: string,
  dimensions: readonly Dimension[],
  strides: ReadonlyMap<string, number>,
): LoopNest {
  let at = affine(0);
  for (const { name, range, raw } of dimensions) {
    const position = raw ?? affine(0, { [name]: 1 });
    at = addAffine(at, addAffine(position, affine(-range.min)), strides.get(name)!);
  }
  const key = JSON.stringify(read);
  const rewritten = mapNest(nest, {
    expr: (e) =>
      e.kind === "load" && JSON.stringify(e.from) === key
        ? { kind: "load", from: { buffer, at, lanes: 1, gate: null } }
        : e,
  });
  return dropUnusedLets(rewritten);
}

function dropUnusedLets(nest: LoopNest): LoopNest {
  const used = new Set<string>(nest.stores.flatMap((store) => [...storeNames(store)]));
  const look = (expr: Expr | null): void => {
    if (expr !== null) for (const name of freeNames(expr)) used.add(name);
  };
  look(nest.reduce?.value ?? null);
  look(nest.reduce?.guard ?? null);
  for (const { name, value } of [...nest.lets].reverse()) if (used.has(name)) look(value);
  return { ...nest, lets: nest.lets.filter((l) => used.has(l.name)) };
}

/** for every element of the copy: the operand where it has one, what its border says elsewhere. */
function copyNest(
  nest: LoopNest,
  read: Access,
  buffer: string,
  dimensions: readonly Dimension[],
  strides: ReadonlyMap<string, number>,
): LoopNest {
  const loops: Loop[] = [];
  const lets: { name: string; value: Expr }[] = [];
  let to = affine(0);
  let from = read;
  for (const { name, range, raw, around } of dimensions) {
    const extent = range.max - range.min + 1;
    const axis = raw === null ? name : `${name}.at`;
    const index = extent === 1 ? affine(0) : affine(0, { [axis]: 1 });
    if (extent !== 1) loops.push(loop(axis, extent, "pure"));
    to = addAffine(to, index, strides.get(name)!);
    const value = nest.lets.find((l) => l.name === name)?.value;
    const position = addAffine(addAffine(index, affine(range.min)), around);
    if (value === undefined) from = substituteAccess(from, name, position);
    else if (value.kind === "integer") lets.push({ name, value: { ...value, of: position } });
    else lets.push({ name, value: { kind: "index", at: position } });
  }
  return joinRows({
    name: `stage-${read.buffer}`,
    loops,
    lets,
    reduce: null,
    stores: [{ to: { buffer, at: to, lanes: 1, gate: null }, value: { kind: "load", from } }],
  });
}

/**
 * Positions of a row and their few channels lie side by side on both sides: one loop runs over both, so that it can be
 * vectorised although the channels fill no vector.
 *
 *   for iw.at in W { for ic in 3 { .. 3*iw + ic .. when inside(iw, 28) } }
 *   -> for iw.at in 3*W { .. iw .. when inside(iw, 84) }
 */
function joinRows(nest: LoopNest): LoopNest {
  const [row, channel] = nest.loops.slice(-2);
  const [store] = nest.stores;
  if (row === undefined || channel === undefined || store?.value.kind !== "load") return nest;
  const count = channel.extent;
  const position = nest.lets.find((l) => row.axis === `${l.name}.at` && l.value.kind === "index");
  const { from } = store.value;
  if (position === undefined || count % 4 === 0) return nest;
  const side = (at: Affine, name: string): boolean =>
    coefficient(at, name) === count && coefficient(at, channel.axis) === 1;
  if (!side(store.to.at, row.axis) || !side(from.at, position.name)) return nest;
  const joined = (at: Affine): Affine => {
    const rest = at.terms.filter((t) => ![row.axis, channel.axis, position.name].includes(t.of));
    const own = {
      [row.axis]: Math.sign(coefficient(at, row.axis)),
      [position.name]: Math.sign(coefficient(at, position.name)),
    };
    return addAffine({ offset: at.offset, terms: rest }, affine(0, own));
  };
  const scaled = (expr: Expr): Expr => {
    const at = expr.kind === "test" ? expr.of : expr.kind === "index" ? expr.at : null;
    if (at === null || (coefficient(at, row.axis) === 0 && coefficient(at, position.name) === 0)) return expr;
    const whole = addAffine(affine(0), at, count);
    if (expr.kind === "test") return { ...expr, of: joined(whole), by: expr.by * count };
    return expr.kind === "index" ? { ...expr, at: joined(whole) } : expr;
  };
  const gate = from.gate && { ...from.gate, when: mapExpr(from.gate.when, scaled) };
  const loops = nest.loops.slice(0, -2);
  return {
    ...nest,
    loops: [...loops, loop(row.axis, row.extent * count, "pure")],
    lets: nest.lets.map((l) => (l === position ? { ...l, value: scaled(l.value) } : l)),
    stores: [
      {
        to: { ...store.to, at: joined(store.to.at) },
        value: { kind: "load", from: { ...from, at: joined(from.at), gate } },
      },
    ],
  };
}

function substituteAccess(access: Access, name: string, by: Affine): Access {
  return { ...access, at: substituteAffine(access.at, name, by) };
}
