/**
 * What the workers of a program do, in order: parts of kernels that one of them runs or all share, and where they have
 * to wait for each other.
 */
import type { Kernel } from "../ir/kernel.js";
import type { ParallelRange } from "../ir/parallel.js";
import { parallelRange } from "../ir/parallel.js";
import { scratchBytes } from "../ir/program.js";
import { elementBytes } from "../ir/types.js";
import { walkAccesses } from "../ir/visit.js";
import type { CallOf } from "./calls.js";
import { kernelArguments } from "./calls.js";

/** A nest that workers share, or neighbouring nests that one worker runs. */
export interface Segment {
  /** With these nests only. */
  readonly kernel: Kernel;
  readonly range: ParallelRange | null;
}

export function segmentsOf(kernel: Kernel): readonly Segment[] {
  const out: { range: ParallelRange | null; nests: Kernel["nests"] }[] = [];
  for (const nest of kernel.nests) {
    const range = parallelRange(kernel, nest);
    const last = out.at(-1);
    if (range === null && last?.range === null) last.nests = [...last.nests, nest];
    else out.push({ range, nests: [nest] });
  }
  return out.map(({ range, nests }) => ({ range, kernel: { ...kernel, nests } }));
}

export interface Step {
  readonly segment: Segment;
  /** As in KernelCall. */
  readonly args: readonly number[];
  /** All workers wait for each other before it. */
  readonly waits: boolean;
}

/** `segments` gives those of a kernel, always the same ones. */
export function stepsOf(
  calls: readonly CallOf[],
  workers: number,
  segments: (kernel: Kernel) => readonly Segment[],
): readonly Step[] {
  let since: Done[] = [];
  return calls.flatMap(({ kernel, args }) =>
    segments(kernel).map((segment): Step => {
      const done: Done = { shared: segment.range !== null, uses: usesOf(segment, args, workers) };
      const waits = since.some((before) => mustFollow(before, done));
      since = waits ? [done] : [...since, done];
      return { segment, args, waits };
    }),
  );
}

interface Done {
  readonly shared: boolean;
  readonly uses: readonly Use[];
}

/** Bytes of memory that are read, or written. */
interface Use {
  readonly from: number;
  readonly to: number;
  readonly written: boolean;
}

/** Work of one worker follows itself; anything else may meet in memory. */
function mustFollow(before: Done, after: Done): boolean {
  if (!before.shared && !after.shared) return false;
  return before.uses.some((a) =>
    after.uses.some((b) => (a.written || b.written) && a.from < b.to && b.from < a.to),
  );
}

function usesOf({ kernel }: Segment, args: readonly number[], workers: number): readonly Use[] {
  const written = new Map<string, boolean>();
  for (const { body } of kernel.nests)
    walkAccesses(body, ({ buffer }, use) => {
      if (use !== "load") written.set(buffer, true);
      else if (!written.has(buffer)) written.set(buffer, false);
    });
  const scratch = new Map(
    kernel.locals.flatMap((local) => (local.space === "scratch" ? [[local.name, local] as const] : [])),
  );
  return kernelArguments(kernel).flatMap(({ name, size, element }, index) => {
    if (!written.has(name)) return [];
    const local = scratch.get(name);
    const bytes = local === undefined ? size * elementBytes(element) : scratchBytes(local) * workers;
    const from = args[index]!;
    return [{ from, to: from + bytes, written: written.get(name)! }];
  });
}
