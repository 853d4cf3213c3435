/** Modules against what flax computed: traced, then interpreted; and its parameters' names and bits. */
import { describe, expect, it } from "vitest";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import type { Traced } from "../../compiler/index.js";
import { Conv, initializers, key, Module, nn, Sequential, tensor } from "../../compiler/index.js";
import type { Layer } from "../../compiler/nn/sequential.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { ElementArray } from "../../ir/types.js";
import { hexBits, initializerOf, recorded, recordedNumber } from "../oracle/vectors.js";

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

interface ModelSpec {
  readonly type: "Conv" | "Sequential" | "Compact" | "Setup";
  readonly name?: string;
  readonly layers?: readonly (ModelSpec | string)[];
  readonly fields?: Readonly<Record<string, FieldSpec>>;
}
type FieldSpec = ModelSpec | readonly FieldSpec[] | { readonly [name: string]: FieldSpec };

/** A class of the given name whose call builds and runs its layers. */
function compact(name: string, layers: readonly (ModelSpec | string)[]): Module {
  class Made extends Module {
    static moduleName = name;
    call(x: Traced): Traced {
      // flax's recording builds every layer, then runs them.
      const built = layers.map(build);
      return run(built, x);
    }
  }
  return new Made();
}

function run(layers: readonly Layer[], x: Traced): Traced {
  let y = x;
  for (const layer of layers) y = (typeof layer === "function" ? layer(y) : layer.call(y as never)) as Traced;
  return y;
}

function setup(name: string, fields: Readonly<Record<string, FieldSpec>>): Module {
  const convs: Layer[] = [];
  const field = (spec: FieldSpec): unknown => {
    if (Array.isArray(spec)) return spec.map(field);
    if (typeof (spec as ModelSpec).type !== "string")
      return Object.fromEntries(Object.entries(spec).map(([n, item]) => [n, field(item as FieldSpec)]));
    const layer = build(spec as ModelSpec);
    convs.push(layer);
    return layer;
  };
  class Made extends Module {
    static moduleName = name;
    constructor() {
      super();
      for (const [n, spec] of Object.entries(fields)) Object.assign(this, { [n]: field(spec) });
    }
    call(x: Traced): Traced {
      return run(convs, x);
    }
  }
  return new Made();
}

function build(spec: ModelSpec | string): Layer {
  if (typeof spec === "string") return nn[spec as "relu"];
  const { type, name, layers, fields, ...options } = spec as ModelSpec & Record<string, unknown>;
  if (type === "Sequential") return new Sequential(layers!.map(build));
  if (type === "Compact") return compact(name!, layers!);
  if (type === "Setup") return setup(name!, fields!);
  const init = (option: string) =>
    options[option] === undefined
      ? {}
      : { [option]: initializerOf(options[option] as Parameters<typeof initializerOf>[0]) };
  return new Conv({
    ...(options as unknown as ConstructorParameters<typeof Conv>[0]),
    ...init("kernelInit"),
    ...init("biasInit"),
    ...(name === undefined ? {} : { name }),
  });
}

describe("init makes flax's parameters", () => {
  for (const { model, seed, inputShape, params } of recorded.init)
    it(`${JSON.stringify(model)} on [${inputShape}], seed ${seed}`, () => {
      const made = flattenParams(
        (build(model as unknown as ModelSpec) as Module).init(key(seed), inputShape).params,
      );
      expect([...made.keys()].sort()).toEqual(Object.keys(params).sort());
      for (const [path, { shape, bits }] of Object.entries(params)) {
        expect(made.get(path)!.shape).toEqual(shape);
        expect(hexBits(made.get(path)!.data)).toBe(bits);
      }
    });

  it("draws the numbers printed in the specification", () => {
    const conv = () => new Conv({ features: 4, kernelSize: [3] });
    const first = (module: Module, path: string) => [
      ...flattenParams(module.init(key(0), [1, 8, 3]).params)
        .get(path)!
        .data.subarray(0, 4),
    ];
    expect(first(conv(), "kernel")).toEqual(
      [0.027538866, -0.549801, -0.5690876, 0.25566962].map(Math.fround),
    );
    expect(
      first(compact("Net", [{ type: "Conv", features: 4, kernelSize: [3] } as ModelSpec]), "Conv_0/kernel"),
    ).toEqual([0.22410648, -0.09651515, 0.15530376, -0.4021538].map(Math.fround));
    expect(conv().init(key(0), [1, 8, 3]).params.bias).toEqual(initializers.zeros(key(0), [4], "float32"));
  });
});
