/** readNest undoes buildNest, and says what a kernel it cannot read has that a naive one has not. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { naiveKernel } from "../../compiler/lower/lowered.js";
import { applySchedule } from "../../compiler/schedule/apply.js";
import { buildNest } from "../../compiler/schedule/loop-nest.js";
import { readKernel, readNest } from "../../compiler/schedule/read-nest.js";
import type { Kernel } from "../../ir/kernel.js";
import { parseKernel } from "../../ir/parse.js";
import { printKernel } from "../../ir/print.js";
import { ConfigError } from "../../runtime/error.js";
import { random } from "../support/random.js";
import { randomLowered } from "./random-lowered.js";

const seeds = fc.nat({ max: 1e6 });

describe("readNest", () => {
  it("gives the loops, lets and statements that buildNest makes the same kernel of", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const kernel = naiveKernel(randomLowered(random(seed)));
        const again: Kernel = { ...kernel, nests: kernel.nests.map((nest) => buildNest(readNest(nest))) };
        expect(again).toEqual(kernel);
      }),
      { numRuns: 200 },
    );
  });

  it("reads from text what a schedule applies to as to the lowered kernel itself", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const lowered = randomLowered(random(seed));
        const schedule = { kernel: lowered.name, target: "js", steps: [], reassociates: false };
        const read = readKernel(parseKernel(printKernel(naiveKernel(lowered))));
        expect(read.params).toEqual(lowered.params);
        expect(printKernel(applySchedule(read, schedule).kernel)).toBe(
          printKernel(applySchedule(lowered, schedule).kernel),
        );
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ["x + x", "register acc: f32[1] = 0", "acc[0] += x[i]", "y[i] = acc[0] * 2"],
    ["max", "register acc: f32[1] = -inf", "serial j in 2 { acc[0] max= x[i] }", "y[i] = acc[0]"],
    ["guarded", "register acc: f32[1] = 0", "if (inside(i, 3)) { acc[0] += x[i] }", "y[i] = acc[0]"],
    ["no terms", "register acc: f32[1] = 0", "y[i] = acc[0]"],
    ["a gated store", "y[i] = x[i] when (inside(i, 3))"],
    ["two stores", "y[i] = x[i]", "y[3 - i] = x[i]"],
    ["a let", "let j = 3 - i", "y[j] = x[i]"],
  ])("reads %s", (_, ...body) => {
    const kernel = parseKernel(nestOf(body));
    expect(kernel.nests.map((nest) => buildNest(readNest(nest)))).toEqual(kernel.nests);
  });
});

function nestOf(body: readonly string[], header = "serial i in 4 {"): string {
  return `kernel @k(x: f32[4] read, y: f32[4] write) { nest main { ${header} ${body.join("\n")} } } }`;
}

describe("what is not naive", () => {
  const of = (...body: string[]): string => nestOf(body);
  it.each([
    ["loop i is vector, not serial", nestOf(["y[i] = x[i]"], "vector i in 4 {")],
    ["loop i starts at 1, not at 0", nestOf(["y[i] = x[i]"], "serial i in 1..4 {")],
    ["let v is not an integer", of("let v = x[i]", "y[i] = v")],
    ['its loops hold "barrier", "y[i] = x[i]", not stores', of("barrier y[i] = x[i]")],
    ["its loops hold nothing, not stores", of()],
    ["register acc is more than one f32", of("register acc: f32[2] = 0 y[i] = acc[0]")],
    [
      'its reduction holds "barrier", not one reduction into acc',
      of("register acc: f32[1] = 0 serial j in 2 { barrier } y[i] = acc[0]"),
    ],
    ['"y[i] += 1" is no reduction into acc[0]', of("register acc: f32[1] = 0 y[i] += 1 y[i] = acc[0]")],
    [
      "the term acc[0] * x[i] reads acc",
      of("register acc: f32[1] = 0 acc[0] += acc[0] * x[i] y[i] = acc[0]"),
    ],
    ['"acc[0] = 0" is no store of one element', of("register acc: f32[1] = 0 acc[0] += 1 acc[0] = 0")],
    ['"y[i] += 1" is no store of one element', of("y[i] = x[i] y[i] += 1")],
    ["splat(x[i]) has more than one lane", of("y[0 : 4] = splat(x[i])")],
  ])("%s", (message, text) => {
    const read = () => readKernel(parseKernel(text));
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`nest main is not naive, so no schedule applies to it: ${message}`);
  });

  it("intermediate buffers", () => {
    const kernel = parseKernel("kernel @k(x: f32[4] read) { arena t: f32[4] nest main { t[0] = x[0] } }");
    expect(() => readKernel(kernel)).toThrow("kernel k is not naive, so no schedule applies to it: it has");
  });
});
