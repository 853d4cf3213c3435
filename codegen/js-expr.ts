/**
 * Expressions as JavaScript text.
 *
 * On a target with exactF32 every arithmetic result is rounded by Math.fround, except where what comes next rounds
 * anyway (`raw`). Elsewhere values stay double until they are stored. Addresses come from `JsScope.bases`.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Affine, Expr, IntegerFn } from "../ir/kernel.js";
import { termsKey } from "../ir/keys.js";
import type { Target } from "../ir/target.js";
import type { ElementType } from "../ir/types.js";
import type { Terms } from "./address.js";
import type { DerivedFn } from "./derived.js";
import type { Names } from "./text.js";
import { numberText } from "./text.js";

/** Functions the text may call; each is defined once, in front of the kernels, if some kernel uses it. */
export type Support =
  | "fround"
  | "bits"
  | "pow2"
  | "mantissa"
  | "exponent"
  | "fromF16"
  | "toF16"
  | "roundF16"
  | "fromBf16"
  | "toBf16"
  | "roundBf16"
  | "mod"
  | "reflect"
  | DerivedFn;

/** What holds for a whole kernel. */
export interface JsKernel {
  readonly target: Target;
  readonly names: Names;
  readonly elements: ReadonlyMap<string, ElementType>;
  readonly uses: Set<Support>;
}

/** What holds at one place of a kernel. */
export interface JsScope {
  /** Loop axes and integer lets defined so far. */
  readonly defined: ReadonlySet<string>;
  /** Register buffers alive. */
  readonly registers: ReadonlySet<string>;
  /** Identifiers that hold a sum of terms, by `termsKey`. */
  readonly bases: ReadonlyMap<string, string>;
  /** Identifiers that hold the value of an expression. */
  readonly bound: ReadonlyMap<Expr, string>;
}

/** Of a loop axis or a let; a buffer may have the same name in the IR. */
export function valueName({ names }: JsKernel, name: string): string {
  return names.of(`value ${name}`, name);
}

export function bufferName({ names }: JsKernel, name: string): string {
  return names.of(`buffer ${name}`, name);
}

/** How tightly the outermost operator of a text binds, as in the language's own table. */
const binding = {
  choice: 3,
  or: 4,
  and: 5,
  equality: 9,
  order: 10,
  sum: 12,
  product: 13,
  unary: 15,
  whole: 20,
};

interface Text {
  readonly text: string;
  readonly binds: number;
}

const whole = (text: string): Text => ({ text, binds: binding.whole });

function within(inner: Text, binds: number): string {
  return inner.binds < binds ? `(${inner.text})` : inner.text;
}

function infix(operator: string, binds: number, left: Text, right: Text): Text {
  return { text: `${within(left, binds)} ${operator} ${within(right, binds + 1)}`, binds };
}

/** The value of an expression, rounded as the target asks. */
export function valueText(kernel: JsKernel, scope: JsScope, expr: Expr): string {
  return rounded(kernel, scope, expr).text;
}

/** The same where the place it goes to rounds to f32. */
export function rawText(kernel: JsKernel, scope: JsScope, expr: Expr): string {
  return raw(kernel, scope, expr).text;
}

const roundedFns: ReadonlySet<string> = new Set(["add", "sub", "mul", "div", "sqrt"]);
const inexactLoads: ReadonlySet<ElementType> = new Set<ElementType>(["i32", "u32"]);

function rounded(kernel: JsKernel, scope: JsScope, expr: Expr): Text {
  const bound = scope.bound.get(expr);
  if (bound !== undefined) return whole(bound);
  const text = raw(kernel, scope, expr);
  const rounds =
    (expr.kind === "call" && roundedFns.has(expr.fn)) ||
    (expr.kind === "load" && inexactLoads.has(kernel.elements.get(expr.from.buffer) ?? "f32"));
  if (!rounds || !kernel.target.exactF32) return text;
  kernel.uses.add("fround");
  return whole(`fround(${text.text})`);
}

function raw(kernel: JsKernel, scope: JsScope, expr: Expr): Text {
  if (scope.bound.has(expr)) return rounded(kernel, scope, expr);
  switch (expr.kind) {
    case "lit":
      return literal(Math.fround(expr.value));
    case "var":
      return whole(valueName(kernel, expr.name));
    case "index":
    case "integer":
      return { text: integerText(kernel, scope, expr), binds: 0 };
    case "test":
      return testText(kernel, expr.fn, expr.of, expr.by);
    case "load":
      return load(kernel, scope, expr.from);
    case "call":
      return call(kernel, scope, expr);
    case "splat":
    case "vector":
    case "lane":
      throw new InternalError(`js has no vectors: ${expr.kind}`);
    default:
      throw new InternalError(`unknown expression ${(expr satisfies never as Expr).kind}`);
  }
}

function literal(value: number): Text {
  const negative = value < 0 || Object.is(value, -0);
  return { text: numberText(value), binds: negative ? binding.product + 1 : binding.whole };
}

function call(kernel: JsKernel, scope: JsScope, expr: Extract<Expr, { kind: "call" }>): Text {
  // The functions that round to 16 bits round to f32 first.
  const argument = expr.fn === "f16" || expr.fn === "bf16" ? raw : rounded;
  const args = expr.args.map((arg) => argument(kernel, scope, arg));
  const [a, b, c] = args as [Text, Text, Text];
  const list = args.map((arg) => arg.text).join(", ");
  const support = (name: Support): Text => {
    kernel.uses.add(name);
    return whole(`${name}(${list})`);
  };
  switch (expr.fn) {
    case "add":
      return infix("+", binding.sum, a, b);
    case "sub":
      return infix("-", binding.sum, a, b);
    case "mul":
      return infix("*", binding.product, a, b);
    case "div":
      return infix("/", binding.product, a, b);
    case "neg":
      return { text: `-${within(a, binding.unary + 1)}`, binds: binding.unary };
    case "abs":
    case "max":
    case "min":
    case "floor":
    case "sqrt":
      return whole(`Math.${expr.fn}(${list})`);
    case "pow2":
    case "mantissa":
    case "exponent":
      return support(expr.fn);
    case "f16":
      return support("roundF16");
    case "bf16":
      return support("roundBf16");
    case "lt":
      return infix("<", binding.order, a, b);
    case "le":
      return infix("<=", binding.order, a, b);
    case "eq":
      return infix("===", binding.equality, a, b);
    case "and":
      return infix("&&", binding.and, a, b);
    case "or":
      return infix("||", binding.or, a, b);
    case "not":
      return { text: `!${within(a, binding.unary)}`, binds: binding.unary };
    case "select":
      return choice(a, b, c);
    case "rsqrt":
    case "exp":
    case "expm1":
    case "log":
    case "log1p":
    case "tanh":
    case "erf":
    case "erfc":
      return support(expr.fn);
    case "fma":
      throw new InternalError(`${expr.fn} reached the js backend`);
    default:
      throw new InternalError(`unknown function ${expr.fn satisfies never as string}`);
  }
}

function choice(when: Text, then: Text, otherwise: Text): Text {
  const sides = `${within(then, binding.choice + 1)} : ${within(otherwise, binding.choice + 1)}`;
  return { text: `${within(when, binding.choice + 1)} ? ${sides}`, binds: binding.choice };
}

function load(kernel: JsKernel, scope: JsScope, access: Access): Text {
  const element = whole(loadedText(kernel, scope, access));
  if (access.gate === null) return element;
  return choice(
    rounded(kernel, scope, access.gate.when),
    element,
    literal(Math.fround(access.gate.otherwise)),
  );
}

function loadedText(kernel: JsKernel, scope: JsScope, access: Access): string {
  const text = elementText(kernel, scope, access);
  const widen = conversions[kernel.elements.get(access.buffer) ?? "f32"]?.load;
  if (widen === undefined) return text;
  kernel.uses.add(widen);
  return `${widen}(${text})`;
}

/** How elements that are kept as bits become numbers and back; storing rounds, to f32 and then to 16 bits. */
const conversions: Readonly<
  Partial<Record<ElementType, { readonly load: Support; readonly store: Support }>>
> = {
  f16: { load: "fromF16", store: "toF16" },
  bf16: { load: "fromBf16", store: "toBf16" },
};

/** What is assigned to an element so that it has the value. */
export function storedText(kernel: JsKernel, scope: JsScope, to: Access, value: Expr): string {
  const element = kernel.elements.get(to.buffer);
  const narrow = conversions[element ?? "f32"]?.store;
  if (narrow === undefined)
    return element === "f32" ? rawText(kernel, scope, value) : valueText(kernel, scope, value);
  kernel.uses.add(narrow);
  return `${narrow}(${rawText(kernel, scope, value)})`;
}

/** `x[i + 1]`, or the local that stands for an element of a register buffer. */
export function elementText(kernel: JsKernel, scope: JsScope, access: Access): string {
  if (access.lanes !== 1) throw new InternalError(`js has no vectors: ${access.buffer}`);
  if (scope.registers.has(access.buffer)) return registerName(kernel, access.buffer, access.at);
  const element = kernel.elements.get(access.buffer);
  if (element === undefined) throw new InternalError(`${access.buffer} is not defined`);
  return `${bufferName(kernel, access.buffer)}[${indexText(kernel, scope, access.at)}]`;
}

export function registerName(kernel: JsKernel, buffer: string, at: Affine): string {
  if (at.terms.length > 0) throw new InternalError(`register buffer ${buffer} is indexed by a variable`);
  return kernel.names.of(`element ${at.offset} of ${buffer}`, `${buffer}_${at.offset}`);
}

function indexText(kernel: JsKernel, scope: JsScope, at: Affine): string {
  if (at.terms.length === 0) return String(at.offset);
  const base = scope.bases.get(termsKey(at.terms));
  return base === undefined ? affineText(kernel, at) : plus(base, at.offset);
}

function plus(text: string, offset: number): string {
  if (offset === 0) return text;
  return offset > 0 ? `${text} + ${offset}` : `${text} - ${-offset}`;
}

/** `28 * oh + kh - 1` */
export function affineText(kernel: JsKernel, at: Affine): string {
  return at.terms.length === 0 ? String(at.offset) : plus(termsText(kernel, at.terms), at.offset);
}

function termsText(kernel: JsKernel, terms: Terms): string {
  return terms.reduce((sum, term) => addTerm(kernel, sum, term), "");
}

/** The sum and one more term; never -0, which an index must not be. */
export function addTerm(kernel: JsKernel, sum: string, { of, coef }: Terms[number]): string {
  const name = valueName(kernel, of);
  const product = Math.abs(coef) === 1 ? name : `${Math.abs(coef)} * ${name}`;
  if (coef < 0) return `${sum === "" ? "0" : sum} - ${product}`;
  return sum === "" ? product : `${sum} + ${product}`;
}

/** The value of an integer let. */
export function integerText(
  kernel: JsKernel,
  scope: JsScope,
  expr: Extract<Expr, { kind: "index" | "integer" }>,
): string {
  if (expr.kind === "index") return indexText(kernel, scope, expr.at);
  return integerFns[expr.fn](kernel, affineText(kernel, expr.of), expr.by);
}

const integerFns: Readonly<Record<IntegerFn, (kernel: JsKernel, of: string, by: number) => string>> = {
  div: (_, of, by) => `Math.floor((${of}) / ${by})`,
  clamp: (_, of, by) => `Math.max(0, Math.min(${of}, ${by - 1}))`,
  mod: modText,
  wrap: modText,
  reflect: (kernel, of, by) => {
    kernel.uses.add("mod").add("reflect");
    return `reflect(${of}, ${by})`;
  },
};

function modText(kernel: JsKernel, of: string, by: number): string {
  kernel.uses.add("mod");
  return `mod(${of}, ${by})`;
}

function testText(kernel: JsKernel, fn: "inside" | "divides", of: Affine, by: number): Text {
  const text = `(${affineText(kernel, of)}`;
  if (fn === "inside") return { text: `${text} >>> 0) < ${by}`, binds: binding.order };
  return { text: `${text}) % ${by} === 0`, binds: binding.equality };
}

/** The typed array that views memory of an element type. */
export function viewOf(element: ElementType): string {
  switch (element) {
    case "f32":
      return "Float32Array";
    case "i32":
      return "Int32Array";
    case "u32":
      return "Uint32Array";
    case "i8":
      return "Int8Array";
    case "u8":
    case "bool":
      return "Uint8Array";
    case "f16":
    case "bf16":
      return "Uint16Array";
    default:
      throw new InternalError(`unknown element type ${element satisfies never as string}`);
  }
}
