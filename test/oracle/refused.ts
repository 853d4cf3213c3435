/** Holds a refusal of ours against the exception flax raised: a typed error of the right class, in one clear line. */
import { unflattenParams, type Variables } from "../../compiler/checkpoint/tree.js";
import { errorCodes } from "../../compiler/refusal.js";
import { ConvsmithError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { tensor } from "../../runtime/tensor.js";
import { describeError } from "../conformance/suite.js";

/** Our class for each of flax's exceptions, and others that say the same where jax's own choice is accidental. */
const classesFor: Readonly<Record<string, readonly string[]>> = {
  ValueError: ["ConfigError", "ShapeError"],
  TypeError: ["ConfigError", "ShapeError"],
  ZeroDivisionError: ["ConfigError", "ShapeError"],
  AssertionError: ["ShapeError"],
  RuntimeError: ["ConfigError"],
  NotImplementedError: ["UnsupportedError", "ConfigError"],
  ScopeParamShapeError: ["CheckpointError"],
  ScopeParamNotFoundError: ["CheckpointError"],
  ScopeCollectionNotFound: ["CheckpointError"],
  ApplyScopeInvalidVariablesStructureError: ["CheckpointError"],
};

/** What is wrong with how an attempt is refused, one line each. */
export async function refusal(
  attempt: () => unknown,
  flax: { readonly error: string; readonly message: string },
): Promise<string[]> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof ConvsmithError)) return [`not a typed error: ${describeError(error)}`];
    const wrong: string[] = [];
    const known = classesFor[flax.error] ?? [];
    if (!known.includes(error.name))
      wrong.push(`${error.name} [${error.code}] for flax's ${flax.error}: ${error.message}`);
    if (!Object.hasOwn(errorCodes, error.code)) wrong.push(`code ${error.code} is not listed`);
    if (/\n/.test(error.message) || error.message.length > 300 || /undefined|\[object/.test(error.message))
      wrong.push(`the message is not one clear line: ${JSON.stringify(error.message)}`);
    return wrong;
  }
  return [`accepted, where flax raises ${flax.error}: ${flax.message}`];
}

export function zeros(shape: readonly number[]): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(new Float32Array(count), shape);
}

/** Zeros of recorded shapes, by path with the collection first; null is no variables at all. */
export function zeroVariables(given: Readonly<Record<string, readonly number[]>> | null): Variables {
  const entries = Object.entries(given ?? {}).map(([path, shape]) => [path, zeros(shape)] as const);
  return unflattenParams(entries) as Variables;
}
