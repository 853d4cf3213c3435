/** Every suite of recorded vectors on wgsl, on a software adapter. */
import { it } from "vitest";
import { defineSuites } from "../conformance/all-suites.js";
import { takeWays } from "../support/run-everywhere.js";
import { hasAdapter } from "../support/webgpu.js";

takeWays(["wgsl"]);

if (await hasAdapter()) defineSuites((suite) => !/gradients|refusals|shapes/.test(suite), 1_200_000);
else it.skip("no WebGPU adapter", () => {});
