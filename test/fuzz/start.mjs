/** Bundles the fuzzer's TypeScript with the compiler's and runs it; packages stay where they are. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Inside node_modules, so that the packages are found from there. One file a process: two may run at once.
const outfile = here(`../../node_modules/.cache/convsmith-fuzz/${process.pid}.mjs`);

await build({
  entryPoints: [here("main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  sourcemap: "inline",
  logLevel: "error",
});
try {
  const { main } = await import(pathToFileURL(outfile).href);
  process.exitCode = await main();
} finally {
  const { rmSync } = await import("node:fs");
  rmSync(outfile);
}
