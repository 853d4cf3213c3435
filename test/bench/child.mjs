/** Starts the process that measures, on one core where that was asked for, and reads the JSON lines it prints. */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { note } from "./table.mjs";

/** The command line on core `core`, if that can be had; "" is any. */
function pinned(core, plain) {
  if (core === "") return plain;
  try {
    execFileSync("taskset", ["-c", core, "true"], { stdio: "ignore" });
    return ["taskset", "-c", core, ...plain];
  } catch {
    note(`taskset cannot pin to core ${core} here: unpinned`);
    return plain;
  }
}

/** Runs a command line and gives its JSON lines to `take`; its exit code. */
export async function runPinned(core, commandLine, take) {
  const [program, ...args] = pinned(core, commandLine);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith("{")) take(JSON.parse(line));
  return (await closed) ?? 1;
}
