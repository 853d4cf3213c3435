/**
 * stage x at ic.o in shared: in each iteration of an axis the lanes of a workgroup copy what all of them read of an
 * operand into a shared buffer, borders filled in, and wait for each other.
 *
 *   lane p { for ic.o { for ic.i { acc += x[..] * .. } } }
 *   -> shared s; lane p { for ic.o { s[..] = x[..], a part each; barrier; for ic.i { acc += s[..] * .. }; barrier } }
 *
 * What is copied is what the operand's address takes while the loops inside the axis, and the lanes, run: each name in
 * the address is one dimension of it. A name that several loops move (a position of taps and outputs) holds their
 * common range once, so that neighbours share their halo.
 */
import type { Access, Affine, Buffer, Expr, Lanes, Stmt } from "../../ir/kernel.js";
import { addAffine, affine, coefficient, substituteAffine } from "../../ir/kernel.js";
import type { Range } from "../../ir/range.js";
import { affineRange } from "../../ir/range.js";
import { elementBytes } from "../../ir/types.js";
import { freeNames } from "../../ir/visit.js";
import type { Draft } from "./apply.js";
import { illegal } from "./apply.js";
import type { IntegerLet, Loop, LoopNest, SharedStage } from "./loop-nest.js";
import { mapNest } from "./loop-nest.js";
import { findRead } from "./stage.js";

export function stageShared(draft: Draft, operand: string, at: string, most: number): Draft {
  const text = `stage ${operand} at ${at} in shared`;
  const nest = draft.nests.find((each) => each.reduce !== null && findRead(each, operand) !== null);
  if (nest === undefined)
    throw illegal(text, "it is not an operand that a reduction reads in exactly one way");
  const place = nest.loops.findIndex((l) => l.axis === at);
  const lastLane = nest.loops.findLastIndex((l) => l.mode === "lane");
  if (place < 0 || lastLane < 0 || place < lastLane)
    throw illegal(text, `${at} is neither the innermost lane nor inside it`);
  if (nest.loops.some((l) => l.cut !== null)) throw illegal(text, "no loop may have a tail");
  const read = findRead(nest, operand)!;
  const stage = sharedStageOf(nest, read, at, text);
  const shared = [...(nest.shared ?? []), stage];
  const bytes = shared.reduce((sum, { buffer }) => sum + buffer.size * elementBytes(buffer.element), 0);
  if (bytes > most) throw illegal(text, `${bytes} bytes of shared buffers, more than ${most}`);
  const rewritten = { ...rewriteRead(nest, read, stage), shared };
  return { ...draft, nests: draft.nests.map((each) => (each === nest ? rewritten : each)) };
}

/** A name in the address: what of it is fixed while the copy is used, and what moves. */
interface Dimension {
  readonly name: string;
  readonly fixed: Affine;
  readonly moving: Affine;
  readonly range: Range;
}

/** Elements that a stage at the axis would hold; what stageShared makes. */
export function sharedStageOf(nest: LoopNest, read: Access, at: string, text: string): SharedStage {
  const dimensions = dimensionsOf(nest, read, at, text);
  const extents = dimensions.map(({ range }) => range.max - range.min + 1);
  const size = extents.reduce((product, extent) => product * extent, 1);
  const name = `${read.buffer}.shared`;
  const buffer: Buffer = { name, element: "f32", size, space: "shared" };
  return { buffer, at, ...copyOf(nest, read, name, dimensions, extents) };
}

function dimensionsOf(nest: LoopNest, read: Access, at: string, text: string): readonly Dimension[] {
  const place = nest.loops.findIndex((l) => l.axis === at);
  const moves = new Map<string, Range>(
    nest.loops
      .filter((l, index) => l.mode === "lane" || index > place)
      .map((l) => [l.axis, { min: 0, max: l.extent - 1 }]),
  );
  const axes = new Set(nest.loops.map((l) => l.axis));
  const used = new Map(read.at.terms.map(({ of, coef }) => [of, coef]));
  if (read.gate !== null)
    for (const name of freeNames(read.gate.when)) if (!used.has(name)) used.set(name, 0);
  return [...used]
    .sort((a, b) => b[1] - a[1])
    .map(([name]) => {
      const value = nest.lets.find((l) => l.name === name)?.value;
      const position = value === undefined ? affine(0, { [name]: 1 }) : rawPosition(value);
      if (position === null || position.terms.some(({ of }) => !axes.has(of)))
        throw illegal(text, `${name} is not a position that can be copied`);
      const moving = position.terms.filter(({ of }) => moves.has(of));
      const fixed = position.terms.filter(({ of }) => !moves.has(of));
      const part = { offset: 0, terms: moving };
      return {
        name,
        fixed: { offset: position.offset, terms: fixed },
        moving: part,
        range: affineRange(part, moves),
      };
    });
}

/** The position before it is wrapped or clamped; null for what is none. */
function rawPosition(value: Expr): Affine | null {
  if (value.kind === "index") return value.at;
  return value.kind === "integer" && value.fn !== "div" ? value.of : null;
}

/** Reads go to the copy, addressed by what moves. */
function rewriteRead(nest: LoopNest, read: Access, { buffer, dimensions }: SharedStage): LoopNest {
  let at = affine(0);
  for (const { moving, min, stride } of dimensions)
    at = addAffine(at, addAffine(moving, affine(-min)), stride);
  const key = JSON.stringify(read);
  return mapNest(nest, {
    expr: (e) =>
      e.kind === "load" && JSON.stringify(e.from) === key
        ? { kind: "load", from: { buffer: buffer.name, at, lanes: 1, gate: null } }
        : e,
  });
}

/** The statements of one element or vector of the copy, from its number on. */
function copyOf(
  nest: LoopNest,
  read: Access,
  buffer: string,
  dimensions: readonly Dimension[],
  extents: readonly number[],
): Pick<SharedStage, "dimensions" | "lanes" | "number" | "lets" | "from"> {
  const last = dimensions.at(-1);
  const gated = (name: string): boolean => read.gate !== null && freeNames(read.gate.when).has(name);
  const contiguous =
    last !== undefined &&
    coefficient(read.at, last.name) === 1 &&
    !nest.lets.some((l) => l.name === last.name) &&
    !gated(last.name);
  const lanes: Lanes = contiguous && extents.at(-1)! % 4 === 0 ? 4 : 1;
  // Where the operand lies as the copy does, the number of an element is cut into fewer parts.
  const isPlain = (name: string): boolean => !nest.lets.some((l) => l.name === name) && !gated(name);
  const joinsNext = (d: number): boolean => {
    const [own, next] = [dimensions[d]!, dimensions[d + 1]];
    const extent = extents[d + 1] ?? 0;
    return (
      next !== undefined &&
      extent > (d + 2 < extents.length ? 1 : lanes) &&
      isPlain(own.name) &&
      isPlain(next.name) &&
      coefficient(read.at, own.name) === extent * coefficient(read.at, next.name)
    );
  };
  const number = `${buffer}.n`;
  const lets: IntegerLet[] = [];
  let from = read;
  let stride = extents.reduce((product, extent) => product * extent, 1) / lanes;
  let rest = number;
  const strided = dimensions.map((dimension, d) => {
    const { name, fixed, range } = dimension;
    const extent = extents[d]!;
    const isLast = d === dimensions.length - 1;
    stride = isLast ? 1 : stride / extent;
    let moved = affine(range.min);
    if (extent > 1 && !joinsNext(d)) {
      const own = `${buffer}.${d}`;
      if (isLast && extent > lanes) moved = addAffine(moved, affine(0, { [rest]: lanes }));
      if (!isLast && stride === 1) moved = addAffine(moved, affine(0, { [rest]: 1 }));
      else if (!isLast) {
        lets.push({ name: own, value: integer("div", rest, stride) });
        lets.push({ name: `${own}.rest`, value: integer("mod", rest, stride) });
        moved = addAffine(moved, affine(0, { [own]: 1 }));
        rest = `${own}.rest`;
      }
    }
    const position = addAffine(fixed, moved);
    const value = nest.lets.find((l) => l.name === name)?.value;
    if (value === undefined) from = { ...from, at: substituteAffine(from.at, name, position) };
    else {
      const renamed = `${buffer}.${name}`;
      lets.push({
        name: renamed,
        value: value.kind === "integer" ? { ...value, of: position } : { kind: "index", at: position },
      });
      from = renameIn(from, name, renamed);
    }
    return { moving: dimension.moving, min: range.min, stride: stride * (isLast ? 1 : lanes) };
  });
  return { dimensions: strided, lanes, number, lets, from: { ...from, lanes } };
}

function integer(fn: "div" | "mod", of: string, by: number): Expr {
  return { kind: "integer", fn, of: affine(0, { [of]: 1 }), by };
}

function renameIn(access: Access, name: string, to: string): Access {
  const renamed = (at: Affine): Affine => substituteAffine(at, name, affine(0, { [to]: 1 }));
  const visit = (e: Expr): Expr => {
    if (e.kind === "test") return { ...e, of: renamed(e.of) };
    return e.kind === "call" ? { ...e, args: e.args.map(visit) } : e;
  };
  const { gate } = access;
  return { ...access, at: renamed(access.at), gate: gate && { ...gate, when: visit(gate.when) } };
}

/** for s { let n; if n is inside { lets; s[n] = x[..] } }, the lanes one next to the other. */
export function copyStatements(
  { buffer, lanes, number, lets, from }: SharedStage,
  grid: readonly Loop[],
): Stmt {
  const count = buffer.size / lanes;
  let width = 1;
  let lane = affine(0);
  for (const { axis, extent } of [...grid].reverse()) {
    lane = addAffine(lane, affine(0, { [axis]: width }));
    width *= extent;
  }
  const turn = `${buffer.name}.turn`;
  const of = addAffine(lane, affine(0, { [turn]: width }));
  const store: Stmt = {
    kind: "store",
    to: { buffer: buffer.name, at: affine(0, { [number]: lanes }), lanes, gate: null },
    value: { kind: "load", from },
  };
  const inner: readonly Stmt[] = [...lets.map((l): Stmt => ({ kind: "let", ...l })), store];
  const when: Expr = { kind: "test", fn: "inside", of: affine(0, { [number]: 1 }), by: count };
  const body: readonly Stmt[] = [
    { kind: "let", name: number, value: { kind: "index", at: of } },
    ...(count % width === 0 ? inner : [{ kind: "if", when, body: inner } as const]),
  ];
  return { kind: "for", axis: turn, start: 0, extent: Math.ceil(count / width), mode: "serial", body };
}
