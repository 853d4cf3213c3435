/** Copies of the package made from its sources, for other processes and for a second copy in this one. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface BuiltCopy {
  readonly folder: string;
  /** Writes a file beside the copy; what it imports as "./NAME.mjs" is an entry's bundle. */
  script(name: string, text: string | Uint8Array): string;
  import(name: string): Promise<Readonly<Record<string, unknown>>>;
  remove(): void;
}

/** One .mjs per entry (a path from the root of the project), sharing chunks; dependencies stay what they are. */
export async function buildCopy(entries: Readonly<Record<string, string>>): Promise<BuiltCopy> {
  const folder = mkdtempSync(join(tmpdir(), "convsmith-copy-"));
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, path]) => ({ in: join(root, path), out })),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    // "convsmith" is the source here; the rest is found in node_modules.
    alias: { convsmith: join(root, "compiler/index.ts") },
    external: ["binaryen", "@msgpack/msgpack", "@noble/hashes", "fastest-levenshtein", "zod", "ts-morph"],
    logLevel: "silent",
  });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const path = (name: string): string => join(folder, name);
  return {
    folder,
    script(name, text) {
      writeFileSync(path(name), text);
      return path(name);
    },
    import: (name) => import(/* @vite-ignore */ pathToFileURL(path(name)).href),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
