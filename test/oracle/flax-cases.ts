/** flax.json: what flax computes, as cases that take every way there is to run a program. */
import { lax } from "../../compiler/lax/index.js";
import type { Traced } from "../../compiler/traced.js";
import { tensor } from "../../runtime/tensor.js";
import { activationCase } from "../conformance/activation-case.js";
import { asTensor, differences, expectedOf } from "../conformance/every-way.js";
import { moduleOf, variablesOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import { recorded, recordedNumber } from "./vectors.js";

const { cases, activations, lax: laxCalls } = recorded;

/** Sums of a few dozen products of two-digit numbers, in whatever order: a few units in the last place. */
const tolerance = 1e-6;

export function convCases(): Case[] {
  return cases.map(({ config, mask, input, params, output }) => ({
    name: `Conv ${JSON.stringify(config)}${mask === undefined ? "" : " masked"} on ${input.dtype}[${input.shape}]`,
    check: () => {
      const tensors = Object.entries(params).map(([name, value]) => [name, asTensor(value)] as const);
      const program = {
        target: moduleOf("Conv", config, mask === undefined ? null : asTensor(mask)),
        inputs: [asTensor(input)],
        variables: variablesOf(Object.fromEntries(tensors)),
      };
      return differences(program, expectedOf(output, tolerance), ["highest", "default"]);
    },
  }));
}

export function laxCases(): Case[] {
  return laxCalls.map(({ lhs, rhs, options, output }) => ({
    name: `lax ${JSON.stringify(options)} on [${lhs.shape}], [${rhs.shape}]`,
    check: () => {
      const target = (x: Traced, kernel: Traced): Traced => lax.convGeneralDilated(x, kernel, options);
      const program = { target, inputs: [asTensor(lhs), asTensor(rhs)] };
      return differences(program, expectedOf(output, tolerance), ["highest", "default"]);
    },
  }));
}

export function activationCases(): Case[] {
  const x = tensor(activations.x.map(recordedNumber), [activations.x.length]);
  return Object.entries(activations.y).map(([name, y]) => activationCase(name, x, y));
}
