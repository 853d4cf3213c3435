/** The .d.ts of a bundle, as tsc reads it. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { bundle } from "../../codegen/bundle.js";
import { jsBundle, textOf, writeFolder } from "./bundle-files.js";
import { pairJs, pairProgram } from "./fake-program.js";

const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

/** What tsc has to say about a script beside the bundle; empty where it is content. */
async function complaints(files: ReadonlyMap<string, Uint8Array>, script: string): Promise<string> {
  const folder = await writeFolder(files);
  await writeFile(join(folder, "main.mts"), script);
  const options = [
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--lib",
    "es2022,dom",
    "--module",
    "nodenext",
  ];
  const run = promisify(execFile)(process.execPath, [tsc, ...options, "--types", "", "main.mts"], {
    cwd: folder,
  });
  return run.then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
}

const pairBundle = () =>
  bundle({
    name: "2-in",
    program: pairProgram,
    artifacts: [pairJs],
    weights: new Uint8Array(0),
    inline: true,
    compilerVersion: "0.1.0",
    macs: 0,
  });

describe("declarations", () => {
  it("of one input and output", async () => {
    const text = await complaints(
      await jsBundle(),
      `import { create, type Affine, type Input0 } from "./affine.mjs";
       const m: Affine = await create({ weights: new ArrayBuffer(4) });
       const x: Input0 = new Float32Array(4);
       const y = await m.run(x);
       const data: Float32Array = y.data;
       const shape: readonly [1, 4] = y.shape;
       const dtype: "float32" = m.runSync({ x }, data).dtype;
       const rank: 2 = m.inputs[0].shape.length;
       const name: "y" = m.outputs[0].name;
       m.runSync({ data, shape, dtype });
       m.invoke();
       m.dispose();
       export { rank, name };`,
    );
    expect(text).toBe("");
  });

  it("of several, in order or by name", async () => {
    const text = await complaints(
      await pairBundle(),
      `import { create } from "./2-in.mjs";
       const m = await create();
       const y = await m.run(new Uint8Array(3), new Uint16Array(3));
       const bits: Uint16Array = y.rest[0].data;
       const sum: Int32Array = m.runSync({ a: new Uint8ClampedArray(3), b: bits }).sum.data;
       m.runSync(new Uint8Array(3), bits, { sum, rest: [bits, sum] });
       const views: 2 = m.inputs.length;
       export { views };`,
    );
    expect(text).toBe("");
  });

  it("refuse wrong arrays, shapes, names and results", async () => {
    const text = await complaints(
      await jsBundle(),
      `import { create } from "./affine.mjs";
       const m = await create();
       m.runSync(new Float64Array(4));
       m.runSync({ data: new Float32Array(4), shape: [4], dtype: "float32" });
       m.runSync({ z: new Float32Array(4) });
       const y: Int32Array = m.runSync(new Float32Array(4)).data;
       m.inputs[1];
       create({ module: 1 });
       export { y };`,
    );
    const lines = [...text.matchAll(/main\.mts\((\d+),/g)].map((match) => Number(match[1]));
    expect([...new Set(lines)]).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it("say what the arrays hold", async () => {
    const text = textOf(await pairBundle(), "2-in.d.ts");
    expect(text).toContain("/** Input b: float16[3], Uint16Array of 3 (the bits of float16 numbers). */");
    expect(text).toContain("Promise<Program2In>");
  });
});
