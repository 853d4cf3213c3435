/** Modules against what flax computed: traced, then interpreted. Initial parameters are test/oracle's. */
import { describe, expect, it } from "vitest";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { Conv, initializers, key, type Module, tensor } from "../../compiler/index.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { ElementArray } from "../../ir/types.js";
import { buildModel } from "../oracle/build-model.js";
import { recorded, recordedNumber } from "../oracle/vectors.js";

interface RecordedTensor {
  readonly shape: number[];
  readonly dtype: "float32";
  readonly data: readonly (number | string)[];
}
interface Case {
  readonly config: ConstructorParameters<typeof Conv>[0];
  readonly mask?: RecordedTensor;
  readonly input: RecordedTensor;
  readonly params: Readonly<Record<string, RecordedTensor>>;
  readonly output: RecordedTensor;
}

const read = ({ shape, dtype, data }: RecordedTensor) => tensor(data.map(recordedNumber), shape, dtype);

describe("Conv computes what flax does", () => {
  const cases = recorded.cases as unknown as readonly Case[];
  it.each(
    cases.map(
      (c, i) => [`${i} ${JSON.stringify(c.config)} on ${c.input.dtype}[${c.input.shape}]`, c] as const,
    ),
  )("%s", (_, { config, mask, input, params, output }) => {
    const conv = new Conv({ ...config, ...(mask === undefined ? {} : { mask: read(mask) }) });
    const variables = { params: Object.fromEntries(Object.entries(params).map(([n, p]) => [n, read(p)])) };
    const x = read(input);
    const traced = traceProgram(conv, { inputs: [x], variables });
    expect(traced.outputs).toEqual([{ shape: output.shape, dtype: "float32" }]);
    const values = new Map(
      Object.entries(variables.params).map(([name, p]) => [name, p.data as ElementArray]),
    );
    const [y] = interpretGraph(traced.graph, { inputs: [x.data as ElementArray], params: values });
    output.data.forEach((value, i) => {
      const wanted = recordedNumber(value);
      if (Number.isNaN(wanted)) expect(y![i]).toBeNaN();
      else if (!Number.isFinite(wanted)) expect(y![i]).toBe(wanted);
      else expect(Math.abs(y![i]! - wanted)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(wanted)));
    });
  });
});

describe("init makes flax's parameters", () => {
  it("draws the numbers printed in the specification", () => {
    const layer = { type: "Conv", features: 4, kernelSize: [3] } as const;
    const conv = () => buildModel(layer);
    const first = (module: Module, path: string) => [
      ...flattenParams(module.init(key(0), [1, 8, 3]).params)
        .get(path)!
        .data.subarray(0, 4),
    ];
    expect(first(conv(), "kernel")).toEqual(
      [0.027538866, -0.549801, -0.5690876, 0.25566962].map(Math.fround),
    );
    expect(first(buildModel({ type: "Compact", name: "Net", layers: [layer] }), "Conv_0/kernel")).toEqual(
      [0.22410648, -0.09651515, 0.15530376, -0.4021538].map(Math.fround),
    );
    expect(conv().init(key(0), [1, 8, 3]).params.bias).toEqual(initializers.zeros(key(0), [4], "float32"));
  });
});
