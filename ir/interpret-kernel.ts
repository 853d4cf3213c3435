/**
 * The meaning of the kernel IR: runs kernels and programs slowly, and throws on anything out of bounds.
 *
 * Loops of every mode run one iteration after another. Lane loops whose body has a barrier run their lanes side by
 * side: each up to the next barrier, then all of them on. Buffers that nobody wrote hold NaN.
 */
import { InternalError } from "./diagnostic.js";
import type { Compute } from "./evaluate.js";
import { elementArrays, makeElements } from "./float16.js";
import type { Bound, Place, Scope, Slot } from "./interpret-expr.js";
import { computeExpr, computeGate, lanesOf, placesOf, withBuffer, withSlot } from "./interpret-expr.js";
import type { Buffer, For, Kernel, ReduceFn, Stmt } from "./kernel.js";
import type { KernelCall, KernelProgram } from "./program.js";
import type { Target } from "./target.js";
import { targets } from "./target.js";
import type { ElementArray } from "./types.js";
import { elementBytes } from "./types.js";

type Run = () => void;
/** Stops at every barrier. */
type Steps = () => Generator<void, void>;

/** Runs the kernel on its parameters (and its locals, where they are bound); throws InternalError on a bad access. */
export function interpretKernel(
  kernel: Kernel,
  buffers: ReadonlyMap<string, ElementArray>,
  target: Target,
): void {
  compileKernel(kernel, buffers, target)();
}

/** Binds every call to its part of the memory; the kernels then run any number of times. */
export function interpretProgram(
  program: KernelProgram,
  memory: ArrayBuffer,
  target: Target = targets.js,
): { setup(): void; run(): void } {
  if (memory.byteLength < program.memoryBytes)
    throw new InternalError(`${program.name} needs ${program.memoryBytes} bytes, has ${memory.byteLength}`);
  const kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
  const compile = (call: KernelCall): Run => {
    const kernel = kernels.get(call.kernel);
    if (kernel === undefined) throw new InternalError(`${program.name} calls ${call.kernel}, which it lacks`);
    return compileKernel(kernel, bindMemory(kernel, call, memory), target);
  };
  const setup = program.setup.map(compile);
  const run = program.run.map(compile);
  const inOrder = (calls: readonly Run[]) => (): void => {
    for (const call of calls) call();
  };
  return { setup: inOrder(setup), run: inOrder(run) };
}

function bindMemory(kernel: Kernel, call: KernelCall, memory: ArrayBuffer): Map<string, ElementArray> {
  const wanted = [...kernel.params, ...kernel.locals];
  if (wanted.length !== call.args.length)
    throw new InternalError(`${kernel.name} takes ${wanted.length} addresses, not ${call.args.length}`);
  return new Map(
    wanted.map(({ name, element, size }, index) => {
      const offset = call.args[index]!;
      const bytes = elementBytes(element);
      if (offset < 0 || offset % bytes !== 0 || offset + size * bytes > memory.byteLength)
        throw new InternalError(
          `${kernel.name}: ${name} cannot lie at ${offset} of ${memory.byteLength} bytes`,
        );
      return [name, new elementArrays[element](memory, offset, size)];
    }),
  );
}

function compileKernel(kernel: Kernel, buffers: ReadonlyMap<string, ElementArray>, target: Target): Run {
  let scope: Scope = {
    kernel: kernel.name,
    rounding: target.backend === "js" && !target.exactF32 ? "wide" : "exact",
    slots: new Map(),
    buffers: new Map(),
  };
  const poisoned: Bound[] = [];
  for (const param of kernel.params) {
    const data = buffers.get(param.name);
    if (data === undefined || data.length < param.size)
      throw new InternalError(
        `${kernel.name}: ${param.name} needs ${param.size} elements, has ${data?.length ?? "none"}`,
      );
    const readOnly = param.access === "read" || param.access === "constant";
    scope = withBuffer(scope, { ...param, data, readOnly });
  }
  for (const local of kernel.locals) {
    const given = buffers.get(local.name);
    const data = given ?? makeElements(local.element, local.size);
    const bound: Bound = { ...local, data, readOnly: false };
    if (given === undefined) poisoned.push(bound);
    scope = withBuffer(scope, bound);
  }
  const nests = kernel.nests.map((nest) => compileBlock(scope, nest.body));
  return () => {
    for (const { data } of poisoned) if (data instanceof Float32Array) data.fill(Number.NaN);
    for (const nest of nests) nest();
  };
}

function hasBarrier(stmts: readonly Stmt[]): boolean {
  return stmts.some(
    (stmt) =>
      stmt.kind === "barrier" || ((stmt.kind === "for" || stmt.kind === "if") && hasBarrier(stmt.body)),
  );
}

/** Threads the scope through a block; `compile` may name something for the statements after it. */
function eachStmt(
  scope: Scope,
  body: readonly Stmt[],
  visit: (stmt: Stmt, scope: Scope) => Scope | null,
): void {
  let current = scope;
  for (const stmt of body) current = visit(stmt, current) ?? current;
}

function compileBlock(scope: Scope, body: readonly Stmt[]): Run {
  const runs: Run[] = [];
  eachStmt(scope, body, (stmt, inner) => {
    const { run, scope: after } = compileStmt(stmt, inner);
    runs.push(run);
    return after;
  });
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return only;
  return () => {
    for (let i = 0; i < runs.length; i++) runs[i]!();
  };
}

interface Compiled {
  readonly run: Run;
  /** The scope of the statements that follow. */
  readonly scope: Scope;
}

function compileStmt(stmt: Stmt, scope: Scope): Compiled {
  switch (stmt.kind) {
    case "for":
      return { run: compileLoop(stmt, scope), scope };
    case "let": {
      const values = new Float64Array(lanesOf(scope, stmt.value));
      const lanes = Array.from(values, (_, lane) => computeExpr(scope, stmt.value, lane));
      const run = (): void => {
        for (let lane = 0; lane < lanes.length; lane++) values[lane] = lanes[lane]!();
      };
      return { run, scope: withSlot(scope, stmt.name, { values }) };
    }
    case "alloc": {
      const { init } = stmt;
      const bound = allocate(scope, stmt.buffer);
      return { run: () => void bound.data.fill(init), scope: withBuffer(scope, bound) };
    }
    case "store":
    case "reduce":
      return { run: compileWrite(stmt, scope), scope };
    case "if": {
      const when = computeExpr(scope, stmt.when);
      const body = compileBlock(scope, stmt.body);
      return { run: () => (when() !== 0 ? body() : undefined), scope };
    }
    case "barrier":
      return { run: () => undefined, scope };
    default:
      throw new InternalError(`unknown statement ${(stmt satisfies never as Stmt).kind}`);
  }
}

/** Registers of a wide target keep double precision. */
function allocate(scope: Scope, { name, element, size }: Buffer): Bound {
  const wide = scope.rounding === "wide" && element === "f32";
  const data = wide ? new Float64Array(size) : makeElements(element, size);
  return { name, element, size, data, readOnly: false };
}

const reductions: Readonly<Record<ReduceFn, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  max: Math.max,
  min: Math.min,
};

/** All lanes are computed before the first is written. */
function compileWrite(stmt: Extract<Stmt, { kind: "store" | "reduce" }>, scope: Scope): Run {
  const places = placesOf(scope, stmt.to);
  const values = places.map((place, lane) => newValue(stmt, scope, place, lane));
  const gate = computeGate(scope, stmt.to);
  const pending = new Float64Array(places.length);
  const [place, value] = [places[0]!, values[0]!];
  const write =
    places.length === 1
      ? (): void => place.write(value())
      : (): void => {
          for (let lane = 0; lane < pending.length; lane++) pending[lane] = values[lane]!();
          for (let lane = 0; lane < pending.length; lane++) places[lane]!.write(pending[lane]!);
        };
  return gate === null ? write : () => (gate() !== 0 ? write() : undefined);
}

function newValue(
  stmt: Extract<Stmt, { kind: "store" | "reduce" }>,
  scope: Scope,
  { read }: Place,
  lane: number,
): Compute {
  const value = computeExpr(scope, stmt.value, lane);
  if (stmt.kind === "store") return value;
  const combine = reductions[stmt.fn];
  if (scope.rounding === "wide") return () => combine(read(), value());
  return () => Math.fround(combine(read(), value()));
}

function compileLoop(stmt: For, scope: Scope): Run {
  if (stmt.mode === "lane" && hasBarrier(stmt.body)) {
    const lanes = laneSteps(stmt, scope);
    return () => {
      for (const _ of lanes()) {
        // Every lane has reached the barrier.
      }
    };
  }
  const slot: Slot = { values: new Float64Array(1) };
  const body = compileBlock(withSlot(scope, stmt.axis, slot), stmt.body);
  const end = stmt.start + stmt.extent;
  return () => {
    for (let i = stmt.start; i < end; i++) {
      slot.values[0] = i;
      body();
    }
  };
}

/** Each lane has its own copy of the body, so of its lets and registers; all stop together at each barrier. */
function laneSteps(stmt: For, scope: Scope): Steps {
  const lanes = Array.from({ length: stmt.extent }, (_, lane) => {
    const values = Float64Array.of(stmt.start + lane);
    return blockSteps(withSlot(scope, stmt.axis, { values }), stmt.body);
  });
  return function* () {
    const running = lanes.map((steps) => steps());
    for (;;) {
      const ended = running.filter((lane) => lane.next().done === true).length;
      if (ended === running.length) return;
      if (ended > 0)
        throw new InternalError(`${scope.kernel}: some lanes of ${stmt.axis} never reach a barrier`);
      yield;
    }
  };
}

/** As compileBlock, for a body with barriers. */
function blockSteps(scope: Scope, body: readonly Stmt[]): Steps {
  const all: Steps[] = [];
  eachStmt(scope, body, (stmt, inner) => {
    if (stmt.kind === "alloc" && stmt.buffer.space === "shared")
      throw new InternalError(`${scope.kernel}: ${stmt.buffer.name} is shared but made inside a lane`);
    if (!hasBarrier([stmt])) {
      const { run, scope: after } = compileStmt(stmt, inner);
      // biome-ignore lint/correctness/useYield: a statement without barriers has nowhere to stop
      all.push(function* () {
        run();
      });
      return after;
    }
    all.push(stmtSteps(stmt, inner));
    return null;
  });
  return function* () {
    for (const steps of all) yield* steps();
  };
}

function stmtSteps(stmt: Stmt, scope: Scope): Steps {
  if (stmt.kind === "for" && stmt.mode === "lane") return laneSteps(stmt, scope);
  if (stmt.kind === "for") {
    const slot: Slot = { values: new Float64Array(1) };
    const body = blockSteps(withSlot(scope, stmt.axis, slot), stmt.body);
    return function* () {
      for (let i = stmt.start; i < stmt.start + stmt.extent; i++) {
        slot.values[0] = i;
        yield* body();
      }
    };
  }
  if (stmt.kind === "if") {
    const when = computeExpr(scope, stmt.when);
    const body = blockSteps(scope, stmt.body);
    return function* () {
      if (when() !== 0) yield* body();
    };
  }
  return function* () {
    yield;
  };
}
