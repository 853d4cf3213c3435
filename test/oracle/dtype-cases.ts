/** dtypes.json: what flax computes in 16-bit and complex dtypes, as cases that take every way to run a program. */
import { readFileSync } from "node:fs";
import type { Variables } from "../../compiler/checkpoint/tree.js";
import { lax } from "../../compiler/lax/index.js";
import { nn } from "../../compiler/nn/index.js";
import type { Module } from "../../compiler/nn/module.js";
import type { TraceTarget } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { tensor, toFloat32 } from "../../runtime/tensor.js";
import { moduleOf, variablesOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import { firstDifference, gpuOnly, runOneWay, ways } from "../support/run-everywhere.js";
import { recordedNumber } from "./vectors.js";

type HalfDType = "float16" | "bfloat16";

interface Recorded {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | string)[] | string;
}

interface File {
  readonly cases: readonly {
    readonly module: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly activation?: string;
    readonly mask?: Recorded;
    readonly input: Recorded;
    readonly params: Readonly<Record<string, Recorded>>;
    readonly output: Recorded;
  }[];
  readonly refused: readonly {
    readonly module: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly inputDtype: DType;
    readonly error: string;
  }[];
  readonly arguments: Readonly<Record<HalfDType, string>>;
  readonly activations: readonly {
    readonly name: string;
    readonly options?: Readonly<Record<string, unknown>>;
    readonly dtype: HalfDType;
    readonly y: string;
  }[];
  readonly lax: readonly {
    readonly name: string;
    readonly dtype: HalfDType;
    readonly second?: number | null;
    readonly y: string;
  }[];
  readonly conv: readonly {
    readonly options: Parameters<typeof lax.convGeneralDilated>[2];
    readonly lhs: Recorded;
    readonly rhs: Recorded;
    readonly output: Recorded;
  }[];
}

export const dtypes = JSON.parse(readFileSync(new URL("dtypes.json", import.meta.url), "utf8")) as File;

function tensorOf({ shape, dtype, data }: Recorded): Tensor {
  if (typeof data !== "string") return tensor(data.map(recordedNumber), shape, dtype);
  const words = data.match(/.{4}/g) ?? [];
  return tensor(
    Uint16Array.from(words, (word) => Number.parseInt(word, 16)),
    shape,
    dtype,
  );
}

const argumentsOf = (dtype: HalfDType): Tensor =>
  tensorOf({ shape: [dtypes.arguments[dtype].length / 4], dtype, data: dtypes.arguments[dtype] });

/** Fractions of a number that one unit in the last place is at most. */
const unit: Readonly<Partial<Record<DType, number>>> = { float16: 2 ** -10, bfloat16: 2 ** -7 };

/** Numbers compared, and those that were not flax's very own. */
export interface Count {
  compared: number;
  different: number;
}

const none = (): Count => ({ compared: 0, different: 0 });

interface Comparison {
  readonly target: TraceTarget;
  readonly inputs: readonly Tensor[];
  readonly variables?: Variables;
  readonly expected: Tensor;
  /** Largest |Δ| of a 16-bit element of this value; the largest result counts where this is left out. */
  readonly bound?: (y: number, index: number) => number;
}

/** On every way; at "highest" all of them must give the same bits. */
async function compare(count: Count, { expected, bound, ...program }: Comparison): Promise<string[]> {
  const wrong: string[] = [];
  const y = toFloat32(expected);
  const largest = y.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
  const part = unit[expected.dtype];
  const allowed = part === undefined ? () => 1e-6 * largest : (bound ?? (() => part * largest));
  for (const precision of gpuOnly() ? (["default"] as const) : (["highest", "default"] as const)) {
    let first: Tensor | undefined;
    for (const way of ways) {
      if (way === "interpreter" && precision === "default") continue;
      const result = await runOneWay(way, { ...program, precision });
      const label = `${way} (${precision})`;
      if (result.dtype !== expected.dtype || result.shape.join() !== expected.shape.join())
        return [`${label}: is ${result.dtype}[${result.shape}], not ${expected.dtype}[${expected.shape}]`];
      const x = toFloat32(result);
      x.forEach((value, i) => {
        if (part !== undefined) count.compared++;
        if (Object.is(value, y[i])) return;
        if (part !== undefined) count.different++;
        if (!(Math.abs(value - y[i]!) <= allowed(y[i]!, i)))
          wrong.push(`${label}: element ${i} is ${value}, not ${y[i]}`);
      });
      if (precision === "highest" && first !== undefined && firstDifference(result, first) >= 0)
        wrong.push(`${label}: not the interpreter's bits`);
      first ??= result;
    }
  }
  return wrong.slice(0, 3);
}

/** Adds a case that holds all others of the suite to flax's numbers in at least 99.9 % of the elements. */
export function counted(cases: (count: Count) => Case[]): Case[] {
  const count = none();
  const all = cases(count);
  const check = (): string[] =>
    count.different <= count.compared / 1000
      ? []
      : [`${count.different} of ${count.compared} numbers are not flax's`];
  const note = (): string => {
    const share = ((100 * count.different) / count.compared).toFixed(3);
    return `${count.different} of ${count.compared} 16-bit numbers are not flax's own: ${share} %`;
  };
  return [...all, { name: "99.9 % of the numbers", check, note }];
}

function withActivation(module: Module, name: string | undefined): Module {
  if (name === undefined) return module;
  return new nn.Sequential([module, (nn as unknown as Record<string, (x: Traced) => Traced>)[name]!]);
}

export function dtypeModuleCases(count: Count = none()): Case[] {
  return dtypes.cases.map(({ module, config, activation, mask, input, params, output }) => ({
    name: `${module} ${JSON.stringify(config)} ${activation ?? ""}${mask === undefined ? "" : ` mask ${mask.dtype}`} on ${input.dtype}`,
    check: () => {
      const layer = moduleOf(module, config, mask === undefined ? null : tensorOf(mask));
      const tensors = Object.fromEntries(Object.entries(params).map(([name, p]) => [name, tensorOf(p)]));
      const variables = variablesOf(tensors);
      return compare(count, {
        target: withActivation(layer, activation),
        inputs: [tensorOf(input)],
        variables: activation === undefined ? variables : { params: { layers_0: variables.params } },
        expected: tensorOf(output),
      });
    },
  }));
}

type Fn = (...args: unknown[]) => Traced;

/** A unit of the argument or of the result, whichever is larger: steps in between are of their size. */
function stepBound(x: Tensor): (y: number, index: number) => number {
  const numbers = toFloat32(x);
  return (y, index) => unit[x.dtype]! * Math.max(Math.abs(y), Math.min(1, Math.abs(numbers[index]!)));
}

export function dtypeActivationCases(count: Count = none()): Case[] {
  return dtypes.activations.map(({ name, options, dtype, y }) => ({
    name: `${name} ${JSON.stringify(options ?? {})} of ${dtype}`,
    check: () => {
      const x = argumentsOf(dtype);
      const fn = (nn as unknown as Readonly<Record<string, Fn>>)[name]!;
      const target = (input: Traced): Traced => (options === undefined ? fn(input) : fn(input, options));
      const expected = tensorOf({ shape: x.shape, dtype, data: y });
      return compare(count, { target, inputs: [x], expected, bound: stepBound(x) });
    },
  }));
}

export function dtypeElementwiseCases(count: Count = none()): Case[] {
  return dtypes.lax.map(({ name, dtype, second, y }) => ({
    name: `lax.${name} of ${dtype}${second === undefined ? "" : ` and ${second ?? dtype}`}`,
    check: () => {
      const x = argumentsOf(dtype);
      const fn = (lax as unknown as Readonly<Record<string, Fn>>)[name]!;
      const reversed = tensor((x.data as Uint16Array).slice().reverse(), x.shape, dtype);
      const expected = tensorOf({ shape: x.shape, dtype, data: y });
      const target = (a: Traced, b?: Traced): Traced =>
        b !== undefined ? fn(a, b) : second === undefined ? fn(a) : fn(a, second);
      return compare(count, {
        target,
        inputs: second === null ? [x, reversed] : [x],
        expected,
        bound: stepBound(x),
      });
    },
  }));
}

export function dtypeLaxCases(count: Count = none()): Case[] {
  return dtypes.conv.map(({ options, lhs, rhs, output }) => ({
    name: `${JSON.stringify(options)} of ${lhs.dtype}`,
    check: () => {
      const target = (a: Traced, b: Traced): Traced => lax.convGeneralDilated(a, b, options);
      return compare(count, { target, inputs: [tensorOf(lhs), tensorOf(rhs)], expected: tensorOf(output) });
    },
  }));
}
