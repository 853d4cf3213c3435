/** What a conformance suite is and how it is counted: every case passes, fails, or is listed with the reason it cannot run. */
import type { Code } from "../../compiler/refusal.js";
import { UnsupportedError } from "../../runtime/error.js";

export interface Case {
  readonly name: string;
  /** What is wrong, one line each; nothing when the case passes. */
  readonly check: () => Promise<readonly string[]> | readonly string[];
  /** Why the case cannot be run yet. */
  readonly notYet?: string | undefined;
  /** The refusal the case may end in as long as the feature is left out; it is listed, and any other error fails. */
  readonly mayRefuse?: Code | undefined;
  /** What the table says about the case after it ran. */
  readonly note?: () => string;
}

export interface Tally {
  readonly suite: string;
  readonly cases: number;
  readonly passed: number;
  /** Cases that did not run, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly notes: readonly string[];
}

/** Runs every case once, in order. */
export async function runSuite(suite: string, cases: readonly Case[]): Promise<Tally> {
  const refused: Record<string, number> = {};
  const failures: string[] = [];
  const notes: string[] = [];
  let passed = 0;
  const skip = (reason: string): void => {
    refused[reason] = (refused[reason] ?? 0) + 1;
  };
  for (const { name, check, notYet, mayRefuse, note } of cases) {
    if (notYet !== undefined) {
      skip(`not yet: ${notYet}`);
      continue;
    }
    try {
      const wrong = await check();
      failures.push(...wrong.map((line) => `${name}: ${line}`));
      if (wrong.length === 0) passed++;
      if (note !== undefined) notes.push(note());
    } catch (error) {
      if (error instanceof UnsupportedError && error.code === mayRefuse) skip(`refused: ${mayRefuse}`);
      else failures.push(`${name}: ${describeError(error)}`);
    }
  }
  return { suite, cases: cases.length, passed, refused, failures, notes };
}

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const [message = ""] = error.message.split("\n");
  const code = "code" in error ? ` [${String(error.code)}]` : "";
  const [, frame = ""] = /\n\s+at (.*)/.exec(error.stack ?? "") ?? [];
  return `${error.name}${code}: ${message}${code === "" ? ` at ${frame}` : ""}`;
}

/** One row per suite, a row below it for each reason cases did not run. */
export function formatTallies(tallies: readonly Tally[]): string {
  const width = Math.max(5, ...tallies.map(({ suite }) => suite.length));
  const cells = (...numbers: readonly (number | string)[]): string =>
    numbers.map((cell) => String(cell).padStart(8)).join("");
  const rows = tallies.flatMap(({ suite, cases, passed, refused, failures, notes }) => {
    const reasons = Object.entries(refused);
    const count = reasons.reduce((sum, [, cases]) => sum + cases, 0);
    const failed = cases - passed - count;
    return [
      suite.padEnd(width) + cells(cases, passed, count, failed),
      ...reasons.map(([reason, cases]) => `  ${String(cases).padStart(5)} ${reason}`),
      ...notes.map((note) => `        ${note}`),
      ...failures.slice(0, 10).map((line) => `  FAILED ${line}`),
    ];
  });
  const total = (pick: (tally: Tally) => number): number =>
    tallies.reduce((sum, tally) => sum + pick(tally), 0);
  const notRun = total(({ refused }) => Object.values(refused).reduce((sum, cases) => sum + cases, 0));
  const [cases, passed] = [total((tally) => tally.cases), total((tally) => tally.passed)];
  return [
    "suite".padEnd(width) + cells("cases", "passed", "not run", "failed"),
    ...rows,
    "total".padEnd(width) + cells(cases, passed, notRun, cases - passed - notRun),
  ].join("\n");
}
