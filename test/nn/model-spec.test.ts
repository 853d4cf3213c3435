/** JSON model specs: what they build, what they refuse and where, and the published schema. */
import { describe, expect, it } from "vitest";
import { ConfigError, key, lax, modelFromSpec, nn, ShapeError, trace } from "../../compiler/index.js";
import { inputSpecsOf, modelSpecJsonSchema } from "../../compiler/model-spec.js";
import { specTable } from "../../compiler/spec-table.js";
import { traceProgram } from "../../compiler/trace.js";

const conv = { type: "Conv", features: 3, kernelSize: [1] };
const graph = {
  type: "Graph",
  inputs: { left: [1, 4, 3], right: { shape: [1, 4, 3], dtype: "uint8" } },
  nodes: [
    { id: "sum", op: "add", inputs: ["a", "b"] },
    {
      id: "b",
      op: "Conv",
      inputs: ["a"],
      params: "down_0/Conv_0",
      options: { features: 3, kernelSize: [1], useBias: false },
    },
    { id: "a", op: "Conv", inputs: ["left"], options: { features: 3, kernelSize: [1] } },
    {
      id: "c",
      op: "Conv",
      inputs: ["right"],
      params: "down_0/Conv_0",
      options: { features: 3, kernelSize: [1], useBias: false },
    },
    { id: "act", op: "leakyRelu", inputs: ["sum"], options: { negativeSlope: 0.2 } },
    { id: "cat", op: "concatenate", inputs: ["act", "c"], options: { dimension: 2 } },
  ],
  outputs: ["cat", "sum"],
};

describe("nested specs", () => {
  it("are the modules they name", () => {
    const spec = {
      type: "Sequential",
      layers: [
        { ...conv, kernelInit: "heNormal" },
        "relu",
        { type: "gelu", approximate: false },
        { type: "Sequential", layers: [conv] },
      ],
    };
    const made = modelFromSpec(spec);
    const written = new nn.Sequential([
      new nn.Conv({ features: 3, kernelSize: [1], kernelInit: nn.initializers.heNormal() }),
      nn.relu,
      (x) => nn.gelu(x, { approximate: false }),
      new nn.Sequential([new nn.Conv({ features: 3, kernelSize: [1] })]),
    ]);
    expect(made.init(key(1), [1, 4, 3])).toEqual(written.init(key(1), [1, 4, 3]));
    expect(String(trace(made, { inputs: [[1, 4, 3]] }))).toBe(
      String(trace(written, { inputs: [[1, 4, 3]] })),
    );
  });

  it("take every option of Conv, tensors and initialisers included", () => {
    const made = modelFromSpec({
      type: "Conv",
      features: 2,
      kernelSize: 3,
      strides: [2],
      padding: [[1, 2]],
      kernelDilation: 1,
      inputDilation: [2],
      featureGroupCount: 1,
      useBias: true,
      mask: { data: [1, 0, 1, 1, 1, 1], shape: [3, 1, 2] },
      dtype: null,
      paramDtype: "float32",
      precision: ["highest", "default"],
      kernelInit: { type: "constant", value: 0.5 },
      biasInit: { type: "normal", stddev: 2 },
      name: "stem",
    });
    const { params } = made.init(key(0), [1, 6, 1]);
    expect(params.kernel!.data).toEqual(new Float32Array(6).fill(0.5));
    expect(String(trace(made, { inputs: [[1, 6, 1]] }))).toContain("precision=highest");
  });

  it("a function alone is a model", () => {
    expect(traceProgram(modelFromSpec("silu"), { inputs: [[2]] }).outputs[0]!.shape).toEqual([2]);
  });
});

describe("graphs", () => {
  const model = modelFromSpec(graph);
  const traced = traceProgram(model as never, { inputs: inputSpecsOf(graph)! });

  it("run in topological order, parameters where they say, shared where they agree", () => {
    expect(traced.params.map(({ path }) => path)).toEqual(["a/kernel", "a/bias", "down_0/Conv_0/kernel"]);
    expect(traced.outputs.map(({ shape }) => shape)).toEqual([
      [1, 4, 6],
      [1, 4, 3],
    ]);
    expect(traced.outputTree).toEqual([0, 1]);
    expect(Object.keys(model.init(key(0), [1, 4, 3], [1, 4, 3]).params)).toEqual(["a", "down_0"]);
  });

  it("take inputs by name in any order, and in their own order without names", () => {
    const { left, right } = graph.inputs;
    const named = traceProgram(model as never, { inputs: { right: right as never, left } });
    expect(String(named.graph.nodes.map(({ op }) => op))).toBe(
      String(traced.graph.nodes.map(({ op }) => op)),
    );
    expect(named.inputs.map(({ name, dtype }) => [name, dtype])).toEqual([
      ["left", "float32"],
      ["right", "uint8"],
    ]);
    expect(traceProgram(model as never, { inputs: [left, right as never] }).inputs[1]!.name).toBe("right");
    expect(() => traceProgram(model as never, { inputs: { lefd: left, right: right as never } })).toThrow(
      /"lefd".*"left"/,
    );
    expect(() => traceProgram(model as never, { inputs: { left } })).toThrow(/"right" has no spec/);
    expect(() => traceProgram(model as never, { inputs: [left] })).toThrow(
      /takes 2 inputs \(left,right\), not 1/,
    );
  });
});

const node = (over: object) => ({
  ...graph,
  nodes: [{ id: "n", op: "relu", inputs: ["left"], ...over }],
  outputs: ["n"],
});
const refused: readonly (readonly [string, unknown, string, RegExp])[] = [
  ["a number", 3, "model-spec", /^model: 3 is no model spec/],
  ["no type", { features: 3 }, "model-spec", /"type"/],
  ["unknown type", { type: "Convv" }, "unknown-type", /^model: type "Convv" is unknown; did you mean "Conv"/],
  [
    "unknown layer",
    { type: "Sequential", layers: ["relu", "rleu"] },
    "unknown-type",
    /^layers\[1\]: .*"relu"/,
  ],
  [
    "unknown option",
    { type: "Sequential", layers: [conv, { ...conv, stride: 2 }] },
    "unknown-option",
    /^layers\[1\]: option "stride".*"strides"/,
  ],
  ["unknown option of the model", { ...conv, stride: 2 }, "unknown-option", /^model: option "stride"/],
  [
    "wrong option",
    { type: "Sequential", layers: [{ ...conv, features: "8" }] },
    "model-spec",
    /^layers\[0\]\.features: "8" does not fit/,
  ],
  ["missing option", { type: "Conv", kernelSize: 3 }, "model-spec", /^features: is required/],
  [
    "what the constructor refuses",
    { type: "Sequential", layers: [{ ...conv, padding: "FOO" }] },
    "unknown-padding",
    /^layers\[0\]: Conv: padding "FOO"/,
  ],
  [
    "dtype of integers",
    { type: "Sequential", layers: [{ ...conv, dtype: "int32" }] },
    "dtype-not-inexact",
    /^layers\[0\]: /,
  ],
  [
    "mask of another length",
    { type: "Sequential", layers: [{ ...conv, mask: { data: [1], shape: [2] } }] },
    "tensor-length",
    /^layers\[0\]: /,
  ],
  ["no layers", { type: "Sequential", layers: [] }, "model-spec", /^layers/],
  ["cycle", node({ inputs: ["n"] }), "graph-cycle", /^nodes: "n" need each other/],
  [
    "unknown reference",
    node({ inputs: ["lefd"] }),
    "graph-reference",
    /^nodes\[0\]\.inputs\[0\]: "lefd" is unknown; did you mean "left"/,
  ],
  ["unknown output", { ...graph, outputs: ["sun"] }, "graph-reference", /^outputs\[0\]: .*"sum"/],
  ["id twice", node({ id: "left" }), "model-spec", /^nodes\[0\]\.id: "left" is used twice/],
  ["unknown op", node({ op: "reluu" }), "unknown-type", /^nodes\[0\]\.op: .*"relu"/],
  ["arity", node({ op: "add" }), "model-spec", /^nodes\[0\]: add takes 2 inputs, not 1/],
  [
    "params of a function",
    node({ params: "a" }),
    "model-spec",
    /^nodes\[0\]\.params: relu has no parameters/,
  ],
  [
    "option of a node",
    node({ op: "Conv", options: { features: 1, kernalSize: 3 } }),
    "unknown-option",
    /^nodes\[0\]\.options: .*"kernelSize"/,
  ],
  ["field of a node", node({ parms: "a" }), "unknown-option", /^nodes\[0\]: option "parms".*"params"/],
  ["input shape", { ...graph, inputs: { left: [1, -4, 3] } }, "model-spec", /^inputs\.left/],
];

describe("refusals name the place", () => {
  it.each(refused)("%s", (_, spec, code, message) => {
    let thrown: unknown;
    try {
      modelFromSpec(spec);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code });
    expect((thrown as Error).message).toMatch(message);
    expect((thrown as Error).message).not.toContain("\n");
  });

  it("keeps the class", () => {
    const bad = { type: "Sequential", layers: [{ ...conv, mask: { data: [1], shape: [2] } }] };
    expect(() => modelFromSpec(bad)).toThrow(ShapeError);
    expect(() => modelFromSpec({ type: "Sequential", layers: [{ ...conv, features: -1 }] })).toThrow(
      ConfigError,
    );
  });
});

describe("the schema", () => {
  const schema = JSON.stringify(modelSpecJsonSchema());
  it("knows every name, and is draft 2020-12", () => {
    expect(schema).toContain("https://json-schema.org/draft/2020-12/schema");
    for (const name of ["Sequential", "Graph", ...Object.keys(specTable)])
      expect(schema).toContain(`"${name}"`);
  });
  it("the table holds every activation and elementwise function", () => {
    const functions = { ...nn, ...lax };
    const known = Object.keys(functions).filter((name) => /^[a-z]/.test(name) && name !== "initializers");
    expect(known.filter((name) => !(name in specTable))).toEqual([]);
  });
});
