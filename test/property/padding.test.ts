/** Every named padding is an explicit one, or a padded input and VALID. */
import { describe, it } from "vitest";
import type { Border } from "./dense.js";
import { pad, roll } from "./dense.js";
import type { Plan } from "./plan.js";
import { convOf, holds, reachOf, withOptions } from "./plan.js";

type Pads = readonly (readonly [low: number, high: number])[];

const halves = (plan: Plan): Pads =>
  reachOf(plan).map((reach) => [Math.floor((reach - 1) / 2), Math.floor(reach / 2)]);

/** SAME: what the last window that starts inside needs. */
const same = (plan: Plan): Pads =>
  reachOf(plan).map((reach, d) => {
    const last = (Math.ceil(plan.extents[d]! / plan.strides[d]!) - 1) * plan.strides[d]!;
    const total = Math.max(last + reach - plan.extents[d]!, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });

const turned = (pads: Pads): Pads => pads.map(([low, high]) => [high, low]);

describe("a named padding", () => {
  it.each<[string, Border, (plan: Plan) => Pads]>([
    ["VALID", "zero", ({ pads }) => pads.map(() => [0, 0])],
    ["SAME", "zero", same],
    ["SAME_LOWER", "zero", (plan) => turned(same(plan))],
    ["CIRCULAR", "wrap", halves],
    ["REFLECT", "reflect", halves],
  ])("%s is a padded input and VALID", (padding, border, padsOf) =>
    holds({ groups: 2 }, async (plan, runs) => {
      const call = convOf(plan);
      const input = pad(call.input, padsOf(plan), plan.batch.length, border);
      const valid = { ...withOptions(call, { padding: "VALID" }), input };
      runs.same(await runs.run(withOptions(call, { padding })), await runs.run(valid));
    }),
  );

  it("CAUSAL is an input padded in front and VALID", () =>
    holds({ ranks: [1, 1], groups: 2, kernelDilation: 3 }, async (plan, runs) => {
      const call = convOf(plan);
      const input = pad(call.input, [[reachOf(plan)[0]! - 1, 0]], plan.batch.length, "zero");
      const valid = { ...withOptions(call, { padding: "VALID" }), input };
      runs.same(await runs.run(withOptions(call, { padding: "CAUSAL" })), await runs.run(valid));
    }));
});

describe("explicit padding", () => {
  it("is a padded input and VALID; negative, a cropped one", () =>
    holds({ groups: 2 }, async (plan, runs) => {
      const pads: Pads = plan.pads.map(([low, high], d) => [plan.extents[d]! > 2 ? low - 1 : low, high]);
      const call = withOptions(convOf(plan), { padding: pads });
      const input = pad(call.input, pads, plan.batch.length, "zero");
      runs.same(await runs.run(call), await runs.run({ ...withOptions(call, { padding: "VALID" }), input }));
    }));

  it("is the same as an integer and as integers", () =>
    holds({}, async (plan, runs) => {
      const pads = plan.pads.map(() => [2, 2]);
      const call = withOptions(convOf(plan), { padding: pads });
      const y = await runs.run(call);
      runs.same(await runs.run(withOptions(call, { padding: 2 })), y);
      runs.same(await runs.run(withOptions(call, { padding: plan.pads.map(() => 2) })), y);
    }));
});

it("with CIRCULAR, an input rolled by strides rolls the result", () =>
  holds({ groups: 2 }, async (plan, runs) => {
    const whole = {
      ...plan,
      extents: plan.extents.map((extent, d) => Math.ceil(extent / 2) * plan.strides[d]!),
    };
    const call = withOptions(convOf(whole), { padding: "CIRCULAR" });
    const first = plan.batch.length;
    const amounts = plan.extents.map((_, d) => (plan.seed >> d) % 4);
    const input = roll(
      call.input,
      amounts.map((amount, d) => amount * plan.strides[d]!),
      first,
    );
    runs.same(await runs.run({ ...call, input }), roll(await runs.run(call), amounts, first));
  }));
