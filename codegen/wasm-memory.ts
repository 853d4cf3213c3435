/**
 * Where the wasm backend keeps things: locals, register buffers, and addresses of memory.
 *
 * A base is a byte pointer plus a sum of terms, each counted from its smallest value: so a base is never below its
 * pointer, and a constant offset that is not negative may go into the immediate of a load or store without wrapping.
 */
import type binaryen from "binaryen";
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Expr, Lanes } from "../ir/kernel.js";
import { termsKey } from "../ir/keys.js";
import { affineRange, type Range } from "../ir/range.js";
import type { Target } from "../ir/target.js";
import type { ElementType } from "../ir/types.js";
import { elementBytes } from "../ir/types.js";
import type { Base, Terms } from "./address.js";
import type { DerivedFn } from "./derived.js";
import { createNames, type Names } from "./text.js";

export type Binaryen = typeof binaryen;
export type Ref = binaryen.ExpressionRef;

/** Numbers and truth values, one or four at a time: f32, v128, i32 of 0 or 1, v128 of masks. */
export type ValueType = "number" | "numbers" | "truth" | "truths";

export interface Local {
  readonly index: number;
  readonly type: binaryen.Type;
}

export interface TypedLocal {
  readonly local: Local;
  readonly type: ValueType;
}

/** What holds for a whole kernel, or for a subroutine. */
export interface WasmKernel {
  readonly api: Binaryen;
  readonly module: binaryen.Module;
  readonly target: Target;
  readonly elements: ReadonlyMap<string, ElementType>;
  readonly pointers: ReadonlyMap<string, Local>;
  /** What the function runs of the parallel loops; null: all of them. */
  readonly part: Part | null;
  readonly locals: Locals;
  readonly labels: Names;
  readonly subroutines: Subroutines;
}

/** The values of a parallel axis that are given as arguments: from `begin` to before `end`. */
export interface Part {
  readonly axis: string;
  readonly begin: Local;
  readonly end: Local;
}

/** Names the module's function for so many lanes at a time; adds it first where there is none. */
export interface Subroutines {
  of(fn: DerivedFn, lanes: Lanes): string;
}

/** How many lanes each local of a register buffer has, and the locals by the element they begin with. */
export interface Registers {
  readonly lanes: Lanes;
  readonly locals: Map<number, Local>;
}

/** What holds at one place of a kernel; each block fills in a copy of its own. */
export interface WasmScope {
  readonly ranges: Map<string, Range>;
  /** Locals of loop axes and integer lets. */
  readonly integers: Map<string, Local>;
  readonly lets: Map<string, TypedLocal>;
  /** Register buffers alive. */
  readonly registers: Map<string, Registers>;
  readonly bases: Map<string, Local>;
  /** Expressions whose value is in a local. */
  readonly bound: Map<Expr, TypedLocal>;
}

export function emptyScope(): WasmScope {
  return {
    ranges: new Map(),
    integers: new Map(),
    lets: new Map(),
    registers: new Map(),
    bases: new Map(),
    bound: new Map(),
  };
}

export function copyScope(scope: WasmScope): WasmScope {
  return {
    ranges: new Map(scope.ranges),
    integers: new Map(scope.integers),
    lets: new Map(scope.lets),
    registers: new Map(scope.registers),
    bases: new Map(scope.bases),
    bound: new Map(),
  };
}

/** Locals of one function; the same key and type is the same local again, in blocks beside each other. */
export interface Locals {
  of(key: string, type: binaryen.Type, wanted?: string): Local;
  /** One that nobody else has until it is given back. */
  take(type: binaryen.Type, wanted: string): Local;
  giveBack(local: Local): void;
  /** Types after the first `count`, which are the parameters. */
  typesAfter(count: number): binaryen.Type[];
  names(): readonly string[];
}

export function createLocals(): Locals {
  const byKey = new Map<string, Local>();
  const all: { readonly type: binaryen.Type; readonly name: string }[] = [];
  const names = createNames(new Set());
  const free = new Map<binaryen.Type, Local[]>();
  const add = (type: binaryen.Type, name: string): Local => {
    const local = { index: all.length, type };
    all.push({ type, name });
    return local;
  };
  return {
    take: (type, wanted) =>
      free.get(type)?.pop() ?? add(type, names.of(`${type} taken ${all.length}`, wanted)),
    giveBack(local) {
      const list = free.get(local.type);
      if (list === undefined) free.set(local.type, [local]);
      else list.push(local);
    },
    of(key, type, wanted = key) {
      const typed = `${type} ${key}`;
      let local = byKey.get(typed);
      if (local === undefined) {
        local = add(type, names.of(typed, wanted));
        byKey.set(typed, local);
      }
      return local;
    },
    typesAfter: (count) => all.slice(count).map(({ type }) => type),
    names: () => all.map(({ name }) => name),
  };
}

export function get({ module }: WasmKernel, local: Local): Ref {
  return module.local.get(local.index, local.type);
}

export function elementOf(kernel: WasmKernel, buffer: string): ElementType {
  const element = kernel.elements.get(buffer);
  if (element === undefined) throw new InternalError(`${buffer} is not defined`);
  return element;
}

/** The local of an element, or of four, of a register buffer. */
export function registerLocal(kernel: WasmKernel, scope: WasmScope, access: Access): Local {
  const { buffer, at, lanes } = access;
  if (at.terms.length > 0) throw new InternalError(`register buffer ${buffer} is indexed by a variable`);
  const registers = scope.registers.get(buffer);
  if (registers?.lanes !== lanes || at.offset % lanes !== 0)
    throw new InternalError(`register buffer ${buffer} is accessed by ${lanes} lanes at ${at.offset}`);
  const known = registers.locals.get(at.offset);
  if (known !== undefined) return known;
  const type = lanes === 4 ? kernel.api.v128 : kernel.api.f32;
  const local = kernel.locals.of(`element ${at.offset} of ${buffer}`, type, `${buffer}_${at.offset / lanes}`);
  registers.locals.set(at.offset, local);
  return local;
}

/** value * by, in the cheapest way. */
export function scaled({ module }: WasmKernel, value: Ref, by: number): Ref {
  if (by === 1) return value;
  if (by > 1 && Number.isInteger(Math.log2(by)))
    return module.i32.shl(value, module.i32.const(Math.log2(by)));
  return module.i32.mul(value, module.i32.const(by));
}

export function plus({ module }: WasmKernel, value: Ref, constant: number): Ref {
  return constant === 0 ? value : module.i32.add(value, module.i32.const(constant));
}

function baseKey(buffer: string, terms: Terms): string {
  return `base ${termsKey(terms)} of ${buffer}`;
}

/** Code for the bases that became computable with `name`, each from the base of its other terms so far. */
export function defineBases(
  kernel: WasmKernel,
  scope: WasmScope,
  bases: readonly Base[],
  name: string,
): Ref[] {
  const code: Ref[] = [];
  for (const { buffer, terms: all } of bases) {
    const own = all.find((term) => term.of === name);
    if (own === undefined || scope.registers.has(buffer)) continue;
    const terms = all.filter((term) => scope.ranges.has(term.of));
    const key = baseKey(buffer, terms);
    if (scope.bases.has(key)) continue;
    const rest = baseLocal(
      kernel,
      scope,
      buffer,
      terms.filter((term) => term !== own),
    );
    const bytes = elementBytes(elementOf(kernel, buffer));
    const { min, max } = scope.ranges.get(name)!;
    if (min === max) {
      scope.bases.set(key, rest);
      continue;
    }
    const local = kernel.locals.of(key, kernel.api.i32, `${buffer}_at`);
    const term = scaled(kernel, get(kernel, scope.integers.get(name)!), own.coef * bytes);
    const sum = kernel.module.i32.add(get(kernel, rest), term);
    const value = plus(kernel, sum, -own.coef * (own.coef > 0 ? min : max) * bytes);
    code.push(kernel.module.local.set(local.index, value));
    scope.bases.set(key, local);
  }
  return code;
}

function baseLocal(kernel: WasmKernel, scope: WasmScope, buffer: string, terms: Terms): Local {
  const local = terms.length === 0 ? kernel.pointers.get(buffer) : scope.bases.get(baseKey(buffer, terms));
  if (local === undefined) throw new InternalError(`no address for ${baseKey(buffer, terms)}`);
  return local;
}

export interface Address {
  readonly pointer: Ref;
  /** The immediate of the load or store. */
  readonly offset: number;
}

export function addressOf(kernel: WasmKernel, scope: WasmScope, { buffer, at }: Access): Address {
  const offset = affineRange(at, scope.ranges).min * elementBytes(elementOf(kernel, buffer));
  const base = get(kernel, baseLocal(kernel, scope, buffer, at.terms));
  return offset >= 0 ? { pointer: base, offset } : { pointer: plus(kernel, base, offset), offset: 0 };
}
