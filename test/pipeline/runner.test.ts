/** The runner: what its options do, what it refuses, and how it reports a pass that goes wrong. */
import { describe, expect, it } from "vitest";
import type { GraphPass, PassContext } from "../../compiler/pass.js";
import { PassError } from "../../compiler/pass.js";
import { checkTable, pipeline } from "../../compiler/pipeline.js";
import { parseRunLine, runLine } from "../../compiler/run-line.js";
import type { PassOptions } from "../../compiler/run-passes.js";
import { runGraphPasses } from "../../compiler/run-passes.js";
import { runText } from "../../compiler/run-text.js";
import { shuffleGraph } from "../../compiler/shuffle.js";
import { InternalError } from "../../ir/diagnostic.js";
import type { Graph, ValueId } from "../../ir/graph.js";
import { parseGraph } from "../../ir/parse.js";
import { printGraph } from "../../ir/print.js";
import { targets } from "../../ir/target.js";
import { ConfigError, UnsupportedError } from "../../runtime/error.js";

const context: PassContext = { target: targets.js, precision: "default" };
const graph = parseGraph(`
graph @layer(%0: f32[1,4,1]) -> f32[1,4,2] {
  %1 = param "kernel" : f32[3,1,2]
  %2 = param "bias" : f32[2]
  %3 = pad(%0) mode=zero low=[0,1,0] high=[0,1,0] : f32[1,6,1]
  %4 = conv(%3, %1) window={size=3} dim_labels=b0f_0io->b0f : f32[1,4,2]
  %5 = map(%4, %2) { $0 + $1 } : f32[1,4,2]
  return %5
}`);

function pass(name: string, rest: Partial<Omit<GraphPass, "level">> = {}): GraphPass {
  const standard = { summary: name, required: false, exact: true, after: [], run: (g: Graph) => g };
  return { name, level: "graph", ...standard, ...rest };
}

function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

describe("options", () => {
  it("returns the same graph where every pass is disabled or finds nothing", () => {
    const disable = pipeline.filter(({ required }) => !required).map(({ name }) => name);
    const { graph: out, trace } = runGraphPasses(graph, context, { disable });
    expect(out).toBe(graph);
    expect(new Set(trace.map(({ outcome }) => outcome))).toEqual(new Set(["disabled"]));
  });

  it("prints after every pass, after changes, or after one", () => {
    const printed = (which: string): string[] => {
      const names: string[] = [];
      runGraphPasses(graph, context, { printAfter: { which, sink: (name) => names.push(name) } });
      return names;
    };
    const rows = pipeline.filter(({ level }) => level === "graph").map(({ name }) => name);
    expect(printed("all")).toEqual(rows);
    expect(printed("changed")).toEqual(["fuse-epilogue", "fuse-pad"]);
    expect(printed("dedupe")).toEqual(["dedupe"]);
  });

  it("prints the text the pass left", () => {
    let text = "";
    const printAfter = { which: "fuse-pad", sink: (_: string, after: string) => void (text = after) };
    runGraphPasses(graph, context, { printAfter });
    expect(text).toMatchInlineSnapshot(`
      "graph @layer(%0: f32[1,4,1]) -> f32[1,4,2] {
        %1 = param "kernel" : f32[3,1,2]
        %2 = param "bias" : f32[2]
        %3 = conv(%0, %1, %2) window={size=3 pad=1_1} dim_labels=b0f_0io->b0f fused={out: $acc + $2} : f32[1,4,2]
        return %3
      }
      "
    `);
  });

  it("stops after a pass", () => {
    const { graph: out, trace } = runGraphPasses(graph, context, { stopAfter: "fuse-epilogue" });
    expect(out.nodes.map(({ op }) => op)).toEqual(["input", "param", "param", "pad", "conv"]);
    expect(trace.at(-1)).toEqual({ pass: "prune", outcome: "stopped" });
  });

  it("times the passes that ran", () => {
    const { times } = runGraphPasses(graph, context, { timePasses: true, disable: ["fuse-pad"] });
    expect(times.map((time) => time.pass)).not.toContain("fuse-pad");
    expect(times.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
    expect(runGraphPasses(graph, context).times).toEqual([]);
  });

  it("skips an inexact pass at highest", () => {
    const table = [
      pass("round", {
        exact: false,
        run: () => {
          throw new Error("ran");
        },
      }),
    ];
    const { trace } = runGraphPasses(graph, { ...context, precision: "highest" }, { table });
    expect(trace).toEqual([{ pass: "round", outcome: "inexact" }]);
    expect(() => runGraphPasses(graph, context, { table })).toThrow("pass round: ran");
  });

  it.each<[string, PassOptions]>([
    ["disable", { disable: ["fuse-pd"] }],
    ["stopAfter", { stopAfter: "fuse-pd" }],
    ["printAfter", { printAfter: { which: "fuse-pd", sink: () => {} } }],
  ])("%s refuses an unknown name and says the nearest", (option, options) => {
    const error = thrown(() => runGraphPasses(graph, context, options));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe(`${option}: there is no pass "fuse-pd"; did you mean "fuse-pad"?`);
  });

  it("refuses to disable a required pass", () => {
    const table = [pass("lower", { required: true })];
    const error = thrown(() => runGraphPasses(graph, context, { table, disable: ["lower"] }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe('disable: pass "lower" is required');
  });
});

describe("a pass that goes wrong", () => {
  /** Renames nothing and swaps the operands of the map, which still verifies; then one that does not. */
  const broken = pass("break", {
    run: (g) => ({
      ...g,
      nodes: g.nodes.map((node, id) => (id === 4 ? { ...node, args: [9 as ValueId] } : node)),
    }),
  });

  it("is named, and the text that reproduces it ends in the IR it was given", () => {
    const table = [...pipeline.filter(({ name }) => name === "fuse-epilogue"), broken];
    const error = thrown(() => runGraphPasses(graph, context, { table, verifyEach: true }));
    if (!(error instanceof PassError)) throw error;
    expect(error).toBeInstanceOf(InternalError);
    expect(error.pass).toBe("break");
    expect(error.repro.split("\n")[0]).toBe("; run: opt --pass=break");
    expect(error.repro).toContain("fused={out: $acc + $2}");
    // Replaying the file fails the same way.
    const again = thrown(() => runText(error.repro, parseRunLine(error.repro), { table, verifyEach: true }));
    expect(again).toBeInstanceOf(PassError);
    expect(again.message).toBe(error.message);
    expect((again as PassError).repro).toBe(error.repro);
  });

  it("is reported where it throws, with the cause", () => {
    const cause = new TypeError("x is undefined");
    const table = [
      pass("throws", {
        run: () => {
          throw cause;
        },
      }),
    ];
    const error = thrown(() => runGraphPasses(graph, { ...context, precision: "highest" }, { table }));
    expect(error.message).toBe("pass throws: x is undefined");
    expect(error.cause).toBe(cause);
    expect((error as PassError).repro).toBe(
      `; run: opt --pass=throws --precision=highest\n${printGraph(graph)}`,
    );
  });

  it("is not blamed for a graph that was wrong before", () => {
    const wrong = broken.run(graph, context);
    const error = thrown(() => runGraphPasses(wrong, context, { verifyEach: true }));
    expect((error as PassError).pass).toBe("(input)");
  });

  it("passes a user's mistake through as it is", () => {
    const mistake = new UnsupportedError("no-such-thing", "cannot do this");
    const table = [
      pass("refuses", {
        run: () => {
          throw mistake;
        },
      }),
    ];
    expect(thrown(() => runGraphPasses(graph, context, { table }))).toBe(mistake);
  });
});

describe("the table", () => {
  it("refuses a pass that stands before one it must follow, and says why", () => {
    const table = [pass("b", { after: [{ pass: "a", because: "a makes what b needs" }] }), pass("a")];
    expect(() => checkTable(table)).toThrow("b must run after a: a makes what b needs");
  });

  it("refuses two passes of one name, and a graph pass behind a kernel pass", () => {
    expect(() => checkTable([pass("a"), pass("a")])).toThrow("two passes are called a");
    const kernel = { ...pass("k"), level: "kernel" as const, run: <T>(value: T): T => value };
    expect(() => checkTable([kernel, pass("a")])).toThrow("graph pass a stands behind kernel pass k");
  });
});

describe("run lines", () => {
  it.each([
    "; run: opt",
    "; run: opt --pass=fuse-pad",
    "; run: opt --pass=fuse-pad,prune --precision=highest --target=wasm-simd",
  ])("%s", (line) => expect(runLine(parseRunLine(`${line}\ngraph …`))).toBe(line));

  it.each(["", "graph @x() -> () {", "; run: opt --precision=low", "; run: opt --target=gpu"])(
    "refuses %j",
    (line) => expect(() => parseRunLine(line)).toThrow(ConfigError),
  );

  it("refuses an unknown pass", () => {
    const line = "; run: opt --pass=fuse-maks";
    expect(() => runText(`${line}\n${printGraph(graph)}`, parseRunLine(line))).toThrow(
      '--pass: there is no pass "fuse-maks"; did you mean "fuse-mask"?',
    );
  });
});

describe("shuffleGraph", () => {
  it("keeps operands first and the same nodes, and depends on the seed alone", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const out = shuffleGraph(graph, seed);
      out.nodes.forEach((node, id) => {
        for (const operand of node.args) expect(operand).toBeLessThan(id);
      });
      expect(out.nodes.map(({ op }) => op).sort()).toEqual(graph.nodes.map(({ op }) => op).sort());
      expect(printGraph(shuffleGraph(graph, seed))).toBe(printGraph(out));
      orders.add(printGraph(out));
    }
    expect(orders.size).toBeGreaterThan(3);
  });
});
