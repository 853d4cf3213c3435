/**
 * The transcendental functions as expressions of primitive calls, one expansion for the interpreter and every target.
 *
 * Each is within 2 ulp of the float64 value for every float32 argument, whether calls round to f32, keep double
 * precision, or fuse a product into the sum it feeds: no expansion relies on a rounding error, and arguments are split
 * with `floor`. (In double precision `exponent` may look at the nearest f32.) NaN gives NaN; zeros keep their sign where the function does. Polynomials are minimax fits to the
 * interval named beside them, their coefficients rounded to f32 one after another.
 *
 * Largest error in ulp over 4 million arguments of all exponents and signs; calls rounded / fused / in double:
 *   rsqrt 1.48 / 1.48 / 0.50   exp 0.98 / 1.01 / 0.55   expm1 1.59 / 1.52 / 0.60   log  0.89 / 0.84 / 0.60
 *   log1p 1.51 / 1.46 / 0.60   tanh 1.31 / 1.32 / 0.58   erf  1.48 / 1.32 / 0.76   erfc 1.81 / 1.59 / 0.69
 */
import { InternalError } from "./diagnostic.js";
import type { Scalar, ScalarFn } from "./scalar.js";
import { call, lit, scalarFns } from "./scalar.js";

const add = (a: Scalar, b: Scalar): Scalar => call("add", a, b);
const sub = (a: Scalar, b: Scalar): Scalar => call("sub", a, b);
const mul = (a: Scalar, b: Scalar): Scalar => call("mul", a, b);
const div = (a: Scalar, b: Scalar): Scalar => call("div", a, b);
const min = (a: Scalar, b: Scalar): Scalar => call("min", a, b);
const max = (a: Scalar, b: Scalar): Scalar => call("max", a, b);
const abs = (a: Scalar): Scalar => call("abs", a);
const sqrt = (a: Scalar): Scalar => call("sqrt", a);
const floor = (a: Scalar): Scalar => call("floor", a);
const pow2 = (a: Scalar): Scalar => call("pow2", a);
const lt = (a: Scalar, b: Scalar): Scalar => call("lt", a, b);
const eq = (a: Scalar, b: Scalar): Scalar => call("eq", a, b);
const and = (a: Scalar, b: Scalar): Scalar => call("and", a, b);
const select = (when: Scalar, yes: Scalar, no: Scalar): Scalar => call("select", when, yes, no);

const zero = lit(0);
const half = lit(0.5);
const one = lit(1);
const two = lit(2);
const infinity = lit(Number.POSITIVE_INFINITY);
const minusInfinity = lit(Number.NEGATIVE_INFINITY);
const log2e = lit(Math.LOG2E);
/** ln 2 in two parts: the first has 15 bits, so that its product with an exponent is exact. */
const ln2High = lit(0.693145751953125);
const ln2Low = lit(1.42860677e-6);

/** The value at x of the polynomial with these coefficients, lowest degree first (Horner). */
function polynomial(x: Scalar, coefficients: readonly number[]): Scalar {
  const last = coefficients.length - 1;
  return coefficients
    .slice(0, last)
    .reduceRight((sum, c) => add(mul(sum, x), lit(c)), lit(coefficients[last]!));
}

/** a·2ⁿ for n in [-252, 254], in two exact steps but for the last, which may leave the normal range. */
function scale(a: Scalar, n: Scalar): Scalar {
  const first = floor(mul(n, half));
  return mul(mul(a, pow2(first)), pow2(sub(n, first)));
}

/** The integer nearest to x/ln 2, and the rest r of x = n·ln 2 + r. */
function reduceExp(x: Scalar): { readonly n: Scalar; readonly r: Scalar } {
  const n = floor(add(mul(x, log2e), half));
  return { n, r: sub(sub(x, mul(n, ln2High)), mul(n, ln2Low)) };
}

/** eʳ - 1 on [-0.35, 0.35], good to 2^-28 of eʳ. */
function expTail(r: Scalar): Scalar {
  const q = polynomial(r, [0.49999994, 0.166665167, 0.0416681059, 0.00836912822, 0.00138363556]);
  return add(r, mul(mul(r, r), q));
}

/** Clamped to ±170, beyond which float32 has only 0 and infinity, so that `scale` is in its range. */
function expandExp(x: Scalar): Scalar {
  const { n, r } = reduceExp(max(min(x, lit(170)), lit(-170)));
  return scale(add(one, expTail(r)), n);
}

/**
 * Below 0.5 a polynomial of x itself; above, eˣ - 1 = 2ⁿ((eʳ - 1) + (1 - 2⁻ⁿ)), which never cancels. The product
 * form keeps -0.
 */
function expandExpm1(x: Scalar): Scalar {
  const { n, r } = reduceExp(max(min(x, lit(170)), lit(-30)));
  const small = lt(abs(x), half);
  const t = select(small, x, r);
  const q = polynomial(
    t,
    [0.50000006, 0.166666806, 0.0416649431, 0.00833114609, 0.00140109775, 0.000206041659],
  );
  const tail = mul(t, add(one, mul(t, q)));
  const shift = sub(one, pow2(max(sub(zero, n), lit(-126))));
  return select(small, tail, scale(add(tail, shift), n));
}

/**
 * ln(1 + f) - e'·ln 2 for f in [√½ - 1, √2 - 1] and e' = -e. Every zero term is subtracted, so that f = -0 with
 * e' = +0 gives -0.
 */
function logOf(f: Scalar, minusExponent: Scalar): Scalar {
  const p = polynomial(
    f,
    [
      0.333333313, -0.250008255, 0.200012654, -0.166232198, 0.142007038, -0.131605178, 0.127698109,
      -0.0764429197,
    ],
  );
  const bend = mul(mul(f, f), sub(mul(f, p), half));
  const low = sub(bend, mul(minusExponent, ln2Low));
  return sub(add(f, low), mul(minusExponent, ln2High));
}

const sqrtHalf = lit(Math.SQRT1_2);

/**
 * e = exponent(x·√½) puts x·2⁻ᵉ between √½ and √2. Small x is scaled up first; the quarter keeps 2²⁻ᵉ normal. Outside
 * (0, ∞) the square root has the right NaN and infinity.
 */
function expandLog(x: Scalar): Scalar {
  const tiny = lt(x, lit(2 ** -120));
  const scaled = select(tiny, mul(x, lit(2 ** 32)), x);
  const e = call("exponent", mul(scaled, sqrtHalf));
  const f = sub(mul(mul(scaled, lit(0.25)), pow2(sub(two, e))), one);
  const value = logOf(f, sub(select(tiny, lit(32), zero), e));
  const special = select(eq(x, zero), minusInfinity, sqrt(x));
  return select(and(lt(zero, x), lt(x, infinity)), value, special);
}

/** As `log` of u = 1 + x, but f = x·2⁻ᵉ - (1 - 2⁻ᵉ) comes from x itself, so that u's rounding error does not matter. */
function expandLog1p(x: Scalar): Scalar {
  const u = add(x, one);
  const e = call("exponent", mul(u, sqrtHalf));
  const s = mul(lit(0.25), pow2(sub(two, e)));
  const value = logOf(sub(mul(x, s), sub(one, s)), sub(zero, e));
  const special = select(eq(x, lit(-1)), minusInfinity, sqrt(u));
  return select(and(lt(lit(-1), x), lt(x, infinity)), value, special);
}

/** An odd polynomial below 0.625; above, 1 - 2/(e²ˣ + 1), with e²ˣ at most e²⁰. */
function expandTanh(x: Scalar): Scalar {
  const a = abs(x);
  const z = mul(x, x);
  const q = polynomial(z, [0.333332837, -0.133314833, 0.0537427738, -0.0206480604, 0.00571405748]);
  const small = mul(x, sub(one, mul(z, q)));
  const { n, r } = reduceExp(mul(min(a, lit(10)), two));
  const e = mul(add(one, expTail(r)), pow2(n));
  const large = sub(one, div(two, add(e, one)));
  return select(lt(a, lit(0.625)), small, select(lt(x, zero), sub(zero, large), large));
}

/** An odd polynomial below 1; above, 1 - e^(-u(|x|)) with u = -ln erfc on [1, 4]. */
function expandErf(x: Scalar): Scalar {
  const a = abs(x);
  const z = mul(x, x);
  const q = polynomial(
    z,
    [0.128379166, -0.37612626, 0.112835787, -0.0268533472, 0.0051871622, -0.00079978531, 7.80690389e-5],
  );
  const small = add(x, mul(x, q));
  const u = polynomial(
    min(a, lit(4)),
    [0.00267178752, 1.1174382, 0.654489338, 0.0886338949, -0.0147780152, 0.00115040562],
  );
  const { n, r } = reduceExp(sub(zero, u));
  const large = sub(one, mul(add(one, expTail(r)), pow2(n)));
  return select(lt(a, one), small, select(lt(x, zero), sub(zero, large), large));
}

/**
 * Near 0, 1 - erf(x). Elsewhere e^(-a²)·erfcx(a) with a = |x|: (1 + 2a)·erfcx(a) = 1.25 + d, d a polynomial of
 * (a - 2)/(a + 2) on [0.64, 10.2]. Two quantities are split so that only the last sum rounds noticeably: a² is
 * h² + (a - h)(a + h), h being a to 8 binary places, and 1/(1 + 2a) is w/(1 - e), w having 16 places. Both (1 + 2h)·w
 * and 1.25·w are exact, and e, at most 2^-12.5, goes into the exponent.
 */
function expandErfc(x: Scalar): Scalar {
  const q = polynomial(
    mul(x, x),
    [0.128379166, -0.37612626, 0.112835079, -0.0268429797, 0.00513594272, -0.000694425486],
  );
  const small = sub(sub(one, x), mul(x, q));
  const a = min(abs(x), lit(10.5));
  const h = mul(floor(mul(a, lit(256))), lit(1 / 256));
  const rest = sub(a, h);
  const n = floor(add(mul(mul(a, a), log2e), half));
  const reciprocal = div(one, add(one, mul(two, a)));
  const w = mul(floor(add(mul(reciprocal, lit(65536)), half)), lit(1 / 65536));
  const e = sub(sub(one, mul(w, add(one, mul(two, h)))), mul(w, mul(two, rest)));
  const low = add(sub(mul(n, ln2Low), mul(rest, add(a, h))), e);
  const tail = expTail(add(sub(mul(n, ln2High), mul(h, h)), low));
  const d = polynomial(
    div(sub(a, two), add(a, two)),
    [
      0.0269783773, -0.0927637517, -0.166029915, 0.164047778, -0.0542279966, -0.00798762217, 0.00875705946,
      0.00103239063, -0.00144420774,
    ],
  );
  const g = add(mul(tail, lit(1.25)), add(d, mul(tail, d)));
  const large = scale(add(mul(w, lit(1.25)), mul(w, g)), sub(zero, n));
  return select(lt(abs(x), lit(0.65)), small, select(lt(x, zero), sub(two, large), large));
}

/** The call as a tree of primitive calls; a primitive stays a call. */
export function expandFn(fn: ScalarFn, args: readonly Scalar[]): Scalar {
  const x = args[0];
  if (x === undefined || args.length !== scalarFns[fn].arity)
    throw new InternalError(`${fn} takes ${scalarFns[fn].arity} arguments, not ${args.length}`);
  switch (fn) {
    case "rsqrt":
      return div(one, sqrt(x));
    case "exp":
      return expandExp(x);
    case "expm1":
      return expandExpm1(x);
    case "log":
      return expandLog(x);
    case "log1p":
      return expandLog1p(x);
    case "tanh":
      return expandTanh(x);
    case "erf":
      return expandErf(x);
    case "erfc":
      return expandErfc(x);
    default:
      if (!scalarFns[fn].primitive) throw new InternalError(`${fn} has no expansion`);
      return call(fn, ...args);
  }
}

/** Replaces every call that is not primitive; shared sub-trees stay shared, a primitive tree stays itself. */
export function expandScalar(scalar: Scalar): Scalar {
  const done = new Map<Scalar, Scalar>();
  const visit = (node: Scalar): Scalar => {
    if (node.kind !== "call") return node;
    const known = done.get(node);
    if (known !== undefined) return known;
    const args = node.args.map(visit);
    const same = args.every((a, i) => a === node.args[i]);
    const out = same && scalarFns[node.fn].primitive ? node : expandFn(node.fn, args);
    done.set(node, out);
    return out;
  };
  return visit(scalar);
}
