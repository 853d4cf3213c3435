/** How `vitest run` finds and runs the tests; `npm test` builds dist/ first. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "node_modules/**"],
    pool: "forks",
    maxWorkers: 2,
    // Modules hold nothing but caches, which test files may share: each file need not load the compiler again.
    isolate: false,
    // Only a hung test may end here: many compile or start child processes, and a busy machine is ten times slower.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
