/**
 * A loop nest in the form schedules work on: an ordered list of loops around one statement. A lowering makes one with
 * every loop serial; steps rewrite it; `buildNest` turns it into kernel statements.
 *
 * The accumulators need no step of their own: the pure loops that lie inside the outermost reduction loop are the
 * register tile, and `buildNest` gives it one accumulator an element.
 */
import type { Access, Affine, Buffer, Expr, Lanes, LoopMode, Nest, ReduceFn, Stmt } from "../../ir/kernel.js";
import { addAffine, affine, substituteAffine } from "../../ir/kernel.js";
import { freeNames, mapExpr, rewriter, walkExpr } from "../../ir/visit.js";
import { decideGates } from "../passes/gates.js";
import { copyStatements } from "./stage-shared.js";

/** Iterations of a reduction have an order; those of a pure axis do not. */
export type AxisKind = "pure" | "reduce";

export interface Loop {
  readonly axis: string;
  readonly extent: number;
  readonly kind: AxisKind;
  readonly mode: LoopMode;
  /** Left over by a split: after the loop, one more iteration in which `axis` takes `extent` and `inner` is shorter. */
  readonly cut: { readonly inner: string; readonly extent: number } | null;
}

export interface IntegerLet {
  readonly name: string;
  readonly value: Expr;
}

export interface LoopNest {
  readonly name: string;
  readonly loops: readonly Loop[];
  /** In an order in which each uses only axes and earlier lets. */
  readonly lets: readonly IntegerLet[];
  readonly reduce: {
    readonly fn: ReduceFn;
    readonly init: number;
    readonly value: Expr;
    /** Where false the term is not formed at all. */
    readonly guard: Expr | null;
  } | null;
  readonly shared?: readonly SharedStage[];
  /** How outputs are stored after the reduction: in straight lines by default, or by a loop over an array of them. */
  readonly finish?: "loop";
  /** Conditions on axes outside the reduction; an iteration in which not all hold does nothing. */
  readonly within?: readonly Expr[];
  /** What each iteration writes, in order; a nest with a reduction reads its value as `accumulator`. */
  readonly stores: readonly Store[];
}

/** What the lanes of a workgroup copy together (stage-shared.ts). */
export interface SharedStage {
  readonly buffer: Buffer;
  /** Copied in each iteration of this axis. */
  readonly at: string;
  /** Row-major: what of each moves within the copy, from its least value on. */
  readonly dimensions: readonly { readonly moving: Affine; readonly min: number; readonly stride: number }[];
  readonly lanes: Lanes;
  /** The name of the number of an element, or vector, of the copy; `lets` and `from` are in terms of it. */
  readonly number: string;
  readonly lets: readonly IntegerLet[];
  readonly from: Access;
}

export interface Store {
  readonly to: Access;
  readonly value: Expr;
}

/** Axes and lets a store uses. */
export function storeNames({ to, value }: Store): ReadonlySet<string> {
  const names = new Set([...freeNames(value), ...to.at.terms.map((term) => term.of)]);
  if (to.gate !== null) for (const name of freeNames(to.gate.when)) names.add(name);
  return names;
}

/** Every load of a nest, those of gates and guards included. */
export function loadsOf({ reduce, stores, lets }: LoopNest): readonly Access[] {
  const loads: Access[] = [];
  const seen = new Set<Expr>();
  const look = (expr: Expr | null): void => {
    if (expr !== null) walkExpr(expr, (e) => void (e.kind === "load" && loads.push(e.from)), seen);
  };
  for (const { value } of lets) look(value);
  look(reduce?.value ?? null);
  look(reduce?.guard ?? null);
  for (const { to, value } of stores) {
    look(value);
    look(to.gate?.when ?? null);
  }
  return loads;
}

export const accumulatorName = "acc";
const tileName = "tile";
const vectorLanes = 4;
export const accumulator: Expr = { kind: "var", name: accumulatorName };

/** What names its axes in a schedule: those of `main` are written without it. */
export function prefixOf({ name }: Pick<LoopNest, "name">): string {
  return name === "main" ? "" : `${name}/`;
}

export function loop(axis: string, extent: number, kind: AxisKind): Loop {
  return { axis, extent, kind, mode: "serial", cut: null };
}

/** Pure loops in order, without those of extent 1. */
export function loopsOver(...axes: readonly (readonly [axis: string, extent: number])[]): Loop[] {
  return axes.flatMap(([axis, extent]) => (extent > 1 ? [loop(axis, extent, "pure")] : []));
}

export function findLoop(nest: LoopNest, axis: string): Loop | null {
  return nest.loops.find((l) => l.axis === axis) ?? null;
}

/** Applies a rewrite to every expression and address of a nest. */
export function mapNest(
  nest: LoopNest,
  rewrite: { readonly expr?: (e: Expr) => Expr; readonly at?: (a: Affine) => Affine },
): LoopNest {
  const { expr, access } = rewriter({
    ...(rewrite.expr === undefined ? {} : { expr: rewrite.expr }),
    ...(rewrite.at === undefined ? {} : { affine: rewrite.at }),
  });
  return {
    ...nest,
    lets: nest.lets.map((l) => ({ ...l, value: expr(l.value) })),
    reduce: nest.reduce && {
      ...nest.reduce,
      value: expr(nest.reduce.value),
      guard: nest.reduce.guard && expr(nest.reduce.guard),
    },
    ...(nest.shared === undefined
      ? {}
      : {
          shared: nest.shared.map((stage) => ({
            ...stage,
            lets: stage.lets.map((l) => ({ ...l, value: expr(l.value) })),
            from: access(stage.from),
          })),
        }),
    ...(nest.within === undefined ? {} : { within: nest.within.map(expr) }),
    stores: nest.stores.map(({ to, value }) => ({ to: access(to), value: expr(value) })),
  };
}

/** Applies a rewrite to every load and store of a nest. */
export function mapAccesses(nest: LoopNest, change: (access: Access) => Access): LoopNest {
  const { expr, access } = rewriter({ access: change });
  return {
    ...nest,
    reduce: nest.reduce && { ...nest.reduce, value: expr(nest.reduce.value) },
    stores: nest.stores.map(({ to, value }) => ({ to: access(to), value: expr(value) })),
  };
}

/** Replaces an axis by an affine expression everywhere. */
export function substituteAxis(nest: LoopNest, axis: string, by: Affine): LoopNest {
  return mapNest(nest, { at: (a) => substituteAffine(a, axis, by) });
}

/**
 * Statements of a nest: lets as far out as their axes allow, accumulators around the outermost reduction loop, and no
 * gate whose answer is known.
 */
export function buildNest(nest: LoopNest): Nest {
  return { name: nest.name, body: decideGates(nestStatements(nest, []), new Map()) };
}

/** The statements of a nest inside other loops, whose axes it may use. */
export function nestStatements(nest: LoopNest, around: readonly Loop[]): readonly Stmt[] {
  const firstReduce = nest.loops.findIndex((l) => l.kind === "reduce");
  const tileStart = nest.reduce === null || firstReduce < 0 ? nest.loops.length : firstReduce;
  const builder = new NestBuilder(nest, tileStart);
  return builder.outer(0, new Map(), new Set(around.map((l) => l.axis)));
}

type Extents = ReadonlyMap<string, number>;

/** Axes and lets a statement may use. */
type Scope = ReadonlySet<string>;

class NestBuilder {
  private readonly tile: readonly Loop[];

  constructor(
    private readonly nest: LoopNest,
    private readonly tileStart: number,
  ) {
    this.tile = nest.loops.slice(tileStart).filter((l) => l.kind === "pure");
  }

  /** The loops outside the register tile. `extents` overrides the extents of loops inside a tail. */
  outer(index: number, extents: Extents, scope: Scope): readonly Stmt[] {
    const { stmts, inScope } = this.lets(scope, this.nest.lets);
    if (index === this.tileStart) {
      const body = this.tileBody(extents, inScope);
      return [...stmts, ...(this.shared.length === 0 ? this.inside(body) : body)];
    }
    const current = this.nest.loops[index]!;
    const firstLane = this.nest.loops.findIndex((l) => l.mode === "lane");
    return [
      ...stmts,
      ...(index === firstLane
        ? this.shared.map(({ buffer }): Stmt => ({ kind: "alloc", buffer, init: 0 }))
        : []),
      ...this.loopOf(current, extents, (e) => this.outer(index + 1, e, add(inScope, current.axis))),
    ];
  }

  private get shared(): readonly SharedStage[] {
    return this.nest.shared ?? [];
  }

  /** The body of a loop, after what is staged in each of its iterations. */
  private staged(axis: string | undefined, body: readonly Stmt[]): readonly Stmt[] {
    const stages = this.shared.filter(({ at }) => at === axis);
    if (stages.length === 0) return body;
    const grid = this.nest.loops.filter((l) => l.mode === "lane");
    const barrier: Stmt = { kind: "barrier" };
    return [...stages.map((stage) => copyStatements(stage, grid)), barrier, ...body, barrier];
  }

  /** The statements where every condition of the nest holds. */
  private inside(body: readonly Stmt[]): readonly Stmt[] {
    const { within = [] } = this.nest;
    return within.reduceRight((inner, when): readonly Stmt[] => [{ kind: "if", when, body: inner }], body);
  }

  private loopOf(
    current: Loop,
    extents: Extents,
    body: (extents: Extents) => readonly Stmt[],
  ): readonly Stmt[] {
    const { axis, mode, cut } = current;
    const extent = extents.get(axis) ?? current.extent;
    const out: Stmt[] =
      extent === 0 ? [] : [{ kind: "for", axis, start: 0, extent, mode, body: body(extents) }];
    if (cut !== null) {
      const rest = new Map(extents).set(cut.inner, cut.extent);
      // A piece of the same loop, if workers share it.
      const tail = mode === "parallel" ? mode : "serial";
      out.push({ kind: "for", axis, start: extent, extent: 1, mode: tail, body: body(rest) });
    }
    return out;
  }

  /** The lets not yet in scope whose names all are. */
  private lets(scope: Scope, wanted: readonly IntegerLet[]): { stmts: readonly Stmt[]; inScope: Scope } {
    const inScope = new Set(scope);
    const stmts: Stmt[] = [];
    for (const { name, value } of wanted) {
      if (inScope.has(name) || ![...freeNames(value)].every((used) => inScope.has(used))) continue;
      stmts.push({ kind: "let", name, value });
      inScope.add(name);
    }
    return { stmts, inScope };
  }

  private tileBody(extents: Extents, scope: Scope): readonly Stmt[] {
    const { reduce, stores } = this.nest;
    if (reduce === null) return stores.map((store): Stmt => ({ kind: "store", ...store }));
    const { at, size } = this.accumulatorAt(extents);
    const place: Access = { buffer: accumulatorName, at, lanes: 1, gate: null };
    const empty = this.nest.loops.some((l) => l.kind === "reduce" && l.extent === 0 && l.cut === null);
    return [
      {
        kind: "alloc",
        buffer: { name: accumulatorName, element: "f32", size, space: "register" },
        init: reduce.init,
      },
      ...(empty
        ? []
        : this.staged(
            this.nest.loops[this.tileStart - 1]?.axis,
            this.reduction(this.tileStart, place, extents, scope),
          )),
      ...this.stored(place, extents, scope),
    ];
  }

  /** What the accumulators hold, finished and stored. */
  private stored(place: Access, extents: Extents, scope: Scope): readonly Stmt[] {
    const stored =
      this.nest.finish === undefined
        ? this.finish(0, place, extents, scope)
        : this.finishByLoop(place, extents, scope);
    return this.shared.length === 0 ? stored : this.inside(stored);
  }

  /** The accumulators put into an array, and the tile's loops over that: columns outermost, which share most. */
  private finishByLoop(place: Access, extents: Extents, scope: Scope): readonly Stmt[] {
    const { size } = this.accumulatorAt(extents);
    const tile: Access = { ...place, buffer: tileName };
    const copied = { to: tile, value: accumulator };
    const copy = new NestBuilder({ ...this.nest, stores: [copied] }, this.tileStart);
    const columns = this.tile.filter((l) => l.mode === "vector");
    const others = this.tile.filter((l) => l.mode !== "vector");
    const serial = (l: Loop): Loop => ({ ...l, mode: "serial" });
    const [only] = columns;
    const vector = columns.length === 1 && only!.extent % vectorLanes === 0 ? only : undefined;
    const order =
      vector === undefined
        ? [...columns, ...others].map(serial)
        : [
            {
              ...vector,
              axis: `${vector.axis}.v`,
              extent: vector.extent / vectorLanes,
              mode: "serial" as const,
            },
            ...others.map(serial),
            { ...vector, extent: vectorLanes },
          ];
    const loops = [...this.nest.loops.slice(0, this.tileStart), ...order];
    const by = vector && affine(0, { [`${vector.axis}.v`]: vectorLanes, [vector.axis]: 1 });
    const split = by === undefined ? this.nest : substituteAxis(this.nest, vector!.axis, by);
    const from = by === undefined ? tile.at : substituteAffine(tile.at, vector!.axis, by);
    const builder = new NestBuilder({ ...split, loops }, this.tileStart);
    return [
      { kind: "alloc", buffer: { name: tileName, element: "f32", size, space: "private" }, init: 0 },
      ...copy.finish(0, place, extents, scope),
      ...builder.finish(0, { ...tile, at: from }, extents, scope),
    ];
  }

  private reduction(index: number, place: Access, extents: Extents, scope: Scope): readonly Stmt[] {
    const { stmts, inScope } = this.lets(scope, this.nest.lets);
    const current = this.nest.loops[index];
    if (current !== undefined) {
      const body = (e: Extents): readonly Stmt[] =>
        this.staged(current.axis, this.reduction(index + 1, place, e, add(inScope, current.axis)));
      return [...stmts, ...this.loopOf(current, extents, body)];
    }
    const { fn, value, guard } = this.nest.reduce!;
    const term: Stmt = { kind: "reduce", fn, to: place, value };
    return [...stmts, guard === null ? term : { kind: "if", when: guard, body: [term] }];
  }

  /** The tile's loops again, storing what was reduced. */
  private finish(index: number, place: Access, extents: Extents, scope: Scope): readonly Stmt[] {
    const { stores } = this.nest;
    const used = new Set(stores.flatMap((store) => [...storeNames(store)]));
    for (const { name, value } of [...this.nest.lets].reverse())
      if (used.has(name)) for (const inner of freeNames(value)) used.add(inner);
    const { stmts, inScope } = this.lets(
      scope,
      this.nest.lets.filter((l) => used.has(l.name)),
    );
    const current = this.tile[index];
    if (current !== undefined) {
      const body = (e: Extents): readonly Stmt[] =>
        this.finish(index + 1, place, e, add(inScope, current.axis));
      return [...stmts, ...this.loopOf(current, extents, body)];
    }
    const reduced = (expr: Expr): Expr =>
      mapExpr(expr, (e) =>
        e.kind === "var" && e.name === accumulatorName ? { kind: "load", from: place } : e,
      );
    return [...stmts, ...stores.map(({ to, value }): Stmt => ({ kind: "store", to, value: reduced(value) }))];
  }

  /** Address in the accumulator buffer: the tile's axes, row-major. */
  private accumulatorAt(extents: Extents): { at: Affine; size: number } {
    let at = affine(0);
    let size = 1;
    for (const current of [...this.tile].reverse()) {
      at = addAffine(at, affine(0, { [current.axis]: size }));
      size *= (extents.get(current.axis) ?? current.extent) + (current.cut === null ? 0 : 1);
    }
    return { at, size };
  }
}

function add(scope: Scope, axis: string): Scope {
  return new Set(scope).add(axis);
}
