/** siblings.json: what flax computes, refuses and initialises with ConvLocal and ConvTranspose, on every way to run it. */
import { readFileSync } from "node:fs";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { lax } from "../../compiler/lax/index.js";
import { initializers } from "../../compiler/random/initializers.js";
import { key } from "../../compiler/random/threefry.js";
import { traceProgram } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";

import { asTensor, differences, expectedOf } from "../conformance/every-way.js";
import { moduleOf, variablesOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import type { Everywhere } from "../support/run-everywhere.js";
import { refusal, zeros, zeroVariables } from "./refused.js";
import type { RecordedFile, RecordedTensor } from "./vectors.js";
import { hexBits } from "./vectors.js";

type Options = Readonly<Record<string, unknown>>;
type Shape = readonly number[];
type ModuleName = "ConvLocal" | "ConvTranspose";
type FunctionName = "convTranspose" | "convGeneralDilatedLocal";

interface OfModule {
  readonly module: ModuleName;
}

interface Siblings {
  readonly cases: readonly (OfModule & RecordedFile["cases"][number])[];
  readonly refused: readonly (OfModule & RecordedFile["refused"][number])[];
  readonly init: readonly (OfModule & {
    readonly config: Options;
    readonly seed: number;
    readonly inputShape: Shape;
    readonly params: Readonly<Record<string, { readonly shape: Shape; readonly bits: string }>>;
  })[];
  readonly lax: readonly {
    readonly function: FunctionName;
    readonly lhs: RecordedTensor;
    readonly rhs: RecordedTensor;
    readonly options: Options;
    readonly output: RecordedTensor;
  }[];
  readonly laxRefused: readonly {
    readonly function: FunctionName;
    readonly lhsShape: Shape;
    readonly rhsShape: Shape;
    readonly options: Options;
    readonly error: string;
    readonly message: string;
  }[];
}

const recorded = JSON.parse(readFileSync(new URL("siblings.json", import.meta.url), "utf8")) as Siblings;

/** The numbers are multiples of a half: sums of their products are exact in any order, but not by Winograd's way. */
async function compare(program: Everywhere, output: RecordedTensor): Promise<readonly string[]> {
  const highest = await differences(program, expectedOf(output, 0), ["highest"]);
  return [...highest, ...(await differences(program, expectedOf(output, 1e-5), ["default"]))];
}

function moduleCases(module: ModuleName): Case[] {
  const chosen = recorded.cases.filter((each) => each.module === module);
  return chosen.map(({ config, mask, input, params, output }) => ({
    name: `${JSON.stringify(config)}${mask === undefined ? "" : " masked"} on ${input.dtype}[${input.shape}]`,
    check: () => {
      const tensors = Object.entries(params).map(([name, value]) => [name, asTensor(value)] as const);
      const program = {
        target: moduleOf(module, config, mask === undefined ? null : asTensor(mask)),
        inputs: [asTensor(input)],
        variables: variablesOf(Object.fromEntries(tensors)),
      };
      return compare(program, output);
    },
  }));
}

function refusedModules(): Case[] {
  return recorded.refused.map(({ module, config, mask, inputShape, given, ...flax }) => ({
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
  return recorded.init.map(({ module, config, seed, inputShape, params }) => ({
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

const call = (name: FunctionName, lhs: Traced, rhs: Traced, options: Options): Traced =>
  lax[name](lhs, rhs, options as never);

function laxCases(): Case[] {
  return recorded.lax.map(({ function: name, lhs, rhs, options, output }) => ({
    name: `${name} ${JSON.stringify(options)} on [${lhs.shape}], [${rhs.shape}]`,
    check: () => {
      const target = (x: Traced, kernel: Traced): Traced => call(name, x, kernel, options);
      const program = { target, inputs: [asTensor(lhs), asTensor(rhs)] };
      return compare(program, output);
    },
  }));
}

function refusedLax(): Case[] {
  return recorded.laxRefused.map(({ function: name, lhsShape, rhsShape, options, ...flax }) => ({
    name: `${name} ${JSON.stringify(options)} on [${lhsShape}], [${rhsShape}]`,
    check: () =>
      refusal(
        () => traceProgram((lhs, rhs) => call(name, lhs!, rhs!, options), { inputs: [lhsShape, rhsShape] }),
        flax,
      ),
  }));
}

suiteTest("flax: ConvTranspose", () => moduleCases("ConvTranspose"));
suiteTest("flax: ConvLocal", () => moduleCases("ConvLocal"));
suiteTest("flax: ConvTranspose and ConvLocal refused", refusedModules);
suiteTest("flax: initial parameters of ConvTranspose and ConvLocal", initCases);
suiteTest("flax: lax.conv_transpose and conv_general_dilated_local", laxCases);
suiteTest("flax: lax.conv_transpose and conv_general_dilated_local refused", refusedLax);
