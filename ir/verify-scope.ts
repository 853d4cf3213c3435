/** What the verifier of kernels knows at one place of a kernel. */
import type { Affine, BufferSpace, Expr, LoopMode } from "./kernel.js";
import { substituteAffine } from "./kernel.js";
import type { Fact, Range } from "./range.js";
import type { ValueType } from "./verify-expr.js";
import type { RaceLoop, Write } from "./verify-races.js";
import { freeNames, loadsIn } from "./visit.js";

export interface KnownBuffer {
  readonly size: number;
  readonly space: BufferSpace | "parameter";
  readonly readOnly: boolean;
  /** How many concurrent loops are around its definition. */
  readonly depth: number;
}

export interface ConcurrentLoop extends RaceLoop {
  readonly mode: LoopMode;
  readonly line: number;
  readonly writes: Map<string, Write[]>;
}

/** What is known at one place. Blocks work on copies, so that what they define ends with them. */
export interface Scope {
  /** null: defined, but of no type that makes sense. */
  readonly types: Map<string, ValueType | null>;
  readonly ranges: Map<string, Range>;
  /** Integer lets as they were written. */
  readonly lets: Map<string, Expr>;
  /** Index lets in terms of axes and of lets that are no sums. */
  readonly sums: Map<string, Affine>;
  readonly buffers: Map<string, KnownBuffer>;
  /** Names that may differ between lanes. */
  readonly varying: Set<string>;
  readonly facts: readonly Fact[];
  /** True under a condition that may differ between lanes. */
  readonly diverged: boolean;
  /** Outermost first. */
  readonly loops: readonly ConcurrentLoop[];
}

export function emptyScope(): Scope {
  return {
    types: new Map(),
    ranges: new Map(),
    lets: new Map(),
    sums: new Map(),
    buffers: new Map(),
    varying: new Set(),
    facts: [],
    diverged: false,
    loops: [],
  };
}

/** A copy to define more in. */
export function inner(scope: Scope, changes: Partial<Scope> = {}): Scope {
  return {
    ...scope,
    types: new Map(scope.types),
    ranges: new Map(scope.ranges),
    lets: new Map(scope.lets),
    sums: new Map(scope.sums),
    buffers: new Map(scope.buffers),
    varying: new Set(scope.varying),
    ...changes,
  };
}

/** Index lets replaced by the sums they stand for. */
export function resolve(at: Affine, scope: Scope): Affine {
  let out = at;
  for (const { of } of at.terms) {
    const sum = scope.sums.get(of);
    if (sum !== undefined) out = substituteAffine(out, of, sum);
  }
  return out;
}

/** Whether lanes may see different values: it reads a lane's axis, or memory. */
export function isVarying(expr: Expr, scope: Scope): boolean {
  return loadsIn(expr).length > 0 || [...freeNames(expr)].some((name) => scope.varying.has(name));
}
