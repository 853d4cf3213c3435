/**
 * legalize: what the target lacks is written with what it has.
 *
 *   rsqrt(v)             ->  1 / sqrt(v)                    functions the target lacks are expanded (ir/expand.ts)
 *   acc[0] += a * b      ->  acc[0] = fma(a, b, acc[0])        where the target has fma; any vector a * b + c too
 *   parallel, lane …     ->  serial
 *
 * Literals beside vectors become splats. Exact, except that fma is only there on targets that promise no exact bits.
 */
import { InternalError } from "../../ir/diagnostic.js";
import { expandFn } from "../../ir/expand.js";
import type { Expr, Kernel, Lanes, Stmt } from "../../ir/kernel.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg, scalarFns } from "../../ir/scalar.js";
import type { Target } from "../../ir/target.js";
import { mapExpr, rewriter } from "../../ir/visit.js";
import { lowerScalar } from "../lower/scalar.js";
import type { PassContext } from "../pass.js";

/** Lanes of the value lets in scope. */
type LetLanes = ReadonlyMap<string, Lanes>;

export function legalize(kernel: Kernel, { target }: PassContext): Kernel {
  return {
    ...kernel,
    nests: kernel.nests.map((nest) => ({ ...nest, body: legalStmts(nest.body, target, new Map()) })),
  };
}

function legalStmts(stmts: readonly Stmt[], target: Target, outer: LetLanes): readonly Stmt[] {
  const lets = new Map(outer);
  const legal = legaliser(target, lets);
  return stmts.map((stmt): Stmt => {
    switch (stmt.kind) {
      case "for":
        return {
          ...stmt,
          mode: target.modes.has(stmt.mode) ? stmt.mode : "serial",
          body: legalStmts(stmt.body, target, lets),
        };
      case "if":
        return { ...stmt, when: legal(stmt.when), body: legalStmts(stmt.body, target, lets) };
      case "let": {
        const value = legal(stmt.value);
        lets.set(stmt.name, lanesOf(value, lets));
        return { ...stmt, value };
      }
      case "store":
        return { ...stmt, value: widened(legal(stmt.value), stmt.to.lanes, lets) };
      case "reduce":
        return fused({ ...stmt, value: widened(legal(stmt.value), stmt.to.lanes, lets) }, target);
      case "alloc":
      case "barrier":
        return stmt;
      default:
        return stmt satisfies never;
    }
  });
}

/** acc += a * b as one operation where there is one. */
function fused(stmt: Extract<Stmt, { kind: "reduce" }>, target: Target): Stmt {
  const { value, to } = stmt;
  if (stmt.fn !== "add" || value.kind !== "call" || value.fn !== "mul" || !target.fns.has("fma")) return stmt;
  const [a, b] = value.args as [Expr, Expr];
  return { kind: "store", to, value: { kind: "call", fn: "fma", args: [a, b, { kind: "load", from: to }] } };
}

/** One for a block, so that what its statements share stays shared. */
function legaliser(target: Target, lets: LetLanes): (expr: Expr) => Expr {
  const legal = (e: Expr): Expr => {
    if (e.kind !== "call") return e;
    if (e.fn === "fma") {
      if (target.fns.has("fma")) return e;
      const [a, b, c] = e.args as [Expr, Expr, Expr];
      return { kind: "call", fn: "add", args: [{ kind: "call", fn: "mul", args: [a, b] }, c] };
    }
    const numbers = e.args.filter((a) => !isTruth(a));
    const lanes = numbers.reduce<Lanes>((widest, a) => (lanesOf(a, lets) === 4 ? 4 : widest), 1);
    const args = e.args.map((a) => (isTruth(a) ? a : widened(a, lanes, lets)));
    if (e.fn === "add" && lanes === 4 && target.fns.has("fma")) return sum(args);
    if (target.fns.has(e.fn)) return args.every((a, i) => a === e.args[i]) ? e : { ...e, args };
    return expanded(e.fn, args, lanes);
  };
  return rewriter({ expr: legal }).expr;
}

/** a * b + c as one operation, whichever side the product is on. */
function sum(args: readonly Expr[]): Expr {
  const [left, right] = args as [Expr, Expr];
  const isProduct = (e: Expr): e is Extract<Expr, { kind: "call" }> => e.kind === "call" && e.fn === "mul";
  if (isProduct(left)) return { kind: "call", fn: "fma", args: [...left.args, right] };
  if (isProduct(right)) return { kind: "call", fn: "fma", args: [...right.args, left] };
  return { kind: "call", fn: "add", args };
}

function expanded(fn: Parameters<typeof expandFn>[0], args: readonly Expr[], lanes: Lanes): Expr {
  const body = expandFn(
    fn,
    args.map((_, i): Scalar => arg(i)),
  );
  const lowered = lowerScalar(body, (of) => {
    const found = typeof of === "number" ? args[of] : undefined;
    if (found === undefined) throw new InternalError(`${fn} expands to an expression of $${of}`);
    return found;
  });
  return lanes === 1 ? lowered : mapExpr(lowered, (e) => splatLiterals(e, args));
}

/** Literals the expansion brought along; those inside the arguments are where they belong already. */
function splatLiterals(e: Expr, args: readonly Expr[]): Expr {
  if (e.kind !== "call" || args.includes(e)) return e;
  const widen = (a: Expr): Expr => (a.kind === "lit" ? { kind: "splat", value: a } : a);
  const out = e.args.map(widen);
  return out.every((a, i) => a === e.args[i]) ? e : { ...e, args: out };
}

function widened(expr: Expr, lanes: Lanes, lets: LetLanes): Expr {
  return lanes === 4 && lanesOf(expr, lets) === 1 ? { kind: "splat", value: expr } : expr;
}

function isTruth(expr: Expr): boolean {
  return (
    expr.kind === "test" ||
    (expr.kind === "call" && expr.fn !== "fma" && scalarFns[expr.fn].gives === "truth")
  );
}

const known = new WeakMap<Expr, Lanes>();

/** 4 for a vector (or a mask of lanes), 1 for a scalar. */
function lanesOf(expr: Expr, lets: LetLanes): Lanes {
  if (expr.kind === "var") return lets.get(expr.name) ?? 1;
  if (expr.kind !== "call") return ownLanes(expr, lets);
  const done = known.get(expr);
  if (done !== undefined) return done;
  const lanes = ownLanes(expr, lets);
  known.set(expr, lanes);
  return lanes;
}

function ownLanes(expr: Exclude<Expr, { kind: "var" }>, lets: LetLanes): Lanes {
  switch (expr.kind) {
    case "load":
      return expr.from.lanes;
    case "splat":
    case "vector":
      return 4;
    case "call":
      return expr.args.some((a) => lanesOf(a, lets) === 4) ? 4 : 1;
    case "lit":
    case "index":
    case "integer":
    case "test":
    case "lane":
      return 1;
    default:
      return expr satisfies never;
  }
}
