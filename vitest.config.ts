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
    // Some tests start child processes on a shared machine; a hung one must still end.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
