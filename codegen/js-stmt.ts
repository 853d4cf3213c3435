/** Statements as JavaScript text: loops, lets, register buffers as locals, and the addresses of each block. */
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Expr, Kernel, Stmt } from "../ir/kernel.js";
import { termsKey } from "../ir/keys.js";
import type { Target } from "../ir/target.js";
import { type Base, basesIn, registerAccesses, sharedNodes } from "./address.js";
import { kernelArguments } from "./calls.js";
import { argumentName, type DerivedFn, derivedFns, inlineSingleCalls, subroutineBody } from "./derived.js";
import type { JsKernel, JsScope, Support } from "./js-expr.js";
import {
  addTerm,
  bufferName,
  elementText,
  integerText,
  registerName,
  storedText,
  valueName,
  valueText,
} from "./js-expr.js";
import { createNames, numberText, type Writer } from "./text.js";

/** Words no local of a kernel may be called: the language's own, and what the text around kernels defines. */
const reserved: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends
  false finally for function if implements import in instanceof interface let new null package private protected
  public return static super switch this throw true try typeof var void while with yield async of NaN Infinity
  undefined Math memory setup run fround bits32 bitsF32 pow2 mantissa exponent mod reflect
  fromF16 toF16 roundF16 fromBf16 toBf16 roundBf16 ${derivedFns.join(" ")}`.split(/\s+/),
);

const emptyScope: JsScope = { defined: new Set(), registers: new Set(), bases: new Map(), bound: new Map() };

export function jsNames(): ReturnType<typeof createNames> {
  return createNames(reserved);
}

/** Writes `const NAME = (params) => { … };` and notes the support functions it needs. */
export function writeKernel(
  writer: Writer,
  kernel: Kernel,
  name: string,
  target: Target,
  uses: Set<Support>,
): void {
  const args = kernelArguments(kernel);
  const context: JsKernel = {
    target,
    names: jsNames(),
    elements: new Map(args.map((arg) => [arg.name, arg.element])),
    uses,
  };
  const params = args.map((arg) => bufferName(context, arg.name));
  writer.block(
    `const ${name} = (${params.join(", ")}) =>`,
    () => {
      const { nests } = inlineSingleCalls(kernel, target);
      for (const nest of nests) {
        if (nests.length > 1) writer.line(`// ${nest.name.replace(/[^\w /.-]/g, "_")}`);
        writeBlock(writer, context, emptyScope, nest.body);
      }
    },
    "};",
  );
}

/** Writes `const NAME = (x) => { … };`. The value it returns is rounded as the target asks. */
export function writeSubroutine(writer: Writer, fn: DerivedFn, target: Target, uses: Set<Support>): void {
  const context: JsKernel = { target, names: jsNames(), elements: new Map(), uses };
  const body = subroutineBody(fn);
  writer.block(
    `const ${fn} = (${valueName(context, argumentName)}) =>`,
    () => {
      const scope = bindShared(writer, context, emptyScope, body);
      writer.line(`return ${valueText(context, scope, body.value)};`);
    },
    "};",
  );
}

function writeBlock(writer: Writer, kernel: JsKernel, outer: JsScope, body: readonly Stmt[]): void {
  let block = outer;
  let bases: readonly Base[] | null = null;
  let places: ReadonlyMap<string, readonly Access[]> | null = null;
  body.forEach((stmt) => {
    const scope = bindShared(writer, kernel, block, stmt);
    switch (stmt.kind) {
      case "for":
        writeLoop(writer, kernel, scope, stmt);
        break;
      case "let":
        if (stmt.value.kind !== "index" && stmt.value.kind !== "integer") {
          writer.line(`const ${valueName(kernel, stmt.name)} = ${valueText(kernel, scope, stmt.value)};`);
          break;
        }
        writer.line(`const ${valueName(kernel, stmt.name)} = ${integerText(kernel, scope, stmt.value)};`);
        bases ??= basesIn(body);
        block = defineBases(writer, kernel, block, bases, stmt.name);
        break;
      case "alloc":
        places ??= registerAccesses(body);
        block = writeAlloc(writer, kernel, block, stmt, places.get(stmt.buffer.name) ?? []);
        break;
      case "store":
        writeGated(writer, kernel, scope, stmt.to, storeText(kernel, scope, stmt.to, stmt.value));
        break;
      case "reduce":
        writeGated(writer, kernel, scope, stmt.to, reduceText(kernel, scope, stmt));
        break;
      case "if":
        writer.block(`if (${valueText(kernel, scope, stmt.when)})`, () =>
          writeBlock(writer, kernel, block, stmt.body),
        );
        break;
      case "barrier":
        break;
      default:
        throw new InternalError(`unknown statement ${(stmt satisfies never as Stmt).kind}`);
    }
  });
}

/** A local for every expression that the statement uses more than once. */
function bindShared(writer: Writer, kernel: JsKernel, scope: JsScope, stmt: Stmt): JsScope {
  const shared = sharedNodes(stmt);
  if (shared.length === 0) return scope;
  const bound = new Map<Expr, string>();
  const inner = { ...scope, bound };
  for (const expr of shared) {
    const name = kernel.names.fresh("t");
    writer.line(`const ${name} = ${valueText(kernel, inner, expr)};`);
    bound.set(expr, name);
  }
  return inner;
}

function writeLoop(
  writer: Writer,
  kernel: JsKernel,
  scope: JsScope,
  stmt: Extract<Stmt, { kind: "for" }>,
): void {
  if (stmt.mode !== "serial")
    throw new InternalError(`${stmt.mode} loop ${stmt.axis} reached the js backend`);
  if (stmt.extent <= 0) return;
  const axis = valueName(kernel, stmt.axis);
  const inside = (): void => {
    const inner = defineBases(writer, kernel, scope, basesIn(stmt.body), stmt.axis);
    writeBlock(writer, kernel, inner, stmt.body);
  };
  if (stmt.extent === 1)
    writer.block("", () => {
      writer.line(`const ${axis} = ${stmt.start};`);
      inside();
    });
  else {
    const end = stmt.start + stmt.extent;
    writer.block(`for (let ${axis} = ${stmt.start}; ${axis} < ${end}; ${axis}++)`, inside);
  }
}

/** Sums of terms that became computable with `name`, each from the sum of its other terms so far. */
function defineBases(
  writer: Writer,
  kernel: JsKernel,
  scope: JsScope,
  bases: readonly Base[],
  name: string,
): JsScope {
  const defined = new Set(scope.defined).add(name);
  const known = new Map(scope.bases);
  for (const base of bases) {
    if (scope.registers.has(base.buffer)) continue;
    const own = base.terms.find((term) => term.of === name);
    if (own === undefined) continue;
    const terms = base.terms.filter((term) => defined.has(term.of));
    const key = termsKey(terms);
    if (known.has(key)) continue;
    if (terms.length === 1 && own.coef === 1) {
      known.set(key, valueName(kernel, name));
      continue;
    }
    const identifier = kernel.names.of(`sum ${key}`, "at");
    const rest = terms.filter((term) => term !== own);
    const sum = rest.length === 0 ? "" : known.get(termsKey(rest))!;
    writer.line(`const ${identifier} = ${addTerm(kernel, sum, own)};`);
    known.set(key, identifier);
  }
  return { ...scope, defined, bases: known };
}

/** One local for each element that is used. */
function writeAlloc(
  writer: Writer,
  kernel: JsKernel,
  scope: JsScope,
  stmt: Extract<Stmt, { kind: "alloc" }>,
  accesses: readonly Access[],
): JsScope {
  const { buffer, init } = stmt;
  if (buffer.space !== "register" || buffer.element !== "f32")
    throw new InternalError(
      `${buffer.space} buffer ${buffer.name} of ${buffer.element} reached the js backend`,
    );
  const used = new Set(accesses.map(({ at }) => registerName(kernel, buffer.name, at)));
  const value = numberText(init);
  if (used.size > 0) writer.line(`let ${[...used].map((name) => `${name} = ${value}`).join(", ")};`);
  return { ...scope, registers: new Set(scope.registers).add(buffer.name) };
}

function writeGated(writer: Writer, kernel: JsKernel, scope: JsScope, to: Access, statement: string): void {
  const gate = to.gate === null ? "" : `if (${valueText(kernel, scope, to.gate.when)}) `;
  writer.line(`${gate}${statement};`);
}

function storeText(kernel: JsKernel, scope: JsScope, to: Access, value: Expr): string {
  return `${elementText(kernel, scope, to)} = ${storedText(kernel, scope, to, value)}`;
}

function reduceText(kernel: JsKernel, scope: JsScope, stmt: Extract<Stmt, { kind: "reduce" }>): string {
  const to = elementText(kernel, scope, stmt.to);
  const was: Expr = { kind: "load", from: { ...stmt.to, gate: null } };
  const sum: Expr = { kind: "call", fn: stmt.fn, args: [was, stmt.value] };
  const element = kernel.elements.get(stmt.to.buffer);
  const keepsBits = element === "f16" || element === "bf16";
  if (stmt.fn === "add" && !keepsBits && (element === "f32" || !kernel.target.exactF32))
    return `${to} += ${valueText(kernel, scope, stmt.value)}`;
  return `${to} = ${storedText(kernel, scope, stmt.to, sum)}`;
}
