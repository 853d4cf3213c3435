/** `convsmith compile`: the files of a standalone bundle. */
import { mkdirSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleOf } from "../../compiler/executable.js";
import { byteCount, count } from "../../compiler/explain.js";
import { readManifest } from "../../runtime/manifest.js";
import { describeTensor } from "../../runtime/tensor.js";
import type { CompileFlags } from "../options.js";
import { buildHere, prepare, requireVariables, tell } from "../prepare.js";
import { table } from "../table.js";
import { writeUserFile } from "../tensor-file.js";
import type { Terminal } from "../terminal.js";
import { fileError } from "../terminal.js";

export async function compileCommand(path: string, flags: CompileFlags, terminal: Terminal): Promise<void> {
  const name = flags.name ?? basename(path, extname(path));
  const compilation = await prepare(path, flags, terminal, { name, everyTarget: true });
  requireVariables(compilation);
  const built = await buildHere(compilation);
  const files = await bundleOf(compilation, compilation.options.variables, {
    name,
    inline: flags.inline,
    images: flags.images,
    adapter: flags.adapter,
  });
  writeFiles(flags, [...files], [path, flags.weights, flags.schedule, fileOf(flags.tune)]);
  await tell(compilation, built, flags.verbose, terminal);
  const manifest = readManifest(files);
  const sizes = [...files].map(([file, bytes]) => ({
    file,
    bytes: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
  }));
  const targets = manifest.targets.map(({ target }) => target);
  if (flags.json) {
    const { macs, memoryBytes, inputs, outputs } = manifest;
    const line = {
      name,
      out: flags.out,
      backend: manifest.backend,
      targets,
      macs,
      memoryBytes,
      inputs,
      outputs,
      files: sizes,
    };
    terminal.out(`${JSON.stringify(line)}\n`);
    return;
  }
  if (flags.quiet) return;
  const rows = sizes.map(({ file, bytes, gzip }) => [
    `  ${file}`,
    byteCount(bytes),
    `${byteCount(gzip)} gzip`,
  ]);
  const [input] = manifest.inputs;
  const [output] = manifest.outputs;
  terminal.out(
    [
      `${name}: ${targets.join(" and ")}, ${count(manifest.macs)} MACs, ${byteCount(manifest.memoryBytes)} memory, in ${flags.out}`,
      ...table(rows, ["left", "right", "right"]),
      "",
      "Use it:",
      `  import { create } from ${JSON.stringify(importPath(flags.out, name))};`,
      "  const model = await create();",
      `  const y = await model.run(x);   // ${described(input)} -> ${described(output)}`,
      "",
    ].join("\n"),
  );
}

function fileOf(flag: string | boolean | undefined): string | undefined {
  return typeof flag === "string" ? flag : undefined;
}

function described(slot: { readonly dtype: string; readonly shape: readonly number[] } | undefined): string {
  return slot === undefined ? "nothing" : describeTensor(slot.dtype, slot.shape);
}

function importPath(out: string, name: string): string {
  const path = join(out, `${name}.mjs`);
  return /^[./]/.test(path) ? path : `./${path}`;
}

function writeFiles(
  { out }: CompileFlags,
  files: readonly (readonly [name: string, bytes: Uint8Array])[],
  given: readonly (string | undefined)[],
): void {
  const inputs = new Set(given.filter((path) => path !== undefined).map((path) => resolve(path)));
  const lost = files.find(([name]) => inputs.has(resolve(out, name)));
  if (lost !== undefined)
    throw fileError(
      "out-overwrites",
      join(out, lost[0]),
      "would be overwritten, and it is given as input; choose another --out or --name",
    );
  try {
    mkdirSync(out, { recursive: true });
  } catch (error) {
    throw fileError("file-unwritable", out, `cannot be made (${(error as NodeJS.ErrnoException).code})`);
  }
  for (const [name, bytes] of files) writeUserFile(join(out, name), bytes);
}
