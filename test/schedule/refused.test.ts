/** What each step refuses, and what it says. */
import { describe, expect, it } from "vitest";
import { applySchedule } from "../../compiler/schedule/apply.js";
import { parseSchedule } from "../../ir/parse.js";
import { ConfigError } from "../../runtime/error.js";
import { plainLowered } from "./random-lowered.js";

/** x f32[1,6,7,3], w f32[3,3,3,5], padded: axes oh 6, ow 7, oc 5, kh 3, kw 3, ic 3; positions ih and iw. */
function refusal(steps: string): string {
  const schedule = parseSchedule(`schedule @conv for js {\n${steps}\n}`);
  try {
    applySchedule(plainLowered(), schedule);
  } catch (error) {
    if (error instanceof ConfigError && error.code === "schedule-illegal") return error.message;
    throw error;
  }
  throw new Error("the schedule was accepted");
}

describe("an illegal step", () => {
  it.each([
    ["split oh by 0 -> a b tail=cut", "split oh by 0", "the factor is a positive integer"],
    ["split oh by 4 -> a b tail=exact", "split oh by 4", "4 does not divide 6; use tail=cut"],
    ["split oh by 2 -> oc b tail=cut", "split oh by 2", "oc or b is taken"],
    ["split oh by 2 -> a ih tail=cut", "split oh by 2", "a or ih is taken"],
    ["split oh by 2 -> a a tail=cut", "split oh by 2", "a or a is taken"],
    ["split n by 2 -> a b tail=cut", "split n by 2", "nest main has no axis n (it has oh ow oc kh kw ic)"],
    [
      "split oh by 4 -> a b tail=cut\nsplit b by 2 -> c d tail=exact",
      "split b by 2",
      "b has a tail already; split it once",
    ],
    ["split ic by 2 -> a b tail=mask", "split ic by 2", "a reduction axis has no mask; use tail=cut"],
    [
      "split oh by 4 -> a b tail=mask",
      "split oh by 4",
      "what oh reads is found by oh itself; stage it first, or use tail=cut",
    ],
    [
      "split oc by 3 -> a b tail=cut\nfinish main by loop",
      "finish main by loop",
      "a loop of the nest has a tail",
    ],
    [
      "finish main by loop\nsplit oc by 3 -> a b tail=cut",
      "split oc by 3",
      "main is finished by a loop, which has no tail",
    ],
    ["finish other by loop", "other/", "there is no nest other"],
    [
      "stage x in arena\nfinish stage-x by loop",
      "finish stage-x by loop",
      "there is no reduction whose results could be finished",
    ],
    ["fuse oh oc -> p", "fuse oh oc", "oc is not directly inside oh"],
    ["fuse ow oc -> p", "fuse ow oc", "some address does not walk the two axes as one"],
    ["fuse oc kh -> p", "fuse oc kh", "both axes are pure or both are reduced, and neither has a tail"],
    [
      "split oc by 2 -> a b tail=cut\nreorder oh a b ow\nfuse b ow -> p",
      "fuse b ow",
      "both axes are pure or both are reduced, and neither has a tail",
    ],
    ["split oc by 5 -> a b tail=exact\nunroll b\nfuse a b -> p", "fuse a b", "a is serial, b unroll"],
    ["split oc by 5 -> a b tail=exact\nfuse a b -> ow", "fuse a b", "ow is taken"],
    ["reorder oh oh", "reorder oh oh", "an axis is named twice"],
    [
      "reorder kw kh",
      "reorder kw kh",
      "reduction axes keep their order (kh kw ic), which fixes the order of the sum",
    ],
    ["split ow by 4 -> a b tail=cut\nreorder b a", "reorder b a", "a has a tail, so it stays outside b"],
    ["vector kh", "vector kh", "a reduction axis runs in order: unroll or serial"],
    ["vector oc\nvector ow", "vector ow", "one axis is vectorised already"],
    ["reorder kh oc\nlane oc", "lane oc", "a lane loop stays outside kh, which is reduced"],
    ["parallel oh\nreorder kh oh", "reorder kh oh", "a parallel loop stays outside kh, which is reduced"],
    ["stage y in arena", "stage y", "it is not an operand read in exactly one way"],
    ["stage x in arena\nstage x in arena", "stage x", "it is staged already"],
    ["vector oc\nstage x in arena", "stage x", "stage before splitting and changing modes"],
    ["pack x as oh ow ic", "pack x as oh ow ic", "x is not constant"],
    ["pack z as oc", "pack z as oc", "the kernel has no operand z"],
    ["pack w as oc kh kw", "pack w as oc kh kw", "w also varies along ic: name it too"],
    ["pack w as oc kh kw ic n", "pack w as oc kh kw ic n", "there is no axis n"],
    ["pack w as oc oc kh kw ic", "pack w as oc oc kh kw ic", "an axis is named twice"],
    [
      "split oc by 4 -> a b tail=cut\npack w as b a kh kw ic",
      "pack w as b a kh kw ic",
      "a has a tail, so it stays outside b",
    ],
    ["unroll other/oc", "other/oc", "there is no nest other"],
  ])("%s", (steps, step, message) => {
    expect(refusal(steps)).toBe(`schedule step "${step}": ${message}`);
  });
});
