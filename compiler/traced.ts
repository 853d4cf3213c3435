/** Traced values: what modules compute with while a graph is being traced. */
import type { NodeBody, ValueId } from "../ir/graph.js";
import type { Scalar } from "../ir/scalar.js";
import { arg, lit, unrounded } from "../ir/scalar.js";
import type { ElementArray, TensorType } from "../ir/types.js";
import type { DType, Tensor } from "../runtime/tensor.js";
import { describeTensor, toFloat32 } from "../runtime/tensor.js";
import type { FloatDType, InexactDType, InputDType } from "./element-type.js";
import { dtypeOf, elementOf, floatElement, narrowed } from "./element-type.js";
import { refuse } from "./refusal.js";
import type { ParamRequest, Trace } from "./scope.js";
import { here, running } from "./scope.js";

const tracedSymbol: unique symbol = Symbol.for("convsmith.traced");

interface TracedValue {
  readonly trace: Trace;
  /** The real part of a complex tensor. */
  readonly id: ValueId;
  /** Of a complex tensor only; null where it is 0 throughout. */
  readonly imaginary?: ValueId | null;
}

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
  declare readonly [tracedSymbol]: TracedValue;

  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
    value: TracedValue,
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

/** Refuses what is no traced value of the running trace. */
export function checkTraced(traced: unknown, what: string): TracedValue {
  const call = running();
  if (call === undefined)
    return refuse("call-outside-trace", `${what}: traced functions run only while a model is traced`);
  if (!isTraced(traced))
    return refuse("not-traced", `${what}: expected a traced value, got ${describeOther(traced)}`, here());
  const value = traced[tracedSymbol];
  if (value.trace !== call.trace)
    return refuse(
      "foreign-traced",
      `${what}: ${traced} belongs to another trace; pass it as an input`,
      here(),
    );
  return value;
}

/** The value a real traced tensor stands for in the running trace. */
export function valueId(traced: unknown, what: string): ValueId {
  const { id, imaginary } = checkTraced(traced, what);
  return imaginary === undefined ? id : refuseComplex(what, traced as Traced);
}

export function refuseComplex(what: string, x: Traced): never {
  return refuse(
    "dtype-unsupported",
    `${what}: ${x} is complex, which it does not support; convolutions, sums and products do`,
    here(),
  );
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

export interface Parts {
  readonly re: Traced;
  /** null where it is 0 throughout. */
  readonly im: Traced | null;
}

/** A complex64 tensor of two float32 ones. */
export function complexOf({ re, im }: Parts): Traced {
  const { trace } = running()!;
  const imaginary = im === null ? null : valueId(im, "complex");
  return new Traced(re.shape, "complex64", { trace, id: valueId(re, "complex"), imaginary });
}

/** The parts of any tensor, as float32. */
export function partsOf(x: Traced): Parts {
  const { trace, id, imaginary } = checkTraced(x, "complex");
  if (imaginary === undefined) return { re: asFloat32(x), im: null };
  return { re: wrap(trace, id), im: imaginary === null ? null : wrap(trace, imaginary) };
}

/** Does with the parts of a complex tensor what it does with a real one: moves elements about. */
export function mapParts(x: Traced, move: (part: Traced) => Traced): Traced {
  if (x.dtype !== "complex64") return move(x);
  const { re, im } = partsOf(x);
  return complexOf({ re: move(re), im: im && move(im) });
}

/** The numbers in another dtype; of a complex number its real part stays, as in NumPy. */
export function convertInexact(x: Traced, dtype: InexactDType): Traced {
  if (dtype === "complex64") return x.dtype === dtype ? x : complexOf(partsOf(x));
  return convert(x.dtype === "complex64" ? partsOf(x).re : x, dtype);
}

/** A complex tensor in memory: pairs of numbers, in one more axis. */
export function pairsOf(x: Traced): Traced {
  const { re, im } = partsOf(x);
  const parts = [re, im ?? map(lit(0), re)];
  const shape = [...x.shape, 1];
  return emit(
    { op: "concat", axis: x.shape.length },
    parts.map((part) => emit({ op: "reshape", shape }, [part])),
  );
}

/** The complex tensor whose pairs a value of the graph holds. */
function fromPairs(trace: Trace, pairs: ValueId): Traced {
  const { builder } = trace;
  const shape = builder.type(pairs).shape.slice(0, -1);
  const [id, imaginary] = [0, 1].map((part) => {
    const body = {
      op: "slice",
      start: [...shape.map(() => 0), part],
      step: [...shape.map(() => 1), 1],
      shape: [...shape, 1],
    } as const;
    return builder.add({ op: "reshape", shape }, [builder.add(body, [pairs])]);
  }) as [ValueId, ValueId];
  return new Traced(shape, "complex64", { trace, id, imaginary });
}

/** What a value is stored as: complex numbers as pairs. */
function storedType(dtype: InputDType, shape: readonly number[]): TensorType {
  return dtype === "complex64"
    ? { element: "f32", shape: [...shape, 2] }
    : { element: elementOf(dtype), shape };
}

/** All inputs of a program: their nodes come before any other. */
export function inputValues(
  trace: Trace,
  inputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: InputDType;
  }[],
): Traced[] {
  const ids = inputs.map(({ name, shape, dtype }) =>
    trace.builder.add({ op: "input", name }, [], storedType(dtype, shape)),
  );
  return ids.map((id, i) => (inputs[i]!.dtype === "complex64" ? fromPairs(trace, id) : wrap(trace, id)));
}

/** The node of a parameter, one however often it is asked for. */
export function paramValue({ path, dtype: made, shape }: ParamRequest): Traced {
  const { trace } = running()!;
  const known = trace.values.get(path);
  if (known !== undefined) return known;
  const dtype = narrowed(trace.givenDTypes.get(path) ?? made);
  const id = trace.builder.add({ op: "param", path }, [], storedType(dtype, shape));
  const value = dtype === "complex64" ? fromPairs(trace, id) : wrap(trace, id);
  if (dtype === "complex64") trace.complexParams.add(path);
  trace.values.set(path, value);
  return value;
}

/** A tensor known now; float64 becomes float32. */
export function constantValue(tensor: Tensor): Traced {
  const { trace } = running()!;
  const dtype = narrowed(tensor.dtype);
  const data = dtype === tensor.dtype ? (tensor.data as ElementArray) : toFloat32(tensor);
  const type = storedType(dtype, tensor.shape);
  const id = trace.builder.add({ op: "constant", path: "", data }, [], type);
  return dtype === "complex64" ? fromPairs(trace, id) : wrap(trace, id);
}
