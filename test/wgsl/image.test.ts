/**
 * Images as inputs in headless Chromium: bitmaps, and frames of videos both ways there are: straight to a texture where
 * the browser composes on a GPU, by a copy where it does not.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { bundleOf } from "../../compiler/executable.js";
import { lax } from "../../compiler/index.js";
import type { Traced } from "../../compiler/traced.js";
import type { BundlePage } from "../support/page.js";
import { hasBrowser, openPage } from "../support/page.js";

const here = hasBrowser();
const [width, height] = [12, 6];

/** Bytes of two images: red, green, blue and another, or three planes with one value for each 2x2 pixels of the last. */
const packed = [29, 31].map((factor) => Uint8Array.from({ length: 288 }, (_, i) => (i * factor) % 256));
/** What is beside opaque colors is no alpha, but Chromium reads it as one. */
const opaque = packed.map((bytes) => bytes.map((byte, i) => (i % 4 === 3 ? 255 : byte)));
/** At least half opaque: frames are premultiplied by their alpha on the way and divided by it again. */
const half = packed.map((bytes) => bytes.map((byte, i) => (i % 4 === 3 ? 128 + byte / 2 : byte)));
const planar = packed.map((bytes) => bytes.slice(0, 108).fill(128, 72));

const colors = (order: readonly number[]) =>
  packed.map((bytes) => Array.from({ length: 216 }, (_, i) => bytes[4 * Math.floor(i / 3) + order[i % 3]!]!));
/** Luma from 16 to 235, each pixel a gray. */
const grays = planar.map((bytes) =>
  Array.from({ length: 216 }, (_, i) =>
    Math.min(255, Math.max(0, ((bytes[Math.floor(i / 3)]! - 16) * 255) / 219)),
  ),
);

const kinds = [
  ["ImageBitmap", packed, colors([0, 1, 2])],
  ["RGBX", opaque, colors([0, 1, 2])],
  ["BGRX", opaque, colors([2, 1, 0])],
  ["RGBA", half, colors([0, 1, 2])],
  ["I420", planar, grays],
] as const;

/** In the page: images are given one after another without waiting, and closed as soon as run() has returned. */
const script = `
  window.see = async (name, kind, images, width, height) => {
    const { create } = await import("/" + name + ".mjs");
    const m = await create();
    const frame = (bytes) => new VideoFrame(bytes, { format: kind, codedWidth: width, codedHeight: height, timestamp: 0 });
    const bitmap = (bytes) => {
      const data = new ImageData(new Uint8ClampedArray(bytes), width, height);
      return createImageBitmap(data, { premultiplyAlpha: "none" });
    };
    const sources = await Promise.all(images.map(kind === "ImageBitmap" ? bitmap : frame));
    const { createImageBitmap: make } = window;
    let copies = 0;
    window.createImageBitmap = (...args) => { copies++; return make(...args); };
    try {
      const beside = Float32Array.of(0);
      const runs = sources.map((source, i) => {
        beside[0] = i;
        const result = m.run(source, beside);
        source.close();
        return result;
      });
      const results = (await Promise.all(runs)).map(({ data }) => [...data]);
      return { results, copies };
    } catch (error) {
      return { results: [], copies, code: error.code ?? String(error) };
    } finally {
      window.createImageBitmap = make;
      m.dispose();
    }
  };
`;

interface Seen {
  readonly results: readonly (readonly number[])[];
  /** Bitmaps that were made of frames. */
  readonly copies: number;
  readonly code?: string;
}
type See = (
  name: string,
  kind: string,
  images: readonly Uint8Array[],
  width: number,
  height: number,
) => Promise<Seen>;

describe.skipIf(!here).each(["gpu", "cpu"] as const)("in a browser that composes on a %s", (composedBy) => {
  let opened: BundlePage;
  const see: See = (...args) =>
    opened.page.evaluate((all) => (window as unknown as { see: See }).see(...all), args);

  beforeAll(async () => {
    opened = await openPage({ composedBy });
    await opened.page.addScriptTag({ content: script });
    for (const dtype of ["uint8", "float32"] as const) {
      const inputs = [
        { shape: [1, height, width, 3], dtype },
        { shape: [1], dtype: "float32" },
      ] as const;
      // What fills the inputs is seen as it is: the model returns it.
      const target = (image: Traced, beside: Traced): Traced =>
        lax.concatenate([lax.convertElementType(lax.reshape(image, [216]), "float32"), beside], 0);
      const compilation = new Compilation(target, { inputs, backend: "wgsl" });
      const request = { name: `image-${dtype}`, images: true };
      for (const [file, bytes] of await bundleOf(compilation, undefined, request))
        opened.files.set(file, bytes);
    }
  });
  afterAll(() => opened?.close());

  describe.each(["uint8", "float32"])("for %s", (dtype) => {
    it.each(kinds)("%s", async (kind, images, expected) => {
      const { results, copies, code } = await see(`image-${dtype}`, kind, images, width, height);
      expect(code).toBeUndefined();
      expect(copies).toBe(composedBy === "cpu" && kind !== "ImageBitmap" ? images.length : 0);
      // Luma becomes color, and color is multiplied by alpha, with rounding on the way.
      const most = (kind === "I420" || kind === "RGBA" ? 2 : 2 ** -14) / (dtype === "uint8" ? 1 : 255);
      for (const [i, wanted] of expected.entries()) {
        expect(results[i]!.at(-1)).toBe(i);
        expect(results[i]!.length).toBe(wanted.length + 1);
        for (const [k, byte] of wanted.entries())
          expect(Math.abs(results[i]![k]! - (dtype === "uint8" ? byte : byte / 255))).toBeLessThanOrEqual(
            most,
          );
      }
    });

    it.each(["ImageBitmap", "RGBX"])("%s of another size is refused", async (kind) => {
      const { code } = await see(`image-${dtype}`, kind, packed, height, width);
      expect(code).toBe("input-image");
    });
  });
});
