import { describe, expect, it } from "vitest";
import { initializers } from "../../compiler/random/initializers.js";
import { parameterKey } from "../../compiler/random/parameter-key.js";
import { key } from "../../compiler/random/threefry.js";
import { hexBits, initializerOf, recorded } from "./vectors.js";

describe("flax.json", () => {
  it("holds every section", () => {
    expect(recorded.cases.length).toBeGreaterThanOrEqual(150);
    expect(recorded.refused.length).toBeGreaterThanOrEqual(80);
    expect(recorded.init.length).toBeGreaterThanOrEqual(20);
    expect(recorded.lax.length).toBeGreaterThanOrEqual(25);
    expect(recorded.laxRefused.length).toBeGreaterThanOrEqual(25);
    for (const y of Object.values(recorded.activations.y))
      expect(y).toHaveLength(recorded.activations.x.length);
  });

  for (const { model, seed, inputShape, params } of recorded.init)
    for (const [path, { shape, bits }] of Object.entries(params))
      it(`initial ${path} of ${JSON.stringify(model)} on [${inputShape}], seed ${seed}`, () => {
        const scope = path.split("/");
        const isKernel = scope.pop() === "kernel";
        // Every kernel and bias of a nested model has the default initialiser; only single Convs name others.
        const init = isKernel ? model.kernelInit : model.biasInit;
        const usual = isKernel ? initializers.lecunNormal() : initializers.zeros;
        const initialise = init === undefined ? usual : initializerOf(init);
        const tensor = initialise(parameterKey(key(seed), scope, isKernel ? 1 : 2), shape, "float32");
        expect(tensor.shape).toEqual(shape);
        expect(hexBits(tensor.data)).toBe(bits);
      });
});
