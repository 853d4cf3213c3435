/** Bytes of the code of one convolution, as a bundle ships it. */
import { gzipSync } from "node:zlib";
import { compileArguments } from "./contenders/convsmith.mjs";
import { layerData } from "./layer-data.mjs";
import { oneConvolution } from "./layers.mjs";

/** { file, bytes, gzip } of each file with code: one .wasm for each set of features, and the .mjs that loads them. */
export async function codeBytes(convsmith, backend, settings) {
  const args = compileArguments(convsmith, backend, oneConvolution, layerData(oneConvolution), settings);
  const executable = await convsmith.compile(...args);
  const files = await executable.bundle({ name: "conv" });
  executable.dispose();
  return [...files]
    .filter(([name]) => /\.(wasm|mjs)$/.test(name))
    .map(([file, bytes]) => ({ file, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length }));
}
