/** The kernel interpreter: loops, lanes, gates, barriers, and what it refuses. */
import { describe, expect, it } from "vitest";
import { InternalError } from "../../ir/diagnostic.js";
import { expandFn } from "../../ir/expand.js";
import { interpretKernel, interpretProgram } from "../../ir/interpret-kernel.js";
import type { Access, Affine, Expr, For, IntegerFn, Kernel, Lanes, LoopMode, Stmt } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import type { ScalarFn } from "../../ir/scalar.js";
import { arg } from "../../ir/scalar.js";
import { targets } from "../../ir/target.js";
import type { ElementArray } from "../../ir/types.js";
import { scalarToFunction } from "../support/scalar-js.js";

const at = (buffer: string, where: Affine | number, lanes: Lanes = 1): Access => ({
  buffer,
  at: typeof where === "number" ? affine(where) : where,
  lanes,
  gate: null,
});
const load = (buffer: string, where: Affine | number, lanes: Lanes = 1): Expr => ({
  kind: "load",
  from: at(buffer, where, lanes),
});
const lit = (value: number): Expr => ({ kind: "lit", value });
const call = (fn: Extract<Expr, { kind: "call" }>["fn"], ...args: Expr[]): Expr => ({
  kind: "call",
  fn,
  args,
});
const variable = (name: string): Expr => ({ kind: "var", name });
const store = (to: Access, value: Expr): Stmt => ({ kind: "store", to, value });
const loop = (
  axis: string,
  extent: number,
  body: readonly Stmt[],
  mode: LoopMode = "serial",
  start = 0,
): For => ({
  kind: "for",
  axis,
  start,
  extent,
  mode,
  body,
});

function kernel(body: readonly Stmt[], sizes: Readonly<Record<string, number>> = { x: 8, y: 8 }): Kernel {
  const params = Object.entries(sizes).map(([name, size]) => {
    return { name, element: "f32", size, access: name === "y" ? "write" : "read" } as const;
  });
  return { name: "k", params, locals: [], nests: [{ name: "main", body }] };
}

const ramp = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7);

function run(body: readonly Stmt[], target = targets["wasm-simd"]): number[] {
  const y = new Float32Array(8);
  interpretKernel(
    kernel(body),
    new Map([
      ["x", ramp],
      ["y", y],
    ]),
    target,
  );
  return [...y];
}

describe("interpretKernel", () => {
  it("runs a loop of every mode in order, from its start", () => {
    for (const mode of ["serial", "parallel", "unroll", "vector", "workgroup", "lane"] as const) {
      const y = run([
        loop("i", 3, [store(at("y", affine(0, { i: 1 })), load("x", affine(1, { i: 1 })))], mode, 2),
      ]);
      expect(y, mode).toEqual([0, 0, 3, 4, 5, 0, 0, 0]);
    }
  });

  it("reduces in iteration order, rounding each step", () => {
    const value = call("mul", load("x", affine(0, { i: 1 })), lit(Math.fround(0.1)));
    const y = run([loop("i", 8, [{ kind: "reduce", fn: "add", to: at("y", 3), value }])]);
    let sum = 0;
    for (const x of ramp) sum = Math.fround(sum + Math.fround(x * Math.fround(0.1)));
    expect(y[3]).toBe(sum);
    const wide = run(
      [loop("i", 8, [{ kind: "reduce", fn: "max", to: at("y", 0), value }])],
      targets["js-wide"],
    );
    expect(wide[0]).toBe(Math.fround(7 * Math.fround(0.1)));
  });

  it("keeps double precision in registers on the wide target only", () => {
    const body: Stmt[] = [
      { kind: "alloc", buffer: { name: "r", element: "f32", size: 1, space: "register" }, init: 1 },
      store(at("r", 0), call("add", load("r", 0), lit(2 ** -30))),
      store(at("y", 0), call("mul", call("sub", load("r", 0), lit(1)), lit(2 ** 30))),
    ];
    expect(run(body)[0]).toBe(0);
    expect(run(body, targets["js-wide"])[0]).toBe(1);
  });

  it("gives transcendental functions the value of their expansions, rounded as the target does", () => {
    const meaning = (fn: ScalarFn) => scalarToFunction(expandFn(fn, [arg(0)]), "exact");
    const y = run([
      store(at("y", 0), call("tanh", call("sqrt", load("x", 3)))),
      store(at("y", 4, 4), call("exp", call("neg", load("x", 0, 4)))),
    ]);
    expect(y[0]).toBe(meaning("tanh")(Math.fround(Math.sqrt(3))));
    expect(y.slice(4)).toEqual([-0, -1, -2, -3].map(meaning("exp")));
    const wide = run([store(at("y", 0), call("exp", lit(-1)))], targets["js-wide"]);
    expect(wide[0]).toBe(Math.fround(Math.exp(-1)));
  });

  it("evaluates the argument of a transcendental function once", () => {
    let nested = load("x", 2);
    let expected = 2;
    for (let i = 0; i < 12; i++) {
      nested = call("log1p", nested);
      expected = Math.log1p(expected);
    }
    expect(run([store(at("y", 0), nested)])[0]).toBeCloseTo(expected, 5);
  });

  it("starts an allocation anew each time its block runs", () => {
    const body = loop("i", 3, [
      { kind: "alloc", buffer: { name: "r", element: "f32", size: 2, space: "register" }, init: 5 },
      { kind: "reduce", fn: "add", to: at("r", 1), value: lit(1) },
      store(at("y", affine(0, { i: 1 })), load("r", 1)),
    ]);
    expect(run([body]).slice(0, 3)).toEqual([6, 6, 6]);
  });

  it("computes vectors lane by lane: load, splat, vector, lane, let", () => {
    const y = run([
      { kind: "let", name: "v", value: load("x", 2, 4) },
      { kind: "let", name: "s", value: { kind: "lane", of: variable("v"), index: 3 } },
      store(at("y", 0, 4), call("add", variable("v"), { kind: "splat", value: variable("s") })),
      store(at("y", 4, 4), { kind: "vector", items: [lit(9), variable("s"), load("x", 1), lit(0.5)] }),
    ]);
    expect(y).toEqual([7, 8, 9, 10, 9, 5, 1, 0.5]);
  });

  it("reads all lanes before it writes any", () => {
    const y = Float32Array.of(1, 2, 3, 4, 5, 0, 0, 0);
    const reversed = [3, 2, 1, 0].map((i) => load("y", i));
    interpretKernel(
      kernel([store(at("y", 0, 4), { kind: "vector", items: reversed })]),
      new Map([
        ["x", ramp],
        ["y", y],
      ]),
      targets.js,
    );
    expect([...y.subarray(0, 4)]).toEqual([4, 3, 2, 1]);
  });

  it("a false gate never touches memory", () => {
    const gate = (by: number, otherwise: number) => ({
      when: { kind: "test", fn: "inside", of: affine(-6, { i: 1 }), by } as const,
      otherwise,
    });
    const from: Access = { buffer: "x", at: affine(-6, { i: 1 }), lanes: 1, gate: gate(8, -1) };
    const to: Access = { buffer: "y", at: affine(-6, { i: 1 }), lanes: 1, gate: gate(2, 0) };
    const y = run([
      loop("i", 20, [store({ ...to, gate: gate(8, 0) }, { kind: "load", from })]),
      loop("i", 20, [{ kind: "reduce", fn: "add", to, value: call("neg", { kind: "load", from }) }]),
      loop("i", 6, [store(at("y", affine(2, { i: 1 })), { kind: "load", from })]),
    ]);
    expect(y).toEqual([0, 0, -1, -1, -1, -1, -1, -1]);
  });

  it("integer functions on negative numbers", () => {
    const table: Readonly<Record<IntegerFn, readonly number[]>> = {
      div: [-2, -1, -1, -1, 0, 0, 0, 1],
      mod: [2, 0, 1, 2, 0, 1, 2, 0],
      clamp: [0, 0, 0, 0, 0, 1, 2, 2],
      wrap: [2, 0, 1, 2, 0, 1, 2, 0],
      reflect: [0, 1, 2, 1, 0, 1, 2, 1],
    };
    for (const fn of Object.keys(table) as IntegerFn[]) {
      const of = affine(-4, { i: 1 });
      const y = run([
        loop("i", 8, [
          { kind: "let", name: "n", value: { kind: "integer", fn, of, by: 3 } },
          // Picks element n + 2 of x, which holds its own index.
          store(at("y", affine(0, { i: 1 })), call("sub", load("x", affine(2, { n: 1 })), lit(2))),
        ]),
      ]);
      expect(y, fn).toEqual(table[fn]);
    }
  });

  it("tests and branches", () => {
    const when: Expr = { kind: "test", fn: "divides", of: affine(-4, { i: 1 }), by: 3 };
    const y = run([
      loop("i", 8, [{ kind: "if", when, body: [store(at("y", affine(0, { i: 1 })), lit(1))] }]),
    ]);
    expect(y).toEqual([0, 1, 0, 0, 1, 0, 0, 1]);
    const both = call("and", call("lt", lit(1), lit(2)), call("not", call("eq", lit(1), lit(2))));
    expect(run([store(at("y", 0), call("select", both, lit(5), lit(6)))])[0]).toBe(5);
  });

  it("evaluates shared expressions once", () => {
    let expr = load("x", 1);
    for (let i = 0; i < 70; i++) expr = call("mul", expr, expr);
    expect(run([store(at("y", 0, 1), expr)])[0]).toBe(1);
  });

  it("fma rounds once", () => {
    const [a, c] = [lit(1 + 2 ** -12), lit(-1 - 2 ** -11)];
    const fused = run([store(at("y", 0), call("fma", a, a, c))], targets["wasm-relaxed"]);
    expect(fused[0]).toBe(2 ** -24);
    expect(run([store(at("y", 0), call("add", call("mul", a, a), c))])[0]).toBe(0);
  });

  it("lanes meet at barriers, nested loops and lets included", () => {
    // Each lane writes its element, then (round by round) reads its neighbour's: a rotation by two.
    const lane: Stmt[] = [
      { kind: "let", name: "mine", value: { kind: "index", at: affine(0, { t: 1 }) } },
      { kind: "let", name: "next", value: { kind: "integer", fn: "mod", of: affine(1, { t: 1 }), by: 4 } },
      { kind: "let", name: "v", value: load("x", affine(0, { t: 1 })) },
      { kind: "alloc", buffer: { name: "r", element: "f32", size: 1, space: "register" }, init: 0 },
      store(at("r", 0), variable("v")),
      loop("round", 2, [
        store(at("s", affine(0, { mine: 1 })), load("r", 0)),
        { kind: "barrier" },
        store(at("r", 0), load("s", affine(0, { next: 1 }))),
        { kind: "barrier" },
      ]),
      store(at("y", affine(0, { t: 1 })), call("add", load("r", 0), call("mul", variable("v"), lit(10)))),
    ];
    const y = run([
      { kind: "alloc", buffer: { name: "s", element: "f32", size: 4, space: "shared" }, init: 0 },
      loop("t", 4, lane, "lane"),
    ]);
    expect(y.slice(0, 4)).toEqual([2, 13, 20, 31]);
  });

  it("two nested lane loops are one workgroup", () => {
    const cell = affine(0, { a: 2, b: 1 });
    const mirror = affine(3, { a: -2, b: -1 });
    const inner: Stmt[] = [
      store(at("s", cell), load("x", cell)),
      { kind: "barrier" },
      store(at("y", cell), load("s", mirror)),
    ];
    const y = run([
      { kind: "alloc", buffer: { name: "s", element: "f32", size: 4, space: "shared" }, init: -1 },
      loop("a", 2, [loop("b", 2, inner, "lane")], "lane"),
    ]);
    expect(y.slice(0, 4)).toEqual([3, 2, 1, 0]);
  });

  it("converts stored elements", () => {
    const k: Kernel = {
      name: "convert",
      params: [
        { name: "x", element: "bf16", size: 2, access: "read" },
        { name: "n", element: "i32", size: 1, access: "read" },
        { name: "y", element: "f16", size: 3, access: "write" },
      ],
      locals: [],
      nests: [
        {
          name: "a",
          body: [loop("i", 2, [store(at("y", affine(0, { i: 1 })), load("x", affine(0, { i: 1 })))])],
        },
        { name: "b", body: [store(at("y", 2), load("n", 0))] },
      ],
    };
    const y = new Uint16Array(3);
    const buffers = new Map<string, ElementArray>([
      ["x", Uint16Array.of(0x3f80, 0xc000)],
      ["n", Int32Array.of(3)],
      ["y", y],
    ]);
    interpretKernel(k, buffers, targets.js);
    expect([...y]).toEqual([0x3c00, 0xc000, 0x4200]);
  });
});

describe("interpretKernel refuses", () => {
  const fails = (body: readonly Stmt[], message: string): void => {
    expect(() => run(body)).toThrow(InternalError);
    expect(() => run(body)).toThrow(message);
  };

  it("accesses out of range, whichever lane", () => {
    fails(
      [loop("i", 9, [store(at("y", 0), load("x", affine(0, { i: 1 })))])],
      "k: x[8] is outside its 8 elements",
    );
    fails([loop("i", 2, [store(at("y", affine(0, { i: -1 })), lit(0))])], "k: y[-1] is outside");
    fails([store(at("y", 0, 4), load("x", 5, 4))], "k: x[8] is outside");
    fails([store(at("y", 6, 4), load("x", 0, 4))], "k: y[8] is outside");
  });

  it("unknown names, writes to read-only buffers and missing buffers", () => {
    fails([store(at("z", 0), lit(0))], "k: no buffer z");
    fails([store(at("y", affine(0, { j: 1 })), lit(0))], "k: j is not defined");
    fails([store(at("x", 0), lit(0))], "k: x is written but may only be read");
    const short = new Map([
      ["x", ramp],
      ["y", new Float32Array(7)],
    ]);
    expect(() => interpretKernel(kernel([]), short, targets.js)).toThrow("k: y needs 8 elements, has 7");
  });

  it("a let outside the block that defines it", () => {
    const inner = loop("i", 1, [{ kind: "let", name: "v", value: lit(1) }]);
    fails([inner, store(at("y", 0), variable("v"))], "k: v is not defined");
  });

  it("barriers that only some lanes reach", () => {
    const when: Expr = { kind: "test", fn: "inside", of: affine(0, { t: 1 }), by: 2 };
    fails(
      [loop("t", 4, [{ kind: "if", when, body: [{ kind: "barrier" }] }], "lane")],
      "never reach a barrier",
    );
  });

  it("shows what nobody wrote as NaN", () => {
    const local: Kernel = {
      ...kernel([store(at("y", 0), load("t", 0))]),
      locals: [{ name: "t", element: "f32", size: 1, space: "arena" }],
    };
    const y = new Float32Array(8);
    interpretKernel(
      local,
      new Map([
        ["x", ramp],
        ["y", y],
      ]),
      targets.js,
    );
    expect(y[0]).toBeNaN();
  });
});

describe("interpretProgram", () => {
  const copy: Kernel = {
    name: "copy",
    params: [
      { name: "x", element: "f32", size: 2, access: "read" },
      { name: "y", element: "f32", size: 2, access: "write" },
    ],
    locals: [{ name: "t", element: "f32", size: 2, space: "arena" }],
    nests: [
      {
        name: "in",
        body: [loop("i", 2, [store(at("t", affine(0, { i: 1 })), load("x", affine(0, { i: 1 })))])],
      },
      {
        name: "out",
        body: [
          loop("i", 2, [
            store(at("y", affine(1, { i: -1 })), call("add", load("t", affine(0, { i: 1 })), lit(1))),
          ]),
        ],
      },
    ],
  };
  const program = {
    name: "p",
    kernels: [copy],
    setup: [{ kernel: "copy", args: [0, 8, 24] }],
    run: [{ kernel: "copy", args: [8, 16, 24] }],
    memoryBytes: 32,
  };

  it("binds parameters and locals at byte offsets; setup, then run as often as wanted", () => {
    const memory = new ArrayBuffer(32);
    const view = new Float32Array(memory);
    view.set([1, 2]);
    const { setup, run } = interpretProgram(program, memory);
    setup();
    run();
    expect([...view]).toEqual([1, 2, 3, 2, 3, 4, 3, 2]);
    view[2] = 9;
    run();
    expect([...view.subarray(4, 6)]).toEqual([3, 10]);
  });

  it("refuses memory that is too small and addresses that do not fit", () => {
    expect(() => interpretProgram(program, new ArrayBuffer(16))).toThrow("p needs 32 bytes, has 16");
    const off = (args: readonly number[]) => ({ ...program, run: [{ kernel: "copy", args }] });
    const memory = new ArrayBuffer(32);
    expect(() => interpretProgram(off([2, 8, 16]), memory)).toThrow("copy: x cannot lie at 2");
    expect(() => interpretProgram(off([0, 8, 28]), memory)).toThrow("copy: t cannot lie at 28");
    expect(() => interpretProgram(off([0, 8]), memory)).toThrow("copy takes 3 addresses, not 2");
    const unknown = { ...program, run: [{ kernel: "paste", args: [] }] };
    expect(() => interpretProgram(unknown, memory)).toThrow("p calls paste");
  });
});
