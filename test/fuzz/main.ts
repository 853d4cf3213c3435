/** Reads the fuzzer's options: see `usage`. */
import { parseArgs } from "node:util";
import { fuzz } from "./run.js";

const usage = `npm run fuzz -- [--seed N] [--minutes M] [--count K] [--invalid K]
  --seed     of the first configuration; the next ones count up (default: by the clock)
  --minutes  how long (default 1, or no limit with --count)
  --count    how many valid configurations (default: as many as there is time for)
  --invalid  how many invalid ones before them (default 5000)`;

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (text !== "" && value >= 0 && (name === "minutes" || value === Infinity || Number.isSafeInteger(value)))
    return value;
  throw new Error(`--${name} ${text} is no number`);
}

function read() {
  const string = { type: "string" } as const;
  const { values } = parseArgs({
    options: { seed: string, minutes: string, count: string, invalid: string },
  });
  return {
    seed: numberOf("seed", values.seed, Date.now() % 1_000_000_000),
    minutes: numberOf("minutes", values.minutes, values.count === undefined ? 1 : Infinity),
    count: numberOf("count", values.count, Infinity),
    invalid: numberOf("invalid", values.invalid, 5000),
  };
}

/** The exit code. */
export async function main(): Promise<number> {
  try {
    const options = read();
    console.log(`fuzz: seed ${options.seed}`);
    return await fuzz(options);
  } catch (error) {
    if (!(error instanceof Error) || !/^(--|Unknown option|Option|Unexpected)/.test(error.message))
      throw error;
    console.error(`${error.message}\n${usage}`);
    return 2;
  }
}
