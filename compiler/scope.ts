/**
 * Scopes: the names of modules and parameters while a trace runs (flax's Scope; spec 1.10 and 4.8).
 *
 * A module has no name until the call it was made in needs one: names are given in order of construction, after it is
 * known which modules are fields of others. The running calls are kept on globalThis, so that modules of two copies
 * of the package may call each other.
 */
import type { Graph, GraphBuilder } from "../ir/graph.js";
import type { DType } from "../runtime/tensor.js";
import type { Initializer } from "./random/initializers.js";
import { refuse } from "./refusal.js";
import type { Traced } from "./traced.js";

/** Marks a module, in every copy of the package; its value says where the module was made. */
export const moduleSymbol: unique symbol = Symbol.for("convsmith.module");
/** A module that places its children itself (a Graph, by parameter path) has this method. */
export const childrenSymbol: unique symbol = Symbol.for("convsmith.children");

export interface Origin {
  /** Counts constructions. */
  readonly order: number;
  /** The call that was running then. */
  readonly within: Call | null;
  /** The `name` option. */
  readonly name: string | null;
}

export interface ModuleLike {
  readonly [moduleSymbol]: Origin;
  readonly [childrenSymbol]?: () => readonly PlacedChild[];
}

export interface PlacedChild {
  readonly module: ModuleLike;
  readonly path: readonly string[];
}

/** A parameter a module asked for, and what flax's random key for it is made from. */
export interface ParamRequest {
  /** "layers_0/kernel" */
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly initializer: Initializer;
  readonly scopePath: readonly string[];
  /** Counts the parameters of one scope from 1. */
  readonly count: number;
}

/** One trace: the graph under construction and everything named in it. */
export interface Trace {
  readonly builder: GraphBuilder;
  readonly scopes: Map<ModuleLike, Scope>;
  readonly params: Map<string, ParamRequest>;
  readonly values: Map<string, Traced>;
  /** Of parameters whose values are known: a value keeps its own dtype, whatever the module would have made. */
  readonly givenDTypes: ReadonlyMap<string, DType>;
  /** Paths of the parameters that are pairs of f32 in the graph. */
  readonly complexParams: Set<string>;
  /** Parameters created so far in the scope of each path. */
  readonly counts: Map<string, number>;
  graph?: Graph;
}

/** One run of a module's `call`, or of the traced function. */
export interface Call {
  readonly trace: Trace;
  readonly scope: Scope;
  /** Modules made during it and not yet named. */
  made: ModuleLike[];
}

export class Scope {
  /** Names that belong to the module whatever it does: its fields. */
  readonly #fields = new Set<string>();
  #taken = new Set<string>();
  #cursors = new Map<string, number>();

  constructor(
    readonly path: readonly string[],
    /** The path with the root's class in front: "Net/Conv_0". */
    readonly title: string,
  ) {}

  child(name: string, held: boolean): Scope {
    this.reserve(name, "submodule");
    if (held) this.#fields.add(name);
    return this.at([name]);
  }

  /** A scope below this one, without a reservation. */
  at(path: readonly string[]): Scope {
    return new Scope([...this.path, ...path], [this.title, ...path].join("/"));
  }

  reserve(name: string, what: "submodule" | "param"): void {
    if (typeof name !== "string" || name === "" || name.includes("/"))
      refuse("bad-name", `name "${String(name)}": give a name that is not empty and has no "/"`, this.title);
    if (this.#taken.has(name))
      refuse("name-in-use", `could not create ${what} "${name}": the name is in use here`, this.title);
    this.#taken.add(name);
  }

  /** `Conv_0`, `Conv_1` …: a counter per class name. */
  autoName(prefix: string): string {
    const cursor = this.#cursors.get(prefix) ?? 0;
    this.#cursors.set(prefix, cursor + 1);
    return `${prefix}_${cursor}`;
  }

  /** After a call: the next one gives the same names again, to the same parameters. */
  rewind(): void {
    this.#taken = new Set(this.#fields);
    this.#cursors = new Map();
  }
}

interface State {
  order: number;
  readonly running: Call[];
}

const stateSymbol: unique symbol = Symbol.for("convsmith.scope");

function state(): State {
  const shared = globalThis as { [stateSymbol]?: State };
  shared[stateSymbol] ??= { order: 0, running: [] };
  return shared[stateSymbol];
}

/** The call that is running, or undefined outside a trace. */
export function running(): Call | undefined {
  return state().running.at(-1);
}

/** Path of the module that is running, for messages. */
export function here(): string {
  return running()?.scope.title ?? "";
}

/** For the constructor of a module: where and when it is being made. */
export function originOf(module: ModuleLike, name: string | null): Origin {
  const call = running();
  call?.made.push(module);
  return { order: state().order++, within: call ?? null, name };
}

export function isModule(value: unknown): value is ModuleLike {
  return typeof value === "object" && value !== null && moduleSymbol in value;
}

/** The class name auto-names use: `static moduleName`, else the class's own. */
export function classNameOf(module: object): string {
  const made = module.constructor as { readonly name: string; readonly moduleName?: unknown };
  return Object.hasOwn(made, "moduleName") && typeof made.moduleName === "string"
    ? made.moduleName
    : made.name;
}

/** A name of one or two letters is what minifiers leave; parameters named after it would fit no checkpoint. */
function autoNamePrefix(module: object, path: string): string {
  const made = module.constructor as { readonly name: string; readonly moduleName?: unknown };
  const name = classNameOf(module);
  if (!Object.hasOwn(made, "moduleName") && name.length <= 2)
    refuse(
      "minified-name",
      `a module's class is named "${name}", which looks like a minifier's work, and parameters are named after it; ` +
        'add static moduleName = "…" to the class, or give the module a name',
      path,
    );
  return name;
}

/** Runs `body` as a call of the module whose scope this is. */
export function runCall<R>(trace: Trace, scope: Scope, body: () => R): R {
  const call: Call = { trace, scope, made: [] };
  const { running: stack } = state();
  const outer = trace.builder.where;
  trace.builder.where = scope.title;
  stack.push(call);
  try {
    const result = body();
    settle(call);
    return result;
  } finally {
    stack.pop();
    trace.builder.where = outer;
    scope.rewind();
  }
}

/** A module's `call`: looks up its scope in the running trace and runs in it. */
export function callModule<R>(module: ModuleLike, body: () => R): R {
  const call = running();
  const name = classNameOf(module);
  if (call === undefined)
    return refuse(
      "call-outside-trace",
      `${name}: call runs only while a model is traced; use module.apply(variables, x), compile or jit`,
    );
  settle(call);
  const scope = call.trace.scopes.get(module);
  if (scope === undefined)
    return refuse(
      "module-unbound",
      `this ${name} was made outside the running call and no field holds it; make it in call, or hold it in a field`,
      call.scope.title,
    );
  return runCall(call.trace, scope, body);
}

/** Names the modules made in a call so far, in order of construction, leaving out those that others hold. */
export function settle(call: Call): void {
  const pending = call.made;
  call.made = [];
  for (const module of pending) {
    if (call.trace.scopes.has(module)) continue;
    const name = module[moduleSymbol].name ?? call.scope.autoName(autoNamePrefix(module, call.scope.title));
    bind(call.trace, module, call.scope.child(name, false));
  }
}

interface Holder {
  readonly module: ModuleLike;
  readonly scope: Scope;
}

/** Gives a module its scope, and scopes below it to the modules it holds. */
export function bind(trace: Trace, module: ModuleLike, scope: Scope, holders: readonly Holder[] = []): void {
  trace.scopes.set(module, scope);
  const chain = [...holders, { module, scope }];
  const placed = module[childrenSymbol]?.();
  if (placed !== undefined) {
    for (const child of placed)
      if (!trace.scopes.has(child.module)) bind(trace, child.module, scope.at(child.path), chain);
    return;
  }
  for (const [field, value] of Object.entries(module)) {
    const adopted: Holder[] = [];
    for (const [suffix, child] of modulesIn(value)) {
      if (trace.scopes.has(child) || !adoptable(child, chain[0]!.module)) continue;
      const childScope = scopeOfField(child, `${field}${suffix}`, chain);
      trace.scopes.set(child, childScope);
      adopted.push({ module: child, scope: childScope });
    }
    for (const child of adopted) bind(trace, child.module, child.scope, chain);
  }
}

/**
 * A module made inside a running call belongs to that call, unless it was made by the constructor of a module of that
 * call: fields written in a class body are constructed just after their holder began.
 */
function adoptable(child: ModuleLike, root: ModuleLike): boolean {
  const { within, order } = child[moduleSymbol];
  const holder = root[moduleSymbol];
  return within === null || (within === holder.within && order > holder.order);
}

/**
 * Named by the field. A `name` option counts only for a child made while a holder was constructed (flax's setup), and
 * then below the innermost such holder; a module made before them loses it.
 */
function scopeOfField(child: ModuleLike, field: string, chain: readonly Holder[]): Scope {
  const { name, order } = child[moduleSymbol];
  const maker = chain.findLast((holder) => holder.module[moduleSymbol].order < order);
  if (name !== null && maker !== undefined) return maker.scope.child(name, true);
  return chain.at(-1)!.scope.child(field, true);
}

/** The modules in a field: itself, in lists (`_0`) and in plain records (`_key`), nested to any depth. */
function* modulesIn(value: unknown, suffix = "", seen = new Set<object>()): Generator<[string, ModuleLike]> {
  if (isModule(value)) {
    yield [suffix, value];
    return;
  }
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return;
  seen.add(value);
  for (const [name, item] of Object.entries(value)) yield* modulesIn(item, `${suffix}_${name}`, seen);
}
