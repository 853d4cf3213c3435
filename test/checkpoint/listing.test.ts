/** `convsmith weights` on files of every format. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { weightsCommand } from "../../cli/commands/weights.js";
import type { Terminal } from "../../cli/terminal.js";
import { CheckpointError } from "../../runtime/error.js";
import { checkpointFile, checkpointFiles } from "../oracle/checkpoints.js";
import { safetensors } from "./write-file.js";

const folder = mkdtempSync(join(tmpdir(), "convsmith-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

function listed(bytes: Uint8Array, json: boolean): string {
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  let out = "";
  const terminal: Pick<Terminal, "out"> = {
    out: (text) => {
      out += text;
    },
  };
  weightsCommand(path, { json, quiet: false, verbose: 0 }, terminal as Terminal);
  return out;
}

describe("convsmith weights", () => {
  it.each(checkpointFiles)("$title", ({ bytes, tensors }) => {
    const rows = listed(bytes, true)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    // safetensors are in the order of their dtypes.
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    expect(rows.sort(byPath)).toEqual(
      [...tensors]
        .map(([path, { data, shape, dtype }]) => {
          const [collection, ...rest] = path.split("/");
          return { collection, path: rest.join("/"), shape, dtype, bytes: data.byteLength };
        })
        .sort(byPath),
    );
  });

  it("as a table", () => {
    const lines = listed(checkpointFile("npz: compressed well").bytes, false).split("\n");
    expect(lines[0]).toMatch(/^path +shape +dtype +bytes$/);
    expect(lines[1]).toMatch(/^zeros +\[40,25\] +float64 +[\d.]+ KB$/);
    expect(lines[2]).toMatch(/^ramp +\[20,20\] +float32 +[\d.]+ KB$/);
    expect(lines[3]).toMatch(/^2 tensors, /);
  });

  it("a name in a file cannot steer the terminal", () => {
    const header = { "a\u001b[2Jb": { dtype: "U8", shape: [0], data_offsets: [0, 0] } };
    expect(listed(safetensors(header), false)).toContain("a?[2Jb  [0]");
  });

  it("names the file it cannot read", () => {
    const cut = checkpointFile("npz: slashes").bytes.subarray(0, 500);
    expect(() => listed(cut, false)).toThrow(CheckpointError);
    expect(() => listed(cut, false)).toThrow(`${join(folder, "file")}: the archive's directory`);
  });
});
