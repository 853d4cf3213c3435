/** flax's modules by name and in flax's spelling, as ours. */
import type { Variables } from "../../compiler/checkpoint/tree.js";
import { nn } from "../../compiler/nn/index.js";
import type { Module } from "../../compiler/nn/module.js";
import type { Tensor } from "../../runtime/tensor.js";

export const camel = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

export type ModuleMaker = new (options: never) => Module;

const exported = nn as unknown as Readonly<Record<string, unknown>>;

/** Undefined as long as we have no such thing. */
export function member<T>(name: string): T | undefined {
  return exported[name] as T | undefined;
}

export function notYet(name: string): string | undefined {
  return name in exported ? undefined : name;
}

/** `config` in flax's names or ours. */
export function moduleOf(
  name: string,
  config: Readonly<Record<string, unknown>>,
  mask?: Tensor | null,
): Module {
  const options = Object.fromEntries(Object.entries(config).map(([key, value]) => [camel(key), value]));
  const Maker = member<ModuleMaker>(name)!;
  return new Maker({ ...options, ...(mask == null ? {} : { mask }) } as never);
}

export function variablesOf(params: Readonly<Record<string, Tensor | null | undefined>>): Variables {
  const given = Object.entries(params).filter(
    (entry): entry is [string, Tensor] => entry[1] !== null && entry[1] !== undefined,
  );
  return { params: Object.fromEntries(given) };
}

/** A sum of products of integers has one value, in whatever order it is added up. */
export function allIntegers(...tensors: readonly (Tensor | null | undefined)[]): boolean {
  return tensors.every((each) => each == null || each.data.every((value: number) => Number.isInteger(value)));
}
