/** One activation function against recorded values, on every way. */
import type { Traced } from "../../compiler/traced.js";
import type { Tensor } from "../../runtime/tensor.js";
import { recordedNumber } from "../oracle/vectors.js";
import { firstDifference, isGpu, runOneWay, ways } from "../support/run-everywhere.js";
import { worst } from "./every-way.js";
import { camel, member, notYet } from "./flax-model.js";
import type { Case } from "./suite.js";

type Activation = (x: Traced, ...options: unknown[]) => Traced;

/** Recorded names that are a function with options. */
const withOptions: Readonly<Record<string, readonly [name: string, option: unknown]>> = {
  gelu_exact: ["gelu", { approximate: false }],
  geluExact: ["gelu", { approximate: false }],
  "leaky_relu_0.2": ["leakyRelu", 0.2],
};

/** `name` in flax's spelling or ours. */
export function activationCase(name: string, x: Tensor, recorded: readonly (number | string)[]): Case {
  const [functionName, ...options] = withOptions[name] ?? [camel(name)];
  return {
    name,
    notYet: notYet(functionName),
    check: async () => {
      const wrong: string[] = [];
      const y = recorded.map(recordedNumber);
      let first: Tensor | undefined;
      for (const way of ways) {
        const target = (input: Traced): Traced => member<Activation>(functionName)!(input, ...options);
        const result = await runOneWay(way, { target, inputs: [x], precision: "highest" });
        // What a GPU makes of infinities divided by or taken from each other is its own affair.
        const told = y.map((value, i) =>
          isGpu(way) && Number.isNaN(value) && !Number.isNaN(x.data[i]) ? result.data[i]! : value,
        );
        const complaint = worst(result.data, told, (value, i) => allowed(name, value, x.data[i]!));
        if (complaint !== undefined) wrong.push(`${way}: ${complaint}`);
        first ??= result;
        const at = firstDifference(result, first);
        if (at >= 0)
          wrong.push(`${way}: f(${x.data[at]}) is ${result.data[at]}, the interpreter's ${first.data[at]}`);
      }
      return wrong;
    },
  };
}

/** Where flax subtracts numbers of x's size from each other, it is off by a unit of x; we rearrange and are not. */
const cancels: ReadonlySet<string> = new Set(["squareplus"]);

/** 4 units in the last place, or 1e-6, which is what flax keeps of 1 + tanh. */
function allowed(name: string, y: number, x: number): number {
  return Math.max(4 * unit(y), 1e-6, cancels.has(name) ? unit(x) : 0);
}

function unit(value: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(value)))) - 23);
}
