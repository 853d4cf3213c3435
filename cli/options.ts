/** The flags of every command: text from the command line, checked by zod and turned into values. */
import { z } from "zod";
import { dtypes } from "../compiler/element-type.js";
import { emitStages } from "../compiler/emit-stage.js";
import { nearest } from "../compiler/option.js";
import type { TargetName } from "../ir/target.js";
import { targets } from "../ir/target.js";
import type { DType } from "../runtime/tensor.js";
import { UsageError } from "./terminal.js";

/** `[NAME=]1,28,28,3[:uint8]` */
export interface InputFlag {
  readonly name: string | undefined;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** `[NAME=]FILE` */
export interface FileFlag {
  readonly name: string | undefined;
  readonly path: string;
}

const inputPattern = /^(?:([^=]+)=)?\[?((?:\d+\s*,\s*)*\d*)\]?(?::([a-z0-9]+))?$/;

const input = z.string().transform((text, context): InputFlag => {
  const fail = (why: string): never => {
    context.addIssue({ code: "custom", message: `"${text}" ${why}` });
    return z.NEVER;
  };
  const match = inputPattern.exec(text.trim());
  if (match === null) return fail("is no input; write [NAME=]1,28,28,3[:uint8]");
  const [, name, extents, dtype = "float32"] = match;
  if (!(dtypes as readonly string[]).includes(dtype))
    return fail(`has an unknown dtype; did you mean "${nearest(dtype, dtypes)}"?`);
  const shape = extents!.split(",").filter((extent) => extent.trim() !== "");
  return { name, shape: shape.map(Number), dtype: dtype as DType };
});

const file = z.string().transform((text): FileFlag => {
  const match = /^([A-Za-z_][\w.-]*)=(.+)$/.exec(text);
  return match === null ? { name: undefined, path: text } : { name: match[1], path: match[2]! };
});

/** An enum that answers a wrong value with the nearest right one. */
function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, {
    error: ({ input: given }) =>
      `"${String(given)}" is unknown; did you mean "${nearest(String(given), values)}"? (${values.join(", ")})`,
  });
}

function wholeNumber(min: number) {
  const message = `must be a whole number >= ${min}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine((value) => Number.isSafeInteger(value) && value >= min, message);
}

const list = z.string().transform((text) => text.split(",").filter((item) => item !== ""));
const repeated = <T extends z.ZodType>(item: T) => z.array(item).default([]);
const backend = choice(["js", "wasm", "wgsl", "auto"]);
const precision = choice(["default", "highest"]);
const seed = wholeNumber(0).refine((value) => value < 2 ** 32, "must be below 2^32");
const target = choice(Object.keys(targets) as [TargetName, ...TargetName[]]);

const output = {
  json: z.boolean().default(false),
  quiet: z.boolean().default(false),
  verbose: z.number().default(0),
};

const parameters = {
  weights: z.string().optional(),
  seed: seed.optional(),
  strict: z.boolean().default(false),
};

/** What every command that compiles a model takes. */
const model = {
  ...output,
  ...parameters,
  input: repeated(input),
  backend: backend.optional(),
  precision: precision.optional(),
  adapter: choice(["gpu", "software", "both"]).optional(),
  threads: wholeNumber(1).optional(),
  schedule: z.string().optional(),
  algorithm: choice(["auto", "direct", "winograd"]).optional(),
  tune: z.union([z.boolean(), z.string()]).optional(),
  disable: repeated(z.string()),
};

export const compileFlags = z.object({
  ...model,
  name: z
    .string()
    .regex(/^[\w][\w.-]*$/, "must be a plain file name without an ending")
    .optional(),
  inline: z.boolean().default(false),
  images: z.boolean().default(false),
  out: z.string("is missing: say which folder to write to"),
});

export const inspectFlags = z.object({
  ...model,
  emit: choice([...emitStages]).optional(),
  printAfter: z.string().optional(),
  stopAfter: z.string().optional(),
  timePasses: z.boolean().default(false),
});

export const explainFlags = z.object({ ...model, measure: z.boolean().default(false) });

export const benchFlags = z.object({
  ...model,
  backend: list.pipe(z.array(choice(["js", "wasm", "wgsl"])).min(1, "names no backend")).optional(),
  runs: wholeNumber(1).optional(),
});

export const runFlags = z.object({
  ...output,
  ...parameters,
  input: repeated(input),
  backend: backend.optional(),
  precision: precision.optional(),
  inputFile: repeated(file),
  outputFile: z.string().optional(),
});

export const weightsFlags = z.object(output);

export const irFlags = z.object({
  ...output,
  pass: list.optional(),
  precision: precision.optional(),
  target: target.optional(),
  disable: repeated(z.string()),
  printAfter: z.string().optional(),
  stopAfter: z.string().optional(),
  timePasses: z.boolean().default(false),
  inputFile: repeated(file),
  outputFile: z.string().optional(),
});

export type OutputFlags = z.infer<typeof weightsFlags>;
export type ModelFlags = z.infer<z.ZodObject<typeof model>>;
export type ParameterFlags = z.infer<z.ZodObject<typeof parameters>>;
export type CompileFlags = z.infer<typeof compileFlags>;
export type InspectFlags = z.infer<typeof inspectFlags>;
export type ExplainFlags = z.infer<typeof explainFlags>;
export type BenchFlags = z.infer<typeof benchFlags>;
export type RunFlags = z.infer<typeof runFlags>;
export type IrFlags = z.infer<typeof irFlags>;

/** The flags as values; throws UsageError naming the first that is wrong. */
export function parseFlags<S extends z.ZodObject>(schema: S, flags: unknown): z.infer<S> {
  const result = schema.safeParse(flags);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const flag = String(issue.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${flag} ${issue.message}`);
}
