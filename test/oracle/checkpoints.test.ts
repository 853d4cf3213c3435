/** checkpoints.json: every file that Python wrote reads as the arrays it was written from, or is refused by name. */
import { isDeepStrictEqual } from "node:util";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { UnsupportedError } from "../../runtime/error.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import { checkpointFiles, refusedFiles } from "./checkpoints.js";

/** Paths, in any order, with dtype, shape, array type and every number. */
function readCases(): Case[] {
  return checkpointFiles.map(({ title, bytes, tensors }) => ({
    name: title,
    check: () => {
      const found = flattenParams(readWeights(bytes));
      const paths = new Set([...found.keys(), ...tensors.keys()]);
      return [...paths]
        .filter((path) => !isDeepStrictEqual(found.get(path), tensors.get(path)))
        .map((path) => `${path} is not the array that was written`);
    },
  }));
}

function refusedCases(): Case[] {
  return refusedFiles.map(({ title, bytes, names }) => ({
    name: title,
    check: () => {
      try {
        readWeights(bytes);
      } catch (error) {
        if (!(error instanceof UnsupportedError)) throw error;
        const { code, message } = error;
        const clear = code === "checkpoint-dtype" && message.includes(names) && !message.includes("\n");
        return clear ? [] : [`says ${code}: ${message}`];
      }
      return ["was read"];
    },
  }));
}

suiteTest("Python's checkpoints: read", readCases);
suiteTest("Python's checkpoints: dtypes refused", refusedCases);
