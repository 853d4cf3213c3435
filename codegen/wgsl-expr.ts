/**
 * Expressions as WGSL text. Every value is f32 or vec4<f32>, every condition bool or vec4<bool>, every index i32; a
 * scalar beside a vector is widened. Addresses come from `Scope.bases`.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Affine, Expr, IntegerFn } from "../ir/kernel.js";
import { termsKey } from "../ir/keys.js";
import { affineRange, type Ranges } from "../ir/range.js";
import type { Target } from "../ir/target.js";
import type { Terms } from "./address.js";
import type { DerivedFn } from "./derived.js";
import type { Names } from "./text.js";
import { numberText } from "./text.js";
import type { FixedSupport, Lanes, LanewiseSupport, Support } from "./wgsl-support.js";
import type { Address, Place, View } from "./wgsl-view.js";
import { addressIn } from "./wgsl-view.js";

/** What holds for a whole nest. */
export interface Context {
  readonly target: Target;
  readonly names: Names;
  readonly places: ReadonlyMap<string, Place>;
  readonly views: ReadonlyMap<string, View>;
  readonly uses: Set<Support>;
}

/** What holds at one place of a nest. */
export interface Scope {
  /** Loop axes and integer lets defined so far. */
  readonly defined: ReadonlySet<string>;
  /** What values they take. */
  readonly ranges: Ranges;
  /** Register buffers alive. */
  readonly registers: ReadonlySet<string>;
  /** Identifiers that hold a sum of terms, by `termsKey`. */
  readonly bases: ReadonlyMap<string, string>;
  /** Identifiers that hold the value of an expression, with its lanes. */
  readonly bound: ReadonlyMap<Expr, Text>;
  /** Lanes of the value lets. */
  readonly lets: ReadonlyMap<string, Lanes>;
}

/** Every operator is put in brackets. */
export interface Text {
  readonly text: string;
  readonly lanes: Lanes;
}

export function valueName({ names }: Context, name: string): string {
  return names.of(`value ${name}`, name);
}

export function variableName({ names }: Context, variable: string): string {
  return names.of(`variable ${variable}`, variable);
}

export function typeOf(lanes: Lanes): string {
  return lanes === 4 ? "vec4<f32>" : "f32";
}

function widen({ text, lanes }: Text, to: Lanes): string {
  return lanes === to ? text : `vec4<f32>(${text})`;
}

/** The value with as many lanes as its place has. */
export function valueText(context: Context, scope: Scope, expr: Expr, lanes?: Lanes): Text {
  const value = node(context, scope, expr);
  return lanes === undefined ? value : { text: widen(value, lanes), lanes };
}

function node(context: Context, scope: Scope, expr: Expr): Text {
  const bound = scope.bound.get(expr);
  if (bound !== undefined) return bound;
  switch (expr.kind) {
    case "lit":
      return { text: literal(context, Math.fround(expr.value)), lanes: 1 };
    case "var":
      return { text: valueName(context, expr.name), lanes: scope.lets.get(expr.name) ?? 1 };
    case "index":
    case "integer":
      return { text: integerText(context, scope, expr), lanes: 1 };
    case "test":
      return { text: testText(context, scope, expr), lanes: 1 };
    case "load":
      return load(context, scope, expr.from);
    case "splat":
      return { text: widen(node(context, scope, expr.value), 4), lanes: 4 };
    case "vector": {
      const items = expr.items.map((item) => node(context, scope, item).text);
      return { text: `vec4<f32>(${items.join(", ")})`, lanes: 4 };
    }
    case "lane":
      return { text: `${widen(node(context, scope, expr.of), 4)}[${expr.index}]`, lanes: 1 };
    case "call":
      return call(context, scope, expr);
    default:
      throw new InternalError(`unknown expression ${(expr satisfies never as Expr).kind}`);
  }
}

function literal({ uses }: Context, value: number): string {
  if (Number.isFinite(value)) {
    const text = `${numberText(value)}f`;
    return text.startsWith("-") ? `(${text})` : text;
  }
  uses.add("odd_bits");
  const which = Number.isNaN(value) ? 2 : value > 0 ? 0 : 1;
  return `bitcast<f32>(odd_bits[${which}])`;
}

const operators = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  lt: "<",
  le: "<=",
  eq: "==",
  and: "&",
  or: "|",
} as const;

function call(context: Context, scope: Scope, expr: Extract<Expr, { kind: "call" }>): Text {
  const args = expr.args.map((arg) => node(context, scope, arg));
  const lanes: Lanes = args.some((arg) => arg.lanes === 4) ? 4 : 1;
  const truth = expr.fn === "and" || expr.fn === "or" || expr.fn === "not";
  const whole = (arg: Text): string =>
    truth && arg.lanes < lanes ? `vec4<bool>(${arg.text})` : widen(arg, lanes);
  const [a, b] = args;
  const list = (): string => args.map(whole).join(", ");
  const support = (fn: LanewiseSupport): Text => {
    context.uses.add(lanes === 4 ? `${fn}_4` : fn);
    return { text: `${fn}${lanes === 4 ? "_4" : ""}(${list()})`, lanes };
  };
  switch (expr.fn) {
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "lt":
    case "le":
    case "eq":
    case "and":
    case "or":
      return { text: `(${whole(a!)} ${operators[expr.fn]} ${whole(b!)})`, lanes };
    case "neg":
      return { text: `(-${whole(a!)})`, lanes };
    case "not":
      return { text: `(!${whole(a!)})`, lanes };
    case "abs":
    case "floor":
    case "sqrt":
    case "fma":
      return { text: `${expr.fn}(${list()})`, lanes };
    case "max":
    case "min":
      return support(`${expr.fn}_of`);
    case "pow2":
    case "mantissa":
    case "exponent":
      return support(expr.fn);
    case "f16":
      return support("round_f16");
    case "bf16":
      return support("round_bf16");
    case "select":
      return choice(args as [Text, Text, Text]);
    case "rsqrt":
    case "exp":
    case "expm1":
    case "log":
    case "log1p":
    case "tanh":
    case "erf":
    case "erfc":
      return derived(context, expr.fn, list(), lanes);
    default:
      throw new InternalError(`unknown function ${expr.fn satisfies never as string}`);
  }
}

function derived({ uses }: Context, fn: DerivedFn, list: string, lanes: Lanes): Text {
  uses.add(`${fn}_${lanes}`);
  return { text: `${fn}_${lanes}(${list})`, lanes };
}

/** A condition of one lane serves all lanes of what it chooses from; one of four makes vectors of scalars. */
function choice([when, then, otherwise]: readonly [Text, Text, Text]): Text {
  const lanes: Lanes = [when, then, otherwise].some((arg) => arg.lanes === 4) ? 4 : 1;
  return { text: `select(${widen(otherwise, lanes)}, ${widen(then, lanes)}, ${when.text})`, lanes };
}

function load(context: Context, scope: Scope, access: Access): Text {
  const value = { text: loadText(context, scope, access), lanes: access.lanes };
  if (access.gate === null) return value;
  const when = node(context, scope, access.gate.when);
  const otherwise = { text: literal(context, Math.fround(access.gate.otherwise)), lanes: 1 } as const;
  return choice([when, value, otherwise]);
}

/** The value of an access, its gate aside: an address outside a buffer reads some element of it. */
function loadText(context: Context, scope: Scope, access: Access): string {
  if (scope.registers.has(access.buffer)) return registerName(context, access.buffer, access.at);
  const { place, view } = storedAt(context, access.buffer);
  if (view.kind === "vectors" || access.lanes === 1) return elementText(context, scope, access, view, place);
  const items = Array.from({ length: access.lanes }, (_, lane) =>
    elementText(context, scope, laneOf(access, lane), view, place),
  );
  return `vec4<f32>(${items.join(", ")})`;
}

export function laneOf(access: Access, lane: number): Access {
  return { ...access, lanes: 1, at: { ...access.at, offset: access.at.offset + lane } };
}

const wideners: Readonly<Partial<Record<string, FixedSupport>>> = {
  f16: "from_f16",
  bf16: "from_bf16",
  i8: "from_i8",
  u8: "from_u8",
  bool: "from_u8",
};

function elementText(context: Context, scope: Scope, access: Access, view: View, place: Place): string {
  const name = variableName(context, place.variable);
  const index = indexText(context, scope, addressIn(view, place, access.at));
  if (view.kind === "vectors") return `${name}[${index}]`;
  if (view.kind === "scalars") return view.element === "f32" ? `${name}[${index}]` : `f32(${name}[${index}])`;
  const widener = wideners[view.element]!;
  context.uses.add(widener);
  const word = `${name}[u32(${index}) >> ${wordShift(view)}]`;
  return `${widener}(${view.kind === "words" ? word : `atomicLoad(&${word})`}, u32(${index}))`;
}

/** Elements of a word, as a shift of the index. */
export function wordShift({ element }: Pick<View, "element">): "1u" | "2u" {
  return element === "f16" || element === "bf16" ? "1u" : "2u";
}

export function storedAt({ places, views }: Context, buffer: string): { place: Place; view: View } {
  const place = places.get(buffer);
  const view = place && views.get(place.variable);
  if (place === undefined || view === undefined) throw new InternalError(`${buffer} is not defined`);
  return { place, view };
}

export function registerName({ names }: Context, buffer: string, at: Affine): string {
  if (at.terms.length > 0) throw new InternalError(`register buffer ${buffer} is indexed by a variable`);
  return names.of(`element ${at.offset} of ${buffer}`, `${buffer}_${at.offset}`);
}

export function indexText(context: Context, scope: Scope, { offset, terms }: Address): string {
  if (terms.length === 0) return String(offset);
  const base = scope.bases.get(termsKey(terms));
  return plus(base ?? termsText(context, terms), offset);
}

function plus(text: string, offset: number): string {
  if (offset === 0) return text;
  return offset > 0 ? `${text} + ${offset}` : `${text} - ${-offset}`;
}

function affineText(context: Context, at: Affine): string {
  return at.terms.length === 0 ? String(at.offset) : plus(termsText(context, at.terms), at.offset);
}

function termsText(context: Context, terms: Terms): string {
  return terms.reduce((sum, term) => addTerm(context, sum, term), "");
}

/** The sum and one more term. */
export function addTerm(context: Context, sum: string, { of, coef }: Terms[number]): string {
  const name = valueName(context, of);
  const product = Math.abs(coef) === 1 ? name : `${Math.abs(coef)} * ${name}`;
  if (coef < 0) return `${sum === "" ? "0" : sum} - ${product}`;
  return sum === "" ? product : `${sum} + ${product}`;
}

/** The value of an integer let. */
export function integerText(
  context: Context,
  scope: Scope,
  expr: Extract<Expr, { kind: "index" | "integer" }>,
): string {
  if (expr.kind === "index") return indexText(context, scope, expr.at);
  const { fn, of, by } = expr;
  const text = affineText(context, of);
  const { min, max } = affineRange(of, scope.ranges);
  if (min < 0) return integerFns[fn](context, text, by);
  // The language's own division rounds as wanted where nothing is negative.
  if (fn === "div") return by === 1 ? text : `${inBrackets(text)} / ${by}`;
  if (max < by) return text;
  return fn === "mod" || fn === "wrap" ? `${inBrackets(text)} % ${by}` : integerFns[fn](context, text, by);
}

function inBrackets(sum: string): string {
  return /^\w+$/.test(sum) ? sum : `(${sum})`;
}

const integerFns: Readonly<Record<IntegerFn, (context: Context, of: string, by: number) => string>> = {
  div: (context, of, by) => support(context, "div_floor", of, by),
  clamp: (_, of, by) => `clamp(${of}, 0, ${by - 1})`,
  mod: (context, of, by) => support(context, "mod_floor", of, by),
  wrap: (context, of, by) => support(context, "mod_floor", of, by),
  reflect: (context, of, by) => support(context, "reflect_in", of, by),
};

function support({ uses }: Context, fn: FixedSupport, of: string, by: number): string {
  uses.add(fn);
  return `${fn}(${of}, ${by})`;
}

/** As an unsigned number, what is negative is larger than any extent. */
function testText(context: Context, scope: Scope, expr: Extract<Expr, { kind: "test" }>): string {
  const base = scope.bases.get(termsKey(expr.of.terms));
  const of = base === undefined ? affineText(context, expr.of) : plus(base, expr.of.offset);
  if (expr.fn !== "inside") return `((${of}) % ${expr.by} == 0)`;
  return affineRange(expr.of, scope.ranges).min < 0 ? `(u32(${of}) < ${expr.by}u)` : `(${of} < ${expr.by})`;
}
