/** Parameters: baked in, given later, swapped; and what running before them does. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import { compile, initializers, lax, Module, tensor } from "../../compiler/index.js";
import { firstDifference, runOneWay } from "../support/run-everywhere.js";
import {
  backends,
  conv,
  copyOf,
  normal,
  otherVariables,
  refusal,
  shape,
  thrown,
  variables,
} from "./models.js";

const x = normal(shape);
const precision = "highest";
const interpreted = (of: typeof variables) =>
  runOneWay("interpreter", { target: conv, inputs: [x], variables: of });

describe.each(backends)("on %s", (backend) => {
  it("baked or given later, they give the same bits", async () => {
    const expected = await interpreted(variables);
    const baked = await compile(conv, { inputs: [shape], variables, backend, precision });
    expect(firstDifference(baked.runSync(x), expected)).toBe(-1);
    const later = await compile(conv, { inputs: [shape], backend, precision });
    await later.setVariables(variables);
    expect(firstDifference(later.runSync(x), expected)).toBe(-1);
  });

  it("running before they are set is a ConfigError", async () => {
    const f = await compile(conv, { inputs: [shape], backend });
    const missing = { name: "ConfigError", code: "weights-missing" };
    expect(await refusal(() => f.run(x))).toMatchObject(missing);
    expect(thrown(() => f.runSync(x))).toMatchObject(missing);
    expect(thrown(() => f.invoke())).toMatchObject(missing);
    expect(await refusal(() => f.bundle())).toMatchObject(missing);
  });

  it.each([
    ["given", undefined],
    ["baked", variables],
  ])("%s ones are swapped, and swapped back; views stay", async (_, first) => {
    const f = await compile(conv, {
      inputs: [shape],
      backend,
      precision,
      ...(first === undefined ? {} : { variables: first }),
    });
    const views = [f.inputs[0]!.data, f.outputs[0]!.data];
    views[0]!.set(x.data);
    for (const of of [otherVariables, variables]) {
      await f.setVariables(of);
      f.invoke();
      expect(firstDifference({ ...x, data: views[1]! }, await interpreted(of))).toBe(-1);
    }
    expect([f.inputs[0]!.data, f.outputs[0]!.data]).toEqual(views);
  });

  it("those of another model are refused and leave the old ones", async () => {
    const f = await compile(conv, { inputs: [shape], backend, precision });
    await f.setVariables(variables);
    const { bias } = variables.params;
    const cut = { params: { kernel: normal([3, 3, 3, 5]), bias: bias! } };
    const error = await refusal(() => f.setVariables(cut));
    expect(error).toMatchObject({ name: "CheckpointError", code: "params-shape" });
    expect(error.message).toMatch(/kernel.*\[3,3,3,5\].*\[3,3,2,5\]/);
    expect((await refusal(() => f.setVariables({ params: {} }))).code).toBe("params-missing");
    expect(firstDifference(f.runSync(x), await interpreted(variables))).toBe(-1);
  });
});

it("baked ones that change the code cannot be swapped for others, and the old ones stay", async () => {
  class Scaled extends Module {
    static readonly moduleName: string = "Scaled";
    override call(y: Traced): readonly Traced[] {
      const [w, a, b] = ["w", "a", "b"].map((name) => this.param(name, initializers.ones, [3]));
      return [lax.add(y, lax.mul(w!, a!)), lax.sub(y, lax.mul(w!, b!))];
    }
  }
  const params = (a: number, b: number) => ({
    params: { w: tensor([1, 1, 1], [3]), a: tensor([a, a, a], [3]), b: tensor([b, b, b], [3]) },
  });
  const f = await compile(new Scaled(), { inputs: [[3]], variables: params(2, 2), backend: "js" });
  const sums = async () => (await f.run(new Float32Array(3))).map(({ data }) => data[0]);
  expect(await sums()).toEqual([2, -2]);
  await f.setVariables(params(4, 4));
  expect(await sums()).toEqual([4, -4]);
  // w * a and w * b are one constant in the code compiled, and two here.
  const error = await refusal(() => f.setVariables(params(5, 6)));
  expect(error).toMatchObject({ name: "ConfigError", code: "variables-baked" });
  expect(await sums()).toEqual([4, -4]);
});

it("they are not modified", async () => {
  const [given, input] = [copyOf(variables), copyOf({ params: { x } }).params.x];
  const f = await compile(conv, { inputs: [shape], variables: given, backend: "js" });
  f.runSync(input);
  await f.setVariables(given);
  await f.run({ x: input });
  expect(given).toEqual(variables);
  expect(input).toEqual(x);
});

describe("extra ones", () => {
  const extra = { params: { ...variables.params, head: { kernel: tensor([1], [1]) } } };
  it("are accepted with one warning", async () => {
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    await compile(conv, { inputs: [shape], variables: extra, backend: "js", onWarning });
    expect(warnings).toEqual([expect.stringContaining("head/kernel")]);
    const f = await compile(conv, { inputs: [shape], backend: "js", onWarning });
    expect(warnings).toHaveLength(1);
    await f.setVariables(extra);
    expect(warnings).toHaveLength(2);
  });

  it("are accepted without anyone to warn, and refused by strict", async () => {
    await compile(conv, { inputs: [shape], variables: extra, backend: "js" });
    const strict = () => compile(conv, { inputs: [shape], variables: extra, backend: "js", strict: true });
    expect(await refusal(strict)).toMatchObject({ name: "CheckpointError", code: "params-extra" });
    const f = await compile(conv, { inputs: [shape], backend: "js", strict: true });
    expect((await refusal(() => f.setVariables(extra))).code).toBe("params-extra");
  });
});
