import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseGraph, parseModule } from "../../ir/parse.js";
import { printGraph, printKernel } from "../../ir/print.js";
import { Cli, model, weights } from "./command.js";

let cli: Cli;
beforeAll(() => {
  cli = new Cli();
  writeFileSync(cli.path("net.json"), JSON.stringify(net));
});
afterAll(() => cli.stop());

/** A residual and two branches, so that pictures have something to show. */
const net = {
  type: "Graph",
  inputs: { image: [1, 6, 6, 4] },
  nodes: [
    { id: "a", op: "Conv", inputs: ["image"], options: { features: 4, kernelSize: [3, 3] } },
    { id: "b", op: "relu", inputs: ["a"] },
    { id: "c", op: "Conv", inputs: ["b"], options: { features: 4, kernelSize: [3, 3] } },
    { id: "d", op: "add", inputs: ["c", "image"] },
  ],
  outputs: ["d"],
};

describe("inspect", () => {
  it.each([
    ["trace", /^graph @DigitsNet\(%0 "x": f32\[1,8,8,1\]\)/],
    ["graph", /fused=\{out: max\(\$acc \+ \$2, 0\)\}/],
    ["schedule", /^schedule @\S+ for wasm/],
    ["naive", /^kernel @/],
    ["scheduled", /^kernel @/],
    ["kernel", /^kernel @/],
    ["js", /setup/],
    ["wat", /^\(module/],
    ["plan", /^plan @Graph: \d+ bytes\n {2}input image: float32\[1,6,6,4\] @0/],
    ["dot", /^digraph "Graph" \{/],
    ["svg", /^<svg [^>]*>\n<title>Graph<\/title>/],
  ])("emits %s", async (stage, expected) => {
    const { code, out, err } = await cli.run(
      `inspect ${stage === "trace" ? `${model} --input 1,8,8,1` : "net.json"} --emit ${stage}`,
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(expected);
    expect(out.endsWith("\n")).toBe(true);
    if (stage === "trace" || stage === "graph") expect(printGraph(parseGraph(out))).toBe(out);
    if (stage === "kernel") expect(parseModule(out).kernels.map(printKernel).join("\n")).toBe(out);
  });

  it("draws every value once, with its weights inside and residuals beside", async () => {
    const { out } = await cli.run("inspect net.json --emit svg");
    const texts = [...out.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
    expect(texts).toContain("conv 3×3");
    expect(texts).toContain("Graph/a");
    expect(texts).toContain("kernel [3,3,4,4], bias [4]");
    expect(texts).toContain("relu(acc + bias)");
    expect(texts).toContain("acc + bias + %0");
    expect(texts.filter((text) => / MACs · direct · [\d.]+ µs predicted/.test(text!))).toHaveLength(2);
    // input, two convs, output; of the edges one is the residual's.
    expect(out.match(/<rect [^>]*rx=/g)).toHaveLength(4);
    expect(out.match(/<path d="M[^"]*" fill="none"/g)).toHaveLength(4);
    expect(out.match(/stroke-dasharray/g)).toHaveLength(1);
    expect(out).not.toMatch(/NaN|undefined/);
  });

  it("prints the IR after passes, and stops after one", async () => {
    const after = await cli.run("inspect net.json --print-after fuse-epilogue");
    expect(after).toMatchObject({ code: 0, err: "" });
    expect(after.out.match(/^; after \S+$/gm)).toEqual(["; after fuse-epilogue"]);
    const changed = await cli.run("inspect net.json --print-after changed --emit graph --backend js");
    const names = new Set(changed.out.match(/(?<=^; after )\S+$/gm));
    expect(names).toContain("fuse-epilogue");
    expect(names).not.toContain("split-phases");
    const stopped = await cli.run("inspect net.json --stop-after fuse-pad");
    expect(stopped.out).toContain("param");
    const kernels = await cli.run("inspect net.json --stop-after partition-halo");
    expect(parseModule(kernels.out).kernels.length).toBeGreaterThan(0);
    expect(kernels.out).toMatch(/unroll|vector/);
    expect(
      (await cli.run("inspect net.json --time-passes --json")).out
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { pass: string }),
    ).toContainEqual({ pass: "share", milliseconds: expect.any(Number) });
  });

  it("leaves out optional passes only", async () => {
    const without = await cli.run("inspect net.json --emit graph --disable fuse-epilogue");
    expect(without.out).not.toContain("fused=");
    expect(await cli.run("inspect net.json --emit graph --disable legalize")).toMatchObject({
      code: 1,
      err: 'convsmith: disable: pass "legalize" is required\n',
    });
    expect(await cli.run("inspect net.json --emit graph --disable fuse-epilog")).toMatchObject({
      code: 1,
      err: 'convsmith: disable: there is no pass "fuse-epilog"; did you mean "fuse-epilogue"?\n',
    });
  });

  it("follows a schedule written by hand", async () => {
    const chosen = await cli.run("inspect net.json --emit schedule --backend js --precision highest");
    const [, kernel] = /^schedule @(\S+) for js/.exec(chosen.out)!;
    writeFileSync(cli.path("by-hand.ir"), `schedule @${kernel} for js {\n  unroll kh\n}\n`);
    const flags = "--backend js --precision highest --schedule by-hand.ir";
    expect((await cli.run(`inspect net.json --emit schedule ${flags}`)).out).toContain("unroll kh\n}");
    expect((await cli.run(`inspect net.json --emit scheduled ${flags}`)).out).toContain("unroll kh in 3");
    writeFileSync(
      cli.path("x.json"),
      JSON.stringify({ shape: [1, 6, 6, 4], data: Array.from({ length: 144 }, (_, i) => i % 7) }),
    );
    writeFileSync(cli.path("wrong.ir"), "schedule @nothing for js {\n}\n");
    const wrong = await cli.run(
      "inspect net.json --emit schedule --backend js --precision highest --schedule wrong.ir",
    );
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^convsmith: .*@nothing.*\n$/);
    writeFileSync(cli.path("text.ir"), "schedule @a for js {\n  unrol kh\n}\n");
    expect((await cli.run("inspect net.json --emit schedule --schedule text.ir")).err).toMatch(
      /^convsmith: text\.ir: line 2: expected a step.*\n$/,
    );
  });
});

describe("explain, bench, weights and schema", () => {
  it("explains each layer, measured too", async () => {
    const { out } = await cli.run("explain net.json");
    expect(out).toMatch(/Graph\/a .*direct/);
    const lines = (await cli.run("explain net.json --measure --backend js --json")).out;
    const { layers, macs } = JSON.parse(lines) as {
      layers: { where: string; measuredMs?: number; phase: string }[];
      macs: number;
    };
    expect(macs).toBeGreaterThan(0);
    for (const { phase, measuredMs } of layers) if (phase === "run") expect(measuredMs).toBeGreaterThan(0);
  });

  it("times each backend", async () => {
    const { code, out } = await cli.run("bench net.json --backend js,wasm --runs 3 --json");
    expect(code).toBe(0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { backend: string; medianMs: number; minMs: number });
    expect(lines.map(({ backend }) => backend)).toEqual(["js", "wasm"]);
    for (const { medianMs, minMs } of lines) expect(medianMs).toBeGreaterThanOrEqual(minMs);
    expect((await cli.run("bench net.json --runs 1 --backend js")).out).toMatch(
      /^target +median.*\njs-wide +[\d.]+ ms/,
    );
  });

  it("lists a checkpoint", async () => {
    const { out } = await cli.run(`weights ${weights}`);
    expect(out).toMatch(/^path +shape +dtype +bytes\n/);
    expect(out).toMatch(/Conv_1\/kernel +\[3,3,16,16\] +float32 +9\.0 KB/);
    expect(out).toMatch(/8 tensors, 5\.45 k numbers, 21\.3 KB\n$/);
    const rows = (await cli.run(`weights ${weights} --json`)).out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(rows).toHaveLength(8);
    expect(rows).toContainEqual({
      collection: "params",
      path: "Conv_0/bias",
      shape: [16],
      dtype: "float32",
      bytes: 64,
    });
  });

  it("publishes the schema of specs", async () => {
    const schema = JSON.parse((await cli.run("schema")).out) as { $schema: string; anyOf: object[] };
    expect(schema.$schema).toContain("2020-12");
    expect(JSON.stringify(schema)).toContain('"kernelSize"');
  });
});

describe("ir", () => {
  const text = `graph @g(%0 "x": f32[1,4,4,1]) -> f32[1,4,4,2] {
  %1 = param "k" : f32[3,3,1,2]
  %2 = pad(%0) mode=zero low=[0,1,1,0] high=[0,1,1,0] : f32[1,6,6,1]
  %3 = conv(%2, %1) window={size=3x3} dim_labels=b01f_01io->b01f : f32[1,4,4,2]
  return %3
}
`;

  it("prints, transforms and interprets text; passes change no result", async () => {
    writeFileSync(cli.path("g.ir"), text);
    expect((await cli.run("ir print g.ir")).out).toBe(text);
    const fused = await cli.run("ir opt g.ir --pass fuse-pad,prune");
    expect(fused.out).toContain("pad=1_1x1_1");
    writeFileSync(cli.path("fused.ir"), fused.out);
    const before = await cli.run("ir interpret g.ir --json");
    const after = await cli.run("ir interpret fused.ir --json");
    const { data } = JSON.parse(before.out) as { data: number[] };
    expect(data).toHaveLength(32);
    expect((JSON.parse(after.out) as { data: number[] }).data).toEqual(data);
    writeFileSync(cli.path("x.json"), JSON.stringify({ shape: [1, 4, 4, 1], data: new Array(16).fill(0) }));
    const zeros = await cli.run("ir interpret g.ir --input-file x=x.json --json");
    expect(new Set((JSON.parse(zeros.out) as { data: number[] }).data.map(Math.abs))).toEqual(new Set([0]));
  });

  it("follows a file's run line", async () => {
    writeFileSync(cli.path("line.ir"), `; run: opt --pass=fuse-pad,prune\n${text}`);
    expect((await cli.run("ir opt line.ir")).out).not.toContain("pad(");
  });

  it("says what is wrong with text", async () => {
    expect(await cli.run("ir verify g.ir")).toMatchObject({ code: 0, err: "" });
    writeFileSync(cli.path("w.ir"), text.replace("low=[0,1,1,0]", "low=[0,1,1,1]"));
    const wrong = await cli.run("ir verify w.ir");
    expect(wrong).toMatchObject({ code: 1, err: "convsmith: w.ir: 1 thing is wrong\n" });
    expect(wrong.out).toMatch(/;\s*\^~+ %2: recorded as f32\[1,6,6,1\], inferred f32\[1,6,6,2\]/);
    writeFileSync(cli.path("s.ir"), "graph @g( {");
    expect((await cli.run("ir print s.ir")).err).toMatch(/^convsmith: s\.ir: line 1: [^\n]*\n$/);
    expect(await cli.run("ir opt g.ir --pass fuse-padd")).toMatchObject({
      code: 1,
      err: 'convsmith: --pass: there is no pass "fuse-padd"; did you mean "fuse-pad"?\n',
    });
  });
});
