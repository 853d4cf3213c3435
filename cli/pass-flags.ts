/** The flags about passes, for inspect and ir opt. */
import type { PassOptions, PassTime } from "../compiler/run-passes.js";
import { table } from "./table.js";
import type { Terminal } from "./terminal.js";

interface PassFlags {
  readonly disable: readonly string[];
  readonly printAfter?: string | undefined;
  readonly stopAfter?: string | undefined;
  readonly timePasses: boolean;
}

export function passOptions(flags: PassFlags, terminal: Terminal): PassOptions {
  const { disable, printAfter, stopAfter, timePasses } = flags;
  const sink = (pass: string, text: string): void => terminal.out(`; after ${pass}\n${text}\n`);
  return {
    disable,
    timePasses,
    ...(printAfter === undefined ? {} : { printAfter: { which: printAfter, sink } }),
    ...(stopAfter === undefined ? {} : { stopAfter }),
  };
}

/** Passes and their milliseconds, the slowest first. */
export function timesText(times: readonly PassTime[], json: boolean): string {
  const slowest = [...times].sort((a, b) => b.milliseconds - a.milliseconds);
  if (json) return slowest.map((time) => `${JSON.stringify(time)}\n`).join("");
  const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = [...slowest.map(({ pass, milliseconds }) => [pass, milliseconds]), ["total", total]] as const;
  return `${table(
    rows.map(([name, ms]) => [String(name), `${Number(ms).toFixed(2)} ms`]),
    ["left", "right"],
  ).join("\n")}\n`;
}
