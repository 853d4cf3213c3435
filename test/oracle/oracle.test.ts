import { describe, expect, it } from "vitest";
import { initializers } from "../../compiler/random/initializers.js";
import { parameterKey } from "../../compiler/random/parameter-key.js";
import { key } from "../../compiler/random/threefry.js";
import { hexBits, initializerOf, recorded } from "./vectors.js";

describe("flax.json", () => {
  it("holds every section", () => {
    expect(recorded.cases.length).toBeGreaterThanOrEqual(150);
    expect(recorded.refused.length).toBeGreaterThanOrEqual(80);
    expect(recorded.init.length).toBeGreaterThanOrEqual(90);
    expect(recorded.initializers.length).toBeGreaterThanOrEqual(300);
    expect(recorded.lax.length).toBeGreaterThanOrEqual(25);
    expect(recorded.laxRefused.length).toBeGreaterThanOrEqual(25);
    for (const y of Object.values(recorded.activations.y))
      expect(y).toHaveLength(recorded.activations.x.length);
  });

  for (const { model, seed, inputShape, params } of recorded.init) {
    if (!("kernelSize" in model)) continue;
    const { kernelInit, biasInit, paramDtype = "float32" } = model;
    for (const [name, { shape, dtype = "float32", bits }] of Object.entries(params))
      it(`initial ${name} of ${JSON.stringify(model)} on [${inputShape}], seed ${seed}`, () => {
        const init = name === "kernel" ? kernelInit : biasInit;
        const usual = name === "kernel" ? initializers.lecunNormal() : initializers.zeros;
        const initialise = init === undefined ? usual : initializerOf(init);
        const count = name === "kernel" ? 1 : 2;
        const tensor = initialise(parameterKey(key(seed), [], count), shape, paramDtype);
        expect(tensor.dtype).toBe(dtype);
        expect(tensor.shape).toEqual(shape);
        expect(hexBits(tensor.data)).toBe(bits);
      });
  }
});
