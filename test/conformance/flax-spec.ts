/** spec/flax_cases.json: flax's own convolution tests as data. */

import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { key } from "../../compiler/random/threefry.js";
import { traceProgram } from "../../compiler/trace.js";
import { ConfigError } from "../../runtime/error.js";
import type { DType, NestedArray, Tensor } from "../../runtime/tensor.js";
import { tensor, toFloat32 } from "../../runtime/tensor.js";
import { differences } from "./every-way.js";
import { allIntegers, moduleOf, notYet, variablesOf } from "./flax-model.js";
import type { Case } from "./suite.js";

/** Values, or one value everywhere. */
interface SpecTensor {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly values?: NestedArray;
  readonly fill?: number;
  readonly init?: "ones" | "zeros";
}

type Config = Readonly<Record<string, unknown>>;

export interface FlaxCases {
  readonly cases: readonly {
    readonly name: string;
    readonly module: string;
    readonly config: Config;
    readonly mask: SpecTensor | null;
    readonly input: SpecTensor;
    readonly params: Readonly<Record<string, SpecTensor | null>>;
    readonly expected: SpecTensor;
  }[];
  readonly shape_cases: readonly {
    readonly name: string;
    readonly module: string;
    readonly config: Config;
    readonly input_shape: readonly number[];
    readonly kernel_shape: readonly number[];
    readonly bias_shape: readonly number[] | null;
    readonly output_shape: readonly number[];
  }[];
  readonly canonicalize_padding: readonly {
    readonly padding: unknown;
    readonly rank: number;
    readonly expected: unknown;
  }[];
}

function filled({ shape, dtype, values, fill, init }: SpecTensor): Tensor {
  if (values !== undefined) return tensor(values, shape, dtype ?? "float32");
  const value = fill ?? (init === "ones" ? 1 : 0);
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(new Array<number>(count).fill(value), shape, dtype ?? "float32");
}

/** Parameters are given after compilation, so the programs that pack them run too. */
export function valueCases({ cases }: FlaxCases, module: string): Case[] {
  const chosen = cases.filter((each) => each.module === module);
  return chosen.map(({ name, config, mask, input, params, expected }) => ({
    name,
    notYet: notYet(module),
    check: () => {
      const x = filled(input);
      const tensors = Object.fromEntries(
        Object.entries(params).map(([path, value]) => [path, value === null ? null : filled(value)]),
      );
      const masked = mask === null ? null : filled(mask);
      const y = filled(expected);
      return differences(
        {
          target: moduleOf(module, config, masked),
          inputs: [x],
          variables: variablesOf(tensors),
          baked: false,
        },
        {
          ...y,
          data: toFloat32(y),
          tolerance: allIntegers(x, masked, ...Object.values(tensors)) ? 0 : 1e-7,
        },
      );
    },
  }));
}

export function shapeCases({ shape_cases }: FlaxCases): Case[] {
  return shape_cases.map((each) => ({
    name: each.name,
    notYet: notYet(each.module),
    check: () => {
      const module = moduleOf(each.module, each.config);
      const initial = flattenParams(module.init(key(0), each.input_shape).params);
      const got = {
        kernel: initial.get("kernel")?.shape,
        bias: initial.get("bias")?.shape ?? null,
        output: traceProgram(module, { inputs: [each.input_shape] }).outputs[0]?.shape,
      };
      const wanted = { kernel: each.kernel_shape, bias: each.bias_shape, output: each.output_shape };
      const wrong =
        JSON.stringify(got) === JSON.stringify(wanted)
          ? []
          : [`is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`];
      return [...wrong, ...intKernel(each.module, each.config, each.input_shape, initial)];
    },
  }));
}

/** A kernel size of one integer makes the parameters of the list with it alone, bit for bit. */
function intKernel(
  module: string,
  config: Config,
  shape: readonly number[],
  initial: ReadonlyMap<string, Tensor>,
): string[] {
  if (typeof config.kernel_size !== "number") return [];
  const listed = moduleOf(module, { ...config, kernel_size: [config.kernel_size] });
  const other = flattenParams(listed.init(key(0), shape).params);
  const same = JSON.stringify([...initial]) === JSON.stringify([...other]);
  return same ? [] : ["kernel_size 3 and [3] differ in their initial parameters"];
}

/** What flax's canonicalize_padding makes of a padding, seen through the hook that is handed it. */
export function paddingCases({ canonicalize_padding }: FlaxCases): Case[] {
  return canonicalize_padding.map(({ padding, rank, expected }) => ({
    name: `padding ${JSON.stringify(padding)} of rank ${rank}`,
    check: () => {
      let seen: unknown = null;
      const convGeneralDilated = (
        x: unknown,
        _kernel: unknown,
        _strides: unknown,
        given: unknown,
      ): unknown => {
        seen = given;
        return x;
      };
      const config = { features: 1, kernelSize: new Array(rank).fill(1), padding, useBias: false };
      try {
        const conv = moduleOf("Conv", { ...config, convGeneralDilated });
        traceProgram(conv, { inputs: [[1, ...new Array<number>(rank).fill(4), 1]] });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return expected === "ValueError" ? [] : [`refused: ${error.message}`];
      }
      const [got, wanted] = [JSON.stringify(seen), JSON.stringify(expected)];
      return got === wanted ? [] : [`is ${got}, not ${wanted}`];
    },
  }));
}
