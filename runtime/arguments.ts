/** What run is given: inputs in order or one record of them by name, then perhaps where the results go. */
import type { RunInputs } from "./binding.js";
import { isRecord } from "./binding.js";
import { ShapeError } from "./error.js";
import { features } from "./features.js";
import type { Program } from "./program.js";

export interface Arguments {
  /** One for each input. */
  readonly values: readonly unknown[];
  /** undefined where it was not given. */
  readonly out: unknown;
}

/** `isInput` tells an object that is one input from a record of them. */
export function readArguments(
  program: Program,
  args: readonly unknown[],
  isInput?: (value: unknown) => boolean,
): Arguments {
  const { inputs } = program;
  const [head] = args;
  const named = (!features.severalInputs || inputs.length > 0) && isRecord(head) && !isInput?.(head);
  const values = named ? byName(program, head) : inputs.map((_, index) => args[index]);
  const [out, more] = args.slice(named ? 1 : inputs.length).filter((arg) => arg !== undefined);
  if (values.includes(undefined) || more !== undefined)
    refuseArguments(program, "input-count", `${args.length} arguments`);
  return { values, out };
}

export function byName(program: Program, record: RunInputs): unknown[] {
  const names = program.inputs.map(({ name }) => name);
  const given = Object.keys(record);
  if (given.length !== names.length || !names.every((name) => given.includes(name)))
    refuseArguments(program, "input-name", given.join(", "));
  return names.map((name) => record[name]);
}

export function refuseArguments({ name, inputs }: Program, code: string, given: string): never {
  const names = inputs.map((input) => input.name).join(", ");
  throw new ShapeError(code, `${name} takes ${names} and perhaps an out, given ${given}`);
}
