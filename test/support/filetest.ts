/**
 * File tests: a run line, IR, `; ----`, and the IR expected after the run (compiler/run-line.ts says what a run line is).
 *
 * UPDATE=1 rewrites the expected part. The expected text of a run that must fail is its message, each line after `; `.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRunLine } from "../../compiler/run-line.js";
import { runText } from "../../compiler/run-text.js";

const separator = "; ----\n";

/** Every .ir file below a folder, sorted. */
export function irFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return irFiles(path);
      return name.endsWith(".ir") ? [path] : [];
    });
}

export interface FileTest {
  readonly actual: string;
  readonly expected: string;
}

/** Runs one file; with UPDATE=1 also makes what it did the expectation. */
export function runFileTest(path: string): FileTest {
  const text = readFileSync(path, "utf8");
  const at = text.indexOf(separator);
  const source = at < 0 ? text : text.slice(0, at);
  const actual = runSource(source);
  if (process.env.UPDATE === "1") {
    writeFileSync(path, `${source.trimEnd()}\n${separator}${actual}`);
    return { actual, expected: actual };
  }
  return { actual, expected: at < 0 ? "" : text.slice(at + separator.length) };
}

function runSource(source: string): string {
  const run = parseRunLine(source);
  try {
    return runText(source, run, { verifyEach: true });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `${error.name}: ${error.message}`.replace(/^/gm, "; ").concat("\n");
  }
}
