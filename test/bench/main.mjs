/**
 * npm run bench: measures convsmith and its peers on the same layers, interleaved, in one run on one thread.
 *
 *   npm run bench -- --node PATH      another engine        --filter TEXT   layers whose name has it
 *                    --backend wasm   which of ours         --rounds N      timings a layer
 *                    --peers LIST     tfjs-wasm,onnxruntime-web,tfjs-cpu,jax-js    --precision highest
 *                    --json FILE      the figures as JSON
 */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const pass = ["filter", "backend", "rounds", "peers", "precision"];
const { values } = parseArgs({
  options: {
    node: { type: "string", default: process.execPath },
    json: { type: "string" },
    ...Object.fromEntries(pass.map((name) => [name, { type: "string" }])),
  },
});

execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], {
  cwd: here,
  stdio: "inherit",
});

const args = pass.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));
const child = spawn(values.node, [`${here}measure.mjs`, ...args], { stdio: ["ignore", "pipe", "inherit"] });
const rows = [];
let ceilings = {};
console.log(`engine ${execFileSync(values.node, ["--version"]).toString().trim()}`);
for await (const line of createInterface({ input: child.stdout })) {
  if (!line.startsWith("{")) continue;
  const row = JSON.parse(line);
  if (row.kind === "ceiling") {
    ceilings = row;
    const relaxed = row.relaxed === null ? "refused" : `${row.relaxed.toFixed(1)} GF`;
    console.log(`ceiling: mul+add ${row.mulAdd.toFixed(1)} GF, relaxed ${relaxed}`);
    console.log(
      `${"layer".padEnd(26)} ${"who".padEnd(16)} ${"ms".padStart(9)} ${"GF".padStart(7)} ${"of ceiling".padStart(11)}`,
    );
    continue;
  }
  rows.push(row);
  const top = row.note?.includes("wasm-relaxed") ? ceilings.relaxed : ceilings.mulAdd;
  const share =
    row.who.endsWith("wasm") && row.who.startsWith("convsmith")
      ? `${((100 * row.gf) / top).toFixed(0)} %`
      : "";
  console.log(
    `${row.layer.padEnd(26)} ${row.who.padEnd(16)} ${row.ms.toFixed(3).padStart(9)} ${row.gf.toFixed(1).padStart(7)} ${share.padStart(11)}`,
  );
}
const code = await new Promise((resolve) => child.on("close", resolve));

/** Geometric mean of a peer's time over ours, over the layers both ran. */
function speedup(mine, peer) {
  const ratios = rows
    .filter((row) => row.who === mine)
    .flatMap((row) => {
      const other = rows.find((candidate) => candidate.layer === row.layer && candidate.who === peer);
      return other === undefined ? [] : [other.ms / row.ms];
    });
  if (ratios.length === 0) return null;
  const mean = Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length);
  return { mine, peer, layers: ratios.length, mean, least: Math.min(...ratios) };
}

const mine = [...new Set(rows.map((row) => row.who).filter((who) => who.startsWith("convsmith")))];
const peers = [...new Set(rows.map((row) => row.who).filter((who) => !who.startsWith("convsmith")))];
const summary = mine.flatMap((m) => peers.map((p) => speedup(m, p))).filter((s) => s !== null);
for (const s of summary)
  console.log(
    `${s.mine} over ${s.peer}: ${s.mean.toFixed(2)}x geometric mean of ${s.layers} layers, least ${s.least.toFixed(2)}x`,
  );
if (values.json !== undefined)
  writeFileSync(values.json, JSON.stringify({ ceilings, rows, summary }, null, 2));
process.exitCode = code ?? 1;
