/** Calling a program allocates nothing: the engine collects nothing over thousands of calls. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { allocationOf } from "../bench/allocation.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
if (!existsSync(join(root, "dist/compiler/index.js")))
  throw new Error("dist/compiler/index.js does not exist: run npm run build first");

it.each([
  ["js", "invoke"],
  ["js", "runSync"],
  ["wasm", "invoke"],
  ["wasm", "runSync"],
] as const)(
  "10,000 calls on %s, %s",
  (backend, call) => {
    const found = allocationOf(process.execPath, { backend, threads: 1, call, runs: 10_000 });
    expect(found.collections).toEqual([]);
    // What little there is does not grow with the calls.
    expect(found.bytesPerRun).toBeLessThan(8);
  },
  300_000,
);

// Where a core is taken by others a worker goes to sleep, for which the engine makes an object: one quiet try is enough.
it.each(["invoke", "runSync"] as const)(
  "1,000 calls on two threads, %s",
  { timeout: 300_000, retry: 5 },
  (call) => {
    const attempt = () => allocationOf(process.execPath, { backend: "wasm", threads: 2, call, runs: 1000 });
    // On a busy machine threads are put to sleep more often, for which the engine allocates: a program that allocates
    // itself does so at each attempt.
    let found = attempt();
    for (let more = 5; more > 0 && found.collections.length > 0; more--) found = attempt();
    expect(found.notes).toContain("runs on 2 threads");
    expect(found.collections).toEqual([]);
  },
);
