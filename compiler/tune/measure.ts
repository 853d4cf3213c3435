/** Times the few ways that should be fastest for a layer, each on real memory, in turns. */
import type { Buffer } from "../../ir/kernel.js";
import { elementBytes } from "../../ir/types.js";
import type { LoweredKernel } from "../lower/lowered.js";
import type { Choice } from "../schedule/choose.js";
import { candidates } from "../schedule/choose.js";
import type { Started, Trial, TrialContext } from "./trial.js";
import { startProgram, trialOf } from "./trial.js";

/** How many ways are timed. */
export const mostCandidates = 8;

/** Turns each of them has; its time is the median of them. */
const turns = 11;
/**
 * A turn takes samples for so long, and the fastest counts: others that use the machine only ever make one slower. A
 * sample repeats what is shorter.
 */
const turnMs = 2;
const sampleMs = 0.4;
/**
 * Turns before that, until none of the ways has become faster for a while: engines compile in the background. One that is
 * much slower than another may not be compiled yet.
 */
const quietTurns = 3;
const doubtfulTurns = 12;
const doubtful = 1.6;
const mostWarmTurns = 30;
const pauseMs = 4;

export interface Measured {
  readonly choice: Choice;
  readonly ms: number;
}

/** The best ways of a layer by the cost model, in its order, with the milliseconds each takes on one thread. */
export async function measureWays(
  ways: readonly LoweredKernel[],
  context: TrialContext,
  most = mostCandidates,
): Promise<readonly Measured[]> {
  const choices = candidates(ways, context.target, most);
  const started: Started[] = [];
  for (const choice of choices) started.push(await start(trialOf(choice, context), context));
  const clock = finestClock();
  const repeats = await warmUp(started, clock);
  const times = started.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++)
    for (let i = 0; i < started.length; i++) {
      const next = (turn + i) % started.length;
      times[next]!.push(turnOf(started[next]!.run, repeats[next]!, clock));
    }
  return choices.map((choice, i) => ({ choice, ms: median(times[i]!) }));
}

/** How often a sample is to repeat each of them. */
async function warmUp(started: readonly Started[], clock: () => number): Promise<readonly number[]> {
  const best = started.map(() => Number.POSITIVE_INFINITY);
  const repeats = started.map(() => 1);
  const enough = (): number =>
    Math.max(...best) > doubtful * Math.min(...best) ? doubtfulTurns : quietTurns;
  for (let turn = 0, quiet = 0; turn < mostWarmTurns && quiet < enough(); turn++) {
    quiet++;
    started.forEach(({ run }, i) => {
      const ms = turnOf(run, repeats[i]!, clock);
      if (ms < 0.9 * best[i]!) quiet = 0;
      best[i] = Math.min(best[i]!, ms);
      repeats[i] = Math.max(1, Math.ceil(sampleMs / best[i]!));
    });
    // With one core, compiling waits for this.
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return repeats;
}

async function start(trial: Trial, { target }: TrialContext): Promise<Started> {
  const started = await startProgram(trial.program, target);
  for (const { buffer, offset } of trial.operands) fill(started.memory, buffer, offset);
  started.setup();
  return started;
}

interface NodeGlobal {
  readonly process?: { cpuUsage?(): { readonly user: number; readonly system: number } };
}

/**
 * Milliseconds of the processor's time, where the engine tells them: what other processes take does not count. Some
 * systems count it in long ticks; there it is the time on the wall.
 */
function finestClock(): () => number {
  const { process } = globalThis as unknown as NodeGlobal;
  const wall = (): number => performance.now();
  if (process?.cpuUsage === undefined) return wall;
  const used = (): number => {
    const { user, system } = process.cpuUsage!();
    return (user + system) / 1000;
  };
  const readings = new Set(Array.from({ length: 64 }, used));
  return readings.size > 16 ? used : wall;
}

/** Milliseconds of one call: of the fastest sample of a turn. */
function turnOf(work: () => void, repeats: number, clock: () => number): number {
  const from = performance.now();
  let best = Number.POSITIVE_INFINITY;
  while (best === Number.POSITIVE_INFINITY || performance.now() - from < turnMs) {
    const start = clock();
    for (let i = 0; i < repeats; i++) work();
    // A clock may stand still for a while.
    best = Math.min(best, Math.max(clock() - start, 1e-3) / repeats);
  }
  return best;
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1]!;
}

/** Numbers of about unit scale, none of them subnormal; pages never written to would all be one page. */
function fill(memory: Started["memory"], { element, size }: Buffer, offset: number): void {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  if (element === "f32") {
    const floats = new Float32Array(memory, offset, size);
    for (let i = 0; i < size; i++) floats[i] = next() / 2 ** 32 - 0.5;
    return;
  }
  const narrow = element === "f16" || element === "bf16";
  const bytes = new Uint8Array(memory, offset, size * elementBytes(element));
  // As f16 and as bf16: positive, below 1.
  for (let i = 0; i < bytes.length; i++) bytes[i] = narrow && i % 2 === 1 ? 0x38 : next() >>> 24;
}
