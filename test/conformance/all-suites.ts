/** The suites over recorded vectors of flax, web-platform-tests and tfjs, where the folder with them is given in CONFORMANCE_DIR. */
import { readFileSync } from "node:fs";
import { it } from "vitest";
import type { FlaxRecorded } from "./flax-recorded.js";
import {
  gradientCases,
  poolCases,
  recordedActivations,
  recordedCases,
  refusedCases,
} from "./flax-recorded.js";
import type { FlaxCases } from "./flax-spec.js";
import { paddingCases, shapeCases, valueCases } from "./flax-spec.js";
import type { Samplers, Vectors } from "./random.js";
import { initialCases, keyCases, sampleCases, samplerCases } from "./random.js";
import type { Case } from "./suite.js";
import { suiteTest } from "./suite-test.js";
import type { Tfjs } from "./tfjs.js";
import { tfjsCases } from "./tfjs.js";
import type { WebNN } from "./webnn.js";
import { webnnCases } from "./webnn.js";

const folder = process.env.CONFORMANCE_DIR;

function read<T>(file: string): T {
  return JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as T;
}

/** Suites are made of the kinds of cases that are in a file, so that none can be forgotten. */
const kinds = <Item, Kind>(cases: readonly Item[], kind: (item: Item) => Kind): readonly Kind[] => [
  ...new Set(cases.map(kind)),
];

interface Choice {
  readonly wanted?: (suite: string) => boolean;
  /** The cases of a suite that are run. */
  readonly part?: (cases: readonly Case[]) => readonly Case[];
  readonly timeout?: number;
}

/** Suites of what programs compute, which every way can run. */
export const isComputed = (suite: string): boolean => !/gradients|refusals|shapes|jax|parameters/.test(suite);

/** Defines the tests, of all suites or of those that are wanted. */
export function defineSuites({ wanted = () => true, part = (cases) => cases, timeout }: Choice = {}): void {
  if (folder === undefined) {
    console.log("skipped: CONFORMANCE_DIR not set");
    it.skip("CONFORMANCE_DIR not set", () => {});
    return;
  }
  const define = (suite: string, cases: Parameters<typeof suiteTest>[1]): void => {
    if (wanted(suite)) suiteTest(suite, () => part(cases()), timeout);
  };
  const flaxCases = read<FlaxCases>("spec/flax_cases.json");
  for (const module of kinds(flaxCases.cases, (each) => each.module))
    define(`flax's tests: ${module}`, () => valueCases(flaxCases, module));
  define("flax's tests: shapes", () => shapeCases(flaxCases));
  define("flax's tests: paddings", () => paddingCases(flaxCases));

  const recorded = read<FlaxRecorded>("conformance/flax-recorded.json");
  for (const module of kinds(recorded.cases, (each) => each.module))
    define(`flax recorded: ${module}`, () => recordedCases(recorded, module));
  define("flax recorded: gradients", () => gradientCases(recorded));
  define("flax recorded: refusals", () => refusedCases(recorded));
  define("flax recorded: activations", () => recordedActivations(recorded));
  define("flax recorded: pools", () => poolCases(recorded));

  const vectors = read<Vectors>("spec/rng_vectors.json");
  define("jax recorded: keys and random bits", () => keyCases(vectors));
  define("jax recorded: samples", () => sampleCases(vectors));
  define("flax recorded: initial parameters", () => initialCases(vectors));
  const samplers = read<Samplers>("spec/samplers.json");
  define("jax recorded: every value of the samplers", () => samplerCases(samplers));

  const webnn = read<WebNN>("conformance/webnn.json");
  for (const op of kinds(webnn.cases, (each) => each.op))
    for (const dtype of kinds(webnn.cases, (each) => each.dtype))
      define(`WebNN: ${op} ${dtype}`, () => webnnCases(webnn, op, dtype));

  const tfjs = read<Tfjs>("conformance/tfjs.json");
  for (const op of kinds(tfjs.cases, (each) => each.op)) define(`tfjs: ${op}`, () => tfjsCases(tfjs, op));
}
