/**
 * The meaning of kernel expressions: each becomes a closure, one per lane of a vector.
 *
 * Every access is checked against its buffer when it happens, so running a kernel is also the test of its addresses.
 */
import { InternalError } from "./diagnostic.js";
import type { Compute, Epoch, Rounding } from "./evaluate.js";
import { computeCall, remember, sharedNodes } from "./evaluate.js";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "./float16.js";
import type { Access, Affine, Expr, IntegerFn, Lanes } from "./kernel.js";
import type { ElementArray, ElementType } from "./types.js";
import { reflectIndex, wrapIndex } from "./window.js";

/** A place for the value of an axis or a let; a vector has one per lane. */
export interface Slot {
  readonly values: Float64Array;
}

/** A buffer as bound: register buffers of a wide target are Float64Arrays. */
export interface Bound {
  readonly name: string;
  readonly element: ElementType;
  readonly size: number;
  readonly data: ElementArray | Float64Array;
  readonly readOnly: boolean;
}

/** What the names of a block mean. Extended, never changed. */
export interface Scope {
  readonly kernel: string;
  readonly rounding: Rounding;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly buffers: ReadonlyMap<string, Bound>;
}

export function withSlot(scope: Scope, name: string, slot: Slot): Scope {
  return { ...scope, slots: new Map(scope.slots).set(name, slot) };
}

export function withBuffer(scope: Scope, bound: Bound): Scope {
  return { ...scope, buffers: new Map(scope.buffers).set(bound.name, bound) };
}

function slotOf(scope: Scope, name: string): Slot {
  const slot = scope.slots.get(name);
  if (slot === undefined) throw new InternalError(`${scope.kernel}: ${name} is not defined`);
  return slot;
}

function bufferOf(scope: Scope, name: string): Bound {
  const bound = scope.buffers.get(name);
  if (bound === undefined) throw new InternalError(`${scope.kernel}: no buffer ${name}`);
  return bound;
}

export function computeAffine(scope: Scope, { offset, terms }: Affine): Compute {
  const parts = terms.map(({ of, coef }) => ({ values: slotOf(scope, of).values, coef }));
  const [first, second] = parts;
  if (first === undefined) return () => offset;
  if (second === undefined) return () => offset + first.values[0]! * first.coef;
  if (parts.length === 2)
    return () => offset + first.values[0]! * first.coef + second.values[0]! * second.coef;
  return () => {
    let sum = offset;
    for (const { values, coef } of parts) sum += values[0]! * coef;
    return sum;
  };
}

function integerFn(fn: IntegerFn, by: number): (of: number) => number {
  switch (fn) {
    case "div":
      return (of) => Math.floor(of / by);
    case "mod":
    case "wrap":
      return (of) => wrapIndex(of, by);
    case "clamp":
      return (of) => Math.max(0, Math.min(of, by - 1));
    case "reflect":
      return (of) => reflectIndex(of, by);
    default:
      throw new InternalError(`unknown integer function ${fn satisfies never as string}`);
  }
}

/** The gate's condition; null where there is none. */
export function computeGate(scope: Scope, access: Access): Compute | null {
  return access.gate === null ? null : computeExpr(scope, access.gate.when);
}

/** The checked index of each lane of an access. */
function checkedIndex(scope: Scope, bound: Bound, at: Compute, lane: number): Compute {
  return () => {
    const index = at() + lane;
    if (index >= 0 && index < bound.size) return index;
    throw new InternalError(`${scope.kernel}: ${bound.name}[${index}] is outside its ${bound.size} elements`);
  };
}

function reader({ data, element }: Bound, index: Compute): Compute {
  switch (element) {
    case "f16":
      return () => f16ToF32(data[index()]!);
    case "bf16":
      return () => bf16ToF32(data[index()]!);
    case "i32":
    case "u32":
      return () => Math.fround(data[index()]!);
    default:
      return () => data[index()]!;
  }
}

function computeLoad(scope: Scope, from: Access, lane: number): Compute {
  const bound = bufferOf(scope, from.buffer);
  const load = reader(bound, checkedIndex(scope, bound, computeAffine(scope, from.at), lane));
  const gate = computeGate(scope, from);
  if (gate === null) return load;
  const { otherwise } = from.gate!;
  return () => (gate() !== 0 ? load() : otherwise);
}

/** One place of a buffer that may be written: reading it back is for `reduce`. */
export interface Place {
  readonly read: Compute;
  readonly write: (value: number) => void;
}

export function placesOf(scope: Scope, to: Access): Place[] {
  const bound = bufferOf(scope, to.buffer);
  if (bound.readOnly)
    throw new InternalError(`${scope.kernel}: ${bound.name} is written but may only be read`);
  const { data } = bound;
  const at = computeAffine(scope, to.at);
  const encode =
    bound.element === "f16"
      ? f32ToF16
      : bound.element === "bf16"
        ? f32ToBf16
        : (value: number): number => value;
  return Array.from({ length: to.lanes }, (_, lane) => {
    const index = checkedIndex(scope, bound, at, lane);
    return {
      read: reader(bound, index),
      write: (value) => {
        data[index()] = encode(value);
      },
    };
  });
}

/** How many lanes a value has: as many as any part of it that is not under a `lane`. */
export function lanesOf(scope: Scope, root: Expr): Lanes {
  const seen = new Set<Expr>();
  const isVector = (expr: Expr): boolean => {
    if (seen.has(expr)) return false;
    seen.add(expr);
    if (expr.kind === "var") return slotOf(scope, expr.name).values.length === 4;
    if (expr.kind === "load") return expr.from.lanes === 4;
    if (expr.kind === "call") return expr.args.some(isVector);
    return expr.kind === "splat" || expr.kind === "vector";
  };
  return isVector(root) ? 4 : 1;
}

function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "call":
      return expr.args;
    case "vector":
      return expr.items;
    case "splat":
      return [expr.value];
    case "lane":
      return [expr.of];
    default:
      return [];
  }
}

/** The value of one lane of an expression; of the expression, where it is a scalar. */
export function computeExpr(scope: Scope, root: Expr, lane = 0): Compute {
  const shared = sharedNodes(root, children);
  const epoch: Epoch = { now: 0 };
  const done = new Map<Expr, Compute[]>();
  const visit = (expr: Expr, k: number): Compute => {
    const lanes = done.get(expr) ?? [];
    done.set(expr, lanes);
    if (lanes[k] !== undefined) return lanes[k];
    const plain = node(expr, k);
    const compute = shared.has(expr) ? remember(plain, epoch) : plain;
    lanes[k] = compute;
    return compute;
  };
  const node = (expr: Expr, k: number): Compute => {
    switch (expr.kind) {
      case "lit": {
        const { value } = expr;
        return () => value;
      }
      case "var": {
        const { values } = slotOf(scope, expr.name);
        const index = Math.min(k, values.length - 1);
        return () => values[index]!;
      }
      case "index":
        return computeAffine(scope, expr.at);
      case "integer":
      case "test": {
        const of = computeAffine(scope, expr.of);
        const { by } = expr;
        if (expr.kind === "test")
          return expr.fn === "inside"
            ? () => (of() >= 0 && of() < by ? 1 : 0)
            : () => (of() % by === 0 ? 1 : 0);
        const apply = integerFn(expr.fn, by);
        return () => apply(of());
      }
      case "load":
        return computeLoad(scope, expr.from, k);
      case "splat":
        return visit(expr.value, 0);
      case "vector":
        return visit(expr.items[k]!, 0);
      case "lane":
        return visit(expr.of, expr.index);
      case "call":
        return computeCall(
          expr.fn,
          expr.args.map((arg) => visit(arg, k)),
          scope.rounding,
        );
      default:
        throw new InternalError(`unknown expression ${(expr satisfies never as Expr).kind}`);
    }
  };
  const compute = visit(root, lane);
  return () => {
    epoch.now++;
    return compute();
  };
}
