/** Walks and rewrites: what they visit, and that nothing unchanged is copied. */
import { describe, expect, it } from "vitest";
import type { Expr, KernelFn, Stmt } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import { exprKey } from "../../ir/keys.js";
import { parseKernel } from "../../ir/parse.js";
import { printExpr, printStmt } from "../../ir/print.js";
import {
  freeNames,
  mapAccess,
  mapExpr,
  mapStmtExprs,
  mapStmts,
  walkAccesses,
  walkExprs,
} from "../../ir/visit.js";

const call = (fn: KernelFn, ...args: Expr[]): Expr => ({ kind: "call", fn, args });
const name = (of: string): Expr => ({ kind: "var", name: of });
const lit = (value: number): Expr => ({ kind: "lit", value });

const body: readonly Stmt[] = parseKernel(`kernel @k(x: f32[99] read, y: f32[99] write) {
  nest main {
    serial i in 4 {
      let j = wrap(i, 3)
      let v = x[2*j] when (inside(j, 2)) else 0
      if (inside(i, 2)) {
        y[i] = splat(v + lane(vector(v, 1, 2, 3), 0)) when (divides(i, 2))
      }
      y[j] += x[i : 4] * v
    }
  }
}`).nests[0]!.body;

describe("mapExpr", () => {
  it("goes bottom-up and keeps what it need not change", () => {
    const kept = call("exp", name("a"));
    const tree = call("add", kept, call("neg", name("b")));
    const order: string[] = [];
    const out = mapExpr(tree, (expr) => {
      order.push(printExpr(expr));
      return expr.kind === "var" && expr.name === "b" ? lit(2) : expr;
    });
    expect(order).toEqual(["a", "exp(a)", "b", "neg(2)", "exp(a) + neg(2)"]);
    expect(out.kind === "call" && out.args[0]).toBe(kept);
    expect(mapExpr(tree, (expr) => expr)).toBe(tree);
  });

  it("sees a shared node once and keeps it shared", () => {
    let tree: Expr = name("a");
    for (let i = 0; i < 60; i++) tree = call("add", tree, tree);
    let seen = 0;
    const out = mapExpr(tree, (expr) => {
      seen++;
      return expr.kind === "var" ? lit(1) : expr;
    });
    expect(seen).toBe(61);
    expect(out.kind === "call" && out.args[0] === out.args[1]).toBe(true);
    expect(freeNames(tree)).toEqual(new Set(["a"]));
  });

  it("reaches the conditions of gates", () => {
    const load = body[0]!.kind === "for" ? body[0]!.body[1]! : body[0]!;
    if (load.kind !== "let") throw new Error("not a let");
    const out = mapExpr(load.value, (expr) => (expr.kind === "test" ? { ...expr, by: 7 } : expr));
    expect(printExpr(out)).toBe("x[2*j] when (inside(j, 7)) else 0");
  });
});

describe("statements", () => {
  it("keep their identity where nothing changes", () => {
    expect(mapStmts(body, (stmt) => stmt)).toBe(body);
    expect(mapStmtExprs(body, {})).toBe(body);
    expect(mapStmtExprs(body, { expr: (e) => e, affine: (at) => at, access: (a) => a })).toBe(body);
  });

  it("are replaced bottom-up, by one or by several", () => {
    const order: string[] = [];
    const out = mapStmts(body, (stmt) => {
      order.push(stmt.kind);
      if (stmt.kind === "if") return stmt.body;
      return stmt.kind === "let" ? [] : stmt;
    });
    expect(order).toEqual(["let", "let", "store", "if", "reduce", "for"]);
    expect(out[0]).toMatchObject({ kind: "for", body: [{ kind: "store" }, { kind: "reduce" }] });
  });

  it("have all their addresses and accesses rewritten", () => {
    const out = mapStmtExprs(body, {
      affine: (at) => (at.terms.some((term) => term.of === "i") ? affine(5) : at),
      access: (access) => (access.buffer === "x" ? { ...access, buffer: "z" } : access),
      expr: (expr) => (expr.kind === "lit" ? lit(expr.value + 10) : expr),
    });
    const lines: string[] = [];
    mapStmts(out, (stmt) => {
      lines.push(printStmt(stmt));
      return stmt;
    });
    expect(lines).toEqual([
      "let j = wrap(5, 3)",
      "let v = z[2*j] when (inside(j, 2)) else 0",
      "y[5] = splat(v + lane(vector(v, 11, 12, 13), 0)) when (divides(5, 2))",
      "if (inside(5, 2)) {",
      "y[j] += z[5 : 4] * v",
      "serial i in 4 {",
    ]);
  });

  it("are walked in program order", () => {
    const accesses: string[] = [];
    walkAccesses(body, (access, use) => accesses.push(`${use} ${access.buffer}`));
    expect(accesses).toEqual(["load x", "store y", "load x", "reduce y"]);
    const tests: string[] = [];
    walkExprs(body, (expr) => {
      if (expr.kind === "test") tests.push(printExpr(expr));
    });
    expect(tests).toEqual(["inside(j, 2)", "inside(i, 2)", "divides(i, 2)"]);
  });
});

it("mapAccess maps the address and the condition as a whole", () => {
  const when: Expr = { kind: "test", fn: "inside", of: affine(0, { i: 1 }), by: 2 };
  const access = { buffer: "x", at: affine(1), lanes: 1, gate: { when, otherwise: 3 } } as const;
  const same = <T>(value: T): T => value;
  expect(mapAccess(access, same, same)).toBe(access);
  expect(
    mapAccess(
      access,
      (expr) => call("not", expr),
      () => affine(2),
    ),
  ).toEqual({
    buffer: "x",
    at: affine(2),
    lanes: 1,
    gate: { when: call("not", when), otherwise: 3 },
  });
});

describe("exprKey", () => {
  it("is equal for equal structure and different for any difference", () => {
    const make = (value: number): Expr => call("add", call("exp", name("a")), lit(value));
    expect(exprKey(make(1))).toBe(exprKey(make(1)));
    const load = (lanes: 1 | 4, otherwise: number): Expr => ({
      kind: "load",
      from: {
        buffer: "x",
        at: affine(1, { i: 2 }),
        lanes,
        gate: { when: { kind: "test", fn: "inside", of: affine(0, { i: 1 }), by: 3 }, otherwise },
      },
    });
    const all = [
      make(1),
      make(2),
      make(0),
      make(-0),
      make(NaN),
      load(1, 0),
      load(4, 0),
      load(1, -0),
      call("sub", call("exp", name("a")), lit(1)),
      { kind: "index", at: affine(3) } as const,
      { kind: "integer", fn: "mod", of: affine(3), by: 2 } as const,
      { kind: "test", fn: "divides", of: affine(3), by: 2 } as const,
      { kind: "splat", value: name("a") } as const,
      { kind: "lane", of: name("a"), index: 1 } as const,
      name("a"),
      name("1"),
      lit(1),
    ];
    expect(new Set(all.map(exprKey)).size).toBe(all.length);
  });

  it("stays short for a deep shared tree, and tells two of them apart", () => {
    const deep = (leaf: Expr): Expr => {
      let tree = leaf;
      for (let i = 0; i < 80; i++) tree = call("add", tree, call("mul", tree, tree));
      return tree;
    };
    expect(exprKey(deep(name("a"))).length).toBeLessThan(400);
    expect(exprKey(deep(name("a")))).toBe(exprKey(deep(name("a"))));
    expect(exprKey(deep(name("a")))).not.toBe(exprKey(deep(name("b"))));
  });
});
