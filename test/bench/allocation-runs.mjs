/**
 * Calls one program many times, by `invoke()` or `runSync(x, out)`, in a process started with --trace-gc and --expose-gc:
 * between the lines "calls start" and "calls end" the engine says whether it collected anything. Prints a JSON line.
 *
 *   node --trace-gc --expose-gc test/bench/allocation-runs.mjs BACKEND THREADS CALL RUNS
 */
import { writeSync } from "node:fs";
import { Conv, compile, key } from "../../dist/compiler/index.js";

const [backend, threads, call, runs] = process.argv.slice(2);
// Small, or just large enough to be shared by two threads.
const alone = threads === "1";
const shape = alone ? [1, 8, 8, 4] : [1, 20, 20, 32];
const conv = new Conv({ features: alone ? 4 : 32, kernelSize: [3, 3] });
const program = await compile(conv, {
  inputs: [shape],
  variables: conv.init(key(0), shape),
  backend,
  threads: Number(threads),
});
const x = new Float32Array(program.inputs[0].data.length).fill(0.5);
const out = new Float32Array(program.outputs[0].data.length);
const calls = { invoke: () => program.invoke(), runSync: () => program.runSync(x, out) };

const repeat = (work, count) => {
  for (let i = 0; i < count; i++) work();
};
const work = calls[call];
const count = Number(runs);
// Until the engine has its final code: what it collects for its own feedback is not the program's. On a busy machine
// that takes longer. A program that allocates itself never comes to rest here, and is found below.
const round = Math.ceil(count / 10);
let grown = 0;
for (let i = 0; i < 5 || (i < 100 && grown > 4 * round); i++) {
  const before = process.memoryUsage().heapUsed;
  repeat(work, round);
  grown = process.memoryUsage().heapUsed - before;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
globalThis.gc();
const before = process.memoryUsage().heapUsed;
writeSync(1, "calls start\n");
repeat(work, count);
writeSync(1, "calls end\n");
const bytes = process.memoryUsage().heapUsed - before;
console.log(JSON.stringify({ runs: count, bytes, notes: program.notes }));
program.dispose();
