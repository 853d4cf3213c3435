/** What a tuning says of a kernel, as a choice: no cost model is asked, and threads change no bit of the result. */
import { printSchedule } from "../../ir/print.js";
import type { Target } from "../../ir/target.js";
import { withThreads } from "../../ir/target.js";
import { ConfigError } from "../../runtime/error.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { refuse } from "../refusal.js";
import { applySchedule } from "../schedule/apply.js";
import type { Choice, SchedulePick } from "../schedule/choose.js";
import { scheduleFor } from "../schedule/choose.js";
import type { TunedKernel } from "./tuning.js";
import { scheduleOf } from "./tuning.js";

interface Ways {
  /** As one worker computes them, and as those of the target share them; under their own names. */
  readonly ways: readonly LoweredKernel[];
  readonly shared: readonly LoweredKernel[];
  readonly target: Target;
  readonly name: (lowered: LoweredKernel) => LoweredKernel;
}

/** @throws ConfigError `tuning-schedule` where the entry does not fit the kernel: another compiler has measured it */
export function tunedChoice(tuned: TunedKernel, { ways, shared, target, name }: Ways): Choice {
  const at = ways.findIndex((way) => way.name === tuned.lowering);
  if (at < 0) refuseEntry(tuned, `${tuned.lowering} is none of its ways`);
  const lowered = name(ways[at]!);
  const schedule = scheduleOf(tuned, lowered.name);
  try {
    applySchedule(lowered, schedule);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    refuseEntry(tuned, error.message);
  }
  const { algorithm } = lowered;
  const why = `the fastest of those measured, ${tuned.ms} ms on one thread`;
  const alone: Choice = { lowered, schedule, algorithm, why, predictedMs: tuned.ms, tile: null };
  if (target.threads === 1) return alone;
  const found = pickOf(lowered, printSchedule(schedule), target);
  // A schedule that the compiler would not write is run as it is, by one worker.
  if (found === undefined) return { ...alone, why: `${why}; not shared` };
  const choice = scheduleFor(name(shared[at]!), target, found.pick);
  return { ...choice, why: `${choice.why}; ${why}` };
}

/** Which of the lowering's schedules for one worker has this text: undefined where none has. */
function pickOf(lowered: LoweredKernel, text: string, target: Target): { pick?: SchedulePick } | undefined {
  const one = withThreads(target, 1);
  const best = scheduleFor(lowered, one);
  if (printSchedule(best.schedule) === text) return best.tile === null ? {} : { pick: { tile: best.tile } };
  for (const blocks of [false, true])
    for (let rank = 0; ; rank++) {
      const { tile, schedule } = scheduleFor(lowered, one, { rank, blocks });
      if (tile === null) break;
      if (printSchedule(schedule) === text) return { pick: { tile } };
    }
  return undefined;
}

function refuseEntry({ layer, target }: TunedKernel, because: string): never {
  refuse(
    "tuning-schedule",
    `tuning: what it holds for ${layer} on ${target} no longer fits: ${because}; measure again`,
  );
}
