/**
 * Complex arithmetic on pairs of scalars, as jax has it: products and quotients in their textbook form, and numbers in
 * order of their real parts, then of their imaginary ones.
 */
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import { complexOf, map, partsOf, type Traced } from "../traced.js";

/** `im` is null where it is known to be 0: what it would add is then left out. */
export interface Complex {
  readonly re: Scalar;
  readonly im: Scalar | null;
}

const zero = lit(0);

export const real = (value: number): Complex => ({ re: lit(value), im: null });

function sum(fn: "add" | "sub", a: Complex, b: Complex): Complex {
  const im = a.im === null && b.im === null ? null : call(fn, a.im ?? zero, b.im ?? zero);
  return { re: call(fn, a.re, b.re), im };
}

export const add = (a: Complex, b: Complex): Complex => sum("add", a, b);
export const sub = (a: Complex, b: Complex): Complex => sum("sub", a, b);

function scaled(fn: "mul" | "div", a: Complex, by: Scalar): Complex {
  return { re: call(fn, a.re, by), im: a.im && call(fn, a.im, by) };
}

export function mul(a: Complex, b: Complex): Complex {
  if (b.im === null) return scaled("mul", a, b.re);
  if (a.im === null) return scaled("mul", b, a.re);
  const product = (x: Scalar, y: Scalar): Scalar => call("mul", x, y);
  return {
    re: call("sub", product(a.re, b.re), product(a.im, b.im)),
    im: call("add", product(a.re, b.im), product(a.im, b.re)),
  };
}

export function div(a: Complex, b: Complex): Complex {
  if (b.im === null) return scaled("div", a, b.re);
  const square = (x: Scalar): Scalar => call("mul", x, x);
  const conjugate = { re: b.re, im: call("neg", b.im) };
  return scaled("div", mul(a, conjugate), call("add", square(b.re), square(b.im)));
}

export const neg = (a: Complex): Complex => sub(real(-0), a);

/** The absolute value, without overflow on the way. */
export function abs({ re, im }: Complex): Scalar {
  const a = call("abs", re);
  if (im === null) return a;
  const b = call("abs", im);
  const [large, small] = [call("max", a, b), call("min", a, b)];
  const ratio = call("div", small, large);
  const size = call("mul", large, call("sqrt", call("add", lit(1), call("mul", ratio, ratio))));
  const plain = call("or", call("eq", large, zero), call("eq", large, lit(Number.POSITIVE_INFINITY)));
  return call("select", plain, large, size);
}

/** A truth value. */
export function lessOrEqual(a: Complex, b: Complex): Scalar {
  const [x, y] = [a.im ?? zero, b.im ?? zero];
  const tied = call("and", call("eq", a.re, b.re), call("le", x, y));
  return call("or", call("lt", a.re, b.re), tied);
}

export function select(when: Scalar, then: Complex, otherwise: Complex): Complex {
  const im =
    then.im === null && otherwise.im === null
      ? null
      : call("select", when, then.im ?? zero, otherwise.im ?? zero);
  return { re: call("select", when, then.re, otherwise.re), im };
}

export const max = (a: Complex, b: Complex): Complex => select(lessOrEqual(b, a), a, b);
export const min = (a: Complex, b: Complex): Complex => select(lessOrEqual(a, b), a, b);

export type ComplexFn = (a: Complex, b: Complex) => Complex;

/** By lax's names. */
export const complexBinary = { add, sub, mul, div, max, min } as const satisfies Readonly<
  Record<string, ComplexFn>
>;

/** A complex function of a traced value of any dtype, as one node for each part of the result. */
export function mapComplex(compute: (value: Complex) => Complex, x: Traced): Traced {
  const { operands, read } = reader();
  return ofScalars(compute(read(x)), operands);
}

/** The same of two values, traced ones and numbers. */
export function mapComplex2(compute: ComplexFn, a: Traced | number, b: Traced | number): Traced {
  const { operands, read } = reader();
  const [first, second] = [read(a), read(b)];
  return ofScalars(compute(first, second), operands);
}

/** A real function of a complex value. */
export function mapToReal(compute: (value: Complex) => Scalar, x: Traced): Traced {
  const { operands, read } = reader();
  return map(compute(read(x)), ...operands);
}

function ofScalars({ re, im }: Complex, operands: readonly Traced[]): Traced {
  return complexOf({ re: map(re, ...operands), im: im && map(im, ...operands) });
}

/** Numbers values as operands: the parts of each that are not 0. */
function reader() {
  const operands: Traced[] = [];
  const part = (traced: Traced): Scalar => arg(operands.push(traced) - 1);
  const read = (value: Traced | number): Complex => {
    if (typeof value === "number") return real(value);
    const { re, im } = partsOf(value);
    return { re: part(re), im: im && part(im) };
  };
  return { operands, read };
}
