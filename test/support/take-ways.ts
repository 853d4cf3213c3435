/** Other ways for comparisons to take. */
import { afterAll, beforeAll } from "vitest";
import type { Way } from "./run-everywhere.js";
import { setWays, ways } from "./run-everywhere.js";

/** For the tests of the file or describe it is called in, and no longer: test files of one process share modules. */
export function takeWays(chosen: readonly Way[]): void {
  const before = ways;
  beforeAll(() => setWays(chosen));
  afterAll(() => setWays(before));
}
