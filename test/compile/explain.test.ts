/** explain() and emit(): what was decided, and every stage as text. */
import { beforeAll, describe, expect, it } from "vitest";
import type { EmitStage } from "../../compiler/emit-stage.js";
import { emitStages } from "../../compiler/emit-stage.js";
import type { Executable } from "../../compiler/index.js";
import { Conv, compile, key, nn, Sequential } from "../../compiler/index.js";
import { parseGraph, parseModule } from "../../ir/parse.js";
import { backends, refusal, wrong } from "./models.js";

const first = new Conv({ features: 8, kernelSize: [3, 3] });
const net = new Sequential([first, nn.relu, new Conv({ features: 4, kernelSize: [1, 1], padding: "VALID" })]);
const shape = [1, 8, 8, 3] as const;
const variables = net.init(key(0), shape);

describe.each(backends)("on %s", (backend) => {
  let f: Executable;
  beforeAll(async () => {
    f = await compile(net, { inputs: [shape], variables, backend, algorithm: "direct" });
  });

  it("explain says what each layer became and why", () => {
    const e = f.explain({ json: true });
    expect(JSON.parse(JSON.stringify(e))).toEqual(e);
    expect(e).toMatchObject({
      name: "Sequential",
      backend,
      precision: "default",
      macs: 8 * 8 * (27 * 8 + 8 * 4),
    });
    expect(f.notes).toContain(`runs ${e.target}`);
    const convs = e.layers.filter(({ op }) => op === "conv");
    expect(convs.map(({ where, outShape, macs }) => [where, outShape, macs])).toEqual([
      ["Sequential/layers_0", [1, 8, 8, 8], 8 * 8 * 27 * 8],
      ["Sequential/layers_2", [1, 8, 8, 4], 8 * 8 * 8 * 4],
    ]);
    for (const layer of convs) {
      expect(layer).toMatchObject({ algorithm: "direct", phase: "run" });
      expect(layer.why.length).toBeGreaterThan(10);
      expect(layer.schedule).toContain(`@${layer.kernel} for ${e.target}`);
      expect([layer.bytes > 0, layer.predictedMs > 0]).toEqual([true, true]);
    }
    expect(e.memory).toMatchObject({ inputs: 8 * 8 * 3 * 4, outputs: 8 * 8 * 4 * 4 });
    expect([e.memoryBytes > 1000, e.codeBytes > 100]).toEqual([true, true]);
  });

  it("explain is a table with a row per layer", () => {
    const text = f.explain();
    const { layers, target } = f.explain({ json: true });
    const lines = text.split("\n");
    expect(lines[0]).toMatch(new RegExp(`^Sequential: ${target}, precision default, 15.9 k MACs`));
    const head = lines.findIndex((line) => line.startsWith("layer"));
    expect(lines[head]).toMatch(/op +output +algorithm +MACs +bytes +predicted +why/);
    expect(lines.slice(head + 1)).toHaveLength(layers.length);
    for (const { where, kernel } of layers) expect(text).toContain(where || kernel);
  });

  const starts: Readonly<Record<EmitStage, RegExp>> = {
    trace: /^graph @Sequential\(/,
    graph: /^graph @Sequential\(/,
    schedule: /^schedule @/,
    naive: /^kernel @/,
    scheduled: /^kernel @/,
    kernel: /^kernel @/,
    js: /^\(?memory/,
    wat: /^\(module/,
    wgsl: /^\/\/ shader 0/,
    plan: /^plan @Sequential: \d+ bytes\n {2}input x: float32\[1,8,8,3\] @\d+/,
    dot: /^digraph/,
    svg: /^<svg.*<\/svg>\s*$/s,
  };

  it.each(emitStages)("emit prints %s", async (stage) => {
    const unfit = backend === "js" ? "wat" : "js";
    if (stage === unfit || stage === "wgsl") {
      const error = await refusal(() => f.emit(stage));
      expect(error).toMatchObject({ name: "UnsupportedError", code: "stage-unsupported" });
      expect(error.message).toContain(stage === "wgsl" ? "wgsl" : backend === "js" ? "wasm" : "js");
      return;
    }
    const text = await f.emit(stage);
    expect(text).toMatch(starts[stage]);
    expect(await f.emit(stage)).toBe(text);
  });

  it("the text of graphs, schedules and kernels reads back", async () => {
    const { layers } = f.explain({ json: true });
    expect(parseGraph(await f.emit("trace")).nodes.length).toBeGreaterThan(3);
    expect(parseGraph(await f.emit("graph")).outputs).toHaveLength(1);
    expect(parseModule(await f.emit("schedule")).schedules).toHaveLength(layers.length);
    for (const stage of ["naive", "scheduled", "kernel"] as const)
      expect(parseModule(await f.emit(stage)).kernels).toHaveLength(layers.length);
  });

  it("unknown stages are refused", async () => {
    const unknown = await refusal(() => f.emit(wrong("kernl")));
    expect(unknown).toMatchObject({ name: "ConfigError", code: "bad-option" });
    expect(unknown.message).toMatch(/"kernl".*"kernel"/);
  });
});
