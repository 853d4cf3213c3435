/** What must hold of the program of any graph. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printGraph } from "../../ir/print.js";
import { random } from "../support/random.js";
import { randomGraph } from "./random-graph.js";
import { bothWays, randomValues } from "./run-planned.js";

const seeds = fc.nat({ max: 1e6 });

describe("the program of a random graph", () => {
  it("computes what the graph means", () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom("js", "wasm-simd"), (seed, target) => {
        const source = random(seed);
        const graph = randomGraph(source);
        const { found, expected } = bothWays(graph, randomValues(graph, source), target);
        expect(found, printGraph(graph)).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });
});
