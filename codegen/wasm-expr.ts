/** Expressions as wasm code. Arithmetic has as many lanes as the widest operand; the others are spread over them. */
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Affine, Expr, KernelFn, Lanes } from "../ir/kernel.js";
import { loadElement } from "./wasm-element.js";
import { nearest } from "./wasm-float16.js";
import {
  addressOf,
  elementOf,
  get,
  plus,
  type Ref,
  registerLocal,
  scaled,
  type ValueType,
  type WasmKernel,
  type WasmScope,
} from "./wasm-memory.js";

export interface Value {
  readonly ref: Ref;
  readonly type: ValueType;
}

export function isVector(type: ValueType): boolean {
  return type === "numbers" || type === "truths";
}

export function valueCode(kernel: WasmKernel, scope: WasmScope, expr: Expr): Value {
  const { module } = kernel;
  const bound = scope.bound.get(expr);
  if (bound !== undefined) return { ref: get(kernel, bound.local), type: bound.type };
  switch (expr.kind) {
    case "lit":
      return { ref: module.f32.const(expr.value), type: "number" };
    case "var": {
      const known = scope.lets.get(expr.name);
      if (known === undefined) throw new InternalError(`${expr.name} is not defined`);
      return { ref: get(kernel, known.local), type: known.type };
    }
    case "test":
      return { ref: testOf(kernel, scope, expr), type: "truth" };
    case "load":
      return {
        ref: gatedLoad(kernel, scope, expr.from),
        type: expr.from.lanes === 4 ? "numbers" : "number",
      };
    case "splat":
      return splatOf(kernel, scope, expr.value);
    case "vector":
      return vectorOf(kernel, scope, expr.items);
    case "lane":
      return laneOf(kernel, scope, expr.of, expr.index);
    case "call":
      return callOf(
        kernel,
        expr.fn,
        expr.args.map((arg) => valueCode(kernel, scope, arg)),
      );
    case "index":
    case "integer":
      throw new InternalError("an integer is only the value of a let");
    default:
      throw new InternalError(`unknown expression ${(expr satisfies never as Expr).kind}`);
  }
}

/** A truth value of one lane, for `if` and gates. */
export function conditionOf(kernel: WasmKernel, scope: WasmScope, expr: Expr): Ref {
  const { ref, type } = valueCode(kernel, scope, expr);
  if (type !== "truth") throw new InternalError(`a condition is ${type}`);
  return ref;
}

/** The value in so many lanes. */
export function inLanes({ module }: WasmKernel, { ref, type }: Value, lanes: Lanes): Ref {
  if (isVector(type) === (lanes === 4)) return ref;
  if (lanes === 1) throw new InternalError("a vector where one value is needed");
  if (type === "number") return module.f32x4.splat(ref);
  return module.i32x4.splat(module.i32.sub(module.i32.const(0), ref));
}

function gatedLoad(kernel: WasmKernel, scope: WasmScope, access: Access): Ref {
  if (scope.registers.has(access.buffer)) return get(kernel, registerLocal(kernel, scope, access));
  const element = elementOf(kernel, access.buffer);
  const loaded = loadElement(kernel, element, access.lanes, addressOf(kernel, scope, access));
  return gated(kernel, scope, access, loaded, access.lanes);
}

function gated(kernel: WasmKernel, scope: WasmScope, access: Access, loaded: Ref, lanes: Lanes): Ref {
  if (access.gate === null) return loaded;
  const otherwise = constantOf(kernel, access.gate.otherwise, lanes);
  return kernel.module.if(conditionOf(kernel, scope, access.gate.when), loaded, otherwise);
}

export function constantOf({ module }: WasmKernel, value: number, lanes: Lanes): Ref {
  return lanes === 1 ? module.f32.const(value) : module.f32x4.splat(module.f32.const(value));
}

/** A splat of one f32 in memory is one instruction. */
function splatOf(kernel: WasmKernel, scope: WasmScope, expr: Expr): Value {
  if (
    expr.kind === "load" &&
    !scope.bound.has(expr) &&
    expr.from.lanes === 1 &&
    !scope.registers.has(expr.from.buffer)
  ) {
    const access = expr.from;
    if (elementOf(kernel, access.buffer) === "f32") {
      const { offset, pointer } = addressOf(kernel, scope, access);
      const loaded = kernel.module.v128.load32_splat(offset, 4, pointer);
      return { ref: gated(kernel, scope, access, loaded, 4), type: "numbers" };
    }
  }
  const value = valueCode(kernel, scope, expr);
  if (isVector(value.type)) throw new InternalError("splat of a vector");
  return { ref: inLanes(kernel, value, 4), type: value.type === "truth" ? "truths" : "numbers" };
}

function vectorOf(kernel: WasmKernel, scope: WasmScope, items: readonly Expr[]): Value {
  const { module } = kernel;
  if (items.length !== 4) throw new InternalError(`a vector of ${items.length}`);
  const [first, ...rest] = items as [Expr, ...Expr[]];
  let { ref, type } = splatOf(kernel, scope, first);
  rest.forEach((item, index) => {
    const value = valueCode(kernel, scope, item);
    if (isVector(value.type) || (value.type === "truth") !== (type === "truths"))
      throw new InternalError(`lane ${index + 1} of a vector is ${value.type}`);
    if (value.type === "number") ref = module.f32x4.replace_lane(ref, index + 1, value.ref);
    else ref = module.i32x4.replace_lane(ref, index + 1, module.i32.sub(module.i32.const(0), value.ref));
  });
  return { ref, type };
}

function laneOf(kernel: WasmKernel, scope: WasmScope, expr: Expr, index: number): Value {
  const { module } = kernel;
  const { ref, type } = valueCode(kernel, scope, expr);
  if (type === "numbers") return { ref: module.f32x4.extract_lane(ref, index), type: "number" };
  if (type !== "truths") throw new InternalError(`lane of ${type}`);
  const mask = module.i32x4.extract_lane(ref, index);
  return { ref: module.i32.and(mask, module.i32.const(1)), type: "truth" };
}

/** offset + sum of terms, in elements. */
export function affineOf(kernel: WasmKernel, scope: WasmScope, at: Affine): Ref {
  const { module } = kernel;
  let sum: Ref | null = null;
  for (const { of, coef } of at.terms) {
    const local = scope.integers.get(of);
    if (local === undefined) throw new InternalError(`${of} is not defined`);
    const term = scaled(kernel, get(kernel, local), coef);
    sum = sum === null ? term : module.i32.add(sum, term);
  }
  return sum === null ? module.i32.const(at.offset) : plus(kernel, sum, at.offset);
}

function testOf(kernel: WasmKernel, scope: WasmScope, expr: Extract<Expr, { kind: "test" }>): Ref {
  const { module } = kernel;
  const of = affineOf(kernel, scope, expr.of);
  const by = module.i32.const(expr.by);
  return expr.fn === "inside" ? module.i32.lt_u(of, by) : module.i32.eqz(module.i32.rem_s(of, by));
}

/** Applies a function to values already brought to the same number of lanes. */
export function callOf(kernel: WasmKernel, fn: KernelFn, args: readonly Value[]): Value {
  const { module } = kernel;
  const lanes = args.some(({ type }) => isVector(type)) ? 4 : 1;
  if (fn === "select") return selectOf(kernel, args, lanes);
  const [a, b, c] = args.map((arg) => inLanes(kernel, arg, lanes)) as [Ref, Ref, Ref];
  const float = lanes === 4 ? module.f32x4 : module.f32;
  const number = (ref: Ref): Value => ({ ref, type: lanes === 4 ? "numbers" : "number" });
  const truth = (ref: Ref): Value => ({ ref, type: lanes === 4 ? "truths" : "truth" });
  switch (fn) {
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "max":
    case "min":
      return number(float[fn](a, b));
    case "neg":
    case "abs":
    case "floor":
    case "sqrt":
      return number(float[fn](a));
    case "pow2":
    case "mantissa":
    case "exponent":
      return number(lanes === 4 ? vectorBits[fn](module, a) : scalarBits[fn](module, a));
    case "f16":
    case "bf16":
      return number(nearest(kernel, fn, lanes, a));
    case "lt":
    case "le":
    case "eq":
      return truth(float[fn](a, b));
    case "and":
    case "or":
      return truth(lanes === 4 ? module.v128[fn](a, b) : module.i32[fn](a, b));
    case "not":
      return truth(lanes === 4 ? module.v128.not(a) : module.i32.eqz(a));
    case "fma":
      return number(fmaOf(kernel, lanes, a, b, c));
    case "rsqrt":
    case "exp":
    case "expm1":
    case "log":
    case "log1p":
    case "tanh":
    case "erf":
    case "erfc": {
      const type = lanes === 4 ? kernel.api.v128 : kernel.api.f32;
      return number(module.call(kernel.subroutines.of(fn, lanes), [a], type));
    }
    default:
      throw new InternalError(`unknown function ${fn satisfies never as string}`);
  }
}

function selectOf(kernel: WasmKernel, args: readonly Value[], lanes: Lanes): Value {
  const [when, then, otherwise] = args as [Value, Value, Value];
  const [a, b] = [inLanes(kernel, then, lanes), inLanes(kernel, otherwise, lanes)];
  const ref =
    when.type === "truth"
      ? kernel.module.select(when.ref, a, b)
      : kernel.module.v128.bitselect(a, b, when.ref);
  return { ref, type: lanes === 4 ? "numbers" : "number" };
}

/** The builder lacks relaxed multiply-add; binaryen's C entry point is there at run time. */
interface Ternary {
  _BinaryenSIMDTernary(module: number, operation: number, a: Ref, b: Ref, c: Ref): Ref;
}

function fmaOf({ api, module, target }: WasmKernel, lanes: Lanes, a: Ref, b: Ref, c: Ref): Ref {
  if (!target.fns.has("fma")) throw new InternalError(`fma reached ${target.name}`);
  if (lanes === 1) return module.f32.add(module.f32.mul(a, b), c);
  const raw = api as unknown as Ternary;
  return raw._BinaryenSIMDTernary(module.ptr, api.RelaxedMaddVecF32x4, a, b, c);
}

type Bits = Readonly<Record<"pow2" | "mantissa" | "exponent", (m: WasmKernel["module"], a: Ref) => Ref>>;

/** On the bits of a float: its exponent field is bits 23 … 30, biased by 127. */
const scalarBits: Bits = {
  pow2: (m, a) => {
    const field = m.i32.add(m.i32.trunc_s_sat.f32(a), m.i32.const(127));
    return m.f32.reinterpret(m.i32.shl(field, m.i32.const(23)));
  },
  mantissa: (m, a) => {
    const fraction = m.i32.and(m.i32.reinterpret(a), m.i32.const(0x7fffff));
    return m.f32.reinterpret(m.i32.or(fraction, m.i32.const(0x3f000000)));
  },
  exponent: (m, a) => {
    const field = m.i32.and(m.i32.shr_s(m.i32.reinterpret(a), m.i32.const(23)), m.i32.const(255));
    return m.f32.convert_s.i32(m.i32.sub(field, m.i32.const(126)));
  },
};

const vectorBits: Bits = {
  pow2: (m, a) => {
    const field = m.i32x4.add(m.i32x4.trunc_sat_f32x4_s(a), m.i32x4.splat(m.i32.const(127)));
    return m.i32x4.shl(field, m.i32.const(23));
  },
  mantissa: (m, a) => {
    const fraction = m.v128.and(a, m.i32x4.splat(m.i32.const(0x7fffff)));
    return m.v128.or(fraction, m.i32x4.splat(m.i32.const(0x3f000000)));
  },
  exponent: (m, a) => {
    const field = m.v128.and(m.i32x4.shr_s(a, m.i32.const(23)), m.i32x4.splat(m.i32.const(255)));
    return m.f32x4.convert_i32x4_s(m.i32x4.sub(field, m.i32x4.splat(m.i32.const(126))));
  },
};
