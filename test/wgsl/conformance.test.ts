/**
 * Every suite of recorded vectors on wgsl, on a software adapter. It takes minutes, most of them to compile shaders, so
 * that it runs in CI and where WGSL=1 asks for it; tint.test.ts checks the same shaders everywhere.
 */
import { it } from "vitest";
import { defineSuites, isComputed } from "../conformance/all-suites.js";
import { suiteTest } from "../conformance/suite-test.js";
import { recordedSuites } from "../oracle/all-recorded.js";
import { takeWays } from "../support/take-ways.js";
import { hasAdapter } from "../support/webgpu.js";

takeWays(["wgsl"]);

const timeout = 1_200_000;
const wanted = process.env.WGSL === "1" || process.env.CI !== undefined;
if (!wanted) console.warn("skipped: the conformance suites on wgsl take minutes; set WGSL=1");
if (wanted && (await hasAdapter())) {
  for (const [suite, cases] of Object.entries(recordedSuites)) suiteTest(suite, cases, timeout);
  defineSuites({ wanted: isComputed, timeout });
} else it.skip("the conformance suites on wgsl", () => {});
