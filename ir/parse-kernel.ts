/** Reads kernels (grammar: parse.ts). */
import type { Buffer, BufferSpace, Kernel, LoopMode, Nest, Parameter, ReduceFn, Stmt } from "./kernel.js";
import type { Cursor } from "./lex.js";
import type { IntegerNames } from "./parse-expr.js";
import { parseElement, parseExpr, parseLetValue, parsePlace, parseStoreGate } from "./parse-expr.js";

export const loopModes: readonly LoopMode[] = ["serial", "parallel", "unroll", "vector", "workgroup", "lane"];
const spaces: readonly BufferSpace[] = ["register", "private", "scratch", "shared", "arena"];
const accesses: readonly Parameter["access"][] = ["read-write", "read", "constant", "write"];
const writes: readonly (readonly [string, ReduceFn | null])[] = [
  ["+=", "add"],
  ["max=", "max"],
  ["min=", "min"],
  ["=", null],
];

/** What follows the word `kernel`. */
export function parseKernelBody(cursor: Cursor): Kernel {
  const name = cursor.globalName();
  cursor.expect("(");
  const params = cursor.list(")", () => {
    const param = parseSized(cursor);
    return { ...param, access: cursor.expectOne(accesses, "an access") };
  });
  cursor.expect("{");
  const locals: Buffer[] = [];
  for (;;) {
    const space = cursor.acceptOne(spaces);
    if (space === null) break;
    locals.push({ ...parseSized(cursor), space });
  }
  const nests: Nest[] = [];
  while (!cursor.accept("}")) {
    cursor.expect("nest");
    const nest = cursor.symbol("the name of the nest");
    nests.push({ name: nest, body: parseBody(cursor, new Set()) });
  }
  return { name, params, locals, nests };
}

/** `name: f32[size]`. */
function parseSized(cursor: Cursor): Pick<Buffer, "name" | "element" | "size"> {
  const name = cursor.name("the name of a buffer");
  cursor.expect(":");
  const element = parseElement(cursor);
  cursor.expect("[");
  const size = cursor.integer();
  cursor.expect("]");
  return { name, element, size };
}

/** Statements in braces. */
function parseBody(cursor: Cursor, integers: IntegerNames): Stmt[] {
  const known = new Set(integers);
  const body: Stmt[] = [];
  cursor.expect("{");
  while (!cursor.accept("}")) {
    const stmt = parseStmt(cursor, known);
    body.push(stmt);
    if (stmt.kind !== "let") continue;
    if (stmt.value.kind === "index" || stmt.value.kind === "integer") known.add(stmt.name);
    else known.delete(stmt.name);
  }
  return body;
}

function parseStmt(cursor: Cursor, integers: IntegerNames): Stmt {
  const mode = cursor.acceptOne(loopModes);
  if (mode !== null) return parseFor(cursor, mode, integers);
  const space = cursor.acceptOne(spaces);
  if (space !== null) {
    const sized = parseSized(cursor);
    cursor.expect("=");
    return { kind: "alloc", buffer: { ...sized, space }, init: Math.fround(cursor.expectNumber()) };
  }
  if (cursor.accept("let")) {
    const name = cursor.name("the name of a let");
    cursor.expect("=");
    return { kind: "let", name, value: parseLetValue(cursor, integers) };
  }
  if (cursor.accept("if")) {
    cursor.expect("(");
    const when = parseExpr(cursor);
    cursor.expect(")");
    return { kind: "if", when, body: parseBody(cursor, integers) };
  }
  if (cursor.accept("barrier")) return { kind: "barrier" };
  return parseWrite(cursor);
}

function parseFor(cursor: Cursor, mode: LoopMode, integers: IntegerNames): Stmt {
  const axis = cursor.name("an axis");
  cursor.expect("in");
  const first = cursor.integer();
  const end = cursor.accept("..") ? cursor.integer() : null;
  const start = end === null ? 0 : first;
  const extent = (end ?? first) - start;
  if (extent < 0) cursor.fail(`a loop cannot run from ${start} to ${end}`);
  const body = parseBody(cursor, new Set([...integers, axis]));
  return { kind: "for", axis, start, extent, mode, body };
}

function parseWrite(cursor: Cursor): Stmt {
  const place = parsePlace(cursor, cursor.name("a statement"));
  const found = writes.find(([operator]) => cursor.accept(operator));
  if (found === undefined) return cursor.fail("expected =, +=, max= or min=");
  const value = parseExpr(cursor);
  const to = { ...place, gate: parseStoreGate(cursor) };
  const fn = found[1];
  return fn === null ? { kind: "store", to, value } : { kind: "reduce", fn, to, value };
}
