/** Everything flax was recorded refusing is refused here, with a code whose row names flax's exception. */
import { describe, expect, it } from "vitest";
import type { ParamTree, Tensor, Variables } from "../../compiler/index.js";
import { Conv, ConvsmithError, tensor } from "../../compiler/index.js";
import { errorCodes } from "../../compiler/refusal.js";
import { traceProgram } from "../../compiler/trace.js";
import { recorded } from "../oracle/vectors.js";

interface Refused {
  readonly config: ConstructorParameters<typeof Conv>[0];
  readonly mask?: { readonly shape: number[] };
  readonly inputShape: number[];
  readonly given?: Readonly<Record<string, number[]>> | null;
  readonly error: string;
}

const ones = (shape: number[]): Tensor =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

/** `{ "params/kernel": [3] }` as a tree. */
function variablesOf(given: Refused["given"]): Variables {
  const root: { [name: string]: unknown } = {};
  for (const [path, shape] of Object.entries(given ?? {})) {
    const names = path.split("/");
    let at = root;
    for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as typeof root;
    at[names.at(-1)!] = ones(shape);
  }
  return root as { params: ParamTree };
}

describe("flax's refusals", () => {
  for (const item of recorded.refused) {
    const { config, mask, inputShape, given, error } = item as unknown as Refused;
    it(`${error}: ${JSON.stringify({ ...config, mask })} on [${inputShape}] ${JSON.stringify(given) ?? ""}`, () => {
      let thrown: unknown;
      try {
        const conv = new Conv({ ...config, ...(mask === undefined ? {} : { mask: ones(mask.shape) }) });
        traceProgram(conv, {
          inputs: [inputShape],
          variables: given === undefined ? undefined : variablesOf(given),
        });
      } catch (e) {
        thrown = e;
      }
      expect(thrown).toBeInstanceOf(ConvsmithError);
      const { code, name, message } = thrown as ConvsmithError;
      const row = errorCodes[code as keyof typeof errorCodes];
      expect(row, code).toBeDefined();
      expect(name).toBe(row.class);
      expect(row.flax, `${code}: ${message}`).toContain(error);
      expect(message).not.toContain("\n");
    });
  }
});
