/**
 * The verifier. Each item of test/verify/*.ir is wrong on the lines that end in `; error: substring`, and there only;
 * several errors of one line are separated by ` ; error: `. `; target: NAME` before an item has it checked for a target.
 */
import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../ir/diagnostic.js";
import { annotate } from "../../ir/diagnostic.js";
import type { Graph, NodeBody, ValueId } from "../../ir/graph.js";
import { GraphBuilder } from "../../ir/graph.js";
import type { Affine, Expr, Kernel } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import { parseGraph, parseKernel } from "../../ir/parse.js";
import { printGraph, printKernel } from "../../ir/print.js";
import { arg, call, lit } from "../../ir/scalar.js";
import type { TargetName } from "../../ir/target.js";
import { targets } from "../../ir/target.js";
import type { TensorType } from "../../ir/types.js";
import { verifyGraph, verifyKernel } from "../../ir/verify.js";
import { neverMeet } from "../../ir/verify-races.js";
import { arbitraryGraph, arbitraryKernel } from "../support/arbitrary.js";

const folder = new URL("../verify/", import.meta.url);

interface Case {
  readonly title: string;
  readonly target: TargetName | null;
  readonly text: string;
  readonly expected: readonly Diagnostic[];
}

/** A file's items, each from its first line to the `}` in the first column. */
function casesOf(file: string): Case[] {
  const cases: Case[] = [];
  let lines: string[] = [];
  let comments: string[] = [];
  let expected: Diagnostic[] = [];
  for (const line of readFileSync(new URL(file, folder), "utf8").split("\n")) {
    if (lines.length === 0 && !/^(graph|kernel)/.test(line)) {
      if (line.startsWith(";")) comments.push(line.slice(1).trim());
      continue;
    }
    const [code, ...errors] = line.split(/\s*; error: /);
    for (const message of errors) expected.push({ line: lines.length, message });
    lines.push(code!);
    if (code !== "}") continue;
    const target = comments.find((comment) => comment.startsWith("target: "))?.slice("target: ".length);
    const title = comments.filter((comment) => !comment.startsWith("target: ")).join(" ");
    cases.push({
      title,
      target: (target ?? null) as TargetName | null,
      text: `${lines.join("\n")}\n`,
      expected,
    });
    lines = [];
    comments = [];
    expected = [];
  }
  return cases;
}

function check({ text, target }: Case): { readonly printed: string; readonly found: readonly Diagnostic[] } {
  if (text.startsWith("graph")) {
    const graph = parseGraph(text);
    return { printed: printGraph(graph), found: verifyGraph(graph) };
  }
  const kernel = parseKernel(text);
  return { printed: printKernel(kernel), found: verifyKernel(kernel, target && targets[target]) };
}

describe.each(readdirSync(folder).filter((name) => name.endsWith(".ir")))("%s", (file) => {
  it.each(casesOf(file).map((each) => [each.title, each] as const))("%s", (_, each) => {
    const { printed, found } = check(each);
    expect(printed, "the text is not as it is printed").toBe(each.text);
    const left = [...found];
    for (const { line, message } of each.expected) {
      const at = left.findIndex((other) => other.line === line && other.message.includes(message));
      expect(at, `no "${message}" in\n${annotate(printed, found)}`).toBeGreaterThanOrEqual(0);
      left.splice(at, 1);
    }
    expect(annotate(printed, left), "more is wrong than the file says").toBe(printed);
  });
});

describe("what is well-formed", () => {
  it("passes, whatever the graph", () => {
    fc.assert(
      fc.property(arbitraryGraph, (graph) => {
        expect(verifyGraph(graph)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it("passes, whatever the kernel", () => {
    fc.assert(
      fc.property(arbitraryKernel, (kernel) => {
        expect(annotate(printKernel(kernel), verifyKernel(kernel))).toBe(printKernel(kernel));
      }),
      { numRuns: 150 },
    );
  });
});

const f32 = (...shape: number[]): TensorType => ({ element: "f32", shape });

function graphOf(body: NodeBody, type: TensorType, args: readonly number[] = [0]): Graph {
  const builder = new GraphBuilder();
  builder.add({ op: "input", name: "x" }, [], f32(2, 3));
  const node = { ...body, type, args: args as readonly ValueId[], where: "" };
  return { name: "g", nodes: [...builder.nodes, node], outputs: [1 as ValueId] };
}

function kernelOf(value: Expr, at: Affine = affine(0)): Kernel {
  const to = { buffer: "y", at, lanes: 1, gate: null } as const;
  return {
    name: "k",
    params: [{ name: "y", element: "f32", size: 9, access: "write" }],
    locals: [],
    nests: [{ name: "main", body: [{ kind: "store", to, value }] }],
  };
}

describe("what no text can say", () => {
  it.each<[NodeBody, TensorType, string]>([
    [{ op: "reshape", shape: [6] }, f32(3, 2), "recorded as f32[3,2], inferred f32[6]"],
    [
      { op: "map", element: "f32", body: call("lt", arg(0), lit(1)) },
      f32(2, 3),
      "the value of a scalar is not a number",
    ],
    [
      { op: "map", element: "f32", body: call("add", arg(0), call("not", call("lt", arg(0), lit(1)))) },
      f32(2, 3),
      "argument 1 of add",
    ],
    [
      { op: "map", element: "f32", body: { kind: "call", fn: "add", args: [arg(0)] } },
      f32(2, 3),
      "add takes 2 arguments",
    ],
  ])("in a graph: %#", (body, type, message) => {
    expect(verifyGraph(graphOf(body, type))).toMatchObject([
      { line: 1, message: expect.stringContaining(message) },
    ]);
  });

  it("a constant of the wrong array", () => {
    const data = new Uint16Array(6);
    const graph = graphOf({ op: "constant", path: "", data }, f32(2, 3), []);
    expect(verifyGraph(graph)).toEqual([{ line: 1, message: "%1: f32 elements in a Uint16Array" }]);
  });

  it.each<[Kernel, string]>([
    [
      kernelOf({ kind: "call", fn: "fma", args: [{ kind: "lit", value: 1 }] }),
      "fma takes 3 arguments, not 1",
    ],
    [kernelOf({ kind: "lit", value: 1 }, { offset: 0.5, terms: [] }), "offset 0.5"],
    [kernelOf({ kind: "test", fn: "inside", of: affine(0), by: 0 }), "inside by 0"],
    [kernelOf({ kind: "index", at: affine(3) }), "an integer is written to 1 element"],
  ])("in a kernel: %#", (kernel, message) => {
    const messages = verifyKernel(kernel).map((diagnostic) => diagnostic.message);
    expect(messages).toContainEqual(expect.stringContaining(message));
  });
});

describe("neverMeet", () => {
  it("is never wrong, and proves ordinary row-major writes", () => {
    const coef = fc.integer({ min: -30, max: 30 });
    const extents = fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
    );
    const loopOf = (extent: number) => ({ axis: "p", extent, fixed: new Set(["n"]) });
    const rangesOf = (p: number, i: number, j: number) =>
      new Map(
        [
          ["p", p],
          ["i", i],
          ["j", j],
          ["n", 9],
        ].map(([name, extent]) => [name as string, { min: 0, max: Number(extent) - 1 }]),
      );
    fc.assert(
      fc.property(
        extents,
        coef,
        coef,
        coef,
        coef,
        fc.constantFrom(1, 4),
        ([p, i, j], cp, ci, cj, shift, lanes) => {
          const ranges = rangesOf(p, i, j);
          const a = { at: affine(0, { p: cp, i: ci, j: cj, n: 7 }), lanes, ranges };
          const b = { at: affine(shift, { p: cp, i: ci, j: cj, n: 7 }), lanes: 1, ranges };
          if (!neverMeet(a, b, loopOf(p))) return;
          const from = new Map<number, number>();
          for (let q = 0; q < p; q++)
            for (let k = 0; k < i; k++)
              for (let l = 0; l < j; l++)
                for (let lane = 0; lane < lanes; lane++) from.set(q * cp + k * ci + l * cj + lane, q);
          for (let q = 0; q < p; q++)
            for (let k = 0; k < i; k++)
              for (let l = 0; l < j; l++) {
                const other = from.get(q * cp + k * ci + l * cj + shift);
                if (other !== undefined) expect(other).toBe(q);
              }
        },
      ),
      { numRuns: 2000 },
    );
    const dense = { at: affine(5, { i: 12, p: 4, j: 1, n: 100 }), lanes: 1, ranges: rangesOf(3, 7, 4) };
    expect(neverMeet(dense, dense, loopOf(3))).toBe(true);
    const longer = { ...dense, ranges: rangesOf(4, 7, 4) };
    expect(neverMeet(longer, longer, loopOf(4))).toBe(false);
  });
});
