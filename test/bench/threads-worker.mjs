/** One of several that run the same layer at once, each for itself: while word 0 says so; counts its runs. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import * as convsmith from "../../dist/compiler/index.js";
import { compileArguments } from "./contenders/convsmith.mjs";
import { layerData } from "./layer-data.mjs";

export const states = { rest: 0, run: 1, end: 2 };

async function work({ layer, settings, buffer, own }) {
  const words = new Int32Array(buffer);
  const data = layerData(layer);
  const program = await convsmith.compile(...compileArguments(convsmith, "wasm", layer, data, settings));
  program.inputs[0].data.set(data.input);
  const warm = performance.now() + 100;
  while (performance.now() < warm) program.invoke();
  parentPort.postMessage("ready");
  // A message is only sent once this thread has returned to its event loop.
  await new Promise((resolve) => setTimeout(resolve, 10));
  for (;;) {
    const state = Atomics.load(words, 0);
    if (state === states.end) return;
    if (state === states.rest) Atomics.wait(words, 0, states.rest);
    else {
      program.invoke();
      Atomics.add(words, own, 1);
    }
  }
}

if (!isMainThread && workerData?.layer !== undefined) await work(workerData);
