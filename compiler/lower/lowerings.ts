/** The ways to compute a convolution that its shape, precision and the user's wish allow; choose costs them. */
import type { NodeOf } from "../../ir/graph.js";
import { convAxes } from "../../ir/graph.js";
import type { Scalar } from "../../ir/scalar.js";
import { scalarFunctions } from "../../ir/scalar.js";
import type { PassContext } from "../pass.js";
import { lowerConv } from "./conv.js";
import type { LoweredKernel } from "./lowered.js";
import type { Operand } from "./operand.js";
import { lowerWinograd, outputTiles, winogradRefusal } from "./winograd.js";

/** "winograd" takes it wherever it is possible, whatever it should cost. */
export type AlgorithmOption = "auto" | "direct" | "winograd";

interface Wish extends PassContext {
  readonly algorithm: AlgorithmOption;
}

/**
 * At least one; winograd rounds otherwise, so it is only there at precision "default". Where its sums are rounded to 16
 * bits it must be asked for: up to 1 % of them would become a neighbour of the number flax gives.
 */
export function lowerings(
  node: NodeOf<"conv">,
  operands: readonly Operand[],
  out: Operand,
  { algorithm, precision, target }: Wish,
): readonly LoweredKernel[] {
  const direct = lowerConv(node, operands, out);
  if (algorithm === "direct" || precision === "highest" || node.precision === "highest") return [direct];
  if (winogradRefusal(node, operands) !== null) return [direct];
  if (algorithm === "auto" && (node.element !== "f32" || roundsTo16(node.fused.out))) return [direct];
  if (target.grid !== null) {
    // Nests that run together, an image after the other, are no grid.
    const [first] = node.window;
    if (node.type.shape[convAxes(node.dims).out.batch] !== 1 || first?.size !== 3) return [direct];
    const grid = lowerWinograd(2, node, operands, out, "grid");
    return algorithm === "winograd" ? [grid] : [direct, grid];
  }
  const winograd = outputTiles(node).map((m) => lowerWinograd(m, node, operands, out, target.threads));
  return algorithm === "winograd" ? winograd : [direct, ...winograd];
}

function roundsTo16(scalar: Scalar): boolean {
  const fns = scalarFunctions(scalar);
  return fns.has("f16") || fns.has("bf16");
}
