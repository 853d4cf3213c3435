/** Every shader of every suite is accepted by Tint, Dawn's and Chromium's compiler; no driver is needed. */
import { defineSuites, isComputed } from "../conformance/all-suites.js";
import { suiteTest } from "../conformance/suite-test.js";
import { recordedSuites } from "../oracle/all-recorded.js";
import { takeWays } from "../support/take-ways.js";

takeWays(["tint"]);
for (const [suite, cases] of Object.entries(recordedSuites)) suiteTest(suite, cases);
defineSuites({ wanted: isComputed, timeout: 600_000 });
