/** Scalar functions as kernel expressions. */
import { InternalError } from "../../ir/diagnostic.js";
import type { Expr } from "../../ir/kernel.js";
import type { Scalar, ScalarArg } from "../../ir/scalar.js";

/** Replaces the arguments of a scalar by expressions; shared sub-trees stay shared. */
export function lowerScalar(scalar: Scalar, argument: (of: ScalarArg) => Expr): Expr {
  const done = new Map<Scalar, Expr>();
  const visit = (node: Scalar): Expr => {
    const known = done.get(node);
    if (known !== undefined) return known;
    let out: Expr;
    switch (node.kind) {
      case "lit":
        out = { kind: "lit", value: node.value };
        break;
      case "arg":
        out = argument(node.of);
        break;
      case "call":
        out = { kind: "call", fn: node.fn, args: node.args.map(visit) };
        break;
      default:
        throw new InternalError(`unknown scalar ${String(node satisfies never)}`);
    }
    done.set(node, out);
    return out;
  };
  return visit(scalar);
}
