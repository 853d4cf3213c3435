/** siblings.json: what flax computes, refuses and initialises with ConvLocal and ConvTranspose, on every way to run it. */
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { initializers } from "../../compiler/random/initializers.js";
import { key } from "../../compiler/random/threefry.js";
import { traceProgram } from "../../compiler/trace.js";
import { moduleOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import { refusal, zeros, zeroVariables } from "./refused.js";
import { call, siblingCases, siblingLaxCases, siblings } from "./sibling-cases.js";
import { hexBits } from "./vectors.js";

function refusedModules(): Case[] {
  return siblings.refused.map(({ module, config, mask, inputShape, given, ...flax }) => ({
    name: `${module} ${JSON.stringify(config)}${mask === undefined ? "" : ` mask [${mask.shape}]`} on [${inputShape}]${given === undefined ? "" : ` given ${JSON.stringify(given)}`}`,
    check: () =>
      refusal(async () => {
        const made = moduleOf(module, config, mask === undefined ? null : zeros(mask.shape));
        if (given !== undefined) return made.apply(zeroVariables(given), zeros(inputShape));
        made.init(key(0), inputShape);
        return traceProgram(made, { inputs: [inputShape] });
      }, flax),
  }));
}

function initCases(): Case[] {
  return siblings.init.map(({ module, config, seed, inputShape, params }) => ({
    name: `${module} ${JSON.stringify(config)} on [${inputShape}], seed ${seed}`,
    check: () => {
      const { biasInit, ...rest } = config;
      const init = biasInit === undefined ? {} : { biasInit: initializers.normal() };
      const made = flattenParams(moduleOf(module, { ...rest, ...init }).init(key(seed), inputShape).params);
      const got = [...made].map(([path, { shape, data }]) => `${path} [${shape}] ${hexBits(data)}`);
      const wanted = Object.entries(params).map(([path, { shape, bits }]) => `${path} [${shape}] ${bits}`);
      return JSON.stringify(got) === JSON.stringify(wanted) ? [] : [`is ${got.join()}, not ${wanted.join()}`];
    },
  }));
}

function refusedLax(): Case[] {
  return siblings.laxRefused.map(({ function: name, lhsShape, rhsShape, options, ...flax }) => ({
    name: `${name} ${JSON.stringify(options)} on [${lhsShape}], [${rhsShape}]`,
    check: () =>
      refusal(
        () => traceProgram((lhs, rhs) => call(name, lhs!, rhs!, options), { inputs: [lhsShape, rhsShape] }),
        flax,
      ),
  }));
}

suiteTest("flax: ConvTranspose", () => siblingCases("ConvTranspose"));
suiteTest("flax: ConvLocal", () => siblingCases("ConvLocal"));
suiteTest("flax: ConvTranspose and ConvLocal refused", refusedModules);
suiteTest("flax: initial parameters of ConvTranspose and ConvLocal", initCases);
suiteTest("flax: lax.conv_transpose and conv_general_dilated_local", siblingLaxCases);
suiteTest("flax: lax.conv_transpose and conv_general_dilated_local refused", refusedLax);
