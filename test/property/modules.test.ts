/** ConvTranspose is the gradient of Conv, and ConvLocal with the same kernel everywhere is Conv. */
import { describe, expect, it } from "vitest";
import type { Call } from "../differential/call.js";
import { shapesOf } from "../differential/call.js";
import { build, inner, integers, roll, spread } from "./dense.js";
import type { Plan } from "./plan.js";
import { convOf, holds, reachOf, withOptions } from "./plan.js";

/** ConvTranspose from Conv's results to its inputs, with the same kernel. */
function adjoint(plan: Plan, conv: Call, outShape: readonly number[]): Call {
  const { strides, kernelSize, kernelDilation, depth } = plan;
  return {
    module: "ConvTranspose",
    options: {
      features: depth,
      kernelSize,
      strides,
      kernelDilation,
      padding: conv.options.padding,
      transposeKernel: true,
      useBias: false,
    },
    input: integers(plan.seed + 5, outShape),
    kernel: conv.kernel,
  };
}

describe("ConvTranspose with transposeKernel is the gradient of Conv: <Conv x, y> = <x, ConvTranspose y>", () => {
  it.each(["SAME", "VALID", "CIRCULAR"])("%s", (padding) =>
    holds({}, async (plan, runs) => {
      // The input that the transposed convolution gives back: no element is left over.
      const results = plan.extents.map((extent) => Math.ceil(extent / 2));
      const extents = results.map((extent, d) => {
        const left = padding === "VALID" ? Math.max(reachOf(plan)[d]! - plan.strides[d]!, 0) : 0;
        return extent * plan.strides[d]! + left;
      });
      const conv = withOptions(convOf({ ...plan, extents }), { padding });
      const outShape = [...plan.batch, ...results, conv.options.features as number];
      const back = adjoint(plan, conv, outShape);
      const [y, x] = [await runs.run(conv), await runs.run(back)];
      expect([y.shape, x.shape]).toEqual([outShape, conv.input.shape]);
      // flax lays the circle of its transposed convolution round another tap.
      const shift = (reach: number, d: number): number =>
        Math.ceil(Math.max(reach - plan.strides[d]!, 0) / 2) - Math.floor((reach - 1) / 2);
      const turned = padding === "CIRCULAR" ? roll(x, reachOf(plan).map(shift), plan.batch.length) : x;
      runs.equal(inner(y, back.input), inner(conv.input, turned));
    }),
  );

  it("pairs", () =>
    holds({}, async (plan, runs) => {
      const conv = convOf(plan);
      const { out } = shapesOf("Conv", conv.options, conv.input);
      const first = plan.batch.length;
      if (out.slice(first, -1).includes(0)) return;
      const padding = reachOf(plan).map((reach, d) => {
        const low = reach - 1 - plan.pads[d]![0];
        const results = (out[first + d]! - 1) * plan.strides[d]! + 1;
        return [low, plan.extents[d]! + reach - 1 - results - low];
      });
      const back = withOptions(adjoint(plan, conv, out), { padding });
      const [y, x] = [await runs.run(conv), await runs.run(back)];
      expect(x.shape).toEqual(conv.input.shape);
      runs.equal(inner(y, back.input), inner(conv.input, x));
    }));
});

describe("ConvTranspose", () => {
  const transposed = (plan: Plan): Call => {
    const conv = convOf(plan);
    const { featureGroupCount: _, ...options } = conv.options;
    return { ...conv, module: "ConvTranspose", options };
  };

  it("has the result's shape of its padding", () =>
    holds({}, async (plan) => {
      const call = transposed(plan);
      const shape = (of: (extent: number, stride: number, reach: number, d: number) => number) => {
        const extents = plan.extents.map((extent, d) => of(extent, plan.strides[d]!, reachOf(plan)[d]!, d));
        return [...plan.batch, ...extents, call.options.features];
      };
      const found = (padding: unknown) =>
        shapesOf("ConvTranspose", { ...call.options, padding }, call.input).out;
      expect(found("SAME")).toEqual(shape((extent, stride) => extent * stride));
      expect(found("CIRCULAR")).toEqual(shape((extent, stride) => extent * stride));
      expect(found("VALID")).toEqual(
        shape((extent, stride, reach) => extent * stride + Math.max(reach - stride, 0)),
      );
      expect(found(plan.pads)).toEqual(
        shape((extent, stride, reach, d) =>
          Math.max((extent - 1) * stride + 2 + plan.pads[d]![0] + plan.pads[d]![1] - reach, 0),
        ),
      );
    }));

  it("of pairs is a convolution of the spread input", () =>
    holds({}, async (plan, runs) => {
      const call = transposed(plan);
      const input = spread(call.input, plan.strides, plan.batch.length);
      const conv = withOptions({ ...call, module: "Conv", input }, { strides: 1 });
      runs.same(await runs.run(call), await runs.run(conv));
    }));

  it("turns its kernel round with transposeKernel, and changes its features", () =>
    holds({}, async (plan, runs) => {
      const call = transposed(plan);
      const rank = plan.extents.length;
      const { shape } = call.kernel;
      const stored = [...shape.slice(0, rank), shape[rank + 1]!, shape[rank]!];
      const kernel = build(stored, (i) => {
        const index = [...i.slice(0, rank).map((tap, d) => shape[d]! - 1 - tap), i[rank + 1]!, i[rank]!];
        return call.kernel.data[
          index.reduce((offset, position, axis) => offset * shape[axis]! + position, 0)
        ]!;
      });
      const turned = { ...withOptions(call, { transposeKernel: true }), kernel };
      runs.same(await runs.run(turned), await runs.run(call));
    }));
});

it.each(["SAME", "VALID", "CIRCULAR", "REFLECT", "pairs"])(
  "ConvLocal with one kernel everywhere is Conv: %s",
  (padding) =>
    holds({}, async (plan, runs) => {
      // No kernel fits where there is no result.
      const extents = plan.extents.map((extent, d) => Math.max(extent, reachOf(plan)[d]!));
      const conv = withOptions(convOf({ ...plan, extents }), padding === "pairs" ? {} : { padding });
      const rank = extents.length;
      const { kernel: shape } = shapesOf("ConvLocal", conv.options, conv.input);
      const taps = plan.kernelSize.reduce((a, b) => a * b, 1);
      const features = plan.perGroup;
      // Its rows are ordered by feature, then tap; Conv's by tap, then feature.
      const kernel = build(shape, (i) => {
        const [feature, tap] = [Math.floor(i[rank]! / taps), i[rank]! % taps];
        return conv.kernel.data[(tap * plan.depth + feature) * features + i[rank + 1]!]!;
      });
      runs.same(await runs.run({ ...conv, module: "ConvLocal", kernel }), await runs.run(conv));
    }),
);
