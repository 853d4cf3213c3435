/**
 * Statements as WGSL text. The loops of the grid become the numbers of the workgroup and the lane; the others are loops,
 * register buffers are local variables, and sums that addresses share are computed where their last name is defined.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { Grid } from "../ir/grid.js";
import type { Access, Expr, For, Stmt } from "../ir/kernel.js";
import { termsKey } from "../ir/keys.js";
import { axisRange, integerRange, type Range } from "../ir/range.js";
import { walkAccesses } from "../ir/visit.js";
import { sharedNodes, type Terms } from "./address.js";
import { argumentName, type DerivedFn, subroutineBody } from "./derived.js";
import { numberText, type Writer } from "./text.js";
import type { Context, Scope, Text } from "./wgsl-expr.js";
import {
  addTerm,
  indexText,
  integerText,
  laneOf,
  registerName,
  storedAt,
  typeOf,
  valueName,
  valueText,
  variableName,
  wordShift,
} from "./wgsl-expr.js";
import type { Lanes } from "./wgsl-support.js";
import { addressIn, arrayType } from "./wgsl-view.js";

export const emptyScope: Scope = {
  defined: new Set(),
  ranges: new Map(),
  registers: new Set(),
  bases: new Map(),
  bound: new Map(),
  lets: new Map(),
};

/** The numbers of the workgroup and the lane, and the axes made of them so far. */
export interface Position {
  readonly grid: Grid;
  readonly workgroup: string;
  readonly lane: string;
}

type Base = Terms;

/** Every distinct sum of the addresses in a block and the blocks inside it, in the units of their views. */
function basesIn(context: Context, scope: Scope, body: readonly Stmt[]): readonly Base[] {
  const found = new Map<string, Base>();
  walkAccesses(body, ({ buffer, at }) => {
    const place = context.places.get(buffer);
    if (place === undefined || scope.registers.has(buffer)) return;
    const { view } = storedAt(context, buffer);
    const { terms } = addressIn(view, place, at);
    if (terms.length > 0) found.set(termsKey(terms), terms);
  });
  return [...found.values()];
}

export function writeBlock(
  writer: Writer,
  context: Context,
  outer: Scope,
  body: readonly Stmt[],
  position: Position | null,
): void {
  let block = outer;
  let bases: readonly Base[] | null = null;
  body.forEach((stmt, index) => {
    const scope = bindShared(writer, context, block, stmt);
    switch (stmt.kind) {
      case "for":
        writeLoop(writer, context, block, stmt, position);
        break;
      case "let":
        if (stmt.value.kind !== "index" && stmt.value.kind !== "integer") {
          const { text, lanes } = valueText(context, scope, stmt.value);
          writer.line(`let ${valueName(context, stmt.name)} = ${text};`);
          block = { ...block, lets: new Map(block.lets).set(stmt.name, lanes) };
          break;
        }
        writer.line(`let ${valueName(context, stmt.name)} = ${integerText(context, scope, stmt.value)};`);
        bases ??= basesIn(context, block, body);
        block = withRange(block, stmt.name, integerRange(stmt.value, block.ranges));
        block = defineBases(writer, context, block, bases, stmt.name);
        break;
      case "alloc":
        block = writeAlloc(writer, context, block, stmt, body.slice(index + 1));
        break;
      case "store":
        writeGated(writer, context, scope, stmt.to, () =>
          writeStore(writer, context, scope, stmt.to, stmt.value),
        );
        break;
      case "reduce": {
        const was: Expr = { kind: "load", from: { ...stmt.to, gate: null } };
        const sum: Expr = { kind: "call", fn: stmt.fn, args: [was, stmt.value] };
        writeGated(writer, context, scope, stmt.to, () => writeStore(writer, context, scope, stmt.to, sum));
        break;
      }
      case "if":
        writer.block(`if (${valueText(context, scope, stmt.when).text})`, () =>
          writeBlock(writer, context, block, stmt.body, null),
        );
        break;
      case "barrier":
        writer.line("workgroupBarrier();");
        break;
      default:
        throw new InternalError(`unknown statement ${(stmt satisfies never as Stmt).kind}`);
    }
  });
}

/** A local for every expression that the statement uses more than once. */
function bindShared(writer: Writer, context: Context, scope: Scope, stmt: Stmt): Scope {
  const shared = sharedNodes(stmt);
  if (shared.length === 0) return scope;
  const bound = new Map<Expr, Text>();
  const inner = { ...scope, bound };
  for (const expr of shared) {
    const name = context.names.fresh("t");
    const { text, lanes } = valueText(context, inner, expr);
    writer.line(`let ${name} = ${text};`);
    bound.set(expr, { text: name, lanes });
  }
  return inner;
}

function writeLoop(
  writer: Writer,
  context: Context,
  scope: Scope,
  stmt: For,
  position: Position | null,
): void {
  if (stmt.mode !== "serial") {
    writeGridLoop(writer, context, scope, stmt, position);
    return;
  }
  if (stmt.extent <= 0) return;
  const axis = valueName(context, stmt.axis);
  const inside = (): void => {
    const ranged = withRange(scope, stmt.axis, axisRange(stmt));
    const inner = defineBases(writer, context, ranged, basesIn(context, scope, stmt.body), stmt.axis);
    writeBlock(writer, context, inner, stmt.body, null);
  };
  if (stmt.extent === 1)
    writer.block("", () => {
      writer.line(`let ${axis} = ${stmt.start};`);
      inside();
    });
  else {
    const end = stmt.start + stmt.extent;
    writer.block(`for (var ${axis} = ${stmt.start}; ${axis} < ${end}; ${axis}++)`, inside);
  }
}

/** The axis is a digit of the number of the workgroup or lane, the innermost loop's the lowest. */
function writeGridLoop(
  writer: Writer,
  context: Context,
  scope: Scope,
  stmt: For,
  position: Position | null,
): void {
  if (position === null) throw new InternalError(`${stmt.mode} loop ${stmt.axis} is outside the grid`);
  const { grid, workgroup, lane } = position;
  const [loops, number] = stmt.mode === "workgroup" ? [grid.workgroups, workgroup] : [grid.lanes, lane];
  const at = loops.indexOf(stmt);
  const product = (list: readonly For[]): number => list.reduce((count, loop) => count * loop.extent, 1);
  const inner = product(loops.slice(at + 1));
  let text = inner === 1 ? number : `${number} / ${inner}`;
  if (at > 0) text = inner === 1 ? `${number} % ${stmt.extent}` : `(${text}) % ${stmt.extent}`;
  if (stmt.extent === 1) text = "0";
  const start = stmt.start === 0 ? "" : ` + ${stmt.start}`;
  writer.line(`let ${valueName(context, stmt.axis)} = ${text}${start};`);
  const bases = basesIn(context, scope, stmt.body);
  const ranged = withRange(scope, stmt.axis, axisRange(stmt));
  writeBlock(writer, context, defineBases(writer, context, ranged, bases, stmt.axis), stmt.body, position);
}

function withRange(scope: Scope, name: string, range: Range): Scope {
  return { ...scope, ranges: new Map(scope.ranges).set(name, range) };
}

/** Sums of terms that became computable with `name`, each from the sum of its other terms so far. */
function defineBases(
  writer: Writer,
  context: Context,
  scope: Scope,
  bases: readonly Base[],
  name: string,
): Scope {
  const defined = new Set(scope.defined).add(name);
  const known = new Map(scope.bases);
  for (const base of bases) {
    const own = base.find((term) => term.of === name);
    if (own === undefined) continue;
    const terms = base.filter((term) => defined.has(term.of));
    const key = termsKey(terms);
    if (known.has(key)) continue;
    if (terms.length === 1 && own.coef === 1) {
      known.set(key, valueName(context, name));
      continue;
    }
    const identifier = context.names.of(`sum ${key}`, "at");
    const rest = terms.filter((term) => term !== own);
    const sum = rest.length === 0 ? "" : known.get(termsKey(rest))!;
    writer.line(`let ${identifier} = ${addTerm(context, sum, own)};`);
    known.set(key, identifier);
  }
  return { ...scope, defined, bases: known };
}

/** One variable for each element or vector that the rest of the block uses. Shared buffers are declared elsewhere. */
function writeAlloc(
  writer: Writer,
  context: Context,
  scope: Scope,
  { buffer, init }: Extract<Stmt, { kind: "alloc" }>,
  rest: readonly Stmt[],
): Scope {
  if (buffer.space === "shared") {
    if (init !== 0) throw new InternalError(`shared ${buffer.name} starts at ${init}, not 0`);
    return scope;
  }
  if (buffer.space === "private") {
    if (init !== 0) throw new InternalError(`private ${buffer.name} starts at ${init}, not 0`);
    const { view } = storedAt(context, buffer.name);
    writer.line(`var ${variableName(context, buffer.name)}: ${arrayType(view, buffer.size)};`);
    return scope;
  }
  const used = new Map<string, Lanes>();
  walkAccesses(rest, (access) => {
    if (access.buffer === buffer.name) used.set(registerName(context, buffer.name, access.at), access.lanes);
  });
  for (const [name, lanes] of used) writer.line(`var ${name} = ${typeOf(lanes)}(${numberText(init)});`);
  return { ...scope, registers: new Set(scope.registers).add(buffer.name) };
}

function writeGated(writer: Writer, context: Context, scope: Scope, to: Access, write: () => void): void {
  if (to.gate === null) write();
  else writer.block(`if (${valueText(context, scope, to.gate.when).text})`, write);
}

function writeStore(writer: Writer, context: Context, scope: Scope, to: Access, value: Expr): void {
  if (scope.registers.has(to.buffer)) {
    const name = registerName(context, to.buffer, to.at);
    writer.line(`${name} = ${valueText(context, scope, value, to.lanes).text};`);
    return;
  }
  const { view } = storedAt(context, to.buffer);
  const { text } = valueText(context, scope, value, to.lanes);
  if (view.kind === "vectors" || to.lanes === 1) {
    writeElement(writer, context, scope, to, text);
    return;
  }
  const name = context.names.fresh("v");
  writer.line(`let ${name} = ${text};`);
  for (let lane = 0; lane < to.lanes; lane++)
    writeElement(writer, context, scope, laneOf(to, lane), `${name}[${lane}]`);
}

function writeElement(writer: Writer, context: Context, scope: Scope, to: Access, value: string): void {
  const { place, view } = storedAt(context, to.buffer);
  const name = variableName(context, place.variable);
  const index = indexText(context, scope, addressIn(view, place, to.at));
  if (view.kind !== "shared-words") {
    writer.line(`${name}[${index}] = ${convertedText(context, view.element, value)};`);
    return;
  }
  // Lanes that write into one word each change their own bits of it.
  const bytes = wordShift(view) === "1u" ? 2 : 1;
  const word = `${name}[u32(${index}) >> ${wordShift(view)}]`;
  const shift = `(u32(${index}) & ${4 / bytes - 1}u) * ${bytes * 8}u`;
  const mask = bytes === 2 ? "65535u" : "255u";
  writer.line(`atomicAnd(&${word}, ~(${mask} << (${shift})));`);
  writer.line(`atomicOr(&${word}, ${bitsText(context, view.element, value)} << (${shift}));`);
}

/** How an adapter converts to f16 is its own affair, unless nothing is left to round. */
function convertedText({ uses }: Context, element: string, value: string): string {
  if (element === "f32") return value;
  if (element !== "f16") return `${element}(${value})`;
  uses.add("round_f16");
  return `f16(round_f16(${value}))`;
}

/** The bits of a number in an element smaller than a word. */
function bitsText({ uses }: Context, element: string, value: string): string {
  if (element === "f16" || element === "bf16") {
    uses.add(`to_${element}`);
    return `to_${element}(${value})`;
  }
  return element === "i8" ? `(bitcast<u32>(i32(${value})) & 255u)` : `u32(${value})`;
}

/** Writes `fn NAME(x: ..) -> .. { .. }` for so many lanes. */
export function writeSubroutine(writer: Writer, context: Context, fn: DerivedFn, lanes: Lanes): void {
  const body = subroutineBody(fn);
  const type = typeOf(lanes);
  writer.block(`fn ${fn}_${lanes}(${valueName(context, argumentName)}: ${type}) -> ${type}`, () => {
    const lets = new Map([[argumentName, lanes]]);
    const scope = bindShared(writer, context, { ...emptyScope, lets }, body);
    writer.line(`return ${valueText(context, scope, body.value, lanes).text};`);
  });
}
