/**
 * Every suite of recorded vectors on wgsl, on a software adapter. It takes minutes, most of them to compile shaders, so
 * that it runs in CI and where WGSL=1 asks for it; tint.test.ts checks the same shaders everywhere.
 */
import { it } from "vitest";
import { defineSuites } from "../conformance/all-suites.js";
import { takeWays } from "../support/take-ways.js";
import { hasAdapter } from "../support/webgpu.js";

takeWays(["wgsl"]);

const wanted = process.env.WGSL === "1" || process.env.CI !== undefined;
if (!wanted) console.warn("skipped: the conformance suites on wgsl take minutes; set WGSL=1");
if (wanted && (await hasAdapter()))
  defineSuites((suite) => !/gradients|refusals|shapes|jax|parameters/.test(suite), 1_200_000);
else it.skip("the conformance suites on wgsl", () => {});
