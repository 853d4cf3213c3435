/** tsc on types.ts: every line that must not compile does not, and the others do. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

it("the types say what the interface says", async () => {
  const folder = await mkdtemp(join(tmpdir(), "convsmith-types-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const text = await readFile(join(root, "test/compile/types.ts"), "utf8");
  await writeFile(join(folder, "types.mts"), text);
  // One expectation too many, to see that tsc reads the file at all.
  await writeFile(join(folder, "canary.mts"), "// @ts-expect-error: nothing is wrong\nexport {};\n");
  const paths = { convsmith: [join(root, "compiler/index.ts")] };
  const compilerOptions = { rootDir: "/", paths, declaration: false };
  const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["*.mts"], exclude: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  expect(
    stdout
      .trim()
      .split("\n")
      .filter((line) => /^(types|canary)\.mts/.test(line)),
  ).toEqual([expect.stringMatching(/^canary\.mts\(1,1\): error TS2578: /)]);
});
