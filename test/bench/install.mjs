/** What must be there before anything is measured: the peers, and a build of ours. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Whether what is asked for lies in node_modules in the version that package.json says. */
function installed(optional) {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${here}package.json`, "utf8"));
  const wanted = { ...dependencies, ...(optional ? optionalDependencies : {}) };
  return Object.entries(wanted).every(([name, version]) => {
    const file = `${here}node_modules/${name}/package.json`;
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
  });
}

/** Peers of the lock file; the large native one only where it is asked for. Nothing is fetched when all is there. */
export function installPeers(native) {
  if (installed(native)) return;
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
  const flags = native ? quiet : [...quiet, "--omit=optional"];
  execFileSync("npm", ["ci", ...flags], { cwd: here, stdio: "inherit" });
}

const built = join(root, "dist/compiler/index.js");

/** Builds where nothing is built; says whether a source is newer than the build. */
export function buildIsOld() {
  if (!existsSync(built)) execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  const { mtimeMs } = statSync(built);
  return ["ir", "codegen", "compiler", "runtime"].some((folder) =>
    readdirSync(join(root, folder), { recursive: true }).some((file) => {
      // Made by the build itself.
      if (!file.endsWith(".ts") || file === "runtime-chunks.ts") return false;
      return statSync(join(root, folder, file)).mtimeMs > mtimeMs;
    }),
  );
}
