/** Checkpoint to logits with the digits example, whose model here is of a second copy of the package. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Module, Tensor, Traced } from "../../compiler/index.js";
import * as here from "../../compiler/index.js";
import { compile, jit, key, readWeights, tensor, trace } from "../../compiler/index.js";
import { firstDifference } from "../support/run-everywhere.js";
import type { BuiltCopy } from "./built-copy.js";
import { buildCopy } from "./built-copy.js";
import { backends, conv, normal, refusal, shape, variables } from "./models.js";

const file = (name: string): Buffer =>
  readFileSync(new URL(`../../examples/digits/${name}`, import.meta.url));

/** The elements of a .npy file, which a version 1 header of its own length precedes. */
function npyData(name: string): Buffer {
  const bytes = file(name);
  return bytes.subarray(10 + bytes.readUInt16LE(8));
}

let copy: BuiltCopy;
let digits: Module;
let other: typeof here;

beforeAll(async () => {
  copy = await buildCopy({ digits: "examples/digits/model.ts", other: "compiler/index.ts" });
  digits = (await copy.import("digits.mjs")).default as Module;
  other = (await copy.import("other.mjs")) as unknown as typeof here;
});
afterAll(() => copy.remove());

describe("digits", () => {
  const images = npyData("test-images.npy");
  const x = tensor(
    Float32Array.from(images, (pixel) => pixel / 16),
    [360, 8, 8, 1],
  );
  const logits = new Float32Array(new Uint8Array(npyData("test-logits.npy")).buffer);
  const best = (row: ArrayLike<number>): number =>
    Array.from(row).reduce((most, value, i, all) => (value > all[most]! ? i : most), 0);

  it.each(backends)("gives flax's logits on %s, from its checkpoint", async (backend) => {
    const weights = readWeights(file("digits.msgpack"));
    expect(Object.keys(weights.params)).toEqual(["Conv_0", "Conv_1", "Conv_2", "Conv_3"]);
    const f = await compile(digits, { inputs: [x], variables: weights, backend, strict: true });
    const y = (await f.run(x)) as Tensor;
    expect(y.shape).toEqual([360, 10]);
    const errors = logits.map((value, i) => Math.abs(value - y.data[i]!));
    expect(Math.max(...errors)).toBeLessThan(2e-4);
    const rows = Array.from({ length: 360 }, (_, i) => y.data.subarray(10 * i, 10 * i + 10));
    const labels = npyData("test-labels.npy");
    const correct = rows.filter((row, i) => best(row) === labels[i]).length;
    expect(correct).toBe(JSON.parse(file("accuracy.json").toString()).testCorrect);
  });
});

describe("two copies of the package", () => {
  it("are two", () => {
    expect(digits).not.toBeInstanceOf(here.Module);
    expect(other.Conv).not.toBe(here.Conv);
    expect(other.version).toBe(here.version);
  });

  it("a module of one is traced, compiled and run by the other, with the other's variables", async () => {
    const theirs = new other.Conv({ features: 5, kernelSize: [3, 3] });
    const text = String(trace(theirs, { inputs: [shape] }));
    expect(text).toBe(String(trace(conv, { inputs: [shape] })));
    const x = normal(shape);
    const mine = await compile(conv, { inputs: [shape], variables, backend: "js" });
    const f = await compile(theirs, { inputs: [shape], variables, backend: "js" });
    expect(firstDifference(await f.run(x), mine.runSync(x))).toBe(-1);
    const g = await other.compile(conv, { inputs: [shape], variables, backend: "js" });
    expect(firstDifference(g.runSync(other.tensor(x.data, shape)), mine.runSync(x))).toBe(-1);
    expect(firstDifference(await jit(theirs, { backend: "js" })(variables, x), mine.runSync(x))).toBe(-1);
  });

  it("mix inside one model, with one count of names", async () => {
    class Mixed extends here.Module {
      static readonly moduleName: string = "Mixed";
      override call(x: Traced): Traced {
        const y = here.nn.relu(new other.Conv({ features: 2, kernelSize: [1, 1] }).call(x));
        return other.nn.tanh(new here.Conv({ features: 2, kernelSize: [1, 1] }).call(y));
      }
    }
    const tree = new Mixed().init(key(0), shape);
    expect(Object.keys(tree.params)).toEqual(["Conv_0", "Conv_1"]);
    const held = new here.Sequential([new other.Conv({ features: 1, kernelSize: [1] }), other.nn.relu]);
    expect(Object.keys(held.init(key(0), [1, 3, 2]).params)).toEqual(["layers_0"]);
    const f = await compile(new Mixed(), { inputs: [shape], variables: tree, backend: "js" });
    expect((await f.run(normal(shape))).shape).toEqual([1, 5, 6, 2]);
  });

  it("an error of a module keeps its code and path", async () => {
    const odd = new other.Conv({ features: 4, kernelSize: [1, 1], featureGroupCount: 4 });
    const run = () => compile(odd, { inputs: [[1, 5, 5, 3]], backend: "js" });
    const error = await run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(other.ShapeError);
    expect(error).toMatchObject({ name: "ShapeError", code: "input-features", path: "Conv" });
    expect((await refusal(() => compile(conv, { inputs: [[2]], backend: "js" }))).name).toBe("ShapeError");
  });
});

it("version is package.json's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(here.version).toBe(version);
});
