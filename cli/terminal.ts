/** Where a command writes, and what an error becomes: one line and an exit code. */
import { writeFileSync } from "node:fs";
import progressBars from "cli-progress";

import { PassError } from "../compiler/pass.js";
import { InternalError } from "../ir/diagnostic.js";
import { ParseError } from "../ir/parse.js";
import { ConfigError, ConvsmithError } from "../runtime/error.js";

export interface Terminal {
  /** Results: standard output. */
  out(text: string): void;
  /** Everything else: standard error. */
  note(text: string): void;
  /** How far work is, where somebody looks; undefined where nobody does. */
  readonly progress?: ((stage: string, done: number, total: number) => void) | undefined;
  /** Puts a file beside the user, for a bug report; returns the name to tell them. */
  keep(name: string, text: string): string;
}

/** The process's own streams, with a bar on standard error if that is a terminal. */
export function processTerminal(): Terminal {
  let bar: progressBars.SingleBar | null = null;
  const clear = (): void => {
    bar?.stop();
    bar = null;
  };
  const progress = (stage: string, done: number, total: number): void => {
    if (bar === null) {
      bar = new progressBars.SingleBar({ format: "{bar} {stage}", clearOnComplete: true, hideCursor: true });
      bar.start(total, 0, { stage });
    }
    bar.setTotal(total);
    bar.update(done, { stage });
    if (done >= total) clear();
  };
  return {
    out: (text) => process.stdout.write(text),
    note(text) {
      clear();
      process.stderr.write(text);
    },
    progress: process.stderr.isTTY === true ? progress : undefined,
    keep(name, text) {
      writeFileSync(name, text);
      return name;
    },
  };
}

export const exitCodes = { done: 0, user: 1, usage: 2, bug: 70 } as const;

/** The command line itself is wrong: a flag, a value of one, or one that is missing. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A mistake in a file or folder the user named. */
export function fileError(code: string, path: string, what: string): ConfigError {
  return new ConfigError(code, `${path}: ${what}`);
}

/** Tells the user, and returns the exit code. */
export function report(error: unknown, terminal: Terminal, verbose: number): number {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  if (error instanceof UsageError) {
    terminal.note(`convsmith: ${message}\n`);
    return exitCodes.usage;
  }
  if (error instanceof ConvsmithError || error instanceof ParseError) {
    terminal.note(`convsmith: ${message}\n`);
    return exitCodes.user;
  }
  const kind = error instanceof InternalError || !(error instanceof Error) ? "" : `${error.name}: `;
  const lines = [`convsmith: a bug in convsmith, not in your model: ${kind}${firstLine(message)}`];
  if (error instanceof PassError)
    lines.push(`convsmith: the IR that shows it is in ${terminal.keep("repro.ir", error.repro)}`);
  lines.push("convsmith: please report it with this message and your command line (-v adds the stack)");
  if (verbose > 0 && stack !== undefined) lines.push(stack);
  terminal.note(`${lines.join("\n")}\n`);
  return exitCodes.bug;
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
