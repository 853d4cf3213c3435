/** One run of the fuzzer: broken configurations first, then valid ones until the time or the count is up. */
import type { Failure } from "../differential/check.js";
import { check, shrink } from "../differential/check.js";
import type { ConvSpec } from "../differential/random-conv.js";
import { randomConv } from "../differential/random-conv.js";
import { brokenAttempt, complaint } from "./invalid.js";

export interface FuzzOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Valid configurations at most. */
  readonly count: number;
  /** Broken configurations at most. */
  readonly invalid: number;
}

export interface FuzzTools {
  readonly log: (line: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly examine: (spec: ConvSpec) => Promise<Failure | null>;
  readonly complaint: typeof complaint;
}

const tools: FuzzTools = {
  log: console.log,
  now: () => performance.now(),
  examine: (spec) => check(spec),
  complaint,
};
const everyMs = 5000;

/** The exit code: 0, or 1 at the first failure, which is shown small, as code, with its seed. */
export async function fuzz(options: FuzzOptions, given: Partial<FuzzTools> = {}): Promise<0 | 1> {
  const { seed, invalid, count } = options;
  const { log, now, examine, complaint: complaintAbout } = { ...tools, ...given };
  const start = now();
  const end = start + options.minutes * 60_000;
  let reported = start;
  const progress = (line: () => string): void => {
    if (now() - reported < everyMs) return;
    reported = now();
    log(`${((reported - start) / 1000).toFixed(0)} s: ${line()}`);
  };
  const again = (at: number, what: string): string => `to see it again: npm run fuzz -- --seed ${at} ${what}`;

  let refused = 0;
  for (; refused < invalid && now() < end; refused++) {
    const wrong = await complaintAbout(brokenAttempt(seed + refused));
    if (wrong !== null) {
      log(`FAILED, seed ${seed + refused}: ${wrong}\n${again(seed + refused, "--invalid 1 --count 0")}`);
      return 1;
    }
    progress(() => `${refused + 1} invalid configurations refused`);
  }
  let done = 0;
  for (; done < count && now() < end; done++) {
    const at = seed + done;
    const failure = await examine(randomConv(at));
    if (failure !== null) {
      log(`FAILED, seed ${at}: ${failure.promise}: ${failure.detail}\nlooking for a smaller example …`);
      const least = await shrink(randomConv(at), failure, { examine });
      log(`after ${least.steps} steps: ${least.failure.detail}\n\n${least.failure.code}`);
      log(again(at, "--invalid 0 --count 1"));
      return 1;
    }
    progress(() => `${done + 1} configurations hold, last seed ${at}`);
  }
  const seconds = ((now() - start) / 1000).toFixed(0);
  log(`${refused} invalid configurations refused, ${done} valid ones hold, in ${seconds} s; seed ${seed}`);
  return 0;
}
