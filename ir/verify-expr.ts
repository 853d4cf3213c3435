/** The types of kernel expressions. */
import type { Affine, Expr, KernelFn, Lanes } from "./kernel.js";
import { scalarFns } from "./scalar.js";
import type { Target } from "./target.js";

export interface ValueType {
  readonly of: "number" | "truth" | "integer";
  readonly lanes: Lanes;
}

const number1: ValueType = { of: "number", lanes: 1 };
const truth1: ValueType = { of: "truth", lanes: 1 };
const integer1: ValueType = { of: "integer", lanes: 1 };

/** What the expressions of one statement see. `report` takes the message. */
export interface ExprScope {
  /** Axes are integers; null for a let whose value has no type, undefined for what is not defined. */
  readonly typeOf: (name: string) => ValueType | null | undefined;
  readonly target: Target | null;
  readonly report: (message: string) => void;
}

/** The type of an expression, with whatever is wrong in it reported; null where it has none. */
export function exprType(root: Expr, scope: ExprScope): ValueType | null {
  const known = new Map<Expr, ValueType | null>();
  const visit = (expr: Expr): ValueType | null => {
    const before = known.get(expr);
    if (before !== undefined) return before;
    const type = typeOf(expr, visit, scope);
    known.set(expr, type);
    return type;
  };
  return visit(root);
}

function typeOf(expr: Expr, visit: (expr: Expr) => ValueType | null, scope: ExprScope): ValueType | null {
  switch (expr.kind) {
    case "lit":
      return number1;
    case "var": {
      const type = scope.typeOf(expr.name);
      if (type === undefined) scope.report(`${expr.name} is not defined`);
      else if (type?.of === "integer") scope.report(`${expr.name} is an integer, not a value`);
      else return type;
      return null;
    }
    case "index":
      checkAffine(expr.at, scope);
      return integer1;
    case "integer":
    case "test":
      checkAffine(expr.of, scope);
      if (!Number.isInteger(expr.by) || expr.by < 1) scope.report(`${expr.fn} by ${expr.by}`);
      return expr.kind === "test" ? truth1 : integer1;
    case "load":
      if (expr.from.gate !== null) checkCondition(visit(expr.from.gate.when), scope);
      return { of: "number", lanes: expr.from.lanes };
    case "splat": {
      const type = visit(expr.value);
      if (type !== null && (type.of === "integer" || type.lanes !== 1))
        scope.report(`splat of ${named(type)}`);
      return type && { of: type.of, lanes: wide(scope) };
    }
    case "vector": {
      const types = expr.items.map(visit);
      if (types.some((type) => type !== null && (type.of !== "number" || type.lanes !== 1)))
        scope.report("the items of a vector are numbers of one lane");
      if (expr.items.length !== 4) scope.report(`a vector of ${expr.items.length} items`);
      return { of: "number", lanes: wide(scope) };
    }
    case "lane": {
      const type = visit(expr.of);
      if (type !== null && type.lanes === 1) scope.report(`lane of ${named(type)}`);
      if (!Number.isInteger(expr.index) || expr.index < 0 || expr.index > 3)
        scope.report(`there is no lane ${expr.index}`);
      return type && { of: type.of, lanes: 1 };
    }
    case "call":
      return callType(expr.fn, expr.args.map(visit), scope);
  }
  return expr satisfies never;
}

/** Four lanes, where the target has them. */
function wide({ target, report }: ExprScope): Lanes {
  if (target !== null && target.lanes < 4) report(`${target.name} has no vectors`);
  return 4;
}

function callType(fn: KernelFn, args: readonly (ValueType | null)[], scope: ExprScope): ValueType | null {
  const { target, report } = scope;
  if (target !== null && !target.fns.has(fn)) report(`${target.name} has no ${fn}`);
  const info = fn === "fma" ? ({ arity: 3, takes: "number", gives: "number" } as const) : scalarFns[fn];
  if (args.length !== info.arity) report(`${fn} takes ${info.arity} arguments, not ${args.length}`);
  let lanes: Lanes = 1;
  const numbers = new Set<Lanes>();
  args.forEach((type, index) => {
    if (type === null) return;
    const wanted = info.takes === "select" ? (index === 0 ? "truth" : "number") : info.takes;
    if (type.of !== wanted) report(`argument ${index} of ${fn} is ${named(type)}, not a ${wanted}`);
    if (type.of === "number") numbers.add(type.lanes);
    if (type.lanes > lanes) lanes = type.lanes;
  });
  if (numbers.size > 1 || (numbers.has(1) && lanes > 1)) report(`${fn} of numbers with 1 and with 4 lanes`);
  return args.includes(null) ? null : { of: info.gives, lanes };
}

export function named({ of, lanes }: ValueType): string {
  if (lanes === 4) return `a vector of ${of}s`;
  return of === "integer" ? "an integer" : `a ${of}`;
}

export function checkCondition(type: ValueType | null, scope: ExprScope): void {
  if (type !== null && (type.of !== "truth" || type.lanes !== 1))
    scope.report(`a condition is a truth value of one lane, not ${named(type)}`);
}

/** Every name is an axis or an integer let, and the terms are in normal form. False where a range would make no sense. */
export function checkAffine(at: Affine, { typeOf: type, report }: ExprScope): boolean {
  let fits = true;
  at.terms.forEach(({ of, coef }, index) => {
    const known = type(of);
    if (known === undefined) report(`${of} is not defined`);
    else if (known !== null && known.of !== "integer") report(`${of} is ${named(known)}, not an integer`);
    if (known?.of !== "integer") fits = false;
    if (coef === 0 || !Number.isInteger(coef)) report(`coefficient ${coef} of ${of}`);
    if (index > 0 && at.terms[index - 1]!.of >= of) report(`the terms of an address are not sorted: ${of}`);
  });
  if (!Number.isInteger(at.offset)) report(`offset ${at.offset}`);
  return fits;
}
