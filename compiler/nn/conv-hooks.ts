/** Functions a user may put in place of ours: promoteDtype, convGeneralDilated, and how the latter is made. */
import type { DType } from "../../runtime/tensor.js";
import type { ConvDimensionNumbers } from "../lax/dimension-numbers.js";
import type { LaxPadding } from "../lax/padding.js";
import type { Precision } from "../lax/precision.js";
import { show } from "../option.js";
import { refuse } from "../refusal.js";
import type { Traced } from "../traced.js";

/** Brings inputs, kernel and bias to one dtype. */
export type PromoteDType = (
  inputs: Traced,
  kernel: Traced,
  bias: Traced | null,
  options: { readonly dtype: DType | null },
) => readonly [inputs: Traced, kernel: Traced, bias: Traced | null];

/** Stands in for lax.convGeneralDilated. `padding` is what lax would get: a name or pairs. */
export type ConvGeneralDilated = (
  inputs: Traced,
  kernel: Traced,
  strides: readonly number[],
  padding: LaxPadding,
  options: {
    readonly lhsDilation: readonly number[];
    readonly rhsDilation: readonly number[];
    readonly dimensionNumbers: ConvDimensionNumbers;
    readonly featureGroupCount: number;
    readonly precision: Precision | null;
  },
) => Traced;

export interface InjectionOptions {
  /** Called in place of lax.convGeneralDilated; ConvLocal asks it for the shape of its result only. */
  readonly convGeneralDilated?: ConvGeneralDilated | null | undefined;
  /** A class or factory of such functions, used anew at each call; goes before `convGeneralDilated`. */
  readonly convGeneralDilatedCls?: (new () => object) | (() => ConvGeneralDilated) | null | undefined;
}

export function functionOption<F>(owner: string, option: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === "function") return value;
  const code = option.endsWith("Init") ? "bad-initializer" : "bad-hook";
  return refuse(code, `${owner}: ${option} is ${show(value)}; it must be a function`);
}

/** What makes the function used in place of lax.convGeneralDilated; null for lax itself. */
export function readInjection(owner: string, options: InjectionOptions): (() => ConvGeneralDilated) | null {
  const made = functionOption(owner, "convGeneralDilatedCls", options.convGeneralDilatedCls ?? undefined);
  const given = functionOption(owner, "convGeneralDilated", options.convGeneralDilated ?? undefined);
  if (made === undefined) return given === undefined ? null : () => given;
  const isClass = /^class\b/.test(Function.prototype.toString.call(made));
  return () => {
    const result: unknown = isClass ? new (made as new () => object)() : (made as () => unknown)();
    if (typeof result === "function") return result as ConvGeneralDilated;
    const { call } = (result ?? {}) as { readonly call?: unknown };
    if (typeof call === "function") return call.bind(result) as ConvGeneralDilated;
    return refuse(
      "bad-hook",
      `${owner}: convGeneralDilatedCls made ${show(result)}; it must make a function`,
    );
  };
}
