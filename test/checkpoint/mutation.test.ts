/**
 * Damaged files: whatever is done to a checkpoint, reading it gives a valid tree or one of our errors, soon and without
 * much memory. `npm test` tries some thousands, `npm run fuzz:checkpoints` 100,000 (MUTATIONS says how many).
 */
import { expect, it } from "vitest";
import { readWeights } from "../../compiler/checkpoint/read-weights.js";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { CheckpointError, UnsupportedError } from "../../runtime/error.js";
import { dataLength } from "../../runtime/tensor.js";
import { checkpointFiles } from "../oracle/checkpoints.js";
import { random } from "../support/random.js";
import { mutated } from "./mutate.js";

const count = Number(process.env.MUTATIONS ?? 5000);
const files = checkpointFiles.map(({ bytes }) => bytes);

const MAX_MILLISECONDS = 50;
/** Garbage waiting for its collector included. */
const MAX_GROWTH = 256 * 2 ** 20;

/** Reads everything; the code of the refusal, or "read". Throws what no user should see. */
function outcome(bytes: Uint8Array): string {
  try {
    let total = 0;
    for (const [path, { data, shape, dtype }] of flattenParams(readWeights(bytes))) {
      if (data.length !== dataLength(shape, dtype))
        throw new Error(`${path}: ${data.length} is not [${shape}]`);
      total += data.byteLength;
    }
    // Deflate makes at most 1032 bytes of one; 16-bit integers take twice their room.
    if (total > 2 * 1032 * bytes.length) throw new Error(`${total} bytes out of ${bytes.length}`);
    return "read";
  } catch (error) {
    if (!(error instanceof CheckpointError) && !(error instanceof UnsupportedError)) throw error;
    if (error.message.includes("\n") || error.message.length > 1000) throw new Error(error.message);
    return error.code;
  }
}

/** Above this a reading is repeated: others use the machine too. */
const SUSPECT_MILLISECONDS = 5;

/** Milliseconds a reading takes; of several tries the shortest. */
function milliseconds(work: () => void): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5 && shortest >= SUSPECT_MILLISECONDS; tries++) {
    const start = performance.now();
    work();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it(
  `${count} damaged files`,
  () => {
    const outcomes = new Map<string, number>();
    const before = memory();
    let slowest = 0;
    let growth = 0;
    for (let seed = 0; seed < count; seed++) {
      const dice = random(seed);
      const bytes = mutated(dice.pick(files), dice, files);
      let result = "";
      try {
        slowest = Math.max(
          slowest,
          milliseconds(() => {
            result = outcome(bytes);
          }),
        );
      } catch (error) {
        throw new Error(`file of seed ${seed}: ${String(error)}`, { cause: error });
      }
      growth = Math.max(growth, memory() - before);
      outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
    }
    if (process.env.MUTATIONS !== undefined)
      console.log(
        `${count} damaged files: slowest ${slowest.toFixed(1)} ms, memory grew by at most ${(growth / 2 ** 20).toFixed(0)} MB\n`,
        Object.fromEntries(outcomes),
      );
    expect(slowest).toBeLessThan(MAX_MILLISECONDS);
    expect(growth).toBeLessThan(MAX_GROWTH);
    // The damage reaches all there is to find.
    for (const code of [
      "read",
      "not-a-checkpoint",
      "checkpoint-truncated",
      "checkpoint-corrupt",
      "checkpoint-dtype",
      "checkpoint-format",
      "checkpoint-size",
    ])
      expect(outcomes.get(code), code).toBeGreaterThan(0);
  },
  20_000 + count * 5,
);
