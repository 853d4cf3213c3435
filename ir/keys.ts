/** Keys of expressions, addresses and statements: equal for equal structure, and for no others. Their text means nothing. */
import type { Affine, Expr, Stmt } from "./kernel.js";

const keyOf = new WeakMap<Expr, string>();

/** Equal for expressions of equal structure, and for no others. Its text means nothing. */
export function exprKey(expr: Expr): string {
  let key = keyOf.get(expr);
  if (key === undefined) {
    key = shorten(writeKey(expr));
    keyOf.set(expr, key);
  }
  return key;
}

export function affineKey({ offset, terms }: Affine): string {
  return terms.length === 0 ? String(offset) : `${offset}${termsKey(terms)}`;
}

const keyOfTerms = new WeakMap<Affine["terms"], string>();

/** Equal for equal terms, and for no others. */
export function termsKey(terms: Affine["terms"]): string {
  let key = keyOfTerms.get(terms);
  if (key === undefined) {
    key = terms.map(({ of, coef }) => `,${coef}*${of}`).join("");
    keyOfTerms.set(terms, key);
  }
  return key;
}

function numberKey(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function writeKey(expr: Expr): string {
  switch (expr.kind) {
    case "lit":
      return numberKey(expr.value);
    case "var":
      return `$${expr.name}`;
    case "index":
      return `index(${affineKey(expr.at)})`;
    case "integer":
    case "test":
      return `${expr.fn}(${affineKey(expr.of)};${expr.by})`;
    case "load": {
      const { buffer, at, lanes, gate } = expr.from;
      const condition = gate === null ? "" : `?${exprKey(gate.when)}:${numberKey(gate.otherwise)}`;
      return `${buffer}[${affineKey(at)}:${lanes}${condition}]`;
    }
    case "splat":
      return `splat(${exprKey(expr.value)})`;
    case "vector":
      return `vector(${expr.items.map(exprKey).join()})`;
    case "lane":
      return `lane(${exprKey(expr.of)},${expr.index})`;
    case "call":
      return `${expr.fn}(${expr.args.map(exprKey).join()})`;
  }
  return expr satisfies never;
}

/** Written out, the key of a DAG could be exponentially long: a long key is replaced by its 106-bit digest. */
function shorten(key: string): string {
  return key.length <= 200 ? key : `#${digest(key, 1)}.${digest(key, 2)}`;
}

const keyOfStmt = new WeakMap<Stmt, string>();

/** Equal for statements of equal structure, and for no others. */
function stmtKey(stmt: Stmt): string {
  let key = keyOfStmt.get(stmt);
  if (key === undefined) {
    key = shorten(writeStmtKey(stmt));
    keyOfStmt.set(stmt, key);
  }
  return key;
}

function writeStmtKey(stmt: Stmt): string {
  switch (stmt.kind) {
    case "for":
      return `${stmt.mode} ${stmt.axis} ${stmt.start}+${stmt.extent}{${stmtsKey(stmt.body)}}`;
    case "let":
      return `let ${stmt.name}=${exprKey(stmt.value)}`;
    case "alloc": {
      const { name, element, size, space } = stmt.buffer;
      return `${space} ${name} ${element} ${size}=${numberKey(stmt.init)}`;
    }
    case "store":
    case "reduce":
      return `${exprKey({ kind: "load", from: stmt.to })}${stmt.kind === "reduce" ? stmt.fn : ""}=${exprKey(stmt.value)}`;
    case "if":
      return `if ${exprKey(stmt.when)}{${stmtsKey(stmt.body)}}`;
    case "barrier":
      return "barrier";
    default:
      return stmt satisfies never;
  }
}

/** Equal for lists of statements of equal structure, and for no others. Its text means nothing. */
export function stmtsKey(stmts: readonly Stmt[]): string {
  return stmts.map(stmtKey).join(";");
}

/** 53 bits that depend on every character (cyrb53). */
function digest(text: string, seed: number): string {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}
