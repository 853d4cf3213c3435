/** Expecting a file to be refused. */
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { ConvsmithError } from "../../runtime/error.js";

/** The error reading gives; anything but one of ours, in one line, fails the test. */
export function refusal(input: Uint8Array): ConvsmithError {
  try {
    readWeights(input);
  } catch (error) {
    if (error instanceof ConvsmithError && !error.message.includes("\n")) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}
