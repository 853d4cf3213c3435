/** Calling a program allocates nothing: the engine collects nothing over thousands of calls. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { allocationOf } from "../bench/allocation.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
if (!existsSync(join(root, "dist/compiler/index.js")))
  throw new Error("dist/compiler/index.js does not exist: run npm run build first");

// On a busy machine the engine has more to do beside a run, and for a worker that goes to sleep it makes an object. What a
// program allocates itself it allocates every time: one quiet try is enough.
const tries = { timeout: 300_000, retry: 5 };

it.each([
  ["js", "invoke"],
  ["js", "runSync"],
  ["wasm", "invoke"],
  ["wasm", "runSync"],
] as const)("10,000 calls on %s, %s", tries, (backend, call) => {
  const found = allocationOf(process.execPath, { backend, threads: 1, call, runs: 10_000 });
  expect(found.collections).toEqual([]);
  // What little there is does not grow with the calls.
  expect(found.bytesPerRun).toBeLessThan(8);
});

it.each(["invoke", "runSync"] as const)("1,000 calls on two threads, %s", tries, (call) => {
  const found = allocationOf(process.execPath, { backend: "wasm", threads: 2, call, runs: 1000 });
  expect(found.notes).toContain("runs on 2 threads");
  expect(found.collections).toEqual([]);
});
