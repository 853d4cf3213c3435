/** lax.convGeneralDilated against what jax computed and refused. */
import { describe, expect, it } from "vitest";
import { ConvsmithError, lax, tensor } from "../../compiler/index.js";
import type { ConvGeneralDilatedOptions } from "../../compiler/lax/index.js";
import { errorCodes } from "../../compiler/refusal.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { ElementArray } from "../../ir/types.js";
import { recorded } from "../oracle/vectors.js";

interface RecordedTensor {
  readonly shape: number[];
  readonly data: number[];
}

const call = (shapes: readonly (readonly number[])[], options: ConvGeneralDilatedOptions) =>
  traceProgram((lhs, rhs) => lax.convGeneralDilated(lhs!, rhs!, options), { inputs: shapes });

describe("computes what jax does", () => {
  for (const item of recorded.lax) {
    const { lhs, rhs, options, output } = item as unknown as Record<
      "lhs" | "rhs" | "output",
      RecordedTensor
    > & {
      options: ConvGeneralDilatedOptions;
    };
    it(`[${lhs.shape}] with [${rhs.shape}] ${JSON.stringify(options)}`, () => {
      const { graph, outputs } = call([lhs.shape, rhs.shape], options);
      expect(outputs[0]!.shape).toEqual(output.shape);
      const inputs = [lhs, rhs].map(({ data, shape }) => tensor(data, shape).data as ElementArray);
      const [y] = interpretGraph(graph, { inputs, params: new Map() });
      output.data.forEach((value, i) => {
        expect(Math.abs(y![i]! - value)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(value)));
      });
    });
  }
});

describe("refuses what jax refuses", () => {
  for (const item of recorded.laxRefused) {
    const { lhsShape, rhsShape, options, error } = item as unknown as {
      lhsShape: number[];
      rhsShape: number[];
      options: ConvGeneralDilatedOptions;
      error: string;
    };
    it(`[${lhsShape}] with [${rhsShape}] ${JSON.stringify(options)}`, () => {
      let thrown: unknown;
      try {
        call([lhsShape, rhsShape], options);
      } catch (e) {
        thrown = e;
      }
      expect(thrown).toBeInstanceOf(ConvsmithError);
      const { code, name } = thrown as ConvsmithError;
      const row = errorCodes[code as keyof typeof errorCodes];
      expect(name).toBe(row.class);
      expect(row.flax).toContain(error);
    });
  }
});
