/** conformance/flax-recorded.json: what real flax computed, refused, and made of its activations and pools. */

import { key } from "../../compiler/random/threefry.js";
import { traceProgram } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import { ConvsmithError } from "../../runtime/error.js";
import type { DType } from "../../runtime/tensor.js";
import type { RecordedTensor } from "../oracle/vectors.js";
import { activationCase } from "./activation-case.js";
import { asTensor, differences, expectedOf } from "./every-way.js";
import { allIntegers, camel, member, moduleOf, notYet, variablesOf } from "./flax-model.js";
import type { Case } from "./suite.js";

export interface FlaxRecorded {
  readonly cases: readonly {
    readonly name: string;
    readonly module: string;
    readonly config: Readonly<Record<string, unknown>>;
    readonly dtype?: DType;
    readonly mask?: RecordedTensor;
    readonly input: RecordedTensor;
    readonly params: Readonly<Record<string, RecordedTensor>>;
    readonly output: RecordedTensor;
    readonly vjp?: object;
  }[];
  readonly refused: readonly {
    readonly module: string;
    /** Values as Python prints them. */
    readonly config: Readonly<Record<string, string>>;
    readonly input_shape: readonly number[];
    readonly error: string;
  }[];
  readonly activations: {
    readonly x: RecordedTensor;
    readonly y: Readonly<Record<string, RecordedTensor>>;
  };
  readonly pools: readonly {
    readonly name: string;
    readonly window: readonly number[];
    readonly strides: readonly number[];
    readonly padding: unknown;
    readonly input: RecordedTensor;
    readonly output: RecordedTensor;
  }[];
}

/** Integers exactly, anything else to 1e-5 of the largest output; 16-bit outputs to one unit of theirs. */
export function recordedCases({ cases }: FlaxRecorded, module: string): Case[] {
  const chosen = cases.filter((each) => each.module === module);
  return chosen.map(({ name, config, dtype, mask, input, params, output }) => ({
    name,
    notYet: notYet(module),
    check: () => {
      const tensors = Object.fromEntries(
        Object.entries(params).map(([path, value]) => [path, asTensor(value)]),
      );
      const masked = mask === undefined ? null : asTensor(mask);
      const x = asTensor(input);
      const exact = allIntegers(x, masked, ...Object.values(tensors));
      const narrow = dtype === "bfloat16" ? 2 ** -8 : 2 ** -11;
      return differences(
        {
          target: moduleOf(module, dtype === undefined ? config : { ...config, dtype }, masked),
          inputs: [x],
          variables: variablesOf(tensors),
        },
        expectedOf(output, dtype === undefined ? (exact ? 0 : 1e-5) : narrow),
        ["highest", "default"],
      );
    },
  }));
}

export function gradientCases({ cases }: FlaxRecorded): Case[] {
  return cases
    .filter(({ vjp }) => vjp !== undefined)
    .map(({ name }) => ({ name, notYet: "gradients", check: () => [] }));
}

export function refusedCases({ refused }: FlaxRecorded): Case[] {
  return refused.map(({ module, config, input_shape, error }) => ({
    name: `${module} ${JSON.stringify(config)}`,
    notYet: notYet(module),
    check: () => {
      try {
        const options = Object.entries(config).map(([name, value]) => [name, pythonValue(value)]);
        const made = moduleOf(module, Object.fromEntries(options));
        made.init(key(0), input_shape);
        traceProgram(made, { inputs: [input_shape] });
      } catch (refusal) {
        if (refusal instanceof ConvsmithError) return [];
        throw refusal;
      }
      return [`accepted, where flax raises ${error}`];
    },
  }));
}

function pythonValue(text: string): unknown {
  return /^[\d[]/.test(text) ? JSON.parse(text) : text;
}

export function recordedActivations({ activations: { x, y } }: FlaxRecorded): Case[] {
  return Object.entries(y).map(([name, recorded]) => activationCase(name, asTensor(x), recorded.data));
}

type Pool = (
  x: Traced,
  window: readonly number[],
  options: { readonly strides: readonly number[]; readonly padding: unknown },
) => Traced;

export function poolCases({ pools }: FlaxRecorded): Case[] {
  return pools.map(({ name, window, strides, padding, input, output }) => ({
    name: `${name} ${JSON.stringify({ window, strides, padding })}`,
    notYet: notYet(camel(name)),
    check: () =>
      differences(
        {
          target: (x) => member<Pool>(camel(name))!(x, window, { strides, padding }),
          inputs: [asTensor(input)],
        },
        expectedOf(output, 1e-6),
      ),
  }));
}
