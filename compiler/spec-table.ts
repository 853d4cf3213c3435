/** What a JSON model spec can name: every module, activation and traced function, with the options each takes. */
import { z } from "zod";
import { tensor } from "../runtime/tensor.js";
import { dtypes } from "./element-type.js";
import { binaryFunctions, unaryFunctions } from "./lax/elementwise.js";
import * as lax from "./lax/members.js";
import { type ActivationName, activationOptions, activations, identity } from "./nn/activation.js";
import { Conv } from "./nn/conv.js";
import { ConvLocal } from "./nn/conv-local.js";
import { ConvTranspose } from "./nn/conv-transpose.js";
import type { Module } from "./nn/module.js";
import type { Layer } from "./nn/sequential.js";
import { didYouMean } from "./option.js";
import { type Initializer, initializers } from "./random/initializers.js";
import { refuse } from "./refusal.js";
import type { Traced } from "./traced.js";

export type Options = Readonly<Record<string, unknown>>;

export interface SpecEntry {
  readonly options: z.ZodObject;
  /** How many inputs a node of a Graph must have. */
  readonly inputs: number | "any";
  /** `options` have passed the schema. */
  readonly build: (options: Options) => Layer;
}

const dtype = z.enum(dtypes as [string, ...string[]]);
const integers = z.array(z.int());
const perDimension = z.union([z.int(), integers, z.null()]).optional();
const pairs = z.array(z.union([z.int(), z.tuple([z.int(), z.int()])]));
const precision = z.union([z.string(), z.tuple([z.string(), z.string()]), z.null()]).optional();
const tensorSpec = z.strictObject({
  data: z.array(z.union([z.number(), z.boolean()])),
  shape: integers,
  dtype: dtype.optional(),
});
const initializerNames = Object.keys(initializers) as [string, ...string[]];
const initializer = z
  .union([z.enum(initializerNames), z.looseObject({ type: z.enum(initializerNames) })])
  .optional();

const sharedConvSchema = {
  features: z.int(),
  kernelSize: z.union([z.int(), integers]),
  strides: perDimension,
  padding: z.union([z.string(), z.int(), z.boolean(), pairs]).optional(),
  kernelDilation: perDimension,
  useBias: z.boolean().optional(),
  mask: tensorSpec.nullable().optional(),
  dtype: dtype.nullable().optional(),
  paramDtype: dtype.optional(),
  precision,
  kernelInit: initializer,
  biasInit: initializer,
  name: z.string().nullable().optional(),
};
const convSchema = z.strictObject({
  ...sharedConvSchema,
  inputDilation: perDimension,
  featureGroupCount: z.int().optional(),
});
const convTransposeSchema = z.strictObject({
  ...sharedConvSchema,
  transposeKernel: z.boolean().optional(),
  preferredElementType: dtype.nullable().optional(),
});

function convEntry(Maker: new (options: never) => Module, options: z.ZodObject): SpecEntry {
  const build = ({ mask, kernelInit, biasInit, ...rest }: Options): Layer => {
    const { data, shape, dtype: type } = (mask ?? {}) as Parameters<typeof tensorOf>[0];
    return new Maker({
      ...rest,
      ...(mask === undefined || mask === null ? {} : { mask: tensorOf({ data, shape, dtype: type }) }),
      ...(kernelInit === undefined ? {} : { kernelInit: initializerOf(kernelInit) }),
      ...(biasInit === undefined ? {} : { biasInit: initializerOf(biasInit) }),
    } as never) as Layer;
  };
  return { options, inputs: 1, build };
}

function tensorOf({
  data,
  shape,
  dtype: type,
}: {
  data: number[];
  shape: number[];
  dtype?: Parameters<typeof tensor>[2];
}) {
  return tensor(data, shape, type);
}

/** `"zeros"`, `"heNormal"`, `{ "type": "normal", "stddev": 0.02 }`, `{ "type": "constant", "value": 0.1 }`. */
function initializerOf(spec: unknown): Initializer {
  const { type, ...options } = (typeof spec === "string" ? { type: spec } : spec) as {
    type: keyof typeof initializers;
  };
  if (type === "zeros" || type === "ones") return initializers[type];
  if (type === "constant") return initializers.constant((options as { value: number }).value);
  return (initializers[type] as (options: object) => Initializer)(options);
}

/** Reads the options by name, in the order of the function's parameters. */
function traced(
  inputs: number | "any",
  shape: Readonly<Record<string, z.ZodType>>,
  run: (inputs: readonly Traced[], options: Options) => Traced,
): SpecEntry {
  const build =
    (options: Options) =>
    (...given: Traced[]): Traced =>
      run(given, options);
  return { options: z.strictObject(shape), inputs, build };
}

function activationEntry(name: ActivationName): SpecEntry {
  const defaults = activationOptions(name);
  const run = activations[name] as (x: Traced, options?: object) => Traced;
  const shape = Object.fromEntries(
    Object.entries(defaults).map(([option, value]) => [
      option,
      (typeof value === "number" ? z.number() : z.boolean()).optional(),
    ]),
  );
  // Without options the layer is the function itself, which caches know by identity.
  const build = (options: Options): Layer =>
    Object.keys(options).length === 0 ? run : (x: Traced) => run(x, options);
  return { options: z.strictObject(shape), inputs: 1, build };
}

function plainEntries(functions: Readonly<Record<string, (...inputs: never[]) => Traced>>, inputs: number) {
  return Object.fromEntries(
    Object.entries(functions).map(([name, run]): [string, SpecEntry] => [
      name,
      { options: z.strictObject({}), inputs, build: () => run as unknown as Layer },
    ]),
  );
}

const factors = integers.nullable().optional();
const laxConvSchema = {
  padding: z.union([z.string(), z.array(z.tuple([z.int(), z.int()]))]),
  rhsDilation: factors,
  dimensionNumbers: z.tuple([z.string(), z.string(), z.string()]).nullable().optional(),
  precision,
};

const shapeFunctions: Readonly<Record<string, SpecEntry>> = {
  reshape: traced(1, { newSizes: integers }, ([x], o) => lax.reshape(x!, o.newSizes as number[])),
  transpose: traced(1, { permutation: integers }, ([x], o) => lax.transpose(x!, o.permutation as number[])),
  slice: traced(
    1,
    { startIndices: integers, limitIndices: integers, strides: integers.nullable().optional() },
    ([x], o) =>
      lax.slice(x!, o.startIndices as number[], o.limitIndices as number[], o.strides as number[] | null),
  ),
  concatenate: traced("any", { dimension: z.int() }, (xs, o) => lax.concatenate(xs, o.dimension as number)),
  convertElementType: traced(1, { dtype }, ([x], o) => lax.convertElementType(x!, o.dtype as "float32")),
  convGeneralDilated: traced(
    2,
    {
      ...laxConvSchema,
      windowStrides: integers,
      lhsDilation: factors,
      featureGroupCount: z.int().optional(),
      batchGroupCount: z.int().optional(),
      preferredElementType: dtype.nullable().optional(),
    },
    ([lhs, rhs], o) => lax.convGeneralDilated(lhs!, rhs!, o as unknown as lax.ConvGeneralDilatedOptions),
  ),
  convGeneralDilatedLocal: traced(
    2,
    { ...laxConvSchema, windowStrides: integers, filterShape: integers, lhsDilation: factors },
    ([lhs, rhs], o) =>
      lax.convGeneralDilatedLocal(lhs!, rhs!, o as unknown as lax.ConvGeneralDilatedLocalOptions),
  ),
  convTranspose: traced(
    2,
    {
      ...laxConvSchema,
      strides: integers,
      transposeKernel: z.boolean().optional(),
      preferredElementType: dtype.nullable().optional(),
    },
    ([lhs, rhs], o) => lax.convTranspose(lhs!, rhs!, o as unknown as lax.ConvTransposeOptions),
  ),
};

/** Everything but Sequential and Graph, which hold other specs. */
export const specTable: Readonly<Record<string, SpecEntry>> = {
  ...plainEntries(unaryFunctions, 1),
  ...plainEntries(binaryFunctions, 2),
  ...shapeFunctions,
  identity: { options: z.strictObject({}), inputs: 1, build: () => identity },
  ...Object.fromEntries(
    (Object.keys(activations) as ActivationName[]).map((name) => [name, activationEntry(name)]),
  ),
  Conv: convEntry(Conv, convSchema),
  ConvLocal: convEntry(ConvLocal, convSchema),
  ConvTranspose: convEntry(ConvTranspose, convTransposeSchema),
};

/** The entry of a name. @throws ConfigError `unknown-type` naming the nearest */
export function specEntry(place: string, name: string, alsoKnown: readonly string[]): SpecEntry {
  if (Object.hasOwn(specTable, name)) return specTable[name]!;
  return refuse(
    "unknown-type",
    `${place}: type ${didYouMean(name, [...alsoKnown, ...Object.keys(specTable)])}`,
  );
}
