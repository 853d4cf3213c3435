/** Whether calling a program allocates: counts the collections of a young generation that 100 bytes a call would fill. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./allocation-runs.mjs", import.meta.url));

const flags = ["--trace-gc", "--expose-gc"];
/**
 * One megabyte of young generation: 10,000 calls that allocate are collected many times. With threads as many as the
 * engine takes by itself: each time it has to put a thread to sleep, it allocates about 100 bytes of its own.
 */
const small = ["--max-semi-space-size=1", "--min-semi-space-size=1"];

/** { collections, bytesPerRun, notes } of so many calls on a backend. */
export function allocationOf(node, { backend, threads, call, runs }) {
  const heap = Number(threads) === 1 ? small : [];
  const text = execFileSync(node, [...flags, ...heap, script, backend, threads, call, runs].map(String), {
    encoding: "utf8",
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [, during, after] = /calls start\n([\s\S]*)calls end\n([\s\S]*)$/.exec(text) ?? [];
  if (during === undefined) throw new Error(`no calls were made:\n${text}`);
  const line = after.split("\n").find((each) => each.startsWith("{"));
  const { bytes, notes } = JSON.parse(line);
  const collections = during.split("\n").filter((each) => /Scavenge|Mark-Compact|Mark-sweep/i.test(each));
  return { collections, bytesPerRun: bytes / runs, notes };
}
