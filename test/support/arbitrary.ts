/**
 * Random well-formed graphs, kernels and schedules for property tests.
 *
 * Each is built from a list of choices, which fast-check shrinks: a shorter list of smaller numbers gives a smaller
 * program. Used up, a list gives zeros.
 */
import * as fc from "fast-check";
import type { Graph, PadMode, ValueId } from "../../ir/graph.js";
import { channelsLast, GraphBuilder, identityFused, phaseShape } from "../../ir/graph.js";
import type { Access, Affine, Buffer, Expr, Gate, Kernel, LoopMode, Stmt } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import type { Range } from "../../ir/range.js";
import { affineRange, axisRange, integerRange } from "../../ir/range.js";
import type { Scalar, ScalarFn } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import type { Schedule, Step } from "../../ir/schedule.js";
import { elementCount } from "../../ir/types.js";
import type { WindowDim } from "../../ir/window.js";
import { outputExtent } from "../../ir/window.js";

class Choices {
  private at = 0;
  private readonly numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  get left(): boolean {
    return this.at < this.numbers.length;
  }

  /** From 0 to below `bound`. */
  below(bound: number): number {
    return (this.numbers[this.at++] ?? 0) % bound;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  number(): number {
    const special = [0, -0, 1, -1, 0.1, -2.5, 1e-7, 3e20, Math.PI, Infinity, -Infinity, NaN];
    return Math.fround(this.of(special));
  }
}

function built<T>(build: (choices: Choices) => T): fc.Arbitrary<T> {
  return fc
    .array(fc.nat({ max: 0xffff }), { maxLength: 120, size: "max" })
    .map((list) => build(new Choices(list)));
}

const unary: readonly ScalarFn[] = ["neg", "abs", "exp", "tanh", "erf", "floor", "rsqrt"];
const binary: readonly ScalarFn[] = ["add", "sub", "mul", "div", "max", "min"];

/** A number-valued scalar over the leaves; sub-trees may be shared. */
function scalar(choices: Choices, leaves: readonly Scalar[], size: number): Scalar {
  const made: Scalar[] = [...leaves, lit(choices.number())];
  for (let i = 0; i < size; i++) {
    const pick = (): Scalar => made[made.length - 1 - choices.below(Math.min(made.length, 4))]!;
    const kind = choices.below(4);
    if (kind === 0) made.push(call(choices.of(unary), pick()));
    else if (kind < 3) made.push(call(choices.of(binary), pick(), pick()));
    else {
      const compared = call(choices.of(["lt", "le", "eq"] as const), pick(), pick());
      const test = choices.below(2) === 0 ? call("not", compared) : call("and", compared, compared);
      made.push(call("select", test, pick(), pick()));
    }
  }
  return made[made.length - 1]!;
}

export function arbitraryScalar(leaves: readonly Scalar[] = [arg(0), arg(1)]): fc.Arbitrary<Scalar> {
  return built((choices) => scalar(choices, leaves, choices.below(12)));
}

function addConv(choices: Choices, builder: GraphBuilder, lhs: ValueId): ValueId {
  const { shape } = builder.type(lhs);
  const rank = shape.length - 2;
  const features = shape[rank + 1]!;
  const groups = features > 0 && choices.below(3) === 0 ? features : 1;
  const batchGroups = groups === 1 && shape[0]! > 0 && choices.below(4) === 0 ? shape[0]! : 1;
  const window = shape.slice(1, rank + 1).map((extent): WindowDim => {
    const border = extent > 0 ? choices.of(["zero", "wrap", "reflect"] as const) : "zero";
    return {
      size: 1 + choices.below(3),
      stride: 1 + choices.below(2),
      low: choices.below(3) - (border === "zero" && extent > 1 ? 1 : 0),
      high: choices.below(3),
      lhsDilation: border === "zero" ? 1 + choices.below(2) : 1,
      rhsDilation: 1 + choices.below(2),
      reversal: choices.below(4) === 1,
      border,
    };
  });
  const out = (1 + choices.below(2)) * groups * batchGroups;
  const taps = elementCount(window.map((dim) => dim.size));
  const local = groups === 1 && batchGroups === 1 && choices.below(4) === 1;
  const outputs = window.map((dim, d) => outputExtent(shape[d + 1]!, dim));
  const rhs = builder.add({ op: "param", path: "conv/kernel" }, [], {
    element: choices.of(["f32", "f16", "bf16"] as const),
    shape: local
      ? [...outputs, taps * features, out]
      : [...window.map((dim) => dim.size), features / groups, out],
  });
  const bias = builder.add({ op: "param", path: "conv/bias" }, [], { element: "f32", shape: [out] });
  const fused =
    choices.below(2) === 0
      ? identityFused
      : {
          lhs: choices.below(2) === 0 ? identityFused.lhs : scalar(choices, [arg("lhs")], 2),
          rhs: choices.below(2) === 0 ? identityFused.rhs : scalar(choices, [arg("rhs"), arg(2)], 3),
          out: choices.below(2) === 0 ? identityFused.out : scalar(choices, [arg("acc"), arg(2)], 5),
        };
  return builder.add(
    {
      op: "conv",
      window,
      dims: channelsLast(rank),
      groups,
      batchGroups,
      local,
      precision: choices.of(["default", "highest"] as const),
      element: choices.of(["f32", "f16", "bf16"] as const),
      skippedTaps: choices.below(4) === 0 ? [taps - 1] : [],
      fused,
    },
    [lhs, rhs, bias],
  );
}

function addConstant(choices: Choices, builder: GraphBuilder): ValueId {
  const shape = choices.of([[], [0], [3], [4, 5], [2, 0, 3]]);
  const [element, make] = choices.of([
    ["f32", (count: number) => Float32Array.from({ length: count }, () => choices.number())],
    ["bf16", (count: number) => Uint16Array.from({ length: count }, () => choices.below(0x10000))],
    ["i32", (count: number) => Int32Array.from({ length: count }, () => (choices.below(99) - 50) * 30000001)],
    ["bool", (count: number) => Uint8Array.from({ length: count }, () => choices.below(2))],
  ] as const);
  const data = make(elementCount(shape));
  return builder.add({ op: "constant", path: choices.of(["", "Dense_0/bias"]), data }, [], {
    element,
    shape,
  });
}

function addView(choices: Choices, builder: GraphBuilder, from: ValueId): ValueId {
  const { shape } = builder.type(from);
  const rank = shape.length;
  switch (choices.below(5)) {
    case 0:
      return builder.add({ op: "reshape", shape: [elementCount(shape), 1] }, [from]);
    case 1: {
      const first = rank === 0 ? 0 : choices.below(rank);
      return builder.add({ op: "transpose", permutation: shape.map((_, axis) => (axis + first) % rank) }, [
        from,
      ]);
    }
    case 2: {
      const step = shape.map(() => 1 + choices.below(2));
      const start = shape.map((extent) => (extent > 1 ? choices.below(2) : 0));
      const left = shape.map((extent, axis) => Math.ceil((extent - start[axis]!) / step[axis]!));
      return builder.add({ op: "slice", start, step, shape: left }, [from]);
    }
    case 3:
      return rank === 0 ? from : builder.add({ op: "concat", axis: choices.below(rank) }, [from, from]);
    default: {
      // Phases of equal shape: every extent doubles on the interleaved axes.
      const steps = shape.map(() => 1 + choices.below(2));
      const whole = shape.map((extent, axis) => extent * steps[axis]!);
      const phases = new Array<ValueId>(elementCount(steps)).fill(from);
      if (phaseShape(whole, steps, 0).join() !== shape.join()) return from;
      return builder.add({ op: "interleave", steps, shape: whole }, phases);
    }
  }
}

/** A graph of a few nodes of every kind; not all of them are used. */
export const arbitraryGraph: fc.Arbitrary<Graph> = built((choices) => {
  const builder = new GraphBuilder();
  const spatial = [choices.below(4), 3, 2].slice(0, choices.below(3));
  const shape = [1 + choices.below(2), ...spatial, choices.below(4)];
  const input = builder.add({ op: "input", name: choices.of(["x", "", 'a "b"\n']) }, [], {
    element: "f32",
    shape,
  });
  if (choices.below(2) === 0) builder.add({ op: "input", name: "y" }, [], { element: "u8", shape: [2] });
  const values: ValueId[] = [input];
  while (choices.left && values.length < 8) {
    builder.where = choices.of(["", "Net/Conv_1"]);
    const from = choices.of(values);
    const rank = builder.type(from).shape.length;
    if (elementCount(builder.type(from).shape) > 4000) break;
    switch (choices.below(5)) {
      case 0:
        if (rank >= 2) values.push(addConv(choices, builder, from));
        break;
      case 1:
        values.push(addView(choices, builder, from));
        break;
      case 2: {
        const size = Array.from({ length: rank }, () => choices.below(3));
        const empty = builder.type(from).shape.includes(0);
        const modes: readonly PadMode[] = empty ? ["zero"] : ["zero", "wrap", "reflect"];
        values.push(builder.add({ op: "pad", mode: choices.of(modes), low: size, high: size }, [from]));
        break;
      }
      case 3:
        values.push(addConstant(choices, builder));
        break;
      default:
        values.push(
          builder.add(
            {
              op: "map",
              body: scalar(choices, [arg(0), arg(1)], 6),
              element: choices.of(["f32", "f16", "bf16"] as const),
            },
            [from, from],
          ),
        );
    }
  }
  const outputs = choices.below(3) === 0 ? [values[values.length - 1]!, input] : [values[values.length - 1]!];
  return builder.finish(choices.of(["main", "conv-4", "Two words"]), outputs);
});

/** What is in scope while a kernel is being made. */
interface Scope {
  readonly axes: readonly { readonly name: string; readonly range: Range }[];
  readonly integers: ReadonlyMap<string, Range>;
  readonly scalars: readonly string[];
  readonly registers: readonly Buffer[];
}

class KernelMaker {
  private readonly choices: Choices;
  private count = 0;
  private readonly sizes = new Map<string, number>([
    ["x", 1],
    ["w", 1],
  ]);
  private readonly outputs: string[] = [];

  constructor(choices: Choices) {
    this.choices = choices;
  }

  private fresh(name: string): string {
    return `${name}${this.choices.of(["", ".o", "_"])}${this.count++}`;
  }

  private address(scope: Scope): Affine {
    const names = [...scope.integers.keys()];
    const terms: Record<string, number> = {};
    for (let i = this.choices.below(4); i > 0 && names.length > 0; i--)
      terms[this.choices.of(names)] = this.choices.below(7) - 3;
    return affine(this.choices.below(9) - 4, terms);
  }

  private condition(scope: Scope): Expr {
    const { choices } = this;
    const test = (): Expr => ({
      kind: "test",
      fn: choices.of(["inside", "divides"] as const),
      of: this.address(scope),
      by: 1 + choices.below(9),
    });
    if (choices.below(2) === 0) return test();
    return { kind: "call", fn: choices.of(["and", "or"] as const), args: [test(), test()] };
  }

  private gate(scope: Scope, otherwise: number): Gate | null {
    return this.choices.below(3) === 0 ? { when: this.condition(scope), otherwise } : null;
  }

  /** Moved so that it begins at 0; the buffer grows to hold it. */
  private load(scope: Scope): Access {
    const buffer = this.choices.of(["x", "w"]);
    const free = this.address(scope);
    const range = affineRange(free, scope.integers);
    const at = { ...free, offset: free.offset - (range.max < range.min ? 0 : range.min) };
    const lanes = this.choices.of([1, 4] as const);
    const end = Math.max(range.max - range.min, 0) + lanes;
    this.sizes.set(buffer, Math.max(this.sizes.get(buffer)!, end));
    return { buffer, at, lanes, gate: this.gate(scope, this.choices.number()) };
  }

  private leaf(scope: Scope): Expr {
    const { choices } = this;
    const kind = choices.below(3);
    if (kind === 0 || (kind === 1 && scope.scalars.length === 0))
      return { kind: "lit", value: choices.number() };
    if (kind === 1) return { kind: "var", name: choices.of(scope.scalars) };
    const from = this.load(scope);
    const load: Expr = { kind: "load", from };
    return from.lanes === 1 ? load : { kind: "lane", of: load, index: choices.below(4) };
  }

  /** A number of one lane. */
  private value(scope: Scope): Expr {
    const { choices } = this;
    const made: Expr[] = [this.leaf(scope), this.leaf(scope)];
    const pick = (): Expr => made[made.length - 1 - choices.below(made.length)]!;
    for (let i = choices.below(5); i > 0; i--) {
      const kind = choices.below(4);
      if (kind === 0) made.push({ kind: "call", fn: choices.of(unary), args: [pick()] });
      else if (kind === 1) made.push({ kind: "call", fn: "fma", args: [pick(), pick(), pick()] });
      else if (kind === 2)
        made.push({ kind: "call", fn: "select", args: [this.condition(scope), pick(), pick()] });
      else made.push({ kind: "call", fn: choices.of(binary), args: [pick(), pick()] });
    }
    return made[made.length - 1]!;
  }

  private vector(scope: Scope): Expr {
    const value = this.value(scope);
    if (this.choices.below(2) === 0) return { kind: "splat", value };
    return { kind: "vector", items: [value, this.value(scope), value, { kind: "lit", value: 0 }] };
  }

  /** To an output of its own, at a place of its own for every iteration. */
  private store(scope: Scope): Stmt {
    const lanes = this.choices.of([1, 4] as const);
    let size = lanes;
    const terms: Record<string, number> = {};
    let offset = 0;
    for (const { name, range } of [...scope.axes].reverse()) {
      terms[name] = size;
      offset -= size * range.min;
      size *= Math.max(range.max - range.min + 1, 1);
    }
    const buffer = `y${this.outputs.length}`;
    this.outputs.push(buffer);
    this.sizes.set(buffer, size);
    const to: Access = { buffer, at: affine(offset, terms), lanes, gate: this.gate(scope, 0) };
    const value = lanes === 1 ? this.value(scope) : this.vector(scope);
    if (this.choices.below(3) > 0) return { kind: "store", to, value };
    return { kind: "reduce", fn: this.choices.of(["add", "max", "min"] as const), to, value };
  }

  private loop(scope: Scope, depth: number): Stmt {
    const { choices } = this;
    const axis = this.fresh("a");
    const start = choices.below(4) - 1;
    const extent = choices.below(4);
    const modes: readonly LoopMode[] = ["serial", "unroll", "vector", "parallel", "workgroup", "lane"];
    const mode = choices.of(modes);
    const range = axisRange({ start, extent });
    const inner: Scope = {
      axes: [...scope.axes, { name: axis, range }],
      integers: new Map([...scope.integers, [axis, range]]),
      scalars: scope.scalars,
      registers: mode === "serial" || mode === "unroll" || mode === "vector" ? scope.registers : [],
    };
    return { kind: "for", axis, start, extent, mode, body: this.body(inner, depth + 1) };
  }

  body(outer: Scope, depth: number): Stmt[] {
    const { choices } = this;
    const stmts: Stmt[] = [];
    let scope = outer;
    for (let i = 1 + choices.below(3); i > 0; i--) {
      const kind = choices.below(7);
      if (kind === 0 && depth < 4) stmts.push(this.loop(scope, depth));
      else if (kind === 1) {
        const value = this.integer(scope);
        const name = this.fresh("i");
        stmts.push({ kind: "let", name, value });
        const range = integerRange(value, scope.integers);
        scope = { ...scope, integers: new Map([...scope.integers, [name, range]]) };
      } else if (kind === 2) {
        const name = this.fresh("t");
        stmts.push({ kind: "let", name, value: this.value(scope) });
        scope = { ...scope, scalars: [...scope.scalars, name] };
      } else if (kind === 3) {
        const buffer: Buffer = { name: this.fresh("acc"), element: "f32", size: 4, space: "register" };
        stmts.push({ kind: "alloc", buffer, init: choices.number() });
        scope = { ...scope, registers: [...scope.registers, buffer] };
      } else if (kind === 4 && scope.registers.length > 0) {
        const to: Access = {
          buffer: choices.of(scope.registers).name,
          at: affine(choices.below(4)),
          lanes: 1,
          gate: null,
        };
        stmts.push({ kind: "reduce", fn: "add", to, value: this.value(scope) });
      } else if (kind === 5 && depth < 4)
        stmts.push({ kind: "if", when: this.condition(scope), body: this.body(scope, depth + 1) });
      else stmts.push(this.store(scope));
    }
    return stmts;
  }

  private integer(scope: Scope): Expr {
    const at = this.address(scope);
    if (this.choices.below(2) === 0) return { kind: "index", at };
    const fn = this.choices.of(["div", "mod", "clamp", "wrap", "reflect"] as const);
    return { kind: "integer", fn, of: at, by: 1 + this.choices.below(9) };
  }

  kernel(): Kernel {
    const { choices } = this;
    const nests = ["main", "transform-out"].slice(0, 1 + choices.below(2)).map((name) => ({
      name,
      body: this.body({ axes: [], integers: new Map(), scalars: [], registers: [] }, 0),
    }));
    const size = (name: string): number => this.sizes.get(name)!;
    return {
      name: choices.of(["conv4", "a-b"]),
      params: [
        { name: "x", element: "f32", size: size("x"), access: "read" },
        {
          name: "w",
          element: choices.of(["f32", "f16"] as const),
          size: size("w"),
          access: choices.of(["read", "constant"] as const),
        },
        ...this.outputs.map((name) => ({
          name,
          element: "f32" as const,
          size: size(name),
          access: choices.of(["write", "read-write"] as const),
        })),
      ],
      locals: choices.below(2) === 0 ? [] : [{ name: "mid", element: "f32", size: 9, space: "arena" }],
      nests,
    };
  }
}

/** A kernel that the verifier accepts. */
export const arbitraryKernel: fc.Arbitrary<Kernel> = built((choices) => new KernelMaker(choices).kernel());

const axisName = fc.constantFrom("n", "oh", "ow.o", "main/kh", "transform-out/ic", "p_1", "serial");

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("split" as const),
    axis: axisName,
    factor: fc.integer({ min: 1, max: 64 }),
    into: fc.tuple(axisName, axisName),
    tail: fc.constantFrom("exact" as const, "cut" as const),
  }),
  fc.record({ do: fc.constant("fuse" as const), axes: fc.tuple(axisName, axisName), into: axisName }),
  fc.record({ do: fc.constant("reorder" as const), axes: fc.array(axisName, { maxLength: 4 }) }),
  fc.record({
    do: fc.constant("mode" as const),
    axis: axisName,
    mode: fc.constantFrom<LoopMode[]>("serial", "parallel", "unroll", "vector", "workgroup", "lane"),
  }),
  fc.record({
    do: fc.constant("stage" as const),
    operand: fc.constantFrom("x", "w"),
    at: fc.option(axisName, { nil: null }),
    space: fc.constant("arena" as const),
  }),
  fc.record({
    do: fc.constant("pack" as const),
    operand: fc.constantFrom("x", "w"),
    axes: fc.array(axisName, { maxLength: 4 }),
  }),
);

/** Well-formed as text; the axes need not exist in any kernel. */
export const arbitrarySchedule: fc.Arbitrary<Schedule> = fc.record({
  kernel: fc.constantFrom("conv4", "Net/Conv_0", "two words"),
  target: fc.constantFrom("js", "wasm-simd"),
  steps: fc.array(step, { maxLength: 6 }),
  reassociates: fc.boolean(),
});
