/**
 * What the scalar functions mean. A tree becomes a tree of closures, each giving the value of one node.
 *
 * `exact` rounds each arithmetic result to f32; `wide` keeps float64, as the js-wide target does. Truth values are 1
 * and 0. Sub-trees shared by identity are evaluated once per evaluation of the root.
 */
import { InternalError } from "./diagnostic.js";
import { expandScalar } from "./expand.js";
import { roundToBf16, roundToF16 } from "./float16.js";
import type { KernelFn } from "./kernel.js";
import type { Scalar, ScalarArg, ScalarFn } from "./scalar.js";
import { arg, call } from "./scalar.js";

export type Compute = () => number;
export type Rounding = "exact" | "wide";

const word = new DataView(new ArrayBuffer(4));

function f32Bits(x: number): number {
  word.setFloat32(0, x);
  return word.getInt32(0);
}

function f32OfBits(bits: number): number {
  word.setInt32(0, bits);
  return word.getFloat32(0);
}

/** The three functions on bits give the same for arguments outside their domain as the backends do. */
function pow2(n: number): number {
  const whole = Math.max(-(2 ** 31), Math.min(n, 2 ** 31 - 1)) | 0;
  return f32OfBits((whole + 127) << 23);
}

function mantissa(x: number): number {
  return f32OfBits((f32Bits(x) & 0x7fffff) | 0x3f000000);
}

function exponent(x: number): number {
  return ((f32Bits(x) >> 23) & 255) - 126;
}

const same = (x: number): number => x;

/** The value of a call from those of its arguments. */
export function computeCall(fn: KernelFn, args: readonly Compute[], rounding: Rounding): Compute {
  const [a, b, c] = args as [Compute, Compute, Compute];
  const round = rounding === "exact" ? Math.fround : same;
  switch (fn) {
    case "add":
      return () => round(a() + b());
    case "sub":
      return () => round(a() - b());
    case "mul":
      return () => round(a() * b());
    case "div":
      return () => round(a() / b());
    case "fma":
      return () => round(a() * b() + c());
    case "sqrt":
      return () => round(Math.sqrt(a()));
    case "neg":
      return () => -a();
    case "abs":
      return () => Math.abs(a());
    case "max":
      return () => Math.max(a(), b());
    case "min":
      return () => Math.min(a(), b());
    case "floor":
      return () => Math.floor(a());
    case "f16":
      return () => roundToF16(a());
    case "bf16":
      return () => roundToBf16(a());
    case "pow2":
      return () => pow2(a());
    case "mantissa":
      return () => mantissa(a());
    case "exponent":
      return () => exponent(a());
    case "lt":
      return () => (a() < b() ? 1 : 0);
    case "le":
      return () => (a() <= b() ? 1 : 0);
    case "eq":
      return () => (a() === b() ? 1 : 0);
    case "and":
      return () => a() & b();
    case "or":
      return () => a() | b();
    case "not":
      return () => 1 - a();
    case "select":
      return () => (a() !== 0 ? b() : c());
    case "rsqrt":
    case "exp":
    case "expm1":
    case "log":
    case "log1p":
    case "tanh":
    case "erf":
    case "erfc":
      return computeDerived(fn, a, rounding);
    default:
      throw new InternalError(`unknown function ${fn satisfies never as string}`);
  }
}

/** Its argument is computed once, however often the expansion reads it. */
function computeDerived(fn: ScalarFn, argument: Compute, rounding: Rounding): Compute {
  let x = 0;
  const value = evaluator(call(fn, arg(0)), () => () => x, rounding);
  return () => {
    x = argument();
    return value();
  };
}

/** Counts the evaluations of a root, so that shared nodes know when to forget. */
export interface Epoch {
  now: number;
}

/** Evaluates a shared node at its first use in each epoch only. */
export function remember(compute: Compute, epoch: Epoch): Compute {
  let at = -1;
  let value = 0;
  return () => {
    if (at !== epoch.now) {
      value = compute();
      at = epoch.now;
    }
    return value;
  };
}

/** The inner nodes below a root, itself included, that are used more than once. */
export function sharedNodes<T>(root: T, children: (node: T) => readonly T[]): ReadonlySet<T> {
  const seen = new Set<T>();
  const shared = new Set<T>();
  const visit = (node: T): void => {
    const below = children(node);
    if (below.length === 0) return;
    if (seen.has(node)) shared.add(node);
    else below.forEach(visit);
    seen.add(node);
  };
  visit(root);
  return shared;
}

/** The scalar as a function of whatever `read` reads; transcendentals are expanded first. */
export function evaluator(
  scalar: Scalar,
  read: (of: ScalarArg) => Compute,
  rounding: Rounding = "exact",
): Compute {
  const root = expandScalar(scalar);
  const shared = sharedNodes(root, (node) => (node.kind === "call" ? node.args : []));
  const epoch: Epoch = { now: 0 };
  const done = new Map<Scalar, Compute>();
  const visit = (node: Scalar): Compute => {
    if (node.kind === "lit") {
      const { value } = node;
      return () => value;
    }
    if (node.kind === "arg") return read(node.of);
    const known = done.get(node);
    if (known !== undefined) return known;
    const plain = computeCall(node.fn, node.args.map(visit), rounding);
    const compute = shared.has(node) ? remember(plain, epoch) : plain;
    done.set(node, compute);
    return compute;
  };
  const compute = visit(root);
  return () => {
    epoch.now++;
    return compute();
  };
}
