/** The golden tests of the passes: test/files/PASS/what-it-shows.ir. */
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { pipeline } from "../compiler/pipeline.js";
import { irFiles, runFileTest } from "./support/filetest.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "files");
const files = irFiles(root);

describe("test/files", () => {
  it.each(files.map((path) => [relative(root, path), path] as const))("%s", (_, path) => {
    const { actual, expected } = runFileTest(path);
    expect(actual).toBe(expected);
  });

  it("has a folder for every pass", () => {
    const folders = new Set(files.map((path) => basename(dirname(path))));
    for (const { name, level } of pipeline) if (level === "graph") expect(folders).toContain(name);
  });
});
