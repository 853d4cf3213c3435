/** Reads types, addresses and expressions. One grammar of operators, calls, parentheses and blocks serves both kinds. */
import type { Access, Affine, Expr, Gate, IntegerFn, KernelFn, TestFn } from "./kernel.js";
import { addAffine, affine } from "./kernel.js";
import type { Cursor } from "./lex.js";
import type { Scalar, ScalarArg, ScalarFn } from "./scalar.js";
import { arg, lit, scalarFns } from "./scalar.js";
import type { ElementType, TensorType } from "./types.js";
import { elementTypes } from "./types.js";

export function parseElement(cursor: Cursor): ElementType {
  return cursor.expectOne(elementTypes, "an element type");
}

export function parseType(cursor: Cursor): TensorType {
  return { element: parseElement(cursor), shape: cursor.integers() };
}

/** What differs between scalars and kernel expressions. */
interface Grammar<N> {
  readonly lit: (value: number) => N;
  readonly call: (fn: KernelFn, args: readonly N[]) => N;
  /** A leaf that is not a number; null where none comes next. */
  readonly leaf: () => N | null;
  /** What begins with this name, other than the call of a scalar function; `inside` knows the names bound there. */
  readonly named: (name: string, inside: Grammar<N>) => N;
  /** Names bound by blocks. */
  readonly bound: Map<string, N>;
}

/** Binary operators by rising strength; those of one level associate to the left. */
const levels: readonly (readonly (readonly [string, ScalarFn])[])[] = [
  [["&", "and"]],
  [
    ["+", "add"],
    ["-", "sub"],
  ],
  [
    ["*", "mul"],
    ["/", "div"],
  ],
];

function parseLevel<N>(cursor: Cursor, grammar: Grammar<N>, level: number): N {
  const operators = levels[level];
  if (operators === undefined) return parseAtom(cursor, grammar);
  let left = parseLevel(cursor, grammar, level + 1);
  for (;;) {
    const found = operators.find(([operator]) => cursor.accept(operator));
    if (found === undefined) return left;
    left = grammar.call(found[1], [left, parseLevel(cursor, grammar, level + 1)]);
  }
}

function parseAtom<N>(cursor: Cursor, grammar: Grammar<N>): N {
  const leaf = grammar.leaf();
  if (leaf !== null) return leaf;
  const value = cursor.number();
  if (value !== null) return grammar.lit(Math.fround(value));
  if (cursor.accept("(")) {
    const inner = parseLevel(cursor, grammar, 0);
    cursor.expect(")");
    return inner;
  }
  if (cursor.accept("{")) return parseBlock(cursor, grammar);
  const name = cursor.name("an expression");
  if (cursor.next() === "(" && (name === "fma" || (name !== "div" && Object.hasOwn(scalarFns, name))))
    return parseCall(cursor, grammar, name as KernelFn);
  return grammar.bound.get(name) ?? grammar.named(name, grammar);
}

function parseCall<N>(cursor: Cursor, grammar: Grammar<N>, fn: KernelFn): N {
  cursor.expect("(");
  const args = cursor.list(")", () => parseLevel(cursor, grammar, 0));
  const arity = fn === "fma" ? 3 : scalarFns[fn].arity;
  if (args.length !== arity) cursor.fail(`${fn} takes ${arity} arguments, not ${args.length}`);
  return grammar.call(fn, args);
}

/** What follows the `{` of a block. */
function parseBlock<N>(cursor: Cursor, grammar: Grammar<N>): N {
  const value = cursor.block(() => {
    const inner = { ...grammar, bound: new Map(grammar.bound) };
    while (cursor.accept("let")) {
      const name = cursor.name("a name");
      cursor.expect("=");
      const bound = parseLevel(cursor, inner, 0);
      cursor.expect(";");
      inner.bound.set(name, bound);
    }
    return parseLevel(cursor, inner, 0);
  });
  cursor.expect("}");
  return value;
}

/** A scalar, or the block of a `map`. */
export function parseScalar(cursor: Cursor): Scalar {
  const leaf = (): Scalar | null => {
    const found = cursor.take(/\$(lhs|rhs|acc|\d+)/y);
    if (found === null) return null;
    const of = found[1]!;
    return arg(/\d/.test(of) ? Number(of) : (of as ScalarArg));
  };
  const grammar: Grammar<Scalar> = {
    lit,
    call: (fn, args) => (fn === "fma" ? cursor.fail("fma is for kernels only") : { kind: "call", fn, args }),
    leaf,
    named: (name) => cursor.fail(`${name} is neither a function nor bound here`),
    bound: new Map(),
  };
  return parseLevel(cursor, grammar, 0);
}

/** Axes and integer lets in scope: what tells `let i = oh + 1` from `let v = a + 1`. */
export type IntegerNames = ReadonlySet<string>;

export function parseAffine(cursor: Cursor): Affine {
  return tryAffine(cursor) ?? cursor.fail("expected an axis, a let or an integer");
}

/** null where the text ahead is no sum of integers; how far it was read is then undefined. */
function tryAffine(cursor: Cursor): Affine | null {
  let at = affine(0);
  let sign = cursor.accept("-") ? -1 : 1;
  for (;;) {
    const digits = cursor.take(/\d+/y);
    const value = digits === null ? 1 : Number(digits[0]);
    const named = digits === null || cursor.accept("*");
    const name = named ? cursor.tryName() : null;
    if (named && name === null) return null;
    at = addAffine(at, name === null ? affine(value) : affine(0, { [name]: value }), sign);
    if (cursor.accept("+")) sign = 1;
    else if (cursor.accept("-")) sign = -1;
    else return at;
  }
}

/** What follows a buffer's name: `[at]` or `[at : 4]`; its gate is not part of it. */
export function parsePlace(cursor: Cursor, buffer: string): Access {
  cursor.expect("[");
  const at = parseAffine(cursor);
  const lanes = cursor.accept(":") ? cursor.integer() : 1;
  if (lanes !== 1 && lanes !== 4) cursor.fail(`accesses have 1 or 4 lanes, not ${lanes}`);
  cursor.expect("]");
  return { buffer, at, lanes, gate: null };
}

const integerFns: readonly string[] = ["div", "mod", "clamp", "wrap", "reflect"] satisfies IntegerFn[];
const testFns: readonly string[] = ["inside", "divides"] satisfies TestFn[];

function exprGrammar(cursor: Cursor): Grammar<Expr> {
  return {
    lit: (value) => ({ kind: "lit", value }),
    call: (fn, args) => ({ kind: "call", fn, args }),
    leaf: () => null,
    named: (name, inside) => {
      const next = cursor.next();
      if (next === "[") return { kind: "load", from: parseLoad(cursor, name, inside) };
      return next === "(" ? parseKernelCall(cursor, name, inside) : { kind: "var", name };
    },
    bound: new Map(),
  };
}

/** A load's gate ends in `else`; `when` without it belongs to the store around, and is left there. */
function parseLoad(cursor: Cursor, buffer: string, grammar: Grammar<Expr>): Access {
  const place = parsePlace(cursor, buffer);
  const before = cursor.at;
  if (!cursor.accept("when")) return place;
  cursor.expect("(");
  const when = parseLevel(cursor, grammar, 0);
  cursor.expect(")");
  if (cursor.accept("else"))
    return { ...place, gate: { when, otherwise: Math.fround(cursor.expectNumber()) } };
  cursor.at = before;
  return place;
}

function parseKernelCall(cursor: Cursor, name: string, grammar: Grammar<Expr>): Expr {
  const expr = (): Expr => parseLevel(cursor, grammar, 0);
  const inBrackets = <T>(inner: () => T): T => {
    cursor.expect("(");
    const value = inner();
    cursor.expect(")");
    return value;
  };
  const number = (): number => {
    cursor.expect(",");
    return cursor.integer();
  };
  if (integerFns.includes(name) || testFns.includes(name))
    return inBrackets(() => {
      const of = parseAffine(cursor);
      const by = number();
      if (integerFns.includes(name)) return { kind: "integer", fn: name as IntegerFn, of, by };
      return { kind: "test", fn: name as TestFn, of, by };
    });
  if (name === "index") return inBrackets(() => ({ kind: "index", at: parseAffine(cursor) }));
  if (name === "splat") return inBrackets(() => ({ kind: "splat", value: expr() }));
  if (name === "lane") return inBrackets(() => ({ kind: "lane", of: expr(), index: number() }));
  if (name !== "vector") cursor.fail(`there is no function ${name}`);
  cursor.expect("(");
  return { kind: "vector", items: cursor.list(")", expr) };
}

export function parseExpr(cursor: Cursor): Expr {
  return parseLevel(cursor, exprGrammar(cursor), 0);
}

/** `when (condition)`, if it is there. */
export function parseStoreGate(cursor: Cursor): Gate | null {
  if (!cursor.accept("when")) return null;
  cursor.expect("(");
  const when = parseExpr(cursor);
  cursor.expect(")");
  return { when, otherwise: 0 };
}

/** The value of a let: an address where it is a sum of axes and integer lets, otherwise an expression. */
export function parseLetValue(cursor: Cursor, integers: IntegerNames): Expr {
  const before = cursor.at;
  const at = tryAffine(cursor);
  const isIndex =
    at !== null &&
    at.terms.length > 0 &&
    at.terms.every((term) => integers.has(term.of)) &&
    !"*/&[(".includes(cursor.next() || "?");
  if (isIndex) return { kind: "index", at };
  cursor.at = before;
  return parseExpr(cursor);
}
