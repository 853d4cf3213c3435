/** Random small convolutions of whole numbers, the ways to run them, and how a broken property is shown. */
import * as fc from "fast-check";
import type { CompileOptions } from "../../compiler/compile-options.js";
import type { Tensor } from "../../runtime/tensor.js";
import type { Call } from "../differential/call.js";
import { run } from "../differential/call.js";
import { runnable } from "../differential/runnable.js";
import type { Way } from "../support/run-everywhere.js";
import { integers } from "./dense.js";

export interface Plan {
  readonly batch: readonly number[];
  readonly extents: readonly number[];
  /** Features of a group, in and out. */
  readonly depth: number;
  readonly perGroup: number;
  readonly groups: number;
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly kernelDilation: readonly number[];
  readonly pads: readonly (readonly [low: number, high: number])[];
  readonly seed: number;
  readonly how: How;
}

export interface How {
  readonly way: Way;
  readonly precision: "default" | "highest";
  readonly options?: Partial<CompileOptions>;
}

/** Every way is exact here; not Winograd, whose transforms have fractions. */
const direct = { algorithm: "direct" } as const;
const ways: readonly fc.WeightedArbitrary<How>[] = [
  { weight: 12, arbitrary: fc.constant<How>({ way: "interpreter", precision: "highest" }) },
  { weight: 1, arbitrary: fc.constant<How>({ way: "js", precision: "highest" }) },
  { weight: 1, arbitrary: fc.constant<How>({ way: "js", precision: "default", options: direct }) },
  { weight: 1, arbitrary: fc.constant<How>({ way: "wasm", precision: "highest" }) },
  { weight: 1, arbitrary: fc.constant<How>({ way: "wasm", precision: "default", options: direct }) },
];

export interface Limits {
  readonly ranks?: readonly [least: number, most: number];
  readonly groups?: number;
  readonly strides?: number;
  readonly kernelDilation?: number;
}

export function plans({
  ranks = [1, 3],
  groups = 1,
  strides = 3,
  kernelDilation = 2,
}: Limits = {}): fc.Arbitrary<Plan> {
  return fc.integer({ min: ranks[0], max: ranks[1] }).chain((rank) => {
    const each = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: rank, maxLength: rank });
    const upTo = (max: number) => fc.integer({ min: 1, max });
    return fc.record({
      batch: fc.constantFrom([1], [2], []),
      extents: each(upTo(rank === 3 ? 4 : 7)),
      depth: upTo(3),
      perGroup: upTo(rank === 3 ? 2 : 5),
      groups: upTo(groups),
      kernelSize: each(upTo(3)),
      strides: each(upTo(strides)),
      kernelDilation: each(upTo(kernelDilation)),
      pads: each(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 }))),
      seed: fc.nat({ max: 1_000_000 }),
      how: fc.oneof(...ways),
    });
  });
}

/** How far the taps of each dimension reach. */
export const reachOf = ({ kernelSize, kernelDilation }: Plan): number[] =>
  kernelSize.map((size, d) => (size - 1) * kernelDilation[d]! + 1);

/** Conv of a plan with its pads and without bias. */
export function convOf(plan: Plan): Call {
  const { batch, extents, depth, perGroup, groups, kernelSize, strides, pads, kernelDilation, seed } = plan;
  const features = perGroup * groups;
  const grouped = groups === 1 ? {} : { featureGroupCount: groups };
  return {
    module: "Conv",
    options: { features, kernelSize, strides, padding: pads, kernelDilation, ...grouped, useBias: false },
    input: integers(seed, [...batch, ...extents, depth * groups]),
    kernel: integers(seed + 1, [...kernelSize, depth, features]),
  };
}

/** The call with other options; undefined takes one away. */
export function withOptions(call: Call, changes: Readonly<Record<string, unknown>>): Call {
  const options = Object.entries({ ...call.options, ...changes }).filter(([, value]) => value !== undefined);
  return { ...call, options: Object.fromEntries(options) };
}

/** What calls gave, so that a broken property can show the code of all of them. */
export class Runs {
  private readonly calls: { readonly call: Call; readonly result: Tensor }[] = [];

  constructor(private readonly how: How) {}

  async run(call: Call): Promise<Tensor> {
    const { way, precision, options } = this.how;
    const result = await run(call, way, { precision, ...(options === undefined ? {} : { options }) });
    this.calls.push({ call, result });
    return result;
  }

  /** Both tensors are the same, shape and all. */
  same(found: Tensor, expected: Tensor): void {
    if (found.shape.join() !== expected.shape.join())
      this.fail(`the shape is [${found.shape}], the property gives [${expected.shape}]`);
    const i = found.data.findIndex((value, at) => value !== expected.data[at]);
    if (i >= 0) this.fail(`element ${i} is ${found.data[i]}, the property gives ${expected.data[i]}`);
  }

  equal(found: number, expected: number): void {
    if (found !== expected) this.fail(`${found} must be ${expected}`);
  }

  private fail(what: string): never {
    const { way, precision, options } = this.how;
    const compile = { backend: way === "interpreter" ? "js" : way, precision, ...options };
    const shown = this.calls.map(({ call, result }) =>
      runnable(call, { compile, expected: `${way} gave [${result.shape}] ${result.data}` }),
    );
    throw new Error(`on ${way}: ${what}\n\n${shown.join("\n// and\n\n")}`);
  }
}

const settings = {
  seed: Number(process.env.PROPERTY_SEED ?? 1),
  numRuns: Number(process.env.PROPERTY_RUNS ?? 12),
};

/** Holds for random plans, or throws with the code of the smallest that breaks it. */
export function holds(of: Limits, property: (plan: Plan, runs: Runs) => Promise<void>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(plans(of), (plan) => property(plan, new Runs(plan.how))),
    settings,
  );
}
