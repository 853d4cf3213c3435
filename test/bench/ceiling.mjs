/** What this engine reaches at best: arithmetic with operands in registers, and passing bytes through vector registers. */
import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { traffic } from "./layers.mjs";

const flopsPerTurn = 48 * 4 * 2;
const bestOf = 20;

function wasmOf(name) {
  const module = binaryen.parseText(readFileSync(new URL(`./${name}.wat`, import.meta.url), "utf8"));
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

async function exportsOf(name) {
  const bytes = wasmOf(name);
  return WebAssembly.validate(bytes) ? (await WebAssembly.instantiate(bytes)).instance.exports : null;
}

/** After enough calls for the engine to have its best code. */
function bestMs(work) {
  const warm = performance.now() + 30;
  while (performance.now() < warm) work();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < bestOf; i++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** GF of a committed .wat loop, the best of 20; null where the engine refuses it. */
async function arithmetic(kind) {
  const loop = await exportsOf(`ceiling-${kind}`);
  if (loop === null) return null;
  const turns = 100_000;
  return (turns * flopsPerTurn) / bestMs(() => loop.run(turns, 1, 1e-9)) / 1e6;
}

/** What a target's arithmetic reaches at this moment, in GF, from a fraction of a millisecond; null where there is no such loop. */
export async function ceilingNow(target) {
  const kind = { "wasm-relaxed": "relaxed", "wasm-simd": "mul-add" }[target];
  const loop = kind === undefined ? null : await exportsOf(`ceiling-${kind}`);
  if (loop === null) return null;
  const turns = 3_000;
  const now = () => {
    const start = performance.now();
    loop.run(turns, 1, 1e-9);
    return (turns * flopsPerTurn) / (performance.now() - start) / 1e6;
  };
  for (let i = 0; i < 100; i++) now();
  return now;
}

const line = 64;
const lines = (bytes) => Math.max(line, Math.floor(bytes / line) * line);

/** Its own memory, with `bytes` of it touched. */
async function memoryLoops(bytes) {
  const { memory, copy, read, write } = await exportsOf("ceiling-memory");
  memory.grow(Math.ceil(bytes / 65_536));
  // Pages that were never written may all be one page of zeros.
  new Uint8Array(memory.buffer).fill(1);
  return { copy, read, write };
}

/**
 * The least a layer can take for its bytes: everything it reads is read once, everything it writes is written once, as
 * a copy where both happen. A contender like the others, measured in the same rounds.
 */
export async function prepareFloor(layer) {
  const { readBytes, writtenBytes } = traffic(layer);
  const { copy, read, write } = await memoryLoops(readBytes + writtenBytes + 2 * line);
  const to = lines(readBytes) + line;
  const both = lines(Math.min(readBytes, writtenBytes));
  const run = () => {
    copy(0, to, both);
    if (readBytes - both >= line) read(both, lines(readBytes - both));
    if (writtenBytes - both >= line) write(to + both, lines(writtenBytes - both));
  };
  return { run, dispose: () => undefined };
}

/** GB/s of a copy (bytes read and written both count) and of reading, each over 4 MB: past L2, as most layers are. */
async function bandwidth() {
  const bytes = 4 * 2 ** 20;
  const { copy, read } = await memoryLoops(bytes);
  return {
    copyGBs: bytes / bestMs(() => copy(0, bytes / 2, bytes / 2)) / 1e6,
    readGBs: bytes / bestMs(() => read(0, bytes)) / 1e6,
  };
}

export async function ceilings() {
  return {
    mulAdd: await arithmetic("mul-add"),
    relaxed: await arithmetic("relaxed"),
    ...(await bandwidth()),
  };
}
