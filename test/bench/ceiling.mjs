/** What this engine reaches at best with operands in registers: the measure every layer is held against. */
import { readFileSync } from "node:fs";
import binaryen from "binaryen";

const perTurn = 48 * 4 * 2;

/** GF of a committed .wat loop, the best of 20; null where the engine refuses it. */
export async function ceiling(kind) {
  const text = readFileSync(new URL(`./ceiling-${kind}.wat`, import.meta.url), "utf8");
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  if (!WebAssembly.validate(bytes)) return null;
  const { run } = (await WebAssembly.instantiate(bytes)).instance.exports;
  const turns = 200_000;
  run(1000, 1, 1e-9);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    run(turns, 1, 1e-9);
    best = Math.min(best, performance.now() - start);
  }
  return (turns * perTurn) / best / 1e6;
}
