/** A suite as one vitest test; its counts go to the reporter as the test's metadata. */
import { it } from "vitest";
import { type Case, runSuite, type Tally } from "./suite.js";

declare module "vitest" {
  interface TaskMeta {
    conformance?: Tally;
  }
}

const listed = 40;

/** `cases` is a function, so that reading a file fails the test and not the collection. */
export function suiteTest(suite: string, cases: () => readonly Case[], timeout = 600_000): void {
  it(
    suite,
    async ({ task }) => {
      const tally = await runSuite(suite, cases());
      task.meta.conformance = tally;
      if (tally.cases === 0) throw new Error(`${suite}: no cases`);
      const { failures } = tally;
      if (failures.length === 0) return;
      const more = failures.length > listed ? `\n… and ${failures.length - listed} more` : "";
      throw new Error(
        `${tally.passed} of ${tally.cases} cases pass\n${failures.slice(0, listed).join("\n")}${more}`,
      );
    },
    timeout,
  );
}
