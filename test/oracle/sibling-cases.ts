/** siblings.json: what flax computes with ConvLocal and ConvTranspose, as cases that take every way to run a program. */
import { readFileSync } from "node:fs";
import { lax } from "../../compiler/lax/index.js";
import type { Traced } from "../../compiler/traced.js";
import { asTensor, differences, expectedOf } from "../conformance/every-way.js";
import { moduleOf, variablesOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import type { Everywhere } from "../support/run-everywhere.js";
import type { RecordedFile, RecordedTensor } from "./vectors.js";

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

export const siblings = JSON.parse(
  readFileSync(new URL("siblings.json", import.meta.url), "utf8"),
) as Siblings;

/** The numbers are multiples of a half: sums of their products are exact in any order, but not by Winograd's way. */
async function compare(program: Everywhere, output: RecordedTensor): Promise<readonly string[]> {
  const highest = await differences(program, expectedOf(output, 0), ["highest"]);
  return [...highest, ...(await differences(program, expectedOf(output, 1e-5), ["default"]))];
}

export function siblingCases(module: ModuleName): Case[] {
  const chosen = siblings.cases.filter((each) => each.module === module);
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

export const call = (name: FunctionName, lhs: Traced, rhs: Traced, options: Options): Traced =>
  lax[name](lhs, rhs, options as never);

export function siblingLaxCases(): Case[] {
  return siblings.lax.map(({ function: name, lhs, rhs, options, output }) => ({
    name: `${name} ${JSON.stringify(options)} on [${lhs.shape}], [${rhs.shape}]`,
    check: () => {
      const target = (x: Traced, kernel: Traced): Traced => call(name, x, kernel, options);
      const program = { target, inputs: [asTensor(lhs), asTensor(rhs)] };
      return compare(program, output);
    },
  }));
}
