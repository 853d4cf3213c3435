/** The table of codes against the source: nothing is thrown with a code, or a class, the table does not have. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorCodes } from "../../compiler/refusal.js";

const root = new URL("../../", import.meta.url);

function sources(folder: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith(".ts") && file.name !== "runtime-chunks.ts")
    .map((file) => readFileSync(`${file.parentPath}/${file.name}`, "utf8"));
}

const thrown = /new (Config|Shape|Checkpoint|Unsupported)Error\(\s*"([^"]+)"/g;

it("every code in the source is in the table, with its class", () => {
  const found = ["compiler", "runtime", "codegen"]
    .flatMap(sources)
    .flatMap((text) => [...text.matchAll(thrown)].map(([, name, code]) => [code!, `${name}Error`] as const));
  expect(found.length).toBeGreaterThan(30);
  const table: Readonly<Record<string, { readonly class: string } | undefined>> = errorCodes;
  expect(found.filter(([code, name]) => table[code]?.class !== name)).toEqual([]);
});

it("codes are kebab-case and every row says what it means", () => {
  for (const [code, { means, flax }] of Object.entries(errorCodes)) {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(means.length).toBeGreaterThan(10);
    expect(flax).toMatch(/^(-|[A-Z]\w+(, [A-Z]\w+)*)$/);
  }
});

/** The README's rows are rewritten by `UPDATE=1`. */
it("are the README's table, row for row", () => {
  const file = new URL("README.md", root);
  const readme = readFileSync(file, "utf8");
  const table = /(?:^\| `[a-z0-9-]+` \| \w+Error \|.*\n)+/m;
  const expected = Object.entries(errorCodes)
    .map(([code, { class: name, flax, means }]) => `| \`${code}\` | ${name} | ${flax} | ${means} |\n`)
    .join("");
  if (process.env.UPDATE === "1")
    writeFileSync(
      file,
      readme.replace(table, () => expected),
    );
  else expect(table.exec(readme)?.[0]).toBe(expected);
});
