/** The recorded vectors of flax, web-platform-tests and tfjs, where the folder with them is given in CONFORMANCE_DIR. */
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

if (folder === undefined) {
  console.log("skipped: CONFORMANCE_DIR not set");
  it.skip("CONFORMANCE_DIR not set", () => {});
} else {
  const flaxCases = read<FlaxCases>("spec/flax_cases.json");
  for (const module of kinds(flaxCases.cases, (each) => each.module))
    suiteTest(`flax's tests: ${module}`, () => valueCases(flaxCases, module));
  suiteTest("flax's tests: shapes", () => shapeCases(flaxCases));
  suiteTest("flax's tests: paddings", () => paddingCases(flaxCases));

  const recorded = read<FlaxRecorded>("conformance/flax-recorded.json");
  for (const module of kinds(recorded.cases, (each) => each.module))
    suiteTest(`flax recorded: ${module}`, () => recordedCases(recorded, module));
  suiteTest("flax recorded: gradients", () => gradientCases(recorded));
  suiteTest("flax recorded: refusals", () => refusedCases(recorded));
  suiteTest("flax recorded: activations", () => recordedActivations(recorded));
  suiteTest("flax recorded: pools", () => poolCases(recorded));

  const vectors = read<Vectors>("spec/rng_vectors.json");
  suiteTest("jax recorded: keys and random bits", () => keyCases(vectors));
  suiteTest("jax recorded: samples", () => sampleCases(vectors));
  suiteTest("flax recorded: initial parameters", () => initialCases(vectors));
  const samplers = read<Samplers>("spec/samplers.json");
  suiteTest("jax recorded: every value of the samplers", () => samplerCases(samplers));

  const webnn = read<WebNN>("conformance/webnn.json");
  for (const op of kinds(webnn.cases, (each) => each.op))
    for (const dtype of kinds(webnn.cases, (each) => each.dtype))
      suiteTest(`WebNN: ${op} ${dtype}`, () => webnnCases(webnn, op, dtype));

  const tfjs = read<Tfjs>("conformance/tfjs.json");
  for (const op of kinds(tfjs.cases, (each) => each.op)) suiteTest(`tfjs: ${op}`, () => tfjsCases(tfjs, op));
}
