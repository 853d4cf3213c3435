/** What depends on weights only happens in setup, once for every set of weights. */
import { describe, expect, it } from "vitest";
import type { Planned } from "../../compiler/plan.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import { parseGraph } from "../../ir/parse.js";
import { random } from "../support/random.js";
import { numbers, planned, Running, randomValues } from "./run-planned.js";

/** Checks two sets of weights, two inputs each, in one memory. */
function checked(text: string): Planned {
  const graph = parseGraph(text);
  const program = planned(graph);
  const running = new Running(graph, program);
  for (const seed of [1, 2]) {
    const { params } = randomValues(graph, random(seed));
    running.setVariables(params);
    for (const other of [3, 4]) {
      const { inputs } = randomValues(graph, random(other));
      expect(numbers(running.run(inputs))).toEqual(numbers(interpretGraph(graph, { inputs, params })));
    }
  }
  return program;
}

function phases({ layers }: Planned): readonly string[] {
  return layers.map(({ op, phase }) => `${op} in ${phase}`);
}

describe("setup", () => {
  it("multiplies a kernel by a mask that is a variable, and packs the product", () => {
    const program = checked(`graph @g(%0: f32[1,6,2]) -> f32[1,4,5] {
      %1 = param "kernel" : f32[3,2,5]
      %2 = param "mask" : f32[3,2,5]
      %3 = map(%1, %2) { $0 * $1 } : f32[3,2,5]
      %4 = conv(%0, %3) window={size=3} dim_labels=b0f_0io->b0f : f32[1,4,5]
      return %4
    }`);
    expect(phases(program)).toEqual(["map in setup", "conv in run"]);
    expect(program.program.run).toHaveLength(1);
  });

  it("computes a chain over weights, views and padding in it", () => {
    const program = checked(`graph @g(%0: f32[3,4]) -> f32[3,4] {
      %1 = param "a" : f32[2,3]
      %2 = param "b" : f32[1]
      %3 = map(%1, %2) { exp($0) * $1 } : f32[2,3]
      %4 = transpose(%3) permutation=[1,0] : f32[3,2]
      %5 = pad(%4) mode=zero low=[0,1] high=[0,1] : f32[3,4]
      %6 = map(%0, %5) { $0 * $1 } : f32[3,4]
      return %6
    }`);
    expect(phases(program)).toEqual(["map in setup", "pad in setup", "map in run"]);
  });

  it("convolves weights with weights", () => {
    const program = checked(`graph @g(%0: f32[1,4,2]) -> f32[1,4,2] {
      %1 = param "x" : f32[1,4,3]
      %2 = param "w" : f32[3,3,2]
      %3 = conv(%1, %2) window={size=3 pad=1_1} dim_labels=b0f_0io->b0f : f32[1,4,2]
      %4 = map(%0, %3) { $0 + $1 } : f32[1,4,2]
      return %4
    }`);
    expect(phases(program)).toEqual(["conv in setup", "map in run"]);
  });

  it("packs one kernel once for two convolutions of one shape", () => {
    const program = checked(`graph @g(%0: f32[1,4,2]) -> (f32[1,4,8], f32[1,4,8]) {
      %1 = param "w" : f32[1,2,8]
      %2 = conv(%0, %1) window={size=1} dim_labels=b0f_0io->b0f : f32[1,4,8]
      %3 = map(%0) { $0 * 2 } : f32[1,4,2]
      %4 = conv(%3, %1) window={size=1} dim_labels=b0f_0io->b0f : f32[1,4,8]
      return %2, %4
    }`);
    expect(program.program.setup).toHaveLength(1);
    expect(program.program.kernels.map(({ name }) => name)).toEqual(["pack", "conv_1", "map"]);
  });

  it("copies the constant part of a concat; a run writes the other part and what it reads of both", () => {
    const program = checked(`graph @g(%0: f32[2,3]) -> f32[4,3] {
      %1 = param "p" : f32[2,3]
      %2 = map(%1) { $0 + 1 } : f32[2,3]
      %3 = map(%0) { $0 + 1 } : f32[2,3]
      %4 = concat(%2, %3) axis=0 : f32[4,3]
      %5 = slice(%4) start=[0,0] step=[1,1] : f32[2,3]
      %6 = map(%5) { $0 * $0 } : f32[2,3]
      %7 = concat(%6, %3) axis=0 : f32[4,3]
      %8 = map(%4, %7) { $0 - $1 } : f32[4,3]
      return %8
    }`);
    // The slice holds constants only, but its buffer does not.
    expect(phases(program)).toEqual([
      "map in setup",
      "map in run",
      "copy in run",
      "map in run",
      "copy in run",
      "map in run",
    ]);
  });

  it("writes no result: the caller may overwrite it between runs", () => {
    const program = checked(`graph @g(%0: f32[2]) -> (f32[2], f32[2]) {
      %1 = param "p" : f32[2]
      %2 = map(%1) { $0 + 1 } : f32[2]
      %3 = map(%0, %2) { $0 + $1 } : f32[2]
      return %2, %3
    }`);
    expect(phases(program)).toEqual(["map in run", "map in run"]);
    expect(program.program.setup).toEqual([]);
  });
});
