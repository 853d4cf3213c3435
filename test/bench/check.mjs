/** Whether results are right: within the contract of the definition in float64, and all contenders alike. */
import { reference } from "./layer-data.mjs";
import { terms } from "./layers.mjs";

const roundoff = 2 ** -24;
/** Of the largest sum of |x·w|: what convsmith states of Winograd; direct sums in any order stay far below. */
export const winogradBound = 1e-5;
const sampledTerms = 4e6;

/** Some output positions of a layer in float64, spread over the result. */
export function sample(layer, data) {
  const count = Math.round(sampledTerms / terms(layer) / layer.features);
  return reference(layer, data, Math.min(512, Math.max(8, count)));
}

/** Largest error of `output` at the positions of a reference, relative to the largest sum of |x·w|. */
export function errorOf(layer, output, { positions, values, largest }) {
  let error = 0;
  positions.forEach((position, i) => {
    for (let oc = 0; oc < layer.features; oc++) {
      const off = Math.abs(output[position * layer.features + oc] - values[i * layer.features + oc]);
      error = off <= error ? error : off;
    }
  });
  return error / largest;
}

/** Largest error of a direct sum in units of what is stated for each element, (K + 2) · 2⁻²⁴ · Σ|x·w|: at most 1. */
export function errorPerElement(layer, output, { positions, values, scales }) {
  // The bias is one more term.
  const bound = (Math.ceil(terms(layer)) + 3) * roundoff;
  let worst = 0;
  positions.forEach((position, i) => {
    for (let oc = 0; oc < layer.features; oc++) {
      const at = i * layer.features + oc;
      const off = Math.abs(output[position * layer.features + oc] - values[at]);
      const units = off === 0 ? 0 : off / (bound * scales[at]);
      worst = units <= worst ? worst : units;
    }
  });
  return worst;
}

/** What is wrong with a result, or null. `others`: that of the first contender, or null. */
export function wrong(layer, output, expected, others, algorithm) {
  const error = errorOf(layer, output, expected);
  if (!(error <= winogradBound)) return `off by ${error.toExponential(1)} of the largest sum of |x·w|`;
  if (algorithm === "direct") {
    const units = errorPerElement(layer, output, expected);
    if (!(units <= 1)) return `off by ${units.toFixed(1)} times the bound of a direct sum`;
  }
  if (others !== null && output.length !== others.length)
    return `has ${output.length} elements, not ${others.length}`;
  const limit = 2 * winogradBound * expected.largest;
  const at = others?.findIndex((value, i) => !(Math.abs(value - output[i]) <= limit)) ?? -1;
  return at === -1 ? null : `differs at element ${at}: ${output[at]}, not ${others[at]}`;
}
