/** Schedules as data: how a kernel's loops are to be arranged. A legal schedule never changes a result bit unless marked. */
import type { LoopMode } from "./kernel.js";

/**
 * What happens to the iterations left over by a split whose factor does not divide the extent.
 * exact: there are none (checked). cut: a loop of their own. gate: the last iteration of the outer axis is as long as
 * the others, and does nothing beyond the end. mask: it computes beyond the end too, from zeros, and stores nothing there.
 */
export type Tail = "exact" | "cut" | "gate" | "mask";

/** Axes are named `nest/axis`, or just `axis` in the nest called main. */
export type Step =
  /** `for a` becomes `for outer { for inner }` with a = factor*outer + inner. */
  | {
      readonly do: "split";
      readonly axis: string;
      readonly factor: number;
      readonly into: readonly [outer: string, inner: string];
      readonly tail: Tail;
    }
  /** `for a { for b }` becomes one loop over extent(a)*extent(b). */
  | { readonly do: "fuse"; readonly axes: readonly [outer: string, inner: string]; readonly into: string }
  /** The named axes take each other's places, in the order given. */
  | { readonly do: "reorder"; readonly axes: readonly string[] }
  | { readonly do: "mode"; readonly axis: string; readonly mode: LoopMode }
  /**
   * A gated or strided operand is copied, borders filled in, to a buffer of its own by a nest that runs before; the
   * reads then need no gate. With `at`, an outer axis, what one iteration of it needs is copied in that iteration.
   */
  | {
      readonly do: "stage";
      readonly operand: string;
      readonly at: string | null;
      readonly space: "arena";
    }
  /** The lanes of a workgroup copy what all of them read in an iteration of `at`, and wait for each other. */
  | { readonly do: "stage"; readonly operand: string; readonly at: string; readonly space: "shared" }
  /**
   * What the register tile of a nest has summed is put into an array, and one loop over that finishes and stores it: the
   * code for it is there once, and not once for each element of the tile.
   */
  | { readonly do: "finish"; readonly nest: string; readonly by: "loop" }
  /** A constant operand is re-laid out once, when the program is set up, in the order the named axes run. */
  | { readonly do: "pack"; readonly operand: string; readonly axes: readonly string[] };

export interface Schedule {
  /** The kernel it is for. */
  readonly kernel: string;
  readonly target: string;
  readonly steps: readonly Step[];
  /** True where a reduction axis was split, reordered or vectorised: results may differ in their last bits. */
  readonly reassociates: boolean;
}
