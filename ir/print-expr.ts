/**
 * The text of numbers, names, addresses and expressions; one grammar serves scalars and kernel expressions.
 *
 * A sub-tree used more than once (by identity) is bound to a name, `{ let t0 = exp($0); t0 / (t0 + 1) }`, so that the
 * text grows with the number of nodes and parsing it restores the sharing.
 */
import type { Access, Affine, Expr, KernelFn } from "./kernel.js";
import type { Scalar } from "./scalar.js";
import { scalarFns } from "./scalar.js";
import type { TensorType } from "./types.js";
import { exprChildren, freeNames } from "./visit.js";

/** Words a name is quoted for, because the kernel's text gives them another meaning. */
const reserved: ReadonlySet<string> = new Set(
  "serial parallel unroll vector workgroup lane register private scratch shared arena let if barrier nest when else inf nan in".split(
    " ",
  ),
);

export function printName(name: string): string {
  return /^[A-Za-z_][\w.]*$/.test(name) && !reserved.has(name) ? name : `\`${name}\``;
}

/** Names of nests, targets and the axes of schedules. */
export function printSymbol(name: string): string {
  return /^[A-Za-z_](?:[\w./]|-(?!>))*$/.test(name) ? name : `\`${name}\``;
}

export function printGlobalName(name: string): string {
  return /^[A-Za-z_](?:[\w./]|-(?!>))*$/.test(name) ? `@${name}` : `@${JSON.stringify(name)}`;
}

/** The shortest decimal that reads back as the same f32. */
export function printNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  if (Math.fround(value) !== value) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

export function printType(type: TensorType): string {
  return `${type.element}[${type.shape.join(",")}]`;
}

export function printAffine(at: Affine): string {
  let text = "";
  const add = (value: number, rest: string): void => {
    const size = Math.abs(value);
    const part = rest === "" ? String(size) : size === 1 ? rest : `${size}*${rest}`;
    if (text === "") text = value < 0 ? `-${part}` : part;
    else text += value < 0 ? ` - ${part}` : ` + ${part}`;
  };
  // `7 - i` rather than `-i + 7`.
  const offsetFirst = at.offset > 0 && (at.terms[0]?.coef ?? 0) < 0;
  if (offsetFirst) add(at.offset, "");
  for (const { of, coef } of at.terms) add(coef, printName(of));
  if (!offsetFirst && (at.offset !== 0 || text === "")) add(at.offset, "");
  return text;
}

/** How tightly the text of an expression holds together: `&` 1, `+ -` 2, `* /` 3, everything else 4. */
type Piece = { readonly text: string; readonly strength: number };

const strengths: Readonly<Record<string, number>> = { "&": 1, "+": 2, "-": 2, "*": 3, "/": 3 };

function whole(text: string): Piece {
  return { text, strength: 4 };
}

function printCall(fn: KernelFn, args: readonly Piece[]): Piece {
  const operator = fn === "fma" ? null : scalarFns[fn].operator;
  if (operator === null || args.length !== 2)
    return whole(`${fn}(${args.map((arg) => arg.text).join(", ")})`);
  const strength = strengths[operator]!;
  const [left, right] = args as [Piece, Piece];
  const wrap = (piece: Piece, least: number): string =>
    piece.strength < least ? `(${piece.text})` : piece.text;
  return { text: `${wrap(left, strength)} ${operator} ${wrap(right, strength + 1)}`, strength };
}

/** The address in brackets: `x[at]`, or `x[at : 4]` for four lanes. */
export function printPlace(access: Access): string {
  const lanes = access.lanes === 1 ? "" : ` : ${access.lanes}`;
  return `${printName(access.buffer)}[${printAffine(access.at)}${lanes}]`;
}

/** Prints a DAG: `piece` gives the text of one node from the pieces of its children. */
function printShared<N extends object>(
  root: N,
  children: (node: N) => readonly N[],
  piece: (node: N, of: (child: N) => Piece) => Piece,
  bindable: (node: N) => boolean,
  taken: ReadonlySet<string>,
): string {
  const uses = new Map<N, number>();
  const inOrder: N[] = [];
  const count = (node: N): void => {
    const before = uses.get(node) ?? 0;
    uses.set(node, before + 1);
    if (before > 0) return;
    for (const child of children(node)) count(child);
    inOrder.push(node);
  };
  count(root);
  const names = new Map<N, Piece>();
  const of = (node: N): Piece => names.get(node) ?? piece(node, of);
  const lets: string[] = [];
  let next = 0;
  for (const node of inOrder) {
    if (uses.get(node)! < 2 || !bindable(node)) continue;
    while (taken.has(`t${next}`)) next++;
    const name = `t${next++}`;
    lets.push(`let ${name} = ${of(node).text}; `);
    names.set(node, whole(name));
  }
  const { text } = of(root);
  return lets.length === 0 ? text : `{ ${lets.join("")}${text} }`;
}

/** A scalar; one that shares sub-trees is a block in braces. */
export function printScalar(scalar: Scalar): string {
  const children = (node: Scalar): readonly Scalar[] => (node.kind === "call" ? node.args : []);
  const piece = (node: Scalar, of: (child: Scalar) => Piece): Piece => {
    switch (node.kind) {
      case "lit":
        return whole(printNumber(node.value));
      case "arg":
        return whole(`$${node.of}`);
      case "call":
        return printCall(node.fn, node.args.map(of));
    }
    return node satisfies never;
  };
  return printShared(scalar, children, piece, (node) => node.kind === "call", new Set());
}

function exprPiece(node: Expr, of: (child: Expr) => Piece): Piece {
  switch (node.kind) {
    case "lit":
      return whole(printNumber(node.value));
    case "var":
      return whole(printName(node.name));
    case "index":
      return whole(`index(${printAffine(node.at)})`);
    case "integer":
    case "test":
      return whole(`${node.fn}(${printAffine(node.of)}, ${node.by})`);
    case "load": {
      const { gate } = node.from;
      const place = printPlace(node.from);
      if (gate === null) return whole(place);
      return {
        text: `${place} when (${of(gate.when).text}) else ${printNumber(gate.otherwise)}`,
        strength: 0,
      };
    }
    case "splat":
      return whole(`splat(${of(node.value).text})`);
    case "vector":
      return whole(`vector(${node.items.map((item) => of(item).text).join(", ")})`);
    case "lane":
      return whole(`lane(${of(node.of).text}, ${node.index})`);
    case "call":
      return printCall(node.fn, node.args.map(of));
  }
  return node satisfies never;
}

const leaves: ReadonlySet<Expr["kind"]> = new Set(["lit", "var", "index", "integer", "test"]);

/** An index is `index(at)`, except as the value of a let, where `printLetValue` leaves the word out. */
export function printExpr(expr: Expr): string {
  return printShared(expr, exprChildren, exprPiece, (node) => !leaves.has(node.kind), freeNames(expr));
}

/** A constant index keeps its word: without it the let would be a number. */
export function printLetValue(expr: Expr): string {
  return expr.kind === "index" && expr.at.terms.length > 0 ? printAffine(expr.at) : printExpr(expr);
}
