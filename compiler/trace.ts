/**
 * Tracing: runs a module, or a function of traced values, on symbolic inputs and records what it does as a graph.
 *
 * The graph holds exactly flax's effects in flax's order; no pass has seen it yet.
 */
import type { Graph, ValueId } from "../ir/graph.js";
import { GraphBuilder } from "../ir/graph.js";
import { printGraph } from "../ir/print.js";
import type { OutputTree } from "../runtime/program.js";
import type { DType } from "../runtime/tensor.js";
import { checkParams } from "./checkpoint/check-params.js";
import type { Variables } from "./checkpoint/tree.js";
import { flattenParams, isTensor } from "./checkpoint/tree.js";
import type { InputSpecs, ProgramInput } from "./input-spec.js";
import { readInputSpecs } from "./input-spec.js";
import { checkOptions, show } from "./option.js";
import { refuse } from "./refusal.js";
import type { ModuleLike, ParamRequest, Trace } from "./scope.js";
import { bind, classNameOf, isModule, runCall, Scope } from "./scope.js";
import type { Traced } from "./traced.js";
import { checkTraced, inputValues, isTraced, pairsOf, valueId } from "./traced.js";

/** What trace needs of a module. */
export interface Callable extends ModuleLike {
  /** The names of the inputs, in order, where the model has given them some. */
  readonly inputNames?: readonly string[];
  call(...inputs: never[]): unknown;
}

/** One traced value, or lists and records of them. */
export type TracedOutput = Traced | readonly TracedOutput[] | { readonly [name: string]: TracedOutput };

export type TracedFunction = (...inputs: Traced[]) => TracedOutput;

/** A module, or a plain function of traced values. */
export type TraceTarget = Callable | TracedFunction;

export interface TraceOptions {
  readonly inputs: InputSpecs;
  /** Checked against the parameters the module asks for; they keep their own dtypes. */
  readonly variables?: Variables | undefined;
}

/** Dtypes of parameters that will be given, by path. */
export type GivenDTypes = ReadonlyMap<string, DType>;

export interface TraceResult {
  readonly graph: Graph;
  readonly inputs: readonly ProgramInput[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly number[] }[];
  /** In order of creation; the order of the graph's `param` nodes. */
  readonly params: readonly ParamRequest[];
  readonly outputTree: OutputTree;
  /** Paths of the parameters whose node has one more axis, of the two parts. */
  readonly complexParams: ReadonlySet<string>;
}

/** Runs the target once; throws what its modules refuse. */
export function traceProgram(
  target: TraceTarget,
  options: TraceOptions & { readonly givenDTypes?: GivenDTypes },
): TraceResult {
  const { call, name } = readTarget(target);
  const order = isModule(target) ? (target as Callable).inputNames : undefined;
  const inputs = readInputSpecs(options.inputs, order);
  const trace: Trace = {
    builder: new GraphBuilder(),
    scopes: new Map(),
    params: new Map(),
    values: new Map(),
    givenDTypes: options.givenDTypes ?? dtypesOf(options.variables),
    complexParams: new Set(),
    counts: new Map(),
  };
  const outputs: Output[] = [];
  const values = inputValues(trace, inputs);
  const outputTree = runCall(trace, new Scope([], name), () => {
    if (isModule(target)) bind(trace, target, new Scope([], name));
    return readOutput(call(...values), outputs, name);
  });
  const params = [...trace.params.values()];
  if (options.variables !== undefined) checkParams(params, options.variables);
  return {
    graph: trace.builder.finish(
      name.replace(/\W/g, "_"),
      outputs.map((output) => output.id),
    ),
    inputs,
    outputs: outputs.map(({ dtype, shape }) => ({ dtype, shape })),
    complexParams: trace.complexParams,
    params,
    outputTree,
  };
}

/** Variables that are no tree have no parameters; who checks them says so. */
export function dtypesOf(variables: Variables | undefined): GivenDTypes {
  const { params } = Object(variables) as Partial<Variables>;
  if (typeof params !== "object" || params === null || isTensor(params)) return new Map();
  return new Map([...flattenParams(params)].map(([path, { dtype }]) => [path, dtype]));
}

function readTarget(target: unknown): { name: string; call: (...inputs: Traced[]) => unknown } {
  if (isModule(target)) {
    const module = target as Callable;
    return { name: classNameOf(module), call: (...inputs) => module.call(...(inputs as never[])) };
  }
  if (typeof target !== "function")
    return refuse("not-a-target", `expected a module or a function of traced values, got ${show(target)}`);
  const prototype: unknown = target.prototype;
  if (typeof prototype === "object" && prototype !== null && "call" in prototype && "init" in prototype)
    refuse("not-a-target", `${target.name} is a class; give an instance: new ${target.name}(…)`);
  return { name: target.name === "" ? "program" : target.name, call: target as TracedFunction };
}

interface Output {
  readonly key: string;
  readonly id: ValueId;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Lists the values of an output, each once, and keeps its shape as a tree of their numbers. */
function readOutput(output: unknown, into: Output[], name: string): OutputTree {
  if (isTraced(output)) {
    const { id: real, imaginary = "real" } = checkTraced(output, "output");
    const key = `${real} ${imaginary}`;
    const at = into.findIndex((other) => other.key === key);
    if (at >= 0) return at;
    const { dtype, shape } = output;
    const id = dtype === "complex64" ? valueId(pairsOf(output), "output") : real;
    return into.push({ key, id, dtype, shape }) - 1;
  }
  if (Array.isArray(output)) return output.map((item: unknown) => readOutput(item, into, name));
  const prototype: unknown =
    typeof output === "object" && output !== null ? Object.getPrototypeOf(output) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    const what = output instanceof Promise ? "a Promise: call must not be async" : show(output);
    return refuse(
      "bad-output",
      `call returned ${what}; return traced values, or lists and records of them`,
      name,
    );
  }
  return Object.fromEntries(
    Object.entries(output as object).map(([key, item]) => [key, readOutput(item, into, name)]),
  );
}

/** A traced program, for reading: `String(program)` is its graph as text. */
export interface TracedProgram {
  readonly graph: Graph;
  toString(): string;
}

/**
 * Traces a module or function and returns its graph, before any pass.
 *
 * @param target a Module, or a function of traced values
 * @param options `inputs`: one spec per input (a shape, `{ shape, dtype }` or a Tensor), in a list or by name;
 * `variables`: checked against the module's parameters when given
 * @throws ConfigError, ShapeError, CheckpointError or UnsupportedError, whatever the model's parts refuse
 *
 * @example
 * const graph = trace(new Conv({ features: 8, kernelSize: [3, 3] }), { inputs: [[1, 28, 28, 3]] });
 * console.log(String(graph));
 */
export function trace(target: TraceTarget, options: TraceOptions): TracedProgram {
  checkOptions("trace", options, ["inputs", "variables"], ["inputs"]);
  const { graph } = traceProgram(target, options);
  return { graph, toString: () => printGraph(graph) };
}
