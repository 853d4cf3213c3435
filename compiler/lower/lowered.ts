/** What a lowering makes of one node: loop nests over parameters, every loop serial. */
import type { Buffer, Kernel, Nest, Parameter } from "../../ir/kernel.js";
import { decideGates } from "../passes/gates.js";
import type { Loop, LoopNest } from "../schedule/loop-nest.js";
import { buildNest, nestStatements } from "../schedule/loop-nest.js";

/** direct: the sum as defined. winograd: fewer products, other roundings. map: elementwise. */
export type Algorithm = "direct" | "winograd" | "map";

/** A constant operand that a kernel of its own computes in setup, such as transformed weights. */
export interface PreparedOperand {
  readonly name: string;
  /** Its last parameter is the operand; the others are parameters of the kernel it is prepared for. */
  readonly lowered: LoweredKernel;
}

export interface LoweredKernel {
  readonly name: string;
  readonly algorithm: Algorithm;
  /** The node's operands in order, then its result, then prepared operands. */
  readonly params: readonly Parameter[];
  readonly prepared: readonly PreparedOperand[];
  /** Buffers between the nests. */
  readonly locals: readonly Buffer[];
  readonly nests: readonly LoopNest[];
  /** Nests (neighbours, by name) that run one after another inside common loops, block by block. */
  readonly together: { readonly loops: readonly Loop[]; readonly nests: readonly string[] } | null;
  /** Multiply-adds by the definition, padding included. */
  readonly macs: number;
}

/** A kernel of one nest and nothing else. */
export function singleNest(
  name: string,
  algorithm: Algorithm,
  params: readonly Parameter[],
  nest: LoopNest,
  macs = 0,
): LoweredKernel {
  return { name, algorithm, params, prepared: [], locals: [], nests: [nest], together: null, macs };
}

/** The nests as statements; those that run together become one, named after the last. */
export function buildNests({ nests, together }: Pick<LoweredKernel, "nests" | "together">): readonly Nest[] {
  if (together === null) return nests.map(buildNest);
  const joined = nests.filter((nest) => together.nests.includes(nest.name));
  let body = joined.flatMap((nest) => nestStatements(nest, together.loops));
  for (const { axis, extent, mode } of [...together.loops].reverse())
    body = [{ kind: "for", axis, start: 0, extent, mode, body }];
  const block: Nest = { name: joined.at(-1)!.name, body: decideGates(body, new Map()) };
  return nests.flatMap((nest) =>
    nest === joined[0] ? [block] : joined.includes(nest) ? [] : [buildNest(nest)],
  );
}

/** The naive kernel: serial loops, gates, one statement a nest. */
export function naiveKernel(lowered: LoweredKernel): Kernel {
  return { name: lowered.name, params: lowered.params, locals: lowered.locals, nests: buildNests(lowered) };
}
