/** Statements as wasm code: loops, lets, register buffers as locals, and the addresses of each block. */
import type binaryen from "binaryen";
import { InternalError } from "../ir/diagnostic.js";
import type { Access, Expr, Kernel, Stmt } from "../ir/kernel.js";
import type { ParallelRange } from "../ir/parallel.js";
import { axisRange, integerRange } from "../ir/range.js";
import type { Target } from "../ir/target.js";
import { walkNames } from "../ir/visit.js";
import { type Base, basesIn, registerAccesses, sharedNodes } from "./address.js";
import { kernelArguments } from "./calls.js";
import { inlineSingleCalls } from "./derived.js";
import { createNames } from "./text.js";
import { storeElement } from "./wasm-element.js";
import {
  affineOf,
  callOf,
  conditionOf,
  constantOf,
  inLanes,
  isVector,
  type Value,
  valueCode,
} from "./wasm-expr.js";
import {
  addressOf,
  type Binaryen,
  copyScope,
  createLocals,
  defineBases,
  elementOf,
  emptyScope,
  get,
  type Local,
  type Part,
  plus,
  type Ref,
  registerLocal,
  type Subroutines,
  type ValueType,
  type WasmKernel,
  type WasmScope,
} from "./wasm-memory.js";

type IntegerExpr = Extract<Expr, { kind: "index" | "integer" }>;
type IntegerCall = Extract<Expr, { kind: "integer" }>;

/** Where names of locals are set at run time; the type declarations put it on the module. */
interface FunctionNames {
  readonly Function: Pick<binaryen.Module["Function"], "setLocalName">;
}

/**
 * Adds the function of a kernel to the module: byte pointers in, nothing out. With a range it takes besides which values
 * of the parallel axis to run: from `begin` to before `end`.
 */
export function addKernel(
  api: Binaryen,
  module: binaryen.Module,
  kernel: Kernel,
  name: string,
  target: Target,
  subroutines: Subroutines,
  range: ParallelRange | null,
): void {
  const args = kernelArguments(kernel);
  const locals = createLocals();
  // Parameters are the first locals.
  const pointers = new Map(
    args.map((arg) => [arg.name, locals.of(`pointer ${arg.name}`, api.i32, arg.name)] as const),
  );
  const part = range && {
    axis: range.axis,
    begin: locals.of("begin", api.i32),
    end: locals.of("end", api.i32),
  };
  const context: WasmKernel = {
    api,
    module,
    target,
    elements: new Map(args.map((arg) => [arg.name, arg.element])),
    pointers,
    part,
    locals,
    labels: createNames(new Set()),
    subroutines,
  };
  const { nests } = inlineSingleCalls(kernel, target);
  const body = nests.flatMap((nest) => blockCode(context, emptyScope(), nest.body));
  const params = [...args, ...(part === null ? [] : [part.begin, part.end])].map(() => api.i32);
  addFunction(context, name, params, api.none, module.block(null, body));
}

/** The locals of a function begin with its parameters. */
export function addFunction(
  { api, module, locals }: WasmKernel,
  name: string,
  params: readonly binaryen.Type[],
  result: binaryen.Type,
  body: Ref,
): void {
  const types = locals.typesAfter(params.length);
  const made = module.addFunction(name, api.createType([...params]), result, types, body);
  const { setLocalName } = (api as unknown as FunctionNames).Function;
  for (const [index, local] of locals.names().entries()) setLocalName(made, index, local);
}

function blockCode(kernel: WasmKernel, outer: WasmScope, body: readonly Stmt[]): Ref[] {
  const scope = copyScope(outer);
  const last = lastUses(body);
  let bases: readonly Base[] | null = null;
  let places: ReadonlyMap<string, readonly Access[]> | null = null;
  return body.flatMap((stmt, index) => {
    const code = stmtOf(stmt);
    // What no later statement reads makes room for others: few locals, and short code for them.
    for (const name of last.get(index) ?? []) {
      const found = scope.lets.get(name);
      if (found !== undefined) kernel.locals.giveBack(found.local);
    }
    return code;
  });

  function stmtOf(stmt: Stmt): Ref[] {
    if (stmt.kind === "alloc") {
      places ??= registerAccesses(body);
      return allocCode(kernel, scope, stmt, places.get(stmt.buffer.name) ?? []);
    }
    if (stmt.kind === "let" && (stmt.value.kind === "index" || stmt.value.kind === "integer")) {
      bases ??= basesIn(body);
      return integerLetCode(kernel, scope, stmt.name, stmt.value, bases);
    }
    const shared = bindShared(kernel, scope, stmt);
    return [...shared, ...stmtCode(kernel, scope, stmt)];
  }
}

/** The lets of a block that a statement of it, by position, is the last to read. */
function lastUses(body: readonly Stmt[]): ReadonlyMap<number, readonly string[]> {
  const lets = new Set(body.flatMap((stmt) => (stmt.kind === "let" ? [stmt.name] : [])));
  const last = new Map<string, number>();
  if (lets.size > 0)
    body.forEach((stmt, index) => {
      if (stmt.kind === "let") last.set(stmt.name, index);
      walkNames(stmt, (name) => void (lets.has(name) && last.set(name, index)));
    });
  const out = new Map<number, string[]>();
  for (const [name, index] of last) out.set(index, [...(out.get(index) ?? []), name]);
  return out;
}

function stmtCode(kernel: WasmKernel, scope: WasmScope, stmt: Exclude<Stmt, { kind: "alloc" }>): Ref[] {
  const { module } = kernel;
  switch (stmt.kind) {
    case "for":
      return loopCode(kernel, scope, stmt);
    case "let":
      return [letCode(kernel, scope, stmt.name, stmt.value)];
    case "store":
      return [storeCode(kernel, scope, stmt.to, valueCode(kernel, scope, stmt.value))];
    case "reduce":
      return [reduceCode(kernel, scope, stmt)];
    case "if": {
      const when = conditionOf(kernel, scope, stmt.when);
      return [module.if(when, module.block(null, blockCode(kernel, scope, stmt.body)))];
    }
    case "barrier":
      return [];
    default:
      throw new InternalError(`unknown statement ${(stmt satisfies never as Stmt).kind}`);
  }
}

/** A local for every expression that the statement uses more than once. */
export function bindShared(kernel: WasmKernel, scope: WasmScope, stmt: Stmt): Ref[] {
  scope.bound.clear();
  return sharedNodes(stmt).map((expr, index) => {
    const { ref, type } = valueCode(kernel, scope, expr);
    const local = kernel.locals.of(`shared ${index}`, localType(kernel.api, type), "t");
    scope.bound.set(expr, { local, type });
    return kernel.module.local.set(local.index, ref);
  });
}

/** `axis = start; loop { body; axis++; br_if axis < end }`: a loop that is reached runs at least once. */
function loopCode(kernel: WasmKernel, outer: WasmScope, stmt: Extract<Stmt, { kind: "for" }>): Ref[] {
  const { module, api } = kernel;
  const { axis, start, extent, mode, body } = stmt;
  if (mode !== "serial" && !(mode === "parallel" && kernel.target.threads > 1))
    throw new InternalError(`${mode} loop ${axis} reached the wasm backend`);
  if (extent <= 0) return [];
  const local = kernel.locals.of(`axis ${axis}`, api.i32, axis);
  const scope = copyScope(outer);
  scope.integers.set(axis, local);
  scope.ranges.set(axis, axisRange(stmt));
  const bases = defineBases(kernel, scope, basesIn(body), axis);
  const inside = [...bases, ...blockCode(kernel, scope, body)];
  if (mode === "parallel" && kernel.part?.axis === axis)
    return partCode(kernel, local, stmt, kernel.part, inside);
  const begin = module.local.set(local.index, module.i32.const(start));
  if (extent === 1) return [begin, ...inside];
  const next = module.local.tee(local.index, plus(kernel, get(kernel, local), 1), api.i32);
  const label = kernel.labels.fresh(axis);
  const again = module.br_if(label, module.i32.lt_s(next, module.i32.const(start + extent)));
  return [begin, module.loop(label, module.block(null, [...inside, again]))];
}

/** The values of the loop that are in the function's part, of which there may be none. */
function partCode(
  kernel: WasmKernel,
  local: Local,
  { axis, start, extent }: Extract<Stmt, { kind: "for" }>,
  { begin, end }: Part,
  inside: readonly Ref[],
): Ref[] {
  const { module, api } = kernel;
  const { i32 } = module;
  const stop = kernel.locals.of(`stop ${axis}`, api.i32, `${axis}_stop`);
  const larger = (a: () => Ref, b: () => Ref): Ref => module.select(i32.gt_s(a(), b()), a(), b());
  const last = (): Ref => i32.const(start + extent);
  const label = kernel.labels.fresh(axis);
  const next = module.local.tee(local.index, plus(kernel, get(kernel, local), 1), api.i32);
  const again = module.br_if(label, i32.lt_s(next, get(kernel, stop)));
  return [
    module.local.set(
      local.index,
      larger(
        () => get(kernel, begin),
        () => i32.const(start),
      ),
    ),
    module.local.set(stop.index, module.select(i32.lt_s(get(kernel, end), last()), get(kernel, end), last())),
    module.if(
      i32.lt_s(get(kernel, local), get(kernel, stop)),
      module.loop(label, module.block(null, [...inside, again])),
    ),
  ];
}

function letCode(kernel: WasmKernel, scope: WasmScope, name: string, expr: Expr): Ref {
  const { ref, type } = valueCode(kernel, scope, expr);
  const local = kernel.locals.take(localType(kernel.api, type), name);
  scope.lets.set(name, { local, type });
  return kernel.module.local.set(local.index, ref);
}

function localType(api: Binaryen, type: ValueType): binaryen.Type {
  if (isVector(type)) return api.v128;
  return type === "number" ? api.f32 : api.i32;
}

function integerLetCode(
  kernel: WasmKernel,
  scope: WasmScope,
  name: string,
  value: IntegerExpr,
  bases: readonly Base[],
): Ref[] {
  const local = kernel.locals.of(`axis ${name}`, kernel.api.i32, name);
  const range = integerRange(value, scope.ranges);
  const of = affineOf(kernel, scope, value.kind === "index" ? value.at : value.of);
  const code = [kernel.module.local.set(local.index, of)];
  if (value.kind === "integer") code.push(...integerCode(kernel, local, value));
  scope.integers.set(name, local);
  scope.ranges.set(name, range);
  return [...code, ...defineBases(kernel, scope, bases, name)];
}

/** Replaces the value of a local by an integer function of it. */
function integerCode(kernel: WasmKernel, local: Local, { fn, by }: IntegerCall): Ref[] {
  const { i32 } = kernel.module;
  const value = (): Ref => get(kernel, local);
  const set = (ref: Ref): Ref => kernel.module.local.set(local.index, ref);
  /** `constant` where the value is negative, else 0. */
  const ifNegative = (constant: number): Ref =>
    i32.and(i32.shr_s(value(), i32.const(31)), i32.const(constant));
  const mod = (period: number): Ref[] => [
    set(i32.rem_s(value(), i32.const(period))),
    set(i32.add(value(), ifNegative(period))),
  ];
  const unless = (below: number, otherwise: Ref): Ref =>
    set(kernel.module.select(i32.lt_s(value(), i32.const(below)), value(), otherwise));
  switch (fn) {
    case "div":
      return [set(i32.div_s(i32.add(value(), ifNegative(1 - by)), i32.const(by)))];
    case "mod":
    case "wrap":
      return mod(by);
    case "clamp":
      return [set(i32.sub(value(), i32.and(value(), ifNegative(-1)))), unless(by, i32.const(by - 1))];
    case "reflect": {
      if (by === 1) return [set(i32.const(0))];
      const period = 2 * (by - 1);
      return [...mod(period), unless(by, i32.sub(i32.const(period), value()))];
    }
    default:
      throw new InternalError(`unknown function ${fn satisfies never as string}`);
  }
}

/** Locals for the elements that are used, all four lanes or one lane at a time. */
function allocCode(
  kernel: WasmKernel,
  scope: WasmScope,
  stmt: Extract<Stmt, { kind: "alloc" }>,
  accesses: readonly Access[],
): Ref[] {
  const { module } = kernel;
  const { buffer, init } = stmt;
  if (buffer.space !== "register" || buffer.element !== "f32")
    throw new InternalError(
      `${buffer.space} buffer ${buffer.name} of ${buffer.element} reached the wasm backend`,
    );
  const used = new Set<number>();
  for (const access of accesses) {
    if (used.size === 0) scope.registers.set(buffer.name, { lanes: access.lanes, locals: new Map() });
    used.add(registerLocal(kernel, scope, access).index);
  }
  const lanes = scope.registers.get(buffer.name)?.lanes ?? 1;
  return [...used].map((index) => module.local.set(index, constantOf(kernel, init, lanes)));
}

function storeCode(kernel: WasmKernel, scope: WasmScope, to: Access, value: Value): Ref {
  const { module } = kernel;
  const ref = inLanes(kernel, value, to.lanes);
  const stored = scope.registers.has(to.buffer)
    ? module.local.set(registerLocal(kernel, scope, to).index, ref)
    : storeElement(kernel, elementOf(kernel, to.buffer), to.lanes, addressOf(kernel, scope, to), ref);
  return to.gate === null ? stored : module.if(conditionOf(kernel, scope, to.gate.when), stored);
}

function reduceCode(kernel: WasmKernel, scope: WasmScope, stmt: Extract<Stmt, { kind: "reduce" }>): Ref {
  const was = valueCode(kernel, scope, { kind: "load", from: { ...stmt.to, gate: null } });
  const value = valueCode(kernel, scope, stmt.value);
  return storeCode(kernel, scope, stmt.to, callOf(kernel, stmt.fn, [was, value]));
}
