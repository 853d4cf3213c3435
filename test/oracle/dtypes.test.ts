/** dtypes.json: what flax computes and refuses in 16-bit and complex dtypes, on every way there is to run it. */
import { traceProgram } from "../../compiler/trace.js";
import { ConvsmithError } from "../../runtime/error.js";
import { moduleOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import {
  counted,
  dtypeActivationCases,
  dtypeElementwiseCases,
  dtypeLaxCases,
  dtypeModuleCases,
  dtypes,
} from "./dtype-cases.js";

function refusedCases(): Case[] {
  return dtypes.refused.map(({ module, config, inputDtype, error }) => ({
    name: `${module} ${JSON.stringify(config)} on ${inputDtype}`,
    check: () => {
      try {
        traceProgram(moduleOf(module, config), { inputs: [{ shape: [1, 4, 2], dtype: inputDtype }] });
      } catch (refusal) {
        if (refusal instanceof ConvsmithError) return [];
        throw refusal;
      }
      return [`accepted, where flax raises ${error}`];
    },
  }));
}

suiteTest("flax dtypes: modules", () => counted(dtypeModuleCases));
suiteTest("flax dtypes: refused", refusedCases);
suiteTest("flax dtypes: activations", () => counted(dtypeActivationCases));
suiteTest("flax dtypes: lax elementwise", () => counted(dtypeElementwiseCases));
suiteTest("flax dtypes: lax.conv_general_dilated", () => counted(dtypeLaxCases));
