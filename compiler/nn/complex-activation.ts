/** Activations of complex numbers: those of jax's that need no more than arithmetic and comparisons. */
import { call, lit } from "../../ir/scalar.js";
import type { Complex } from "../lax/complex.js";
import { abs, add, div, lessOrEqual, max, min, mul, real, select } from "../lax/complex.js";

export type ComplexBody = (x: Complex, options: Readonly<Record<string, number | boolean>>) => Complex;

const relu = (x: Complex): Complex => max(x, real(0));
const relu6 = (x: Complex): Complex => min(relu(x), real(6));
const hardSigmoid = (x: Complex): Complex => div(relu6(add(x, real(3))), real(6));
const hardSilu = (x: Complex): Complex => mul(x, hardSigmoid(x));

function sparsePlus(x: Complex): Complex {
  const up = add(x, real(1));
  const curve = div(mul(up, up), real(4));
  const upper = select(lessOrEqual(real(1), x), x, curve);
  return select(lessOrEqual(x, real(-1)), real(0), upper);
}

export const complexActivations: Readonly<Record<string, ComplexBody>> = {
  relu,
  relu6,
  hardSigmoid,
  hardSilu,
  hardSwish: hardSilu,
  leakyRelu: (x, { negativeSlope }) =>
    select(lessOrEqual(real(0), x), x, mul(x, real(negativeSlope as number))),
  hardTanh: (x) => max(min(x, real(1)), real(-1)),
  softSign: (x) => div(x, { re: call("add", abs(x), lit(1)), im: null }),
  sparsePlus,
};
