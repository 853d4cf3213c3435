/** What `npm pack` would publish, installed in an empty project. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];

const built = existsSync(join(root, "dist/compiler/index.js")) && existsSync(join(root, "dist/cli/main.js"));
if (!built) console.warn("skipped: dist/ is not complete; run npm run build");

describe.skipIf(!built)("the package", () => {
  let project = "";

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "convsmith-pack-"));
    // `npm test` has just built dist/; building again here would pull it from under the other tests.
    const packed = await run("npm", ["pack", "--ignore-scripts", ...quiet, "--pack-destination", project], {
      cwd: root,
    });
    await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
    const tarball = join(project, packed.stdout.trim());
    await run("npm", ["install", "--prefer-offline", "--ignore-scripts", ...quiet, tarball], {
      cwd: project,
    });
  });

  afterAll(() => rm(project, { recursive: true }));

  const node = async (code: string): Promise<string> => {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: project });
    return stdout.trim();
  };

  it("imports, with the runtime's classes the compiler's own", async () => {
    const code = `import * as all from "convsmith"; import { ShapeError, load } from "convsmith/runtime";
      console.log(typeof all.compile, typeof all.Conv, typeof load, all.ShapeError === ShapeError);`;
    expect(await node(code)).toBe("function function function true");
  });

  it("has a command that explains itself", async () => {
    const { stdout } = await run(join(project, "node_modules/.bin/convsmith"), ["--help"], { cwd: project });
    expect(stdout).toMatch(/compile/);
  });

  it("compiles a convolution to a bundle that runs", async () => {
    const code = `import { Conv, compile, key } from "convsmith";
      import { writeFileSync } from "node:fs";
      const conv = new Conv({ features: 4, kernelSize: [3, 3] });
      const f = await compile(conv, { inputs: [[1, 5, 5, 2]], variables: conv.init(key(0), [1, 5, 5, 2]), backend: "js" });
      for (const [name, bytes] of await f.bundle({ name: "c" })) writeFileSync(name, bytes);
      const { create } = await import(new URL("./c.mjs", "file://" + process.cwd() + "/"));
      const x = new Float32Array(50).fill(1);
      const [a, b] = [f.runSync(x), (await create()).runSync(x)];
      console.log(a.data.length, a.data.every((value, i) => Object.is(value, b.data[i])));`;
    expect(await node(code)).toBe("100 true");
  });

  it("holds what it needs and no tests", async () => {
    const installed = join(project, "node_modules/convsmith");
    expect((await readdir(installed)).sort()).toEqual(
      ["CHANGELOG.md", "ARCHITECTURE.md", "LICENSE", "README.md", "dist", "package.json"].sort(),
    );
    expect((await readdir(join(installed, "dist"))).sort()).toEqual([
      "cli",
      "codegen",
      "compiler",
      "ir",
      "runtime",
    ]);
    const files = await readdir(join(installed, "dist"), { recursive: true });
    expect(files.filter((file) => /\.test\.|make-runtime-chunks/.test(file))).toEqual([]);
    const typed = files.filter(
      (file) => file.endsWith(".js") && !files.includes(file.replace(/\.js$/, ".d.ts")),
    );
    expect(typed).toEqual([]);
    const scripts = Object.keys(JSON.parse(await readFile(join(installed, "package.json"), "utf8")).scripts);
    expect(scripts.filter((name) => /install|^prepare$/.test(name))).toEqual([]);
  });
});
