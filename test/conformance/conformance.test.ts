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
import { suiteTest } from "./suite-test.js";
import type { Tfjs } from "./tfjs.js";
import { tfjsCases, tfjsOps } from "./tfjs.js";
import type { WebNN } from "./webnn.js";
import { webnnCases } from "./webnn.js";

const folder = process.env.CONFORMANCE_DIR;

function read<T>(file: string): T {
  return JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as T;
}

if (folder === undefined) {
  console.log("skipped: CONFORMANCE_DIR not set");
  it.skip("CONFORMANCE_DIR not set", () => {});
} else {
  const flaxCases = read<FlaxCases>("spec/flax_cases.json");
  for (const module of ["Conv", "ConvLocal", "ConvTranspose"])
    suiteTest(`flax's tests: ${module}`, () => valueCases(flaxCases, module));
  suiteTest("flax's tests: shapes", () => shapeCases(flaxCases));
  suiteTest("flax's tests: paddings", () => paddingCases(flaxCases));

  const recorded = read<FlaxRecorded>("conformance/flax-recorded.json");
  for (const module of ["Conv", "ConvLocal", "ConvTranspose"])
    suiteTest(`flax recorded: ${module}`, () => recordedCases(recorded, module));
  suiteTest("flax recorded: gradients", () => gradientCases(recorded));
  suiteTest("flax recorded: refusals", () => refusedCases(recorded));
  suiteTest("flax recorded: activations", () => recordedActivations(recorded));
  suiteTest("flax recorded: pools", () => poolCases(recorded));

  const webnn = read<WebNN>("conformance/webnn.json");
  for (const op of ["conv2d", "convTranspose2d"] as const)
    for (const dtype of ["float32", "float16"] as const)
      suiteTest(`WebNN: ${op} ${dtype}`, () => webnnCases(webnn, op, dtype));

  const tfjs = read<Tfjs>("conformance/tfjs.json");
  for (const op of tfjsOps(tfjs)) suiteTest(`tfjs: ${op}`, () => tfjsCases(tfjs, op));
}
