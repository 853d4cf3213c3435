/** Views cost no kernel where strides can say them, and a copy where they cannot. */
import { describe, expect, it } from "vitest";
import { parseGraph } from "../../ir/parse.js";
import { random } from "../support/random.js";
import { bothWays, compiled, planned, randomValues } from "./run-planned.js";

/** The kernels of a run, in order, once the program is known to compute what the graph means. */
function runOf(text: string): readonly string[] {
  const graph = parseGraph(text);
  const { found, expected } = bothWays(graph, randomValues(graph, random(1)));
  expect(found).toEqual(expected);
  return planned(graph)
    .layers.filter(({ phase }) => phase === "run")
    .map(({ kernel }) => kernel);
}

describe("no kernel for", () => {
  it("batch axes that become one and are restored", () => {
    expect(
      runOf(`graph @g(%0: f32[2,3,4,1]) -> f32[2,3,4,2] {
        %1 = param "w" : f32[1,1,2]
        %2 = reshape(%0) : f32[6,4,1]
        %3 = conv(%2, %1) window={size=1} dim_labels=b0f_0io->b0f : f32[6,4,2]
        %4 = reshape(%3) : f32[2,3,4,2]
        return %4
      }`),
    ).toEqual(["conv_1"]);
  });

  it("a concat of convolutions, one of them through a reshape", () => {
    expect(
      runOf(`graph @g(%0: f32[1,4,1]) -> f32[1,4,5] {
        %1 = param "a" : f32[3,1,2]
        %2 = param "b" : f32[1,1,3]
        %3 = conv(%0, %1) window={size=3 pad=1_1} dim_labels=b0f_0io->b0f : f32[1,4,2]
        %4 = reshape(%0) : f32[4,1,1]
        %5 = conv(%4, %2) window={size=1} dim_labels=b0f_0io->b0f : f32[4,1,3]
        %6 = reshape(%5) : f32[1,4,3]
        %7 = concat(%3, %6) axis=2 : f32[1,4,5]
        return %7
      }`),
    ).toEqual(["conv_3", "conv_1"]);
  });

  it("a concat in a concat that more is computed from", () => {
    expect(
      runOf(`graph @g(%0: f32[2,2]) -> f32[3,2,2] {
        %1 = map(%0) { $0 + 1 } : f32[2,2]
        %2 = map(%0) { $0 + 2 } : f32[2,2]
        %3 = concat(%1, %2) axis=0 : f32[4,2]
        %4 = map(%0) { $0 + 3 } : f32[2,2]
        %5 = concat(%3, %4) axis=0 : f32[6,2]
        %6 = map(%5) { $0 * 2 } : f32[6,2]
        %7 = reshape(%6) : f32[3,2,2]
        return %7
      }`),
    ).toEqual(["map", "map_1", "map_2", "map_3"]);
  });

  it("phases interleaved", () => {
    expect(
      runOf(`graph @g(%0: f32[1,4,1]) -> f32[1,7,2] {
        %1 = param "even" : f32[1,1,2]
        %2 = param "odd" : f32[2,1,2]
        %3 = conv(%0, %1) window={size=1} dim_labels=b0f_0io->b0f : f32[1,4,2]
        %4 = conv(%0, %2) window={size=2} dim_labels=b0f_0io->b0f : f32[1,3,2]
        %5 = interleave(%3, %4) steps=[1,2,1] : f32[1,7,2]
        return %5
      }`),
    ).toEqual(["conv_1", "conv_2"]);
  });

  it("the phases split-phases makes", () => {
    const graph = parseGraph(`graph @g(%0: f32[1,4,4,1]) -> f32[1,8,8,3] {
      %1 = param "w" : f32[3,3,1,3]
      %2 = conv(%0, %1) window={size=3x3 pad=2_1x2_1 lhs_dilate=2x2} dim_labels=b01f_01io->b01f : f32[1,8,8,3]
      return %2
    }`);
    const layers = compiled(graph, "js").layers.filter(({ phase }) => phase === "run");
    expect(layers.map(({ op }) => op)).toEqual(["conv", "conv", "conv", "conv"]);
  });

  it.each([
    ["transpose", "transpose(%0) permutation=[1,0,2] : f32[4,2,3]", "4,2,3"],
    ["slice", "slice(%0) start=[0,1,0] step=[1,2,1] : f32[2,2,3]", "2,2,3"],
    ["reshape", "reshape(%0) : f32[8,3]", "8,3"],
  ])("a %s that is read", (_, view, shape) => {
    expect(
      runOf(`graph @g(%0: f32[2,4,3]) -> f32[${shape}] {
        %1 = ${view}
        %2 = map(%1) { max($0, 0) } : f32[${shape}]
        return %2
      }`),
    ).toEqual(["map"]);
  });

  it("a transpose that is the result", () => {
    expect(
      runOf(`graph @g(%0: f32[2,3]) -> f32[3,2] {
        %1 = map(%0) { $0 + 1 } : f32[2,3]
        %2 = transpose(%1) permutation=[1,0] : f32[3,2]
        return %2
      }`),
    ).toEqual(["map"]);
  });
});

describe("a copy for", () => {
  it("a result that is an input, a parameter, a constant or a view of one", () => {
    expect(
      runOf(`graph @g(%0: f32[2,3]) -> (f32[2,3], f32[3], f32[2], f32[3,2]) {
        %1 = param "p" : f32[3]
        %2 = constant "" [1, 2] : f32[2]
        %3 = transpose(%0) permutation=[1,0] : f32[3,2]
        return %0, %1, %2, %3
      }`),
    ).toHaveLength(4);
  });

  it("a value returned twice, and one read by a later result", () => {
    expect(
      runOf(`graph @g(%0: f32[4]) -> (f32[4], f32[4], f32[4]) {
        %1 = map(%0) { $0 + 1 } : f32[4]
        %2 = map(%1) { $0 * $0 } : f32[4]
        return %1, %2, %1
      }`),
    ).toEqual(["map", "map_1", "copy"]);
  });

  it("a reshape across a transpose", () => {
    expect(
      runOf(`graph @g(%0: f32[2,3]) -> f32[6] {
        %1 = transpose(%0) permutation=[1,0] : f32[3,2]
        %2 = reshape(%1) : f32[6]
        %3 = map(%2) { $0 + 1 } : f32[6]
        return %3
      }`),
    ).toEqual(["copy", "map"]);
  });

  it("what a concat joins that is read elsewhere, is an input, is joined twice, or is a slice", () => {
    expect(
      runOf(`graph @g(%0: f32[1,4]) -> (f32[5,4], f32[1,4]) {
        %1 = map(%0) { $0 + 1 } : f32[1,4]
        %2 = map(%0) { $0 + 2 } : f32[1,4]
        %3 = map(%0) { $0 + 3 } : f32[1,4]
        %4 = slice(%3) start=[0,0] step=[1,1] : f32[1,4]
        %5 = concat(%1, %0, %2, %2, %4) axis=0 : f32[5,4]
        return %5, %1
      }`),
    ).toEqual(["map", "map_1", "map_2", "copy", "copy_1", "copy_2", "copy_3", "copy_4"]);
  });

  it("integers, bit for bit", () => {
    const graph = parseGraph(`graph @g(%0: i32[3,2], %1: bf16[2]) -> (i32[2,3], i32[4,2], bf16[2]) {
      %2 = transpose(%0) permutation=[1,0] : i32[2,3]
      %3 = pad(%0) mode=zero low=[1,0] high=[0,0] : i32[4,2]
      return %2, %3, %1
    }`);
    const values = {
      inputs: [
        Int32Array.of(2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1, -1, 0, 123456789),
        Uint16Array.of(0xffc1, 0x7f81),
      ],
      params: new Map(),
    };
    for (const target of ["js", "wasm-simd"] as const) {
      const { found, expected } = bothWays(graph, values, target);
      expect(found).toEqual(expected);
    }
  });
});

describe("an empty tensor", () => {
  it("has no kernel", () => {
    expect(
      runOf(`graph @g(%0: f32[0,4], %1: f32[2,4]) -> (f32[0,4], f32[2,4]) {
        %2 = map(%0) { $0 + 1 } : f32[0,4]
        %3 = concat(%2, %1) axis=0 : f32[2,4]
        %4 = map(%3) { $0 + 1 } : f32[2,4]
        return %2, %4
      }`),
    ).toEqual(["copy", "map"]);
  });

  it("may be padded, and convolved with nothing", () => {
    expect(
      runOf(`graph @g(%0: f32[0,1]) -> (f32[2,1], f32[1,2,3]) {
        %1 = param "w" : f32[1,0,3]
        %2 = pad(%0) mode=zero low=[1,0] high=[1,0] : f32[2,1]
        %3 = reshape(%0) : f32[1,2,0]
        %4 = conv(%3, %1) window={size=1} dim_labels=b0f_0io->b0f : f32[1,2,3]
        return %2, %4
      }`),
    ).toEqual(["pad_zero", "conv_1"]);
  });
});
