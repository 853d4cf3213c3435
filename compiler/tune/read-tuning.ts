/** Reads tunings: data from outside, checked by zod. */
import { z } from "zod";
import type { TargetName } from "../../ir/target.js";
import { targets } from "../../ir/target.js";
import { show } from "../option.js";
import { refuse } from "../refusal.js";
import type { Tuning } from "./tuning.js";
import { tuningOf } from "./tuning.js";

const schema = z.strictObject({
  format: z.literal("convsmith-tuning"),
  formatVersion: z.literal(1),
  kernels: z.array(
    z.strictObject({
      key: z.string().regex(/^[0-9a-f]{64}$/, "is no SHA-256"),
      target: z.enum(Object.keys(targets) as [TargetName, ...TargetName[]]),
      layer: z.string(),
      lowering: z.string(),
      algorithm: z.string(),
      schedule: z.string(),
      ms: z.number().nonnegative(),
    }),
  ),
});

/** @throws ConfigError `tuning-file`, naming `where` it comes from and what is wrong with it */
export function checkTuning(data: unknown, where: string): Tuning {
  const { success, data: tuning, error } = schema.safeParse(data);
  if (success) return tuningOf(tuning.kernels);
  const [issue] = error.issues;
  const place = issue!.path.length === 0 ? "it" : issue!.path.join(".");
  return refuse("tuning-file", `${where}: is no tuning: ${place}: ${issue!.message}`);
}

/** The text of a tuning file. */
export function parseTuning(text: string, where: string): Tuning {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    refuse("tuning-file", `${where}: is no tuning: not JSON`);
  }
  return checkTuning(data, where);
}

interface NodeGlobal {
  readonly process?: {
    getBuiltinModule?(name: "node:fs"): { readFileSync(path: string, encoding: "utf8"): string };
  };
}

/** The `tune` option of compile(): a tuning, or in Node the path of its file. */
export function readTuning(given: unknown): Tuning {
  if (typeof given !== "string") {
    if (typeof given === "object" && given !== null) return checkTuning(given, "tune");
    return refuse(
      "bad-option",
      `tune is ${show(given)}; it must be true, a tuning, or the path of a tuning file`,
    );
  }
  const fs = (globalThis as unknown as NodeGlobal).process?.getBuiltinModule?.("node:fs");
  if (fs === undefined)
    return refuse("tuning-file", `tune: ${given} can't be read here; give the tuning itself`);
  let text: string;
  try {
    text = fs.readFileSync(given, "utf8");
  } catch (error) {
    return refuse("tuning-file", `tune: ${given} can't be read (${(error as { code?: string }).code})`);
  }
  return parseTuning(text, given);
}
