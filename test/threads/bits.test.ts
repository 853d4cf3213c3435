/** Threads change no bit of a result, however many there are and however a layer is shared. */
import { expect, it } from "vitest";
import type { Tensor } from "../../runtime/tensor.js";
import { firstDifference } from "../support/run-everywhere.js";
import { cases, inputOf, started } from "./models.js";

it.each(Object.keys(cases))("%s: the same bits on 1, 2, 3 and 5 threads", async (name) => {
  const each = cases[name]!;
  const x = inputOf(each);
  for (const precision of ["default", "highest"] as const) {
    if (precision === "highest" && each.options?.algorithm === "winograd") continue;
    let expected: Tensor | null = null;
    for (const threads of precision === "default" ? [1, 2, 3, 5] : [1, 3]) {
      const f = await started(each, threads, { precision });
      const shared = threads > 1 && name !== "layers too small to share";
      expect([threads, f.notes.includes(`runs on ${threads} threads`)]).toEqual([threads, shared]);
      // The second run finds memory as the first one left it.
      const [first, second] = [f.runSync(x), f.runSync(x)];
      f.dispose();
      expected ??= first;
      expect([precision, threads, firstDifference(first, expected)]).toEqual([precision, threads, -1]);
      expect(firstDifference(second, first)).toBe(-1);
    }
  }
});
