/** lax's elementwise functions: one table of unary bodies, one of binary functions. */
import type { Scalar, ScalarFn } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import { sameShape } from "../../ir/types.js";
import type { InexactDType } from "../element-type.js";
import { isFloat, isInexact } from "../element-type.js";
import { show } from "../option.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import { checkTraced, isTraced, map, mapAs, refuseComplex, type Traced } from "../traced.js";
import {
  abs as absolute,
  complexBinary,
  mapComplex,
  mapComplex2,
  mapToReal,
  neg as negated,
} from "./complex.js";
import { literal, narrow } from "./narrow.js";

/** 1 / (1 + e^-x) without overflow: the exponential of -|x| is at most 1. */
export function logisticOf(x: Scalar): Scalar {
  const small = call("exp", call("neg", call("abs", x)));
  return call("div", call("select", call("lt", x, lit(0)), small, lit(1)), call("add", lit(1), small));
}

const fn =
  (name: ScalarFn) =>
  (x: Scalar): Scalar =>
    call(name, x);

/** Functions lax takes only of floating values; `keepsIntegers` ones would stay integer, which is not supported yet. */
const unary = {
  neg: { body: fn("neg"), keepsIntegers: true },
  abs: { body: fn("abs"), keepsIntegers: true },
  floor: { body: fn("floor"), keepsIntegers: false },
  sqrt: { body: fn("sqrt"), keepsIntegers: false },
  rsqrt: { body: fn("rsqrt"), keepsIntegers: false },
  exp: { body: fn("exp"), keepsIntegers: false },
  expm1: { body: fn("expm1"), keepsIntegers: false },
  log: { body: fn("log"), keepsIntegers: false },
  log1p: { body: fn("log1p"), keepsIntegers: false },
  tanh: { body: fn("tanh"), keepsIntegers: false },
  erf: { body: fn("erf"), keepsIntegers: false },
  erfc: { body: fn("erfc"), keepsIntegers: false },
  logistic: { body: logisticOf, keepsIntegers: false },
} as const;

/** What jax, too, takes real numbers for only. */
const realOnly: ReadonlySet<string> = new Set(["floor", "erf", "erfc"]);

export type UnaryName = keyof typeof unary;
export type Unary = (x: Traced) => Traced;

function unaryFunction(name: UnaryName): Unary {
  const { body, keepsIntegers } = unary[name];
  return (x) => {
    const what = `lax.${name}`;
    checkTraced(x, what);
    if (x.dtype === "complex64") {
      if (name === "neg") return mapComplex(negated, x);
      if (name === "abs") return mapToReal(absolute, x);
      if (!realOnly.has(name)) refuseComplex(what, x);
    }
    if (!isFloat(x.dtype))
      return refuse(
        keepsIntegers ? "integer-unsupported" : "dtype-not-floating",
        `${what}: ${x} is not floating; convert with lax.convertElementType(x, "float32")`,
        here(),
      );
    if (x.dtype === "float32") return map(body(arg(0)), x);
    const step = narrow[x.dtype];
    const stepwise = name === "logistic" || name === "expm1" ? step[name] : body;
    return mapAs(x.dtype, stepwise(arg(0)), x);
  };
}

const binary = ["add", "sub", "mul", "div", "max", "min"] as const;
export type BinaryName = (typeof binary)[number];
export type Binary = (lhs: Traced | number, rhs: Traced | number) => Traced;

function binaryFunction(name: BinaryName): Binary {
  return (lhs, rhs) => {
    const what = `lax.${name}`;
    const traced = [lhs, rhs].filter((side): side is Traced => {
      if (typeof side === "number") return false;
      checkTraced(side, what);
      return true;
    });
    if (traced.length === 0)
      refuse("not-traced", `${what}: at least one operand must be a traced value`, here());
    const dtype = checkOperands(what, traced);
    if (dtype === "complex64") return mapComplex2(complexBinary[name], lhs, rhs);
    let next = 0;
    const side = (value: Traced | number): Scalar => (isTraced(value) ? arg(next++) : literal(dtype, value));
    const [a, b] = [side(lhs), side(rhs)];
    // jax on CPU divides a float16 tensor by a scalar as it does by a constant.
    const byScalar = name === "div" && (typeof rhs === "number" || rhs.shape.length === 0);
    const reciprocal = dtype === "float16" && byScalar && isTraced(lhs) && lhs.shape.length > 0;
    return mapAs(dtype, reciprocal ? narrow[dtype].divBy(a, b) : call(name, a, b), ...traced);
  };
}

/**
 * lax joins equal shapes, a scalar with anything, and an extent of 1 with any where the ranks are equal. Returns the
 * dtype that the operands share; a number takes it too.
 */
function checkOperands(what: string, [first, second]: readonly Traced[]): InexactDType {
  for (const side of [first, second])
    if (side !== undefined && second !== undefined && first!.dtype !== second.dtype)
      refuse("dtype-mismatch", `${what}: operands are ${first} and ${second}; convert one of them`, here());
  const { dtype } = first!;
  if (!isInexact(dtype))
    return refuse(
      "integer-unsupported",
      `${what}: ${first} stays integer, which is not supported; convert to float32`,
      here(),
    );
  if (second === undefined || sameShape(first!.shape, second.shape)) return dtype;
  const [a, b] = [first!.shape, second.shape];
  if (a.length === 0 || b.length === 0) return dtype;
  if (a.length !== b.length || a.some((extent, axis) => extent !== b[axis] && extent !== 1 && b[axis] !== 1))
    refuse(
      "shape-mismatch",
      `${what}: shapes ${first} and ${second} do not fit; they must be equal, or one a scalar (got ${show([a, b])})`,
      here(),
    );
  return dtype;
}

function table<N extends string, F>(names: readonly N[], make: (name: N) => F): Readonly<Record<N, F>> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, F>;
}

/** By name, as model specs use them. */
export const unaryFunctions = table(Object.keys(unary) as UnaryName[], unaryFunction);
export const binaryFunctions = table(binary, binaryFunction);

export const { neg, abs, floor, sqrt, rsqrt, exp, expm1, log, log1p, tanh, erf, erfc, logistic } =
  unaryFunctions;
export const { add, sub, mul, div, max, min } = binaryFunctions;
