/** Traced values: what modules compute with while a graph is being traced. */
import type { NodeBody, ValueId } from "../ir/graph.js";
import type { Scalar } from "../ir/scalar.js";
import { arg, unrounded } from "../ir/scalar.js";
import type { ElementArray } from "../ir/types.js";
import type { DType, Tensor } from "../runtime/tensor.js";
import { describeTensor, toFloat32 } from "../runtime/tensor.js";
import type { FloatDType, StoredDType } from "./element-type.js";
import { dtypeOf, elementOf, floatElement, narrowed } from "./element-type.js";
import { refuse } from "./refusal.js";
import type { ParamRequest, Trace } from "./scope.js";
import { here, running } from "./scope.js";

const tracedSymbol: unique symbol = Symbol.for("convsmith.traced");

/**
 * A tensor that does not exist yet: its shape and dtype, and the value of the graph it stands for.
 *
 * Compute with it through `nn` and `lax`; it belongs to the trace that made it.
 *
 * @example
 * const double = (x: Traced) => lax.add(x, x);
 * String(trace(double, { inputs: [[2, 3]] }));
 */
export class Traced {
  declare readonly [tracedSymbol]: { readonly trace: Trace; readonly id: ValueId };

  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
    value: { readonly trace: Trace; readonly id: ValueId },
  ) {
    Object.defineProperty(this, tracedSymbol, { value });
  }

  toString(): string {
    return describeTensor(this.dtype, this.shape);
  }

  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    return refuse(
      "traced-as-number",
      `${this} is a traced value, not a number; use nn.add, lax.mul and the like`,
    );
  }
}

export function isTraced(value: unknown): value is Traced {
  return typeof value === "object" && value !== null && tracedSymbol in value;
}

/** The value a traced tensor stands for in the running trace. */
export function valueId(traced: unknown, what: string): ValueId {
  const call = running();
  if (call === undefined)
    return refuse("call-outside-trace", `${what}: traced functions run only while a model is traced`);
  if (!isTraced(traced))
    return refuse("not-traced", `${what}: expected a traced value, got ${describeOther(traced)}`, here());
  const { trace, id } = traced[tracedSymbol];
  if (trace !== call.trace)
    return refuse(
      "foreign-traced",
      `${what}: ${traced} belongs to another trace; pass it as an input`,
      here(),
    );
  return id;
}

function describeOther(value: unknown): string {
  if (value instanceof Promise) return "a Promise (call must not be async)";
  if (typeof value === "object" && value !== null && "data" in value && "shape" in value)
    return "a Tensor; make it an input or a parameter";
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

function wrap(trace: Trace, id: ValueId): Traced {
  const { shape, element } = trace.builder.type(id);
  return new Traced(shape, dtypeOf(element), { trace, id });
}

/** Adds a node over traced operands, which the caller has checked to fit. */
export function emit(body: NodeBody, operands: readonly Traced[]): Traced {
  const args = operands.map((operand) => valueId(operand, body.op));
  const call = running()!;
  return wrap(call.trace, call.trace.builder.add(body, args));
}

/** One elementwise node with a float32 result; operands of other dtypes are read as float32. */
export function map(body: Scalar, ...operands: readonly Traced[]): Traced {
  return mapAs("float32", body, ...operands);
}

/** One elementwise node, computed in float32 and rounded to the dtype. */
export function mapAs(dtype: FloatDType, body: Scalar, ...operands: readonly Traced[]): Traced {
  const element = floatElement(dtype);
  return emit({ op: "map", body: unrounded(element, body), element }, operands);
}

/** The numbers rounded to another dtype; nothing is added where they have it. */
export function convert(x: Traced, dtype: FloatDType): Traced {
  return x.dtype === dtype ? x : mapAs(dtype, arg(0), x);
}

/** The same numbers as float32; nothing is added where they already are. */
export function asFloat32(x: Traced): Traced {
  return convert(x, "float32");
}

export function inputValue(trace: Trace, name: string, shape: readonly number[], dtype: StoredDType): Traced {
  return wrap(trace, trace.builder.add({ op: "input", name }, [], { element: elementOf(dtype), shape }));
}

/** The node of a parameter, one however often it is asked for. */
export function paramValue(request: ParamRequest): Traced {
  const { trace } = running()!;
  const known = trace.values.get(request.path);
  if (known !== undefined) return known;
  const dtype = narrowed(trace.givenDTypes.get(request.path) ?? request.dtype);
  if (dtype === "complex64")
    return refuse("dtype-unsupported", `parameter "${request.path}" is ${dtype}; real floats work`, here());
  const id = trace.builder.add({ op: "param", path: request.path }, [], {
    element: elementOf(dtype),
    shape: request.shape,
  });
  const value = wrap(trace, id);
  trace.values.set(request.path, value);
  return value;
}

/** A tensor known now; float64 becomes float32. */
export function constantValue(tensor: Tensor): Traced {
  const { trace } = running()!;
  const { shape } = tensor;
  const dtype = narrowed(tensor.dtype) as StoredDType;
  const data = dtype === tensor.dtype ? (tensor.data as ElementArray) : toFloat32(tensor);
  const element = elementOf(dtype);
  return wrap(trace, trace.builder.add({ op: "constant", path: "", data }, [], { element, shape }));
}
