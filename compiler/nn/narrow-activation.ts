/**
 * Activations on 16-bit floats, where each step of jax's own formula rounds: unlike those of float32 (activation.ts)
 * they are not rearranged, as the steps decide the last bit. Functions that are not here round once or not at all.
 */
import type { Scalar } from "../../ir/scalar.js";
import { call, lit } from "../../ir/scalar.js";
import type { Narrow } from "../lax/narrow.js";

type Options = Readonly<Record<string, number | boolean>>;
export type NarrowBody = (x: Scalar, step: Narrow, options: Options) => Scalar;

const zero = lit(0);
const one = lit(1);
const relu = (x: Scalar): Scalar => call("max", x, zero);
const below = (x: Scalar): Scalar => call("min", x, zero);

const hardSigmoid: NarrowBody = (x, { add, divBy }) =>
  divBy(call("min", relu(add(x, lit(3))), lit(6)), lit(6));
const silu: NarrowBody = (x, { mul, logistic }) => mul(x, logistic(x));
const hardSilu: NarrowBody = (x, step, options) => step.mul(x, hardSigmoid(x, step, options));
const softplus: NarrowBody = (x, { add, log1p, exp }) =>
  add(relu(x), log1p(exp(call("neg", call("abs", x)))));

function elu(x: Scalar, { mul, expm1, lit: constant }: Narrow, alpha: number): Scalar {
  return call("select", call("lt", zero, x), x, mul(constant(alpha), expm1(below(x))));
}

const gelu: NarrowBody = (x, { add, mul, tanh, erfc, lit: constant }, { approximate }) => {
  if (approximate !== true) return mul(mul(lit(0.5), x), erfc(mul(call("neg", x), constant(Math.SQRT1_2))));
  const cube = mul(mul(x, x), x);
  const inner = mul(constant(Math.sqrt(2 / Math.PI)), add(x, mul(constant(0.044715), cube)));
  return mul(x, mul(lit(0.5), add(one, tanh(inner))));
};

const sparsePlus: NarrowBody = (x, { add, mul, divBy }) => {
  const up = add(x, one);
  const curve = divBy(mul(up, up), lit(4));
  return call("select", call("le", x, lit(-1)), zero, call("select", call("le", one, x), x, curve));
};

export const narrowActivations: Readonly<Record<string, NarrowBody>> = {
  sigmoid: (x, { logistic }) => logistic(x),
  silu,
  swish: silu,
  gelu,
  leakyRelu: (x, { mul, lit: constant }, { negativeSlope }) =>
    call("select", call("le", zero, x), x, mul(constant(negativeSlope as number), x)),
  elu: (x, step, { alpha }) => elu(x, step, alpha as number),
  celu: (x, { add, mul, divBy, expm1, lit: constant }, { alpha }) =>
    add(relu(x), mul(constant(alpha as number), expm1(divBy(below(x), constant(alpha as number))))),
  selu: (x, step) => step.mul(step.lit(1.0507009873554805), elu(x, step, 1.6732632423543772)),
  softplus,
  logSigmoid: (x, step, options) => call("neg", softplus(call("neg", x), step, options)),
  hardSigmoid,
  hardSilu,
  hardSwish: hardSilu,
  softSign: (x, { add, div }) => div(x, add(call("abs", x), one)),
  mish: (x, step, options) => step.mul(x, step.tanh(softplus(x, step, options))),
  squareplus: (x, { add, mul, sqrt, divBy, lit: constant }, { b }) =>
    divBy(add(x, sqrt(add(mul(x, x), constant(b as number)))), lit(2)),
  sparsePlus,
};
