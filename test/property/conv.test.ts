/** What is true of every convolution, whatever computes it. Data are whole numbers, so that all equalities are exact. */
import { describe, expect, it } from "vitest";
import { shapesOf } from "../differential/call.js";
import {
  add,
  addBias,
  at,
  build,
  combine,
  concat,
  flip,
  integers,
  multiply,
  reshape,
  roll,
  slice,
  spread,
  stride,
} from "./dense.js";
import { convOf, holds, reachOf, withOptions } from "./plan.js";

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

describe("the result's shape", () => {
  it("is floor((input + low + high - reach) / stride) + 1, and 0 where the window does not fit", () =>
    holds({ ranks: [0, 3], groups: 3 }, async (plan, runs) => {
      const call = convOf(plan);
      const extents = plan.extents.map((extent, d) => {
        const room = extent + plan.pads[d]![0] + plan.pads[d]![1] - reachOf(plan)[d]!;
        return room < 0 ? 0 : Math.floor(room / plan.strides[d]!) + 1;
      });
      const { shape, data } = await runs.run(call);
      expect(shape).toEqual([...plan.batch, ...extents, call.options.features]);
      expect(data.length).toBe(product(shape));
    }));

  it.each(["SAME", "SAME_LOWER", "CIRCULAR", "REFLECT"])("is ceil(input / stride): %s", (padding) =>
    holds({}, async (plan) => {
      const { options, input } = withOptions(convOf(plan), { padding });
      const extents = plan.extents.map((extent, d) => Math.ceil(extent / plan.strides[d]!));
      expect(shapesOf("Conv", options, input).out).toEqual([...plan.batch, ...extents, options.features]);
    }),
  );
});

describe("linearity", () => {
  it("in the input", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const other = integers(plan.seed + 2, call.input.shape);
      const y = combine(3, await runs.run(call), -2, await runs.run({ ...call, input: other }));
      runs.same(await runs.run({ ...call, input: combine(3, call.input, -2, other) }), y);
    }));

  it("in the kernel", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const other = integers(plan.seed + 2, call.kernel.shape);
      const y = combine(3, await runs.run(call), -2, await runs.run({ ...call, kernel: other }));
      runs.same(await runs.run({ ...call, kernel: combine(3, call.kernel, -2, other) }), y);
    }));

  it("and the bias is added to it", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const bias = integers(plan.seed + 2, [plan.perGroup * plan.groups]);
      const biased = { ...withOptions(call, { useBias: true }), bias };
      runs.same(await runs.run(biased), addBias(await runs.run(call), bias));
    }));
});

describe("moving and turning", () => {
  it("an input moved by the stride moves the result by one", () =>
    holds({}, async (plan, runs) => {
      const call = convOf(plan);
      const first = plan.batch.length;
      const y = await runs.run(call);
      const moved = await runs.run({
        ...call,
        input: build(call.input.shape, (i) =>
          at(
            call.input,
            i.map((position, axis) => position + (plan.strides[axis - first] ?? 0)),
          ),
        ),
      });
      // Where neither window meets an edge.
      const inside = (d: number, position: number): boolean => {
        const from = position * plan.strides[d]! - plan.pads[d]![0];
        return from >= 0 && from + plan.strides[d]! + reachOf(plan)[d]! <= plan.extents[d]!;
      };
      const interior = (i: readonly number[]): boolean =>
        plan.extents.every((_, d) => inside(d, i[first + d]!));
      const keep = (x: typeof y, by: number) =>
        build(y.shape, (i) =>
          interior(i)
            ? at(
                x,
                i.map((position, axis) => position + (axis >= first && axis < i.length - 1 ? by : 0)),
              )
            : 0,
        );
      runs.same(keep(moved, 0), keep(y, 1));
    }));

  it("an input turned round with the kernel turns the result round", () =>
    holds({ groups: 2, strides: 1 }, async (plan, runs) => {
      const call = convOf(plan);
      const [first, rank] = [plan.batch.length, plan.extents.length];
      const turned = { ...call, input: flip(call.input, first, rank), kernel: flip(call.kernel, 0, rank) };
      const padding = plan.pads.map(([low, high]) => [high, low]);
      runs.same(await runs.run(withOptions(turned, { padding })), flip(await runs.run(call), first, rank));
    }));

  it("strides take every so manyth element", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const all = await runs.run(withOptions(call, { strides: 1 }));
      runs.same(await runs.run(call), stride(all, plan.strides, plan.batch.length));
    }));
});

describe("features and groups", () => {
  it("groups are convolutions beside each other", () =>
    holds({ groups: 3 }, async (plan, runs) => {
      const call = convOf(plan);
      const { depth, perGroup, groups } = plan;
      const features = call.input.shape.length - 1;
      const parts = Array.from({ length: groups }, (_, g) => ({
        ...withOptions(call, { features: perGroup, featureGroupCount: undefined }),
        input: slice(call.input, features, g * depth, depth),
        kernel: slice(call.kernel, plan.extents.length + 1, g * perGroup, perGroup),
      }));
      const results = [];
      for (const part of parts) results.push(await runs.run(part));
      runs.same(await runs.run(call), concat(results, features));
    }));

  it("features of the input add up", () =>
    holds({}, async (plan, runs) => {
      const call = convOf({ ...plan, depth: plan.depth + 1 });
      const axis = call.input.shape.length - 1;
      const part = (start: number, length: number) => ({
        ...call,
        input: slice(call.input, axis, start, length),
        kernel: slice(call.kernel, plan.extents.length, start, length),
      });
      runs.same(await runs.run(call), add(await runs.run(part(0, 1)), await runs.run(part(1, plan.depth))));
    }));

  it("features of the kernel change places with those of the result", () =>
    holds({}, async (plan, runs) => {
      const call = convOf(plan);
      const rank = plan.extents.length;
      const kernel = roll(call.kernel, [1], rank + 1);
      runs.same(
        await runs.run({ ...call, kernel }),
        roll(await runs.run(call), [1], plan.batch.length + rank),
      );
    }));

  it("a kernel of one tap is a matrix", () =>
    holds({ strides: 1 }, async (plan, runs) => {
      const call = convOf({
        ...plan,
        kernelSize: plan.kernelSize.map(() => 1),
        pads: plan.pads.map(() => [0, 0]),
      });
      const { input, kernel } = call;
      const { depth, perGroup } = plan;
      const y = build([...input.shape.slice(0, -1), perGroup], (i, n) => {
        const row = Math.floor(n / perGroup);
        let sum = 0;
        for (let c = 0; c < depth; c++)
          sum += input.data[row * depth + c]! * kernel.data[c * perGroup + i.at(-1)!]!;
        return sum;
      });
      runs.same(await runs.run(call), y);
    }));
});

describe("dilation and masks", () => {
  it("a dilated kernel is a kernel with zeros between its taps", () =>
    holds({ groups: 2, kernelDilation: 3 }, async (plan, runs) => {
      const call = convOf(plan);
      const kernel = spread(call.kernel, plan.kernelDilation, 0);
      const wide = { ...withOptions(call, { kernelSize: reachOf(plan), kernelDilation: undefined }), kernel };
      runs.same(await runs.run(call), await runs.run(wide));
    }));

  it("a dilated input is an input with zeros between its elements", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const inputDilation = plan.extents.map((_, d) => 1 + ((plan.seed >> d) % 3));
      const input = spread(call.input, inputDilation, plan.batch.length);
      runs.same(await runs.run(withOptions(call, { inputDilation })), await runs.run({ ...call, input }));
    }));

  it("a mask multiplies the kernel", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const mask = build(call.kernel.shape, (_, i) => integers(plan.seed + 3, [7]).data[i % 7]!);
      const masked = withOptions(call, { mask });
      runs.same(await runs.run(masked), await runs.run({ ...call, kernel: multiply(call.kernel, mask) }));
    }));
});

describe("axes", () => {
  it("batch axes are one axis", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf({ ...plan, batch: [2, 1, 3] });
      const rest = (shape: readonly number[]): readonly number[] => shape.slice(3);
      const y = await runs.run(call);
      const flat = await runs.run({ ...call, input: reshape(call.input, [6, ...rest(call.input.shape)]) });
      runs.same(y, reshape(flat, [2, 1, 3, ...flat.shape.slice(1)]));
    }));

  it("no batch axis is a batch of one", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf({ ...plan, batch: [] });
      const single = await runs.run({ ...call, input: reshape(call.input, [1, ...call.input.shape]) });
      runs.same(await runs.run(call), reshape(single, single.shape.slice(1)));
    }));

  it("the items of a batch do not meet", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf({ ...plan, batch: [3] });
      const y = await runs.run(call);
      const last = await runs.run({ ...call, input: slice(call.input, 0, 2, 1) });
      runs.same(slice(y, 0, 2, 1), last);
    }));

  it("one dimension is two, one of them of extent 1", () =>
    holds({ ranks: [1, 2], groups: 2 }, async (plan, runs) => {
      const call = convOf({ ...plan, batch: [2] });
      const { input, kernel } = call;
      const flat = <T>(list: readonly T[], one: T): readonly T[] => [...list, one];
      const wider = {
        ...withOptions(call, {
          kernelSize: flat(plan.kernelSize, 1),
          strides: flat(plan.strides, 1),
          kernelDilation: flat(plan.kernelDilation, 1),
          padding: flat(plan.pads, [0, 0] as const),
        }),
        input: reshape(input, [...input.shape.slice(0, -1), 1, input.shape.at(-1)!]),
        kernel: reshape(kernel, [...kernel.shape.slice(0, -2), 1, ...kernel.shape.slice(-2)]),
      };
      const y = await runs.run(wider);
      runs.same(await runs.run(call), reshape(y, y.shape.toSpliced(-2, 1)));
    }));
});
