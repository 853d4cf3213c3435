/** The text of both IRs and of schedules: it reads back as what was printed. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError, parseGraph, parseKernel, parseModule, parseSchedule } from "../../ir/parse.js";
import { printGraph, printKernel, printNumber, printScalar, printSchedule } from "../../ir/print.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import { arbitraryGraph, arbitraryKernel, arbitraryScalar, arbitrarySchedule } from "../support/arbitrary.js";

const runs = { numRuns: 150 };

describe("round trip", () => {
  it("of graphs", () => {
    fc.assert(
      fc.property(arbitraryGraph, (graph) => {
        const text = printGraph(graph);
        expect(parseGraph(text)).toEqual(graph);
        expect(printGraph(parseGraph(text))).toBe(text);
      }),
      runs,
    );
  });

  it("of kernels", () => {
    fc.assert(
      fc.property(arbitraryKernel, (kernel) => {
        const text = printKernel(kernel);
        expect(parseKernel(text)).toEqual(kernel);
        expect(printKernel(parseKernel(text))).toBe(text);
      }),
      runs,
    );
  });

  it("of schedules", () => {
    fc.assert(
      fc.property(arbitrarySchedule, (schedule) => {
        const text = printSchedule(schedule);
        expect(parseSchedule(text)).toEqual(schedule);
        expect(printSchedule(parseSchedule(text))).toBe(text);
      }),
      runs,
    );
  });

  it("of numbers, as the shortest decimal of the f32", () => {
    expect([0.1, 1e-45, 16777216, -0, -2.5, 3.4028234663852886e38].map(Math.fround).map(printNumber)).toEqual(
      ["0.1", "1e-45", "16777216", "-0", "-2.5", "3.4028235e+38"],
    );
    fc.assert(
      fc.property(fc.float(), (value) => {
        const text = printNumber(value).replace("inf", "Infinity").replace("nan", "NaN");
        expect(Math.fround(Number(text))).toBe(value);
      }),
    );
  });
});

function mapOf(body: Scalar): string {
  const scalar = printScalar(body);
  const text = scalar.startsWith("{") ? scalar : `{ ${scalar} }`;
  return `graph @g(%0 "x": f32[2]) -> f32[2] {\n  %1 = map(%0, %0) ${text} : f32[2]\n  return %1\n}\n`;
}

function bodyOf(text: string): Scalar {
  const node = parseGraph(text).nodes[1];
  if (node?.op !== "map") throw new Error("not a map");
  return node.body;
}

function countNodes(root: Scalar): number {
  const seen = new Set<Scalar>();
  const visit = (node: Scalar): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "call") node.args.forEach(visit);
  };
  visit(root);
  return [...seen].filter((node) => node.kind === "call").length;
}

describe("expressions", () => {
  it("binds what is shared and restores the sharing", () => {
    const e = call("exp", arg(0));
    expect(printScalar(call("div", e, call("add", e, lit(1))))).toBe("{ let t0 = exp($0); t0 / (t0 + 1) }");
    fc.assert(
      fc.property(arbitraryScalar(), (body) => {
        const read = bodyOf(mapOf(body));
        expect(read).toEqual(body);
        expect(countNodes(read)).toBe(countNodes(body));
      }),
    );
  });

  it("prints a deep shared tree in space proportional to its nodes", () => {
    let body: Scalar = arg(0);
    for (let i = 0; i < 60; i++) body = call("add", body, body);
    expect(printScalar(body).length).toBeLessThan(60 * 30);
    expect(countNodes(bodyOf(mapOf(body)))).toBe(60);
  });

  it.each([
    [call("sub", arg(0), call("sub", arg(1), lit(-1))), "$0 - ($1 - -1)"],
    [call("sub", call("sub", arg(0), arg(1)), lit(2)), "$0 - $1 - 2"],
    [call("mul", call("add", arg(0), lit(1)), arg(1)), "($0 + 1) * $1"],
    [call("div", arg(0), call("mul", arg(1), lit(0.5))), "$0 / ($1 * 0.5)"],
    [call("neg", call("neg", lit(-0))), "neg(neg(-0))"],
    [
      call(
        "select",
        call("and", call("lt", arg(0), lit(0)), call("not", call("eq", arg(0), arg(1)))),
        lit(Infinity),
        lit(NaN),
      ),
      "select(lt($0, 0) & not(eq($0, $1)), inf, nan)",
    ],
  ])("%#: with no more parentheses than needed", (body, text) => {
    expect(printScalar(body)).toBe(text);
    expect(bodyOf(mapOf(body))).toEqual(body);
  });
});

const graphText = `graph @cnn(%0 "x": f32[1,28,28,1]) -> f32[1,28,28,8] {
  %1 = param "conv1/kernel" : f32[3,3,1,8] @"cnn/conv1"
  %2 = param "conv1/mask" : f32[3,3,1,8]
  %3 = constant "conv1/bias" [1, -0, 0.1, inf, nan, 0, 0, 1e-7] : f32[8]
  %4 = conv(%0, %1, %2, %3) window={size=3x3 pad=1_1x1_1 rhs_dilate=1x1} dim_labels=b01f_01io->b01f
      fused={rhs: $rhs * $2, out: max($acc + $3, 0)} : f32[1,28,28,8]
  return %4
}
`;

const kernelText = `kernel @conv4(x: f32[784] read, w: f32[72] read, y: f32[6272] write) {
  arena t: f32[900]
  nest main {
    serial oh in 28 {
      parallel ow.o in 1..7 {
        register acc: f32[8] = 0
        let ih = 2*kh + oh - 1
        let iw = wrap(kw + ow.o - 1, 28)
        let c = index(3)
        let one = 1
        let v = x[28*ih + iw] when (inside(ih, 28) & inside(iw, 28)) else -inf
        let v4 = w[8*oh : 4]
        acc[0] += fma(v, lane(v4, 2), one)
        acc[4 : 4] max= vector(v, v, one, 0) * splat(v * (x[0] when (divides(ih, 2)) else 0))
        if (inside(oh, 3)) {
          barrier
        }
        y[224*oh + 8*ow.o] = acc[0] when (not(inside(oh, 27)))
      }
    }
  }
  nest transform-out {
    y[0] min= x[0]
  }
}
`;

describe("text by hand", () => {
  it("is canonical after one reading", () => {
    const printed = printGraph(parseGraph(graphText));
    expect(printed).toBe(graphText.replace(" rhs_dilate=1x1", ""));
    const loose = kernelText.replaceAll("let ih = 2*kh + oh - 1", "let ih=-1 ; first\n +oh\n + 2 * kh");
    // kh and kw are no axes here, so that they would be values: make them integers first.
    const withAxes = (text: string): string =>
      text.replace(
        "serial oh in 28 {",
        "serial oh in 28 {\n      let kh = index(1)\n      let kw = index(2)",
      );
    expect(printKernel(parseKernel(withAxes(loose)))).toBe(withAxes(kernelText));
  });

  it("tells an index from a number by what its names are", () => {
    const { nests } = parseKernel(kernelText.replace("oh in 28", "kh in 28"));
    const loop = nests[0]!.body[0]!;
    const inner = loop.kind === "for" ? loop.body[0]! : loop;
    const ih = inner.kind === "for" ? inner.body[1]! : inner;
    expect(ih).toMatchObject({ kind: "let", value: { kind: "call", fn: "sub" } });
  });

  it("of a module holds any number of items", () => {
    const schedule =
      "schedule @conv4 for wasm-simd reassociates {\n  split ow by 4 -> ow.o ow.i tail=exact ; four\n}\n";
    const module = parseModule(`; a file\n${graphText}\n${kernelText}${schedule}${graphText}`);
    expect([module.graphs.length, module.kernels.length, module.schedules.length]).toEqual([2, 1, 1]);
    expect(module.schedules[0]).toEqual({
      kernel: "conv4",
      target: "wasm-simd",
      reassociates: true,
      steps: [{ do: "split", axis: "ow", factor: 4, into: ["ow.o", "ow.i"], tail: "exact" }],
    });
  });

  it("of a conv without spatial dimensions", () => {
    const text = `graph @g(%0 "x": f32[2,3], %1 "w": f32[3,4]) -> (f32[2,4], f32[2,3]) {
  %2 = conv(%0, %1) window={} dim_labels=bf_io->bf precision=highest : f32[2,4]
  return %2, %0
}
`;
    expect(printGraph(parseGraph(text))).toBe(text);
  });

  it.each(["constructor", "when", "two words", "inf"])("keeps the name %s", (name) => {
    const kernel = parseKernel(
      kernelText.replace("let one = 1", `let \`${name}\` = 1\n let two = \`${name}\``),
    );
    expect(parseKernel(printKernel(kernel))).toEqual(kernel);
  });
});

describe("parse errors", () => {
  it.each([
    [
      "graph @g(%0: f32[2]) -> f32[2] {\n  %2 = reshape(%0) : f32[2]\n  return %0\n}",
      1,
      "expected %1, not %2",
    ],
    [
      "graph @g(%0: f32[2]) -> f32[2] {\n  %1 = frobnicate(%0) : f32[2]\n  return %0\n}",
      1,
      "no operation frobnicate",
    ],
    ["graph @g(%0: f32[2]) -> f32[3] {\n  return %0\n}", 2, "not the type the header says"],
    [
      "graph @g(%0: f32[2]) -> f32[2] {\n  %1 = map(%0) { max($0) } : f32[2]",
      1,
      "max takes 2 arguments, not 1",
    ],
    ["graph @g(%0: f32[2]) -> f32[2] {\n  %1 = map(%0) { t0 } : f32[2]", 1, "t0 is neither"],
    ["graph @g(%0: f33[2]) -> f32[2] {", 0, "expected an element type"],
    ['graph @g(%0: f32[2]) -> f32[2] {\n %1 = constant "" base64"AAA" : f32[2]', 0, ""],
    ["kernel @k() {\n  nest main {\n    serial i in 5..3 {\n", 2, "cannot run from 5 to 3"],
    ["kernel @k() {\n  nest main {\n    y[0 : 3] = 1\n", 2, "1 or 4 lanes"],
    ["kernel @k() {\n  nest main {\n    y[0] *= 1\n", 2, "expected =, +=, max= or min="],
    ["kernel @k() {\n  nest main {\n    y[0] = foo(1)\n", 2, "there is no function foo"],
    ["kernel @k() {\n  nest main {\n    y[oh*2] = 1\n", 2, "expected ]"],
    ["kernel @k() {\n", 1, "expected nest"],
    ["schedule @s for js {\n  split a by 4 -> b c tail=shift\n}", 1, "expected a tail"],
    ["schedule @s for js {\n  unroll a b\n}", 1, "expected the end of the line"],
    ["program", 0, "expected graph, schedule or kernel"],
  ])("%#", (text, line, message) => {
    try {
      parseModule(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      if (message !== "") expect(error.diagnostics).toMatchObject([{ line }]);
      expect(error.message).toContain(message);
    }
  });

  it("show the line with a caret", () => {
    expect(() => parseKernel("kernel @k() {\n  nest main {\n    y[0] = 3 +\n  }\n}")).toThrow(
      "line 4: expected an expression\n  }\n  ^",
    );
  });

  it("refuse more than one item", () => {
    expect(() => parseGraph(graphText + graphText)).toThrow("expected nothing after the graph");
  });
});
