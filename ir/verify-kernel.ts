/** What is wrong with a kernel; verify.ts lists the checks. */
import type { Diagnostic } from "./diagnostic.js";
import { gridOf, laneCount } from "./grid.js";
import type { Access, Buffer, Expr, For, Kernel, LoopMode, Nest, Stmt } from "./kernel.js";
import { type ParallelRange, parallelRange } from "./parallel.js";
import { printAffine, printKernelWithLines } from "./print.js";
import type { Fact, Range, Ranges } from "./range.js";
import { accessInRange, axisRange, facts, integerRange, narrow } from "./range.js";
import type { GridLimits, Target } from "./target.js";
import { elementBytes } from "./types.js";
import type { ExprScope, ValueType } from "./verify-expr.js";
import { checkAffine, checkCondition, exprType, named } from "./verify-expr.js";
import type { Write } from "./verify-races.js";
import { neverMeet, neverMeetInPieces } from "./verify-races.js";
import type { ConcurrentLoop, KnownBuffer, Scope } from "./verify-scope.js";
import { emptyScope, inner, isVarying, resolve } from "./verify-scope.js";
import { freeNames, loadsIn, stmtExprs, walkAccesses, walkExpr } from "./visit.js";

const concurrent: ReadonlySet<LoopMode> = new Set<LoopMode>(["parallel", "workgroup", "lane"]);
const integer: ValueType = { of: "integer", lanes: 1 };

type If = Extract<Stmt, { readonly kind: "if" }>;

export function checkKernel(kernel: Kernel, target: Target | null): Diagnostic[] {
  return new KernelCheck(kernel, target).run();
}

class KernelCheck {
  private readonly kernel: Kernel;
  private readonly target: Target | null;
  /** `line` is the number of what is visited until the end, when the text is printed if there is something to say. */
  private readonly found: Diagnostic[] = [];
  /** Locals, nests and statements visited so far, in the order they are printed. */
  private visited = 0;
  /** What the nest being visited writes to memory, where workers share it. */
  private shared: Map<string, Write[]> | null = null;

  constructor(kernel: Kernel, target: Target | null) {
    this.kernel = kernel;
    this.target = target;
  }

  private report(message: string): void {
    this.found.push({ line: this.visited, message });
  }

  private nextLine(): void {
    this.visited++;
  }

  run(): Diagnostic[] {
    const scope = emptyScope();
    for (const { name, size, access } of this.kernel.params) {
      const readOnly = access === "read" || access === "constant";
      this.defineBuffer(name, { size, space: "parameter", readOnly, depth: 0 }, scope);
    }
    for (const local of this.kernel.locals) {
      this.nextLine();
      if (local.space !== "arena" && local.space !== "scratch")
        this.report(`a local of a kernel is in arena or scratch, not ${local.space}`);
      this.defineBuffer(local.name, { ...local, readOnly: false, depth: 0 }, scope);
    }
    const nests = new Set<string>();
    for (const nest of this.kernel.nests) {
      this.nextLine();
      if (nests.has(nest.name)) this.report(`there is another nest ${nest.name}`);
      nests.add(nest.name);
      this.nest(nest, scope);
    }
    if (this.found.length === 0) return [];
    const { lines } = printKernelWithLines(this.kernel);
    return this.found.map(({ line, message }) => ({ line: line === 0 ? 0 : lines[line - 1]!, message }));
  }

  private nest(nest: Nest, scope: Scope): void {
    const { length } = this.found;
    const line = this.visited;
    if (this.target?.grid != null) this.grid(nest, this.target.grid);
    const range = parallelRange(this.kernel, nest);
    this.shared = range === null ? null : new Map();
    this.block(nest.body, inner(scope));
    if (range !== null && this.found.length === length) this.checkWorkers(range, line);
  }

  /** What a target that runs grids can run. */
  private grid(nest: Nest, limits: GridLimits): void {
    const grid = gridOf(nest);
    if (typeof grid === "string") {
      this.report(grid);
      return;
    }
    const lanes = laneCount(grid);
    if (lanes > limits.invocations) this.report(`${lanes} lanes, more than ${limits.invocations}`);
    const bytes = grid.shared.reduce((sum, buffer) => sum + buffer.size * elementBytes(buffer.element), 0);
    if (bytes > limits.sharedBytes)
      this.report(`${bytes} bytes of shared buffers, more than ${limits.sharedBytes}`);
    const own = new Set(grid.shared.map((buffer) => buffer.name));
    const named = new Set([...this.kernel.params, ...this.kernel.locals].map((buffer) => buffer.name));
    const touched = new Set<string>();
    walkAccesses(nest.body, ({ buffer }) => {
      if (named.has(buffer) && !own.has(buffer)) touched.add(buffer);
    });
    if (touched.size > limits.buffers)
      this.report(`${touched.size} buffers, more than the ${limits.buffers} a grid can bind`);
  }

  private defineBuffer(name: string, buffer: KnownBuffer, scope: Scope): void {
    if (scope.buffers.has(name)) this.report(`there is another buffer ${name}`);
    if (!Number.isInteger(buffer.size) || buffer.size < 0) this.report(`${name} has ${buffer.size} elements`);
    scope.buffers.set(name, buffer);
  }

  private defineName(name: string, type: ValueType | null, scope: Scope): void {
    if (scope.types.has(name)) this.report(`${name} hides another ${name}`);
    scope.types.set(name, type);
    // What an outer name of that spelling stood for is hidden with it.
    scope.lets.delete(name);
    scope.sums.delete(name);
    scope.varying.delete(name);
  }

  /** Statements that define in `scope` as they go. */
  private block(stmts: readonly Stmt[], scope: Scope): void {
    for (const stmt of stmts) {
      this.nextLine();
      this.stmt(stmt, scope);
    }
  }

  private exprScope(scope: Scope): ExprScope {
    return {
      typeOf: (name) => scope.types.get(name),
      target: this.target,
      report: (message) => this.report(message),
    };
  }

  private stmt(stmt: Stmt, scope: Scope): void {
    for (const expr of stmtExprs(stmt)) for (const { from } of loadsIn(expr)) this.checkAccess(from, scope);
    switch (stmt.kind) {
      case "for":
        this.loop(stmt, scope);
        break;
      case "let":
        this.define(stmt.name, stmt.value, scope);
        break;
      case "alloc":
        this.alloc(stmt.buffer, scope);
        break;
      case "store":
      case "reduce":
        this.write(stmt.to, stmt.value, scope);
        break;
      case "if":
        this.condition(stmt, scope);
        break;
      case "barrier":
        if (scope.diverged) this.report("a barrier under a condition that may differ between lanes");
        break;
      default:
        stmt satisfies never;
    }
  }

  private condition({ when, body }: If, scope: Scope): void {
    const view = this.exprScope(scope);
    checkCondition(exprType(when, view), view);
    const known = this.wellNamed(when, scope) ? facts(when) : [];
    const diverged = scope.diverged || isVarying(when, scope);
    this.block(body, inner(scope, { facts: [...scope.facts, ...known], diverged }));
  }

  /** Whether every integer the expression reads has a range. */
  private wellNamed(expr: Expr, scope: Scope): boolean {
    let fits = true;
    walkExpr(expr, (node) => {
      if (node.kind === "test" && node.of.terms.some((term) => !scope.ranges.has(term.of))) fits = false;
    });
    return fits;
  }

  private loop(stmt: For, scope: Scope): void {
    const { axis, mode, start, extent, body } = stmt;
    if (this.target !== null && !this.target.modes.has(mode))
      this.report(`${this.target.name} has no ${mode} loops`);
    if (!Number.isInteger(start) || !Number.isInteger(extent) || extent < 0)
      this.report(`a loop from ${start} over ${extent}`);
    const loops = [...scope.loops];
    if (concurrent.has(mode)) {
      const fixed = new Set(scope.types.keys());
      loops.push({ axis, extent, mode, fixed, line: this.visited, writes: new Map() });
    }
    const within = inner(scope, { loops });
    this.defineName(axis, integer, within);
    within.ranges.set(axis, axisRange(stmt));
    if (mode === "lane") within.varying.add(axis);
    this.block(body, within);
    if (concurrent.has(mode)) this.checkRaces(loops[loops.length - 1]!);
  }

  private define(name: string, value: Expr, scope: Scope): void {
    const view = this.exprScope(scope);
    const type = exprType(value, view);
    const varies = isVarying(value, scope);
    const range = this.letRange(value, scope);
    const sum = value.kind === "index" && range !== null ? resolve(value.at, scope) : null;
    this.defineName(name, type, scope);
    if (varies) scope.varying.add(name);
    if (range === null) return;
    scope.ranges.set(name, range);
    scope.lets.set(name, value);
    if (sum !== null) scope.sums.set(name, sum);
  }

  /** null for what is no integer, or reads what has no range. */
  private letRange(value: Expr, scope: Scope): Range | null {
    if (value.kind !== "index" && value.kind !== "integer") return null;
    for (const name of freeNames(value)) if (!scope.ranges.has(name)) return null;
    return integerRange(value, scope.ranges);
  }

  private alloc(buffer: Buffer, scope: Scope): void {
    if (buffer.space === "arena" || buffer.space === "scratch")
      this.report(`a block allocates register, private or shared buffers, not ${buffer.space}`);
    if (buffer.space === "private" && this.target !== null && this.target.grid === null)
      this.report(`${this.target.name} has no private buffers`);
    this.defineBuffer(buffer.name, { ...buffer, readOnly: false, depth: scope.loops.length }, scope);
  }

  private write(to: Access, value: Expr, scope: Scope): void {
    const view = this.exprScope(scope);
    const type = exprType(value, view);
    if (type !== null && (type.of !== "number" || type.lanes !== to.lanes))
      this.report(`${named(type)} is written to ${to.lanes} ${to.lanes === 1 ? "element" : "elements"}`);
    if (to.gate !== null) checkCondition(exprType(to.gate.when, view), view);
    const buffer = scope.buffers.get(to.buffer);
    if (buffer?.readOnly) this.report(`${to.buffer} is only read, by its declaration`);
    if (!this.checkAccess(to, scope) || buffer === undefined || buffer.space === "scratch") return;
    const write = {
      at: resolve(to.at, scope),
      lanes: to.lanes,
      ranges: this.rangesOf(to, scope),
      sums: this.factsOf(to, scope),
    };
    const record = (writes: Map<string, Write[]>): void => {
      const known = writes.get(to.buffer);
      if (known === undefined) writes.set(to.buffer, [write]);
      else known.push(write);
    };
    // A buffer made inside a loop is another one in each iteration.
    for (const loop of scope.loops.slice(buffer.depth)) record(loop.writes);
    if (this.shared !== null && buffer.space !== "register" && buffer.space !== "private")
      record(this.shared);
  }

  /** The values names have where the access happens. */
  private rangesOf(access: Access, scope: Scope): Ranges {
    const known = this.factsOf(access, scope);
    return known.length === 0 ? scope.ranges : narrow(scope.ranges, known);
  }

  /** What holds where the access happens, in terms of axes and opaque lets. */
  private factsOf({ gate }: Access, scope: Scope): readonly Fact[] {
    const known = [...scope.facts, ...(gate === null ? [] : facts(gate.when))];
    return known.map(({ of, by }) => ({ of: resolve(of, scope), by }));
  }

  /** False where the address or the buffer makes no sense. */
  private checkAccess(access: Access, scope: Scope): boolean {
    const buffer = scope.buffers.get(access.buffer);
    if (buffer === undefined) this.report(`${access.buffer} is not defined`);
    if (this.target !== null && access.lanes > this.target.lanes)
      this.report(`${this.target.name} has no accesses of ${access.lanes} lanes`);
    if (!checkAffine(access.at, this.exprScope(scope)) || buffer === undefined) return false;
    this.checkSpace(access, buffer, scope);
    if (access.gate !== null && !this.wellNamed(access.gate.when, scope)) return false;
    if (access.at.terms.some((term) => !scope.ranges.has(term.of))) return false;
    if (!this.inRange(access, buffer.size, scope))
      this.report(`${access.buffer}[${printAffine(access.at)}] may leave its ${buffer.size} elements`);
    return true;
  }

  /** As written, where gates speak of the lets; or in terms of the axes, where terms of different lets cancel. */
  private inRange(access: Access, size: number, scope: Scope): boolean {
    if (accessInRange(access, size, scope.ranges, scope.facts, scope.lets)) return true;
    const known = [...scope.facts, ...(access.gate === null ? [] : facts(access.gate.when))];
    const resolved = known.map(({ of, by }) => ({ of: resolve(of, scope), by }));
    const bare = { ...access, at: resolve(access.at, scope), gate: null };
    return accessInRange(bare, size, scope.ranges, resolved, scope.lets);
  }

  private checkSpace(access: Access, buffer: KnownBuffer, scope: Scope): void {
    const { space, depth } = buffer;
    if ((space === "register" || space === "private") && depth < scope.loops.length)
      this.report(`${space} ${access.buffer} is used in a ${scope.loops[depth]!.mode} loop inside its block`);
    if (space === "shared" && scope.loops.slice(depth).some((loop) => loop.mode !== "lane"))
      this.report(`shared ${access.buffer} is used by more than one workgroup`);
    if (this.target !== null && space === "register" && access.at.terms.length > 0)
      this.report(`the address of register ${access.buffer} is not a constant`);
  }

  private checkRaces(loop: ConcurrentLoop): void {
    for (const [buffer, writes] of loop.writes) {
      const meets = writes.some((a, i) => writes.slice(i).some((b) => !neverMeet(a, b, loop)));
      if (meets)
        this.found.push({
          line: loop.line,
          message: `two iterations of ${loop.mode} ${loop.axis} may write one element of ${buffer}`,
        });
    }
  }

  /** Workers run the loops around a parallel loop each for themselves: iterations of those are concurrent too. */
  private checkWorkers({ axis }: ParallelRange, line: number): void {
    const loop = { axis, fixed: new Set<string>() };
    for (const [buffer, writes] of this.shared!)
      if (writes.some((a, i) => writes.slice(i).some((b) => !neverMeetInPieces(a, b, loop))))
        this.found.push({
          line,
          message: `two workers of parallel ${axis} may write one element of ${buffer}`,
        });
  }
}
