/** `npm run conformance`: a vitest reporter that prints what each suite holds, passed and left out. */
import type { Reporter, TestModule } from "vitest/node";
import "./suite-test.js";
import { formatTallies, type Tally } from "./suite.js";

export default class ConformanceReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tallies: Tally[] = [];
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const { conformance } = test.meta();
        if (conformance !== undefined) tallies.push(conformance);
      }
    process.stdout.write(`\n${formatTallies(tallies)}\n`);
  }
}
