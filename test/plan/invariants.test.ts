/** Two invariants of the whole line: optional passes change no bit at "highest", and equal graphs give equal programs. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pipeline } from "../../compiler/pipeline.js";
import type { Planned } from "../../compiler/plan.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import { printKernel } from "../../ir/print.js";
import type { TargetName } from "../../ir/target.js";
import { randomNet } from "../pipeline/random-net.js";
import { random } from "../support/random.js";
import { compiled, numbers, Running, randomValues } from "./run-planned.js";

const seeds = fc.nat({ max: 1e6 });
const target = fc.constantFrom<TargetName>("js", "wasm-simd");
const optional = pipeline.filter((pass) => !pass.required).map((pass) => pass.name);

function textOf({ program, inputOffsets, outputOffsets, weights }: Planned): string {
  const { kernels, ...calls } = program;
  const offsets = [inputOffsets, outputOffsets, weights.map(({ offset }) => offset)];
  return [...kernels.map(printKernel), JSON.stringify(calls), JSON.stringify(offsets)].join("\n");
}

describe("a random net", () => {
  it("gives the same bits whichever optional passes run", () => {
    expect(optional).toEqual(expect.arrayContaining(["partition-halo", "share", "split-phases"]));
    fc.assert(
      fc.property(seeds, target, fc.subarray(optional), (seed, name, disable) => {
        const graph = randomNet(seed);
        const values = randomValues(graph, random(seed));
        const running = new Running(graph, compiled(graph, name, { disable, shuffle: seed }), name);
        running.setVariables(values.params);
        expect(numbers(running.run(values.inputs))).toEqual(numbers(interpretGraph(graph, values)));
      }),
      { numRuns: 60 },
    );
  });

  it("gives the same program every time", () => {
    fc.assert(
      fc.property(seeds, target, (seed, name) => {
        expect(textOf(compiled(randomNet(seed), name))).toBe(textOf(compiled(randomNet(seed), name)));
      }),
      { numRuns: 30 },
    );
  });
});
