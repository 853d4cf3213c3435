/** Whatever schedule is accepted changes no bit: random convolutions under random schedules, on the exact targets. */
import { describe, expect, it } from "vitest";
import type { LoweredKernel } from "../../compiler/lower/lowered.js";
import { runKernelPasses } from "../../compiler/run-passes.js";
import { applySchedule } from "../../compiler/schedule/apply.js";
import { interpretKernel } from "../../ir/interpret-kernel.js";
import type { Kernel } from "../../ir/kernel.js";
import { printSchedule } from "../../ir/print.js";
import type { Schedule, Step } from "../../ir/schedule.js";
import type { Target } from "../../ir/target.js";
import { targets } from "../../ir/target.js";
import { ConfigError } from "../../runtime/error.js";
import { random } from "../support/random.js";
import { randomBuffers, randomLowered } from "./random-lowered.js";
import { randomSchedule } from "./random-schedule.js";

function scheduleOf(lowered: LoweredKernel, target: Target, steps: readonly Step[]): Schedule {
  return { kernel: lowered.name, target: target.name, steps, reassociates: false };
}

/** Bits of what the scheduled kernel writes, after every kernel pass where `legal`. */
function outcome(lowered: LoweredKernel, schedule: Schedule, target: Target, seed: number, legal: boolean) {
  const { kernel, packed } = applySchedule(lowered, schedule);
  const finish = (each: Kernel): Kernel =>
    legal ? runKernelPasses(each, { target, precision: "highest" }, { verifyEach: true }).kernel : each;
  const lowest = { ...kernel, params: lowered.params };
  const buffers = randomBuffers(lowest, random(seed));
  for (const { name, kernel: packKernel } of packed) {
    buffers.set(name, new Float32Array(packKernel.params.at(-1)!.size).fill(Number.NaN));
    interpretKernel(finish(packKernel), buffers, target);
  }
  interpretKernel(finish(kernel), buffers, target);
  const written = lowered.params.filter((param) => param.access === "write");
  return written.map(({ name }) => [...(buffers.get(name) as Float32Array)]);
}

const count = 80;

describe("a schedule that is accepted", () => {
  it.each(["js", "wasm-simd"] as const)("changes no bit on %s", (name) => {
    const target = targets[name];
    let steps = 0;
    for (let seed = 0; seed < count; seed++) {
      const source = random(seed);
      const lowered = randomLowered(source);
      const schedule = scheduleOf(lowered, target, randomSchedule(lowered, source, 0.15).steps);
      steps += schedule.steps.length;
      const where = `seed ${seed}: ${printSchedule(schedule)}`;
      let found: unknown;
      try {
        found = outcome(lowered, schedule, target, seed, true);
      } catch (error) {
        throw new Error(where, { cause: error });
      }
      expect(found, where).toEqual(outcome(lowered, scheduleOf(lowered, target, []), target, seed, false));
    }
    expect(steps).toBeGreaterThan(3 * count);
  });
});

describe("a schedule that is not", () => {
  it("is refused with a ConfigError that names the step", () => {
    const messages = new Set<string>();
    for (let seed = 0; seed < 4 * count; seed++) {
      const source = random(seed);
      const lowered = randomLowered(source);
      for (const { error } of randomSchedule(lowered, source, 0.9).refused) {
        expect(error).toBeInstanceOf(ConfigError);
        expect(error.code).toBe("schedule-illegal");
        expect(error.message).toMatch(/^schedule step "[a-z].*": ./);
        messages.add(
          error.message.replace(/^.*": /, "").replace(/[\d.]+|\b[a-z0-9.-]*\/?[a-z]\.[oi]\b/g, "_"),
        );
      }
    }
    expect(messages.size).toBeGreaterThan(15);
  });
});
