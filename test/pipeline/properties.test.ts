/** What must hold of the graph passes whatever the graph: the same bits, whichever of them run, in whatever node order. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PassContext } from "../../compiler/pass.js";
import { pipeline } from "../../compiler/pipeline.js";
import { runGraphPasses } from "../../compiler/run-passes.js";
import type { Graph } from "../../ir/graph.js";
import { printGraph } from "../../ir/print.js";
import { targets } from "../../ir/target.js";
import { outputBits } from "./evaluate.js";
import { randomNet } from "./random-net.js";

const highest: PassContext = { target: targets.js, precision: "highest" };
const standard: PassContext = { target: targets.js, precision: "default" };
const seeds = fc.nat({ max: 1e6 });
const optional = pipeline.filter((pass) => pass.level === "graph" && !pass.required).map((pass) => pass.name);

function run(graph: Graph, context: PassContext, options: Parameters<typeof runGraphPasses>[2] = {}): Graph {
  return runGraphPasses(graph, context, { verifyEach: true, ...options }).graph;
}

describe("graph passes on random nets", () => {
  it("change no bit, at either precision", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const graph = randomNet(seed);
        const expected = outputBits(graph, seed);
        expect(outputBits(run(graph, highest), seed)).toEqual(expected);
        expect(outputBits(run(graph, standard), seed)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("change no bit with any subset disabled and nodes shuffled", () => {
    fc.assert(
      fc.property(seeds, fc.subarray(optional), (seed, disable) => {
        const graph = randomNet(seed);
        const out = run(graph, highest, { disable, shuffle: seed });
        expect(outputBits(out, seed)).toEqual(outputBits(graph, seed));
      }),
      { numRuns: 100 },
    );
  });

  it("find nothing to do the second time", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const once = run(randomNet(seed), standard);
        const twice = runGraphPasses(once, standard);
        expect(printGraph(twice.graph)).toBe(printGraph(once));
        expect(twice.trace.filter((record) => record.outcome === "changed")).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it("each find work in some of them", () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 200; seed++)
      for (const { pass, outcome } of runGraphPasses(randomNet(seed), standard).trace)
        if (outcome === "changed") found.add(pass);
    // What the other passes bypass they drop themselves: prune only finds what the trace left behind.
    expect([...found].sort()).toEqual(optional.filter((name) => name !== "prune").sort());
  });
});
