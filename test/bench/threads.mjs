/**
 * Scaling of ours over threads, held against what the machine has to give: as many workers, each with a program of its
 * own on one thread, all at once. Interleaved in rounds; needs as many idle cores. Prints JSON lines; exits with 1 where a
 * large layer scales worse than it should, or any layer is slower than on one thread.
 */
import { Worker } from "node:worker_threads";
import * as convsmith from "../../dist/compiler/index.js";
import { compileArguments } from "./contenders/convsmith.mjs";
import { layerData } from "./layer-data.mjs";
import { flops, layers } from "./layers.mjs";
import { readOptions } from "./options.mjs";
import { median } from "./statistics.mjs";
import { states } from "./threads-worker.mjs";

const options = readOptions(process.argv.slice(2));
const threads = Number(options.threads);
const settings = { precision: options.precision, algorithm: options.algorithm };
const largeMacs = 50e6;
const leastScaling = 0.92;
/** Of its time on one thread: within what two medians of one program differ by. */
const noSlower = 1.03;
const sampleMs = 20;

/** Milliseconds of one call. */
function time(run) {
  const start = performance.now();
  let count = 0;
  let now = start;
  for (; now - start < sampleMs || count === 0; now = performance.now()) {
    run();
    count++;
  }
  return (now - start) / count;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Workers with programs of their own that run while they are let. */
async function startOthers(layer) {
  const words = new Int32Array(new SharedArrayBuffer(4 * (1 + threads)));
  const others = Array.from({ length: threads - 1 }, (_, i) => {
    const workerData = { layer, settings, buffer: words.buffer, own: i + 1 };
    return new Worker(new URL("./threads-worker.mjs", import.meta.url), { workerData });
  });
  await Promise.all(others.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  const set = (state) => {
    Atomics.store(words, 0, state);
    Atomics.notify(words, 0);
  };
  return {
    /** Runs of all of them a millisecond, this thread's program `run` one of them. */
    async together(run) {
      set(states.run);
      await sleep(2);
      const counted = () => others.reduce((sum, _, i) => sum + Atomics.load(words, i + 1), 0);
      const [start, before] = [performance.now(), counted()];
      const own = 1 / time(run);
      const theirs = (counted() - before) / (performance.now() - start);
      set(states.rest);
      return own + theirs;
    },
    async end() {
      set(states.end);
      await Promise.all(others.map((worker) => worker.terminate()));
    },
  };
}

async function prepare(layer, count) {
  const data = layerData(layer);
  const args = compileArguments(convsmith, "wasm", layer, data, { ...settings, threads: count });
  const program = await convsmith.compile(...args);
  program.inputs[0].data.set(data.input);
  for (let i = 0; i < 5; i++) time(program.invoke);
  return program;
}

for (const layer of layers.filter(({ name }) => name.includes(options.filter))) {
  const [one, many] = [await prepare(layer, 1), await prepare(layer, threads)];
  const others = await startOthers(layer);
  const samples = { one: [], many: [], together: [] };
  for (let round = 0; round < Number(options.rounds); round++) {
    samples.one.push(time(one.invoke));
    samples.many.push(time(many.invoke));
    samples.together.push(await others.together(one.invoke));
    // Those that have just run are still about to rest.
    await sleep(2);
  }
  await others.end();
  const [oneMs, manyMs] = [median(samples.one), median(samples.many)];
  const scaling = oneMs / manyMs;
  const independent = oneMs * median(samples.together);
  const shares = many.notes.some((note) => note.startsWith("runs on"));
  const large = flops(layer) / 2 >= largeMacs;
  const held = manyMs <= oneMs * noSlower && (!large || scaling >= leastScaling * independent);
  console.log(
    JSON.stringify({
      kind: "threads",
      layer: layer.name,
      threads,
      oneMs,
      manyMs,
      scaling,
      independent,
      shares,
      large,
      held,
    }),
  );
  if (!held) process.exitCode = 1;
  one.dispose();
  many.dispose();
}
