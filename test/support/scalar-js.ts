/** Scalars as JavaScript functions of one argument, in each way a target may round; shares no code with codegen. */
import type { Scalar } from "../../ir/scalar.js";

/**
 * exact: each call rounds to f32. wide: calls stay in float64. wide-bits: as wide, but `exponent` sees the f32 nearest
 * to its argument. fused: f32, but a product that is added or subtracted is not rounded.
 */
export type Rounding = "exact" | "wide" | "wide-bits" | "fused";

const bits = new DataView(new ArrayBuffer(8));

function exponent(x: number): number {
  bits.setFloat64(0, x);
  return ((bits.getUint32(0) >>> 20) & 0x7ff) - 1022;
}

function pow2(n: number): number {
  if (n >= -126 && n <= 127 && Number.isInteger(n)) return 2 ** n;
  return 1; // Nothing is promised outside the domain; a result that depends on this is seen to be wrong.
}

export function scalarToFunction(scalar: Scalar, rounding: Rounding): (x: number) => number {
  const names = new Map<Scalar, string>();
  const lines: string[] = [];
  const visit = (node: Scalar): string => {
    if (node.kind === "lit") return `(${Object.is(node.value, -0) ? "-0" : node.value})`;
    if (node.kind === "arg") return "x";
    const known = names.get(node);
    if (known !== undefined) return known;
    const args = node.args.map(visit);
    const name = `t${names.size}`;
    names.set(node, name);
    lines.push(`const ${name} = ${spell(node.fn, args, node.args)};`);
    return name;
  };
  const round = (text: string): string =>
    rounding.startsWith("wide") ? `(${text})` : `Math.fround(${text})`;
  const factor = (text: string, node: Scalar | undefined): string => {
    if (rounding !== "fused" || node?.kind !== "call" || node.fn !== "mul") return text;
    return `(${node.args.map(visit).join(" * ")})`;
  };
  const spell = (fn: string, a: readonly string[], nodes: readonly Scalar[]): string => {
    switch (fn) {
      case "add":
        return round(`${factor(a[0]!, nodes[0])} + ${factor(a[1]!, nodes[1])}`);
      case "sub":
        return round(`${factor(a[0]!, nodes[0])} - ${factor(a[1]!, nodes[1])}`);
      case "mul":
        return round(`${a[0]} * ${a[1]}`);
      case "div":
        return round(`${a[0]} / ${a[1]}`);
      case "sqrt":
        return round(`Math.sqrt(${a[0]})`);
      case "neg":
        return `(-${a[0]})`;
      case "abs":
      case "max":
      case "min":
      case "floor":
        return `Math.${fn}(${a.join(", ")})`;
      case "pow2":
        return `pow2(${a[0]})`;
      case "exponent":
        return rounding === "wide" ? `exponent(${a[0]})` : `exponent(Math.fround(${a[0]}))`;
      case "lt":
        return `${a[0]} < ${a[1]}`;
      case "eq":
        return `${a[0]} === ${a[1]}`;
      case "and":
        return `${a[0]} && ${a[1]}`;
      case "select":
        return `${a[0]} ? ${a[1]} : ${a[2]}`;
      default:
        throw new Error(`${fn} is not expected in an expansion`);
    }
  };
  const result = visit(scalar);
  const source = `"use strict"; return (x) => { ${lines.join("\n")} return Math.fround(${result}); };`;
  return new Function("exponent", "pow2", source)(exponent, pow2) as (x: number) => number;
}
