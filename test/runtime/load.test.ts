/** load(): a bundle from the bytes of its files. */
import { describe, expect, it } from "vitest";
import { load } from "../../runtime/index.js";
import { jsBundle, wasmBundle } from "../bundle/bundle-files.js";
import { affine, bias } from "../bundle/fake-program.js";

const x = new Float32Array([1, 2, 3, 4]);
const expected = affine([...x], bias);

describe("load", () => {
  it.each([
    ["js", jsBundle, false],
    ["js, inline", jsBundle, true],
    ["wasm", wasmBundle, false],
    ["wasm, inline", wasmBundle, true],
  ] as const)("starts a bundle: %s", async (_, make, inline) => {
    const files = await make(inline);
    for (const given of [files, Object.fromEntries(files)])
      expect([...(await (await load(given)).run(x)).data]).toEqual(expected);
  });

  it("takes a module and weights instead of the files", async () => {
    const files = await wasmBundle();
    const module = await WebAssembly.compile(files.get("affine.wasm") as BufferSource);
    const only = new Map([["affine.json", files.get("affine.json")!]]);
    const executable = await load(only, { module, weights: new Float32Array([2]) });
    expect([...executable.runSync(x).data]).toEqual(affine([...x], 2));
    expect(executable.notes).toEqual(["runs the module given"]);
    const js = await load(await jsBundle(), { weights: new Float32Array([2]) });
    expect([...js.runSync(x).data]).toEqual(affine([...x], 2));
  });

  it("refuses files that are not one whole bundle", async () => {
    const files = await jsBundle();
    const without = (name: string) => new Map([...files].filter(([file]) => file !== name));
    const changed = (name: string, text: string) => new Map(files).set(name, new TextEncoder().encode(text));
    const refused = { name: "CheckpointError" };
    await expect(load(without("affine.json"))).rejects.toMatchObject({ ...refused, code: "bundle-manifest" });
    await expect(load(without("affine.weights.bin"))).rejects.toMatchObject({
      ...refused,
      code: "bundle-file",
    });
    await expect(load(changed("affine.mjs", "short"))).rejects.toMatchObject({
      ...refused,
      code: "bundle-file",
    });
    for (const text of ["{", "null", "{}", '{"format":"convsmith-bundle","formatVersion":2}'])
      await expect(load(changed("affine.json", text))).rejects.toMatchObject({
        ...refused,
        code: "bundle-manifest",
      });
    await expect(load(changed("second.json", "{}"))).rejects.toThrow(/affine.json, second.json/);
  });
});
