/**
 * flax's activation functions: one table of scalar bodies (spec section 5).
 *
 * The bodies are written so that no finite input overflows on the way to a finite result, and small results keep their
 * leading digits: what jax computes as 1 + tanh(u) or 1 - x is rearranged where it would cancel. 16-bit floats go through
 * the steps of narrow-activation.ts instead.
 */
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import { isFloat } from "../element-type.js";
import { mapComplex } from "../lax/complex.js";
import { logisticOf } from "../lax/elementwise.js";
import { narrow } from "../lax/narrow.js";
import { checkOptions, show } from "../option.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import { checkTraced, map, mapAs, refuseComplex, type Traced } from "../traced.js";
import { complexActivations } from "./complex-activation.js";
import { narrowActivations } from "./narrow-activation.js";

type Value = number | boolean;
type Values = Readonly<Record<string, Value>>;

interface Row<O extends Values> {
  /** Names and defaults; the first may be given without its name. */
  readonly options: O;
  /** What flax does with integers: gives floats, stays integer, or refuses. */
  readonly integers: "float" | "integer" | "refuse";
  readonly body: (x: Scalar, options: O) => Scalar;
}

const add = (a: Scalar, b: Scalar): Scalar => call("add", a, b);
const sub = (a: Scalar, b: Scalar): Scalar => call("sub", a, b);
const mul = (a: Scalar, b: Scalar): Scalar => call("mul", a, b);
const div = (a: Scalar, b: Scalar): Scalar => call("div", a, b);
const clip = (x: Scalar, low: number, high: number): Scalar =>
  call("min", call("max", x, lit(low)), lit(high));
const select = (when: Scalar, then: Scalar, otherwise: Scalar): Scalar =>
  call("select", when, then, otherwise);
const less = (a: Scalar, b: Scalar): Scalar => call("lt", a, b);
const zero = lit(0);
const one = lit(1);

/** e^-|x|: at most 1, so nothing made from it overflows. */
const decay = (x: Scalar): Scalar => call("exp", call("neg", call("abs", x)));
const relu = (x: Scalar): Scalar => call("max", x, zero);
const hardSigmoid = (x: Scalar): Scalar => div(clip(add(x, lit(3)), 0, 6), lit(6));
const elu = (x: Scalar, alpha: number): Scalar =>
  select(less(zero, x), x, mul(lit(alpha), call("expm1", call("min", x, zero))));

function gelu(x: Scalar, approximate: boolean): Scalar {
  if (!approximate) return mul(mul(lit(0.5), x), call("erfc", mul(x, lit(-Math.SQRT1_2))));
  // 0.5 * (1 + tanh(u)) is the logistic function of 2u, which keeps its digits for large negative u.
  const twice = 2 * Math.sqrt(2 / Math.PI);
  return mul(x, logisticOf(mul(x, add(lit(twice), mul(lit(twice * 0.044715), mul(x, x))))));
}

/** x * tanh(softplus(x)); with n = e^x, tanh(log(1 + n)) is n(n + 2) / (n(n + 2) + 2). */
function mish(x: Scalar): Scalar {
  const n = decay(x);
  const negative = mul(n, add(n, lit(2)));
  const positive = add(one, mul(lit(2), n));
  return mul(
    x,
    select(
      less(x, zero),
      div(negative, add(negative, lit(2))),
      div(positive, add(positive, mul(lit(2), mul(n, n)))),
    ),
  );
}

/**
 * (x + sqrt(x² + b)) / 2; for negative x by its conjugate, which does not cancel. Above 1e18, x² + b is x².
 * x - x is 0, but NaN for -Infinity, as jax's sum is.
 */
function squareplus(x: Scalar, b: number): Scalar {
  const size = call("abs", x);
  const root = select(less(size, lit(1e18)), call("sqrt", add(mul(x, x), lit(b))), size);
  // x * 0 makes the result NaN for -Infinity, as in jax.
  const conjugate = div(add(lit(b / 2), mul(x, zero)), add(size, root));
  return select(less(x, zero), conjugate, add(mul(lit(0.5), size), mul(lit(0.5), root)));
}

function sparsePlus(x: Scalar): Scalar {
  const up = add(x, one);
  const curve = mul(lit(0.25), mul(up, up));
  return select(call("le", x, lit(-1)), zero, select(call("le", one, x), x, curve));
}

function row<O extends Values>(
  body: Row<O>["body"],
  options: O,
  integers: Row<O>["integers"] = "float",
): Row<O> {
  return { body, options, integers };
}

const plain = (body: (x: Scalar) => Scalar, integers?: Row<Record<never, Value>>["integers"]) =>
  row<Record<never, Value>>(body, {}, integers);

const silu = plain((x) => mul(x, logisticOf(x)), "refuse");
const hardSilu = plain((x) => mul(x, hardSigmoid(x)));

const table = {
  relu: plain(relu, "integer"),
  relu6: plain((x) => clip(x, 0, 6)),
  sigmoid: plain(logisticOf, "refuse"),
  tanh: plain((x) => call("tanh", x)),
  silu,
  swish: silu,
  gelu: row((x, { approximate }) => gelu(x, approximate), { approximate: true as boolean }),
  leakyRelu: row((x, o) => select(call("le", zero, x), x, mul(lit(o.negativeSlope), x)), {
    negativeSlope: 0.01 as number,
  }),
  elu: row((x, { alpha }) => elu(x, alpha), { alpha: 1 as number }),
  celu: row(
    (x, { alpha }) => add(relu(x), mul(lit(alpha), call("expm1", div(call("min", x, zero), lit(alpha))))),
    { alpha: 1 as number },
  ),
  selu: plain((x) => mul(lit(1.0507009873554805), elu(x, 1.6732632423543772))),
  softplus: plain((x) => add(relu(x), call("log1p", decay(x)))),
  logSigmoid: plain((x) => sub(call("min", x, zero), call("log1p", decay(x)))),
  hardSigmoid: plain(hardSigmoid),
  hardSilu,
  hardSwish: hardSilu,
  hardTanh: plain((x) => clip(x, -1, 1), "integer"),
  softSign: plain((x) => div(x, add(call("abs", x), one))),
  mish: plain(mish),
  squareplus: row((x, { b }) => squareplus(x, b), { b: 4 as number }),
  sparsePlus: plain(sparsePlus),
} as const;

type Table = typeof table;
export type ActivationName = keyof Table;
type OptionsOf<N extends ActivationName> = Table[N]["options"];

/** `nn.relu(x)`, or with options `nn.gelu(x, { approximate: false })`, `nn.leakyRelu(x, 0.2)`. */
export type Activation<N extends ActivationName = "relu"> = keyof OptionsOf<N> extends never
  ? (x: Traced) => Traced
  : (x: Traced, options?: OptionsOf<N>[keyof OptionsOf<N>] | Partial<OptionsOf<N>>) => Traced;

function activation(name: ActivationName): (x: Traced, ...rest: unknown[]) => Traced {
  const { body, options: defaults, integers } = table[name] as Row<Values>;
  const what = `nn.${name}`;
  return (x, ...rest) => {
    checkTraced(x, what);
    const options = readOptions(what, defaults, rest);
    if (x.dtype === "complex64") {
      const complex = complexActivations[name];
      if (complex === undefined) return refuseComplex(what, x);
      return mapComplex((value) => complex(value, options), x);
    }
    if (!isFloat(x.dtype) && integers !== "float")
      refuse(
        integers === "integer" ? "integer-unsupported" : "dtype-not-floating",
        `${what}: ${x} is not floating; convert with lax.convertElementType(x, "float32")`,
        here(),
      );
    if (x.dtype !== "float16" && x.dtype !== "bfloat16") return map(body(arg(0), options), x);
    const stepwise = narrowActivations[name]?.(arg(0), narrow[x.dtype], options);
    return mapAs(x.dtype, stepwise ?? body(arg(0), options), x);
  };
}

function readOptions(what: string, defaults: Values, rest: readonly unknown[]): Values {
  const names = Object.keys(defaults);
  const [given] = rest;
  if (rest.length > (names.length === 0 ? 0 : 1))
    refuse(
      "bad-option",
      `${what}: takes one traced value${names.length === 0 ? "" : " and its options"}`,
      here(),
    );
  if (given === undefined) return defaults;
  const record = typeof given === "object" ? given : { [names[0]!]: given };
  checkOptions(what, record, names);
  const values: Values = { ...defaults, ...record };
  for (const name of names)
    if (typeof values[name] !== typeof defaults[name] || Number.isNaN(values[name]))
      refuse(
        "bad-option",
        `${what}: ${name} is ${show(values[name])}; it must be a ${typeof defaults[name]}`,
        here(),
      );
  return values;
}

/** Every activation by name, as model specs use them. */
export const activations = Object.fromEntries(
  (Object.keys(table) as ActivationName[]).map((name) => [name, activation(name)]),
) as unknown as { readonly [N in ActivationName]: Activation<N> };

/** Names and defaults of the options an activation takes. */
export function activationOptions(name: ActivationName): Values {
  return table[name].options;
}

/** Returns its input. */
export function identity(x: Traced): Traced {
  checkTraced(x, "nn.identity");
  return x;
}
