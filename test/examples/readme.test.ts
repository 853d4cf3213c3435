/** The README's programs run, and what it says of commands and stages is so. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { emitStages } from "../../compiler/emit-stage.js";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const programs = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!);
const entry = new URL("../../dist/compiler/index.js", import.meta.url).href;

describe("README", () => {
  it("has programs that run", async () => {
    const own = programs.filter((text) => text.includes('from "convsmith"'));
    expect(own).toHaveLength(2);
    const outputs = await Promise.all(
      own.map((text) =>
        promisify(execFile)(process.execPath, [
          "--input-type=module",
          "-e",
          text
            .replace('"convsmith"', JSON.stringify(entry))
            .concat("\nif (typeof y === 'object') console.log(y.shape);"),
        ]),
      ),
    );
    expect(outputs[0]!.stdout).toContain("[ 1, 14, 14, 4 ]");
    expect(outputs[0]!.stdout).toContain("precision default");
    expect(outputs[1]!.stdout).toMatch(/^graph @Net[\s\S]*graph @correlate/m);
    for (const { stderr } of outputs) expect(stderr).toBe("");
  });

  it("lists the stages", () => {
    expect(readme).toContain(`\`${emitStages.join(" ")}\``);
  });
});
