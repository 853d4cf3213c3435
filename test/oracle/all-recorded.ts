/** What flax computes of our own recordings, as suites that take every way there is to run a program. */
import type { Case } from "../conformance/suite.js";
import {
  dtypeActivationCases,
  dtypeElementwiseCases,
  dtypeLaxCases,
  dtypeModuleCases,
} from "./dtype-cases.js";
import { activationCases, convCases, laxCases } from "./flax-cases.js";
import { siblingCases, siblingLaxCases } from "./sibling-cases.js";

export const recordedSuites: Readonly<Record<string, () => readonly Case[]>> = {
  "flax: Conv": convCases,
  "flax: ConvTranspose": () => siblingCases("ConvTranspose"),
  "flax: ConvLocal": () => siblingCases("ConvLocal"),
  "flax: lax.conv_general_dilated": laxCases,
  "flax: lax.conv_transpose and conv_general_dilated_local": siblingLaxCases,
  "flax: activations": activationCases,
  "flax dtypes: modules": () => dtypeModuleCases(),
  "flax dtypes: lax.conv_general_dilated": () => dtypeLaxCases(),
  "flax dtypes: activations": () => dtypeActivationCases(),
  "flax dtypes: lax elementwise": () => dtypeElementwiseCases(),
};
