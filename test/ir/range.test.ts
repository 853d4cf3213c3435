/** The interval prover: exact where it can be, and never wrong. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InternalError } from "../../ir/diagnostic.js";
import type { Access, Affine, Expr, Gate, TestFn } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import type { Ranges } from "../../ir/range.js";
import { accessInRange, affineRange, axisRange, decide, integerRange } from "../../ir/range.js";
import { reflectIndex, wrapIndex } from "../../ir/window.js";

const ranges: Ranges = new Map([
  ["i", { min: 0, max: 3 }],
  ["j", { min: -2, max: 2 }],
  ["none", { min: 0, max: -1 }],
]);

function test(fn: TestFn, of: Affine, by: number): Expr {
  return { kind: "test", fn, of, by };
}

function both(...args: Expr[]): Expr {
  return args.reduce((a, b) => ({ kind: "call", fn: "and", args: [a, b] }));
}

function access(at: Affine, when: Expr | null = null, lanes: 1 | 4 = 1): Access {
  const gate: Gate | null = when === null ? null : { when, otherwise: 0 };
  return { buffer: "x", at, lanes, gate };
}

const evaluate = (at: Affine, i: number, j: number): number =>
  at.terms.reduce((sum, { of, coef }) => sum + coef * (of === "i" ? i : j), at.offset);

function everywhere(visit: (i: number, j: number) => void): void {
  for (let i = 0; i <= 3; i++) for (let j = -2; j <= 2; j++) visit(i, j);
}

const coefficient = fc.integer({ min: -5, max: 5 });
const someAffine = fc
  .record({ offset: fc.integer({ min: -9, max: 9 }), i: coefficient, j: coefficient })
  .map(({ offset, i, j }) => affine(offset, { i, j }));

describe("ranges", () => {
  it("of a loop and of addresses", () => {
    expect(axisRange({ start: 3, extent: 5 })).toEqual({ min: 3, max: 7 });
    expect(affineRange(affine(1, { i: 2, j: -3 }), ranges)).toEqual({ min: -5, max: 13 });
    expect(affineRange(affine(7), new Map())).toEqual({ min: 7, max: 7 });
  });

  it("need every name", () => {
    expect(() => affineRange(affine(0, { k: 1 }), ranges)).toThrow(InternalError);
    expect(() => integerRange({ kind: "lit", value: 1 }, ranges)).toThrow(InternalError);
  });

  it("of integer functions hold every value, and are tight within one period", () => {
    const meaning = {
      div: (at: number, by: number) => Math.floor(at / by),
      mod: wrapIndex,
      wrap: wrapIndex,
      clamp: (at: number, by: number) => Math.min(Math.max(at, 0), by - 1),
      reflect: reflectIndex,
    } as const;
    const fn = fc.constantFrom(...(Object.keys(meaning) as (keyof typeof meaning)[]));
    fc.assert(
      fc.property(fn, someAffine, fc.integer({ min: 1, max: 12 }), (name, of, by) => {
        const range = integerRange({ kind: "integer", fn: name, of, by }, ranges);
        everywhere((i, j) => {
          const value = meaning[name](evaluate(of, i, j), by);
          expect(value).toBeGreaterThanOrEqual(range.min);
          expect(value).toBeLessThanOrEqual(range.max);
        });
      }),
    );
    const of = affine(8, { i: 1 });
    expect(integerRange({ kind: "integer", fn: "mod", of, by: 4 }, ranges)).toEqual({ min: 0, max: 3 });
    expect(integerRange({ kind: "integer", fn: "wrap", of, by: 20 }, ranges)).toEqual({ min: 8, max: 11 });
    expect(integerRange({ kind: "integer", fn: "div", of, by: 4 }, ranges)).toEqual({ min: 2, max: 2 });
  });
});

describe("decide", () => {
  it("never claims what does not hold", () => {
    const leaf = fc.tuple(fc.constantFrom("inside", "divides"), someAffine, fc.integer({ min: 1, max: 12 }));
    const holds = (fn: string, value: number, by: number): boolean =>
      fn === "inside" ? value >= 0 && value < by : value % by === 0;
    fc.assert(
      fc.property(leaf, leaf, fc.constantFrom("and", "or"), fc.boolean(), (a, b, fn, negate) => {
        const joined: Expr = { kind: "call", fn, args: [test(...a), test(...b)] };
        const decided = decide(negate ? { kind: "call", fn: "not", args: [joined] } : joined, ranges);
        everywhere((i, j) => {
          const [left, right] = [a, b].map(([name, of, by]) => holds(name, evaluate(of, i, j), by));
          const value = fn === "and" ? left && right : left || right;
          if (decided !== null) expect(decided).toBe(value !== negate);
        });
      }),
    );
  });

  it("settles what the ranges settle", () => {
    const inside = test("inside", affine(0, { i: 1 }), 4);
    const outside = test("inside", affine(4, { i: 1 }), 4);
    const open = test("inside", affine(0, { j: 1 }), 3);
    expect([inside, outside, open].map((when) => decide(when, ranges))).toEqual([true, false, null]);
    expect(decide(both(inside, open), ranges)).toBe(null);
    expect(decide(both(open, outside), ranges)).toBe(false);
    expect(decide({ kind: "call", fn: "or", args: [open, inside] }, ranges)).toBe(true);
    expect(decide(test("divides", affine(1, { i: 4, j: 2 }), 2), ranges)).toBe(false);
    expect(decide(test("divides", affine(6, { i: 4, j: 2 }), 2), ranges)).toBe(true);
    expect(decide(test("divides", affine(6, { i: 3 }), 2), ranges)).toBe(null);
    expect(decide({ kind: "var", name: "t" }, ranges)).toBe(null);
  });
});

describe("accessInRange", () => {
  it("counts the lanes", () => {
    expect(accessInRange(access(affine(0, { i: 4 })), 13, ranges)).toBe(true);
    expect(accessInRange(access(affine(0, { i: 4 }), null, 4), 15, ranges)).toBe(false);
    expect(accessInRange(access(affine(0, { i: 4 }), null, 4), 16, ranges)).toBe(true);
    expect(accessInRange(access(affine(-1, { i: 4 })), 99, ranges)).toBe(false);
  });

  it("holds for anything in a loop that never runs", () => {
    expect(accessInRange(access(affine(-5, { none: 1 })), 1, ranges)).toBe(true);
  });

  it("lets a gate narrow single names", () => {
    const at = affine(0, { j: 10, i: 1 });
    expect(accessInRange(access(at), 24, ranges)).toBe(false);
    expect(accessInRange(access(at, test("inside", affine(0, { j: 1 }), 3)), 24, ranges)).toBe(true);
    expect(accessInRange(access(at, test("inside", affine(0, { j: 1 }), 3)), 23, ranges)).toBe(false);
    const negated: Expr = { kind: "call", fn: "not", args: [test("inside", affine(0, { j: 1 }), 3)] };
    expect(accessInRange(access(at, negated), 24, ranges)).toBe(false);
    // -2j + 1 in [0, 4) leaves j = -1, 0.
    expect(
      accessInRange(access(affine(1, { j: 1 }), test("inside", affine(1, { j: -2 }), 4)), 2, ranges),
    ).toBe(true);
  });

  it("lets a gate narrow sums", () => {
    const row = affine(-1, { i: 1, j: 1 });
    const at = affine(-28, { i: 28, j: 28 });
    expect(accessInRange(access(at, test("inside", row, 4)), 85, ranges)).toBe(true);
    expect(accessInRange(access(at, test("inside", row, 4)), 84, ranges)).toBe(false);
  });

  it("lets a gate narrow the lets made of what it tests", () => {
    const lets = new Map<string, Expr>([
      ["dilated", { kind: "index", at: affine(-1, { i: 1, j: 1 }) }],
      ["row", { kind: "integer", fn: "div", of: affine(0, { dilated: 1 }), by: 2 }],
    ]);
    const all = new Map(ranges);
    for (const [name, value] of lets) all.set(name, integerRange(value, all));
    const gated = access(affine(0, { row: 1 }), test("inside", affine(0, { dilated: 1 }), 4));
    expect(accessInRange(gated, 2, all, [], lets)).toBe(true);
    expect(accessInRange(gated, 1, all, [], lets)).toBe(false);
    expect(accessInRange(access(gated.at), 2, all, [], lets)).toBe(false);
  });

  it("knows what a gate says of a sum where an enclosing if says something of a part of it", () => {
    const loops: Ranges = new Map([
      ["k", { min: 0, max: 3 }],
      ["outer", { min: 0, max: 1 }],
      ["lane", { min: 0, max: 3 }],
    ]);
    const row = affine(0, { outer: 4, lane: 1 });
    const enclosing = [{ of: row, by: 5 }];
    const sum = affine(-2, { k: 1, outer: 4, lane: 1 });
    const gated = access(affine(-6, { k: 3, outer: 12, lane: 3 }), test("inside", sum, 5));
    expect(accessInRange(gated, 13, loops, enclosing)).toBe(true);
    expect(accessInRange(gated, 12, loops, enclosing)).toBe(false);
    // A let made of the sum, where its gate is on the sum too.
    const lets = new Map<string, Expr>([["half", { kind: "integer", fn: "div", of: sum, by: 2 }]]);
    const all = new Map([...loops, ["half", integerRange(lets.get("half")!, loops)] as const]);
    const halved = access(affine(0, { half: 1 }), test("inside", sum, 5));
    expect(accessInRange(halved, 3, all, enclosing, lets)).toBe(true);
    expect(accessInRange(halved, 2, all, enclosing, lets)).toBe(false);
  });

  it("knows what a gate says of a multiple of the sum an enclosing if tests", () => {
    const loops: Ranges = new Map([
      ["group", { min: 0, max: 1 }],
      ["lane", { min: 0, max: 63 }],
    ]);
    const enclosing = [{ of: affine(0, { group: 64, lane: 1 }), by: 85 }];
    const at = affine(1, { group: 256, lane: 4 });
    expect(accessInRange(access(at, test("inside", at, 306)), 306, loops, enclosing)).toBe(true);
    expect(accessInRange(access(at, test("inside", at, 306)), 305, loops, enclosing)).toBe(false);
    const negated = affine(305, { group: -256, lane: -4 });
    expect(accessInRange(access(at, test("inside", negated, 306)), 307, loops, enclosing)).toBe(true);
    expect(accessInRange(access(at, test("inside", negated, 306)), 305, loops, enclosing)).toBe(false);
    expect(accessInRange(access(at), 306, loops, enclosing)).toBe(false);
  });

  it("is never wrong about a gated access", () => {
    const fact = fc.tuple(someAffine, fc.integer({ min: 1, max: 8 }));
    fc.assert(
      fc.property(someAffine, fact, fact, fc.integer({ min: 1, max: 20 }), (at, [a, m], [b, n], size) => {
        const when = both(test("inside", a, m), test("inside", b, n));
        if (!accessInRange(access(at, when), size, ranges)) return;
        everywhere((i, j) => {
          const [first, second] = [evaluate(a, i, j), evaluate(b, i, j)];
          if (first < 0 || first >= m || second < 0 || second >= n) return;
          expect(evaluate(at, i, j)).toBeGreaterThanOrEqual(0);
          expect(evaluate(at, i, j)).toBeLessThan(size);
        });
      }),
      { numRuns: 500 },
    );
  });
});
