/**
 * The table of passes and the runner.
 *
 * The table is the compiler's middle: its order is the order of work, and everything the runner can do (verify, print,
 * stop, disable, time, shuffle, reproduce a failure) works for every row. Ordering constraints are data, checked when
 * this module loads.
 *
 * Two invariants, each a test: at "highest", disabling any subset of the optional passes changes no bit of a result
 * (finite weights given); and a second run changes nothing.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { Pass } from "./pass.js";
import { dedupe } from "./passes/dedupe.js";
import { expandUnroll } from "./passes/expand-unroll.js";
import { expandVector } from "./passes/expand-vector.js";
import { foldConstants } from "./passes/fold-constants.js";
import { fuseConvert } from "./passes/fuse-convert.js";
import { fuseEpilogue } from "./passes/fuse-epilogue.js";
import { fuseMask } from "./passes/fuse-mask.js";
import { fusePad } from "./passes/fuse-pad.js";
import { legalize } from "./passes/legalize.js";
import { orderTerms } from "./passes/order-terms.js";
import { partitionHalo } from "./passes/partition-halo.js";
import { prune } from "./passes/prune.js";
import { share } from "./passes/share.js";
import { splitPhases } from "./passes/split-phases.js";

const optional = { required: false, exact: true } as const;

export const pipeline: readonly Pass[] = [
  {
    name: "dedupe",
    level: "graph",
    summary: "equal nodes become one",
    ...optional,
    after: [],
    run: dedupe,
  },
  {
    name: "fuse-convert",
    level: "graph",
    summary: "convs and maps read integers and 16-bit floats themselves",
    ...optional,
    after: [],
    run: fuseConvert,
  },
  {
    name: "fold-constants",
    level: "graph",
    summary: "nodes over constants are computed",
    ...optional,
    after: [
      {
        pass: "fuse-convert",
        because: "a map over converted constants reads them themselves, and can be computed",
      },
    ],
    run: foldConstants,
  },
  {
    name: "fuse-mask",
    level: "graph",
    summary: "kernel * mask moves into the conv; taps the mask removes are skipped",
    ...optional,
    after: [{ pass: "fold-constants", because: "taps are only known of a mask that is constant" }],
    run: fuseMask,
  },
  {
    name: "fuse-epilogue",
    level: "graph",
    summary: "maps join the conv or map that only they read",
    ...optional,
    after: [
      { pass: "dedupe", because: "a conv read by two equal maps is not fused" },
      { pass: "fuse-mask", because: "a product joined with other maps is no longer found" },
      { pass: "fuse-convert", because: "a conversion joined with other maps is no longer found" },
    ],
    run: fuseEpilogue,
  },
  {
    name: "split-phases",
    level: "graph",
    summary: "a conv over a dilated lhs becomes one conv per output phase",
    ...optional,
    after: [
      { pass: "fuse-mask", because: "skipped taps are renumbered here" },
      { pass: "fuse-epilogue", because: "behind an interleave there is no conv to fuse into" },
    ],
    run: splitPhases,
  },
  {
    name: "fuse-pad",
    level: "graph",
    summary: "pads become the padding and border of windows",
    ...optional,
    after: [
      { pass: "fuse-convert", because: "a pad of converted integers becomes a pad of integers" },
      { pass: "split-phases", because: "no pad folds into a window over a dilated lhs" },
    ],
    run: fusePad,
  },
  {
    name: "prune",
    level: "graph",
    summary: "nodes no output depends on are dropped",
    ...optional,
    after: [{ pass: "fuse-pad", because: "what the other passes bypass is dead" }],
    run: prune,
  },
  {
    name: "partition-halo",
    level: "kernel",
    summary: "loops split into border and interior; the interior needs no gate",
    ...optional,
    after: [],
    run: partitionHalo,
  },
  {
    name: "expand-unroll",
    level: "kernel",
    summary: "unrolled loops become their iterations",
    required: true,
    exact: true,
    after: [{ pass: "partition-halo", because: "an interior is found in loops, not in their copies" }],
    run: expandUnroll,
  },
  {
    name: "expand-vector",
    level: "kernel",
    summary: "vector loops become accesses of several lanes; registers get names",
    required: true,
    exact: true,
    after: [{ pass: "expand-unroll", because: "a register's address must be constant when it is named" }],
    run: expandVector,
  },
  {
    name: "legalize",
    level: "kernel",
    summary: "what the target lacks is written with what it has",
    required: true,
    exact: true,
    after: [{ pass: "expand-vector", because: "literals beside vectors become splats" }],
    run: legalize,
  },
  {
    name: "share",
    level: "kernel",
    summary: "what is used twice in a block is computed once",
    ...optional,
    after: [
      { pass: "expand-vector", because: "the copies of a body are what has something to share" },
      { pass: "legalize", because: "polynomials use their argument many times" },
    ],
    run: share,
  },
  {
    name: "order-terms",
    level: "kernel",
    summary: "terms that share a load come one after another where registers are short",
    ...optional,
    after: [{ pass: "share", because: "it says what is shared" }],
    run: orderTerms,
  },
];

/** Throws InternalError where names repeat, levels mix, or an `after` names a pass that does not stand before. */
export function checkTable(table: readonly Pass[]): void {
  const before = new Map<string, Pass>();
  for (const pass of table) {
    if (before.has(pass.name)) throw new InternalError(`two passes are called ${pass.name}`);
    for (const { pass: earlier, because } of pass.after)
      if (!before.has(earlier)) throw new InternalError(`${pass.name} must run after ${earlier}: ${because}`);
    const last = [...before.values()].at(-1);
    if (pass.level === "graph" && last?.level === "kernel")
      throw new InternalError(`graph pass ${pass.name} stands behind kernel pass ${last.name}`);
    before.set(pass.name, pass);
  }
}

checkTable(pipeline);
