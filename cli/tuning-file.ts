/** --tune [FILE]: measured choices, read from a file where there is one, completed here and written back. */
import { existsSync } from "node:fs";
import type { Compilation } from "../compiler/compile.js";
import { engineRuns } from "../compiler/compile-options.js";
import { runnableTarget } from "../compiler/executable.js";
import { parseTuning } from "../compiler/tune/read-tuning.js";
import type { Tuning } from "../compiler/tune/tuning.js";
import { tuningOf, tuningText } from "../compiler/tune/tuning.js";
import { readUserFile } from "./load-model.js";
import { writeUserFile } from "./tensor-file.js";
import type { Terminal } from "./terminal.js";

/** What the file holds; a file that is not there yet holds nothing. */
export function knownTuning(flag: string | true): Tuning {
  if (flag === true || !existsSync(flag)) return tuningOf([]);
  return parseTuning(new TextDecoder().decode(readUserFile(flag)), flag);
}

/**
 * Measures what `compilation`, which has the known choices, does not know: of the target that runs here or of every one
 * that could. What was added is in the file before anything else is done.
 */
export async function completeTuning(
  flag: string | true,
  compilation: Compilation,
  { every, quiet }: { readonly every: boolean; readonly quiet: boolean },
  terminal: Terminal,
): Promise<Tuning> {
  const before = compilation.tuning.kernels.length;
  const { targets } = compilation;
  const tuning = await compilation.tune(every ? targets : [runnableTarget(compilation)]);
  const added = tuning.kernels.length - before;
  if (flag !== true && added > 0) writeUserFile(flag, new TextEncoder().encode(tuningText(tuning)));
  const refused = every ? targets.filter((target) => !engineRuns(target)) : [];
  if (!quiet)
    for (const target of refused)
      terminal.note(
        `convsmith: note: this engine cannot measure ${target}: layers the tuning does not know are left to the cost model\n`,
      );
  return tuning;
}
