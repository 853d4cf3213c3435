/**
 * The verifier: everything that is wrong with a piece of IR, all at once. An empty list means well-formed.
 *
 * A graph (verify-graph.ts):
 * - inputs come first and have different names; every argument and every output is defined before it is used;
 * - each node's recorded type is the one inferred from its operands, which includes that a conv's labels, groups, window,
 *   borders and fused scalars fit;
 * - lists of numbers have one entry per axis; a constant's array is of its element type; skipped taps are taps, in order;
 * - scalars take numbers where they want numbers and truth values where they want those.
 *
 * A kernel (verify-kernel.ts, verify-expr.ts):
 * - buffers, axes and lets are defined before use and only visible in their block; no name hides another;
 * - locals are arena or scratch, allocations register, private or shared; parameters marked read or constant are not written;
 * - expressions have types: numbers, truth values or integers, of one lane or more; all numbers of a call have equally
 *   many lanes (a truth value of one lane goes with any); integers only make lets and addresses; conditions have one lane;
 * - every address stays in its buffer: an ungated one for all values of its axes and lets, a gated one as far as the
 *   gate's and the enclosing ifs' `inside` tests narrow them (range.ts);
 * - a register buffer is not used in a parallel, workgroup or lane loop inside its block: it would leave its worker; nor
 *   is a shared buffer in a parallel or workgroup loop;
 * - no two iterations of a parallel, workgroup or lane loop write one element of a buffer they share (verify-races.ts):
 *   what cannot be proved is refused; where workers share a nest (parallel.ts), the loops around the parallel one count
 *   as parallel too;
 * - a barrier is not under a condition that may differ between lanes.
 *
 * With a target: only its loop modes (no unroll or vector loops are left, therefore), its functions and its lanes; the
 * address of a register is a constant.
 */
import type { Diagnostic } from "./diagnostic.js";
import type { Graph } from "./graph.js";
import type { Kernel } from "./kernel.js";
import type { Target } from "./target.js";
import { checkGraph } from "./verify-graph.js";
import { checkKernel } from "./verify-kernel.js";

/** Lines are those of `printGraph`. */
export function verifyGraph(graph: Graph): Diagnostic[] {
  return inOrder(checkGraph(graph));
}

/** Lines are those of `printKernel`. */
export function verifyKernel(kernel: Kernel, target: Target | null = null): Diagnostic[] {
  return inOrder(checkKernel(kernel, target));
}

/** By line, each only once. */
function inOrder(found: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  const once = found.filter(({ line, message }) => {
    const key = `${line} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
  return once.sort((a, b) => a.line - b.line);
}
