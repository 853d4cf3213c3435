import { describe, expect, it } from "vitest";
import { flattenParams, isTensor, type ParamTree, unflattenParams } from "../../compiler/checkpoint/tree.js";
import { tensor } from "../../runtime/tensor.js";

const leaf = (value: number) => tensor([value], [1]);

describe("param trees", () => {
  const tree: ParamTree = {
    Conv_0: { kernel: leaf(1), bias: leaf(2) },
    head: { data: { kernel: leaf(3) } },
    empty: {},
  };

  it("flatten to paths in order and back", () => {
    const flat = flattenParams(tree);
    expect([...flat.keys()]).toEqual(["Conv_0/kernel", "Conv_0/bias", "head/data/kernel"]);
    const { empty: _, ...rest } = tree;
    expect(unflattenParams(flat)).toEqual(rest);
  });

  it("a module called data is no tensor", () => {
    expect(isTensor(tree.head)).toBe(false);
    expect(isTensor(leaf(1))).toBe(true);
    expect(isTensor(null)).toBe(false);
  });

  it("keeps names of object properties", () => {
    const made = unflattenParams([
      ["__proto__/kernel", leaf(1)],
      ["constructor", leaf(2)],
    ]);
    expect(Object.keys(made)).toEqual(["__proto__", "constructor"]);
    expect([...flattenParams(made).keys()]).toEqual(["__proto__/kernel", "constructor"]);
  });
});
