/** Contenders timed in turn: what a timing is, how many of them each gets, and the rounds. */
import { reason } from "./contenders/refusal.mjs";

const sampleMs = 5;

/** Milliseconds of one run: short ones are repeated until a few milliseconds have passed. */
export async function time(contender) {
  if (contender.time !== undefined) return contender.time();
  let count = 0;
  const start = performance.now();
  let now = start;
  do {
    const pending = contender.run();
    if (pending instanceof Promise) await pending;
    count++;
    now = performance.now();
  } while (now - start < sampleMs);
  return (now - start) / count;
}

/** How often a contender is timed: some peers take seconds, and their medians do not need nine. */
export function timingsOf(ms, rounds) {
  if (ms > 3000) return 1;
  return ms > 300 ? Math.min(3, rounds) : rounds;
}

/**
 * Every contender in turn, round after round, each round starting with another; one that throws drops out. Those with a
 * ceiling have it measured before and after each timing: `beside` are the ceilings, one a timing, in GF.
 */
export async function race(entries, rounds, dropped) {
  const times = new Map(entries.map(({ name }) => [name, []]));
  const beside = new Map(entries.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < entries.length; i++) {
      const { name, contender, timings, ceiling = null } = entries[(i + round) % entries.length];
      if (name in dropped || times.get(name).length >= timings) continue;
      try {
        const before = ceiling?.();
        times.get(name).push(await time(contender));
        if (ceiling !== null) beside.get(name).push((before + ceiling()) / 2);
      } catch (error) {
        dropped[name] = reason(error);
      }
    }
  for (const name of Object.keys(dropped)) times.delete(name);
  return { times, beside };
}
