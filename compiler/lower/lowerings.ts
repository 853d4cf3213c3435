/** The ways to compute a convolution that its shape, precision and the user's wish allow; choose costs them. */
import type { NodeOf } from "../../ir/graph.js";
import type { Scalar } from "../../ir/scalar.js";
import { scalarFunctions } from "../../ir/scalar.js";
import { elementCount } from "../../ir/types.js";
import type { PassContext } from "../pass.js";
import { lowerConv } from "./conv.js";
import type { LoweredKernel } from "./lowered.js";
import type { Operand } from "./operand.js";
import { lowerWinograd } from "./winograd.js";
import type { OutputTile } from "./winograd-transform.js";

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
  const workers = target.grid === null ? target.threads : "grid";
  const winograd = outputTiles(node)
    .filter((m) => isFit(m, node, target))
    .map((m) => lowerWinograd(m, node, operands, out, workers));
  if (winograd.length === 0) return [direct];
  return algorithm === "winograd" ? winograd : [direct, ...winograd];
}

/** A GPU computes products faster than it reads what they are made of: transforms of many points do not pay there. */
function isFit(m: OutputTile, node: NodeOf<"conv">, { grid }: PassContext["target"]): boolean {
  return grid?.adapter !== "gpu" || (m === 2 && node.window.at(-1)?.size === 3);
}

function roundsTo16(scalar: Scalar): boolean {
  const fns = scalarFunctions(scalar);
  return fns.has("f16") || fns.has("bf16");
}

/** Why Winograd cannot compute a conv, or null. */
function winogradRefusal(node: NodeOf<"conv">, operands: readonly Operand[]): string | null {
  const rank = node.window.length;
  if (rank < 1 || rank > 3) return "only 1-D, 2-D and 3-D windows";
  const last = node.window.at(-1);
  if (outputTiles(node).length === 0 || node.window.slice(-2).some((dim) => dim.size !== last!.size))
    return "only windows of 3 or 5 taps each way";
  if (node.window.some((dim) => dim.stride !== 1 || dim.lhsDilation !== 1)) return "only stride 1";
  if (node.local) return "a kernel for every output";
  if (operands.some(({ type }) => elementCount(type.shape) === 0)) return "nothing to transform";
  if (node.groups !== 1 || node.batchGroups !== 1) return "only one group";
  if (node.fused.lhs.kind !== "arg") return "only a plain lhs";
  if (operands[1]?.constant !== true) return "the weights are not constant";
  return null;
}

/** Outputs a tile may have: more would need more points, whose powers cost digits. */
function outputTiles(node: NodeOf<"conv">): readonly OutputTile[] {
  const taps = node.window.at(-1)?.size;
  return taps === 3 ? [2, 4] : taps === 5 ? [2] : [];
}
