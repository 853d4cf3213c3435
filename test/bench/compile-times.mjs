/** How long compile() takes in a process of its own, one for each backend; prints JSON lines. */
import * as convsmith from "../../dist/compiler/index.js";
import { compileArguments } from "./contenders/convsmith.mjs";
import { layerData } from "./layer-data.mjs";
import { oneConvolution } from "./layers.mjs";
import { readOptions } from "./options.mjs";
import { median } from "./statistics.mjs";

const { backend, precision, algorithm } = readOptions(process.argv.slice(2));

async function timeLayer(layer) {
  const data = layerData(layer);
  const args = compileArguments(convsmith, backend, layer, data, { precision, algorithm });
  const start = performance.now();
  const executable = await convsmith.compile(...args);
  const ms = performance.now() - start;
  executable.dispose();
  return ms;
}

/** Small layers, so that the time is the compiler's: no two of the same shape, five windows, two strides. */
function variant(i) {
  const each = (value) => [value, value];
  const window = [1, 3, 3, 5, 7][Math.floor(i / 10)];
  return {
    ...oneConvolution,
    size: each(14 + (i % 5)),
    channels: 8 + 4 * (i % 4),
    features: 16 + i,
    kernel: each(window),
    taps: window ** 2,
    strides: each(1 + (i % 2)),
  };
}

const timesOf = async (list) => {
  const times = [];
  for (const layer of list) times.push(await timeLayer(layer));
  return times;
};

// Loads binaryen for wasm.
const firstMs = await timeLayer(oneConvolution);
const distinct = await timesOf(Array.from({ length: 50 }, (_, i) => variant(i)));
const again = await timesOf(Array(11).fill(oneConvolution));
const line = {
  kind: "compile",
  who: backend,
  layer: oneConvolution.name,
  firstMs,
  warmMs: median(again),
  distinct: distinct.length,
  distinctMs: distinct.reduce((a, b) => a + b, 0),
  distinctMedianMs: median(distinct),
};
console.log(JSON.stringify(line));
