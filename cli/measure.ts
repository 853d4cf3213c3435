/** Times of a program: whole, and layer by layer. */
import type { Built } from "../compiler/compile.js";
import { startProgram } from "../compiler/tune/trial.js";
import { targets } from "../ir/target.js";

export interface Times {
  readonly medianMs: number;
  readonly minMs: number;
  readonly runs: number;
}

/** How long one call takes: warmed up, then at least `runs` samples and `leastMs` of work. */
export function timesOf(work: () => void, { runs = 20, leastMs = 200 } = {}): Times {
  const once = (repeats: number): number => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) work();
    return (performance.now() - start) / repeats;
  };
  const warm = performance.now() + leastMs / 2;
  let last = once(1);
  while (performance.now() < warm) last = once(1);
  // A sample lasts 0.2 ms or more, so that the clock's steps do not matter.
  const repeats = Math.max(1, Math.ceil(0.2 / Math.max(last, 1e-4)));
  const samples: number[] = [];
  const end = performance.now() + leastMs;
  while (samples.length < runs || (performance.now() < end && samples.length < 10_000))
    samples.push(once(repeats));
  samples.sort((a, b) => a - b);
  return { medianMs: samples[samples.length >> 1]!, minMs: samples[0]!, runs: samples.length * repeats };
}

/** The same of work that is waited for: one call a sample. */
export async function timesOfAsync(
  work: () => Promise<void>,
  { runs = 20, leastMs = 200 } = {},
): Promise<Times> {
  await work();
  const samples: number[] = [];
  const end = performance.now() + leastMs;
  while (samples.length < runs || (performance.now() < end && samples.length < 10_000)) {
    const start = performance.now();
    await work();
    samples.push(performance.now() - start);
  }
  samples.sort((a, b) => a - b);
  return { medianMs: samples[samples.length >> 1]!, minMs: samples[0]!, runs: samples.length };
}

/** The median milliseconds of each run call, alone, on zeros. */
export async function measureCalls(built: Built): Promise<number[]> {
  const medians: number[] = [];
  for (const call of built.planned.program.run) {
    const { program } = built.planned;
    const kernels = program.kernels.filter(({ name }) => name === call.kernel);
    const alone = { ...program, kernels, setup: [], run: [call] };
    const { run } = await startProgram(alone, targets[built.target]);
    medians.push(timesOf(run, { runs: 10, leastMs: 60 }).medianMs);
  }
  return medians;
}
