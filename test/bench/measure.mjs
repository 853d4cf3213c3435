/** Runs in the engine under test: every contender on every layer, interleaved in rounds; prints JSON lines. */
import { parseArgs } from "node:util";
import * as convsmith from "../../dist/compiler/index.js";
import { ceiling } from "./ceiling.mjs";
import { layerData, ours, tfjs } from "./contenders.mjs";
import { flops, layers } from "./layers.mjs";

const { values } = parseArgs({
  options: {
    filter: { type: "string", default: "" },
    backend: { type: "string", default: "wasm,js" },
    rounds: { type: "string", default: "9" },
    peers: { type: "string", default: "tfjs-cpu,tfjs-wasm" },
    precision: { type: "string", default: "default" },
  },
});

const emit = (line) => console.log(JSON.stringify(line));
const ceilings = { mulAdd: await ceiling("mul-add"), relaxed: await ceiling("relaxed") };
emit({ kind: "ceiling", ...ceilings });

async function peerBackends() {
  const out = [];
  const wanted = values.peers.split(",");
  if (!wanted.some((name) => name.startsWith("tfjs"))) return out;
  const tf = await import("@tensorflow/tfjs-core");
  for (const backend of ["cpu", "wasm"]) {
    if (!wanted.includes(`tfjs-${backend}`)) continue;
    await import(`@tensorflow/tfjs-backend-${backend}`);
    out.push({ name: `tfjs-${backend}`, tf, backend });
  }
  return out;
}

/** Milliseconds of one run: short ones are repeated until a few milliseconds have passed. */
function time(run) {
  let count = 0;
  const start = performance.now();
  let now = start;
  do {
    run();
    count++;
    now = performance.now();
  } while (now - start < 5);
  return (now - start) / count;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Largest difference between two outputs, relative to the largest value. */
function disagreement(a, b) {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
  }
  return difference / largest;
}

const peers = await peerBackends();
for (const layer of layers.filter((l) => l.name.includes(values.filter))) {
  const data = layerData(layer);
  const contenders = new Map();
  for (const backend of values.backend.split(","))
    contenders.set(`convsmith-${backend}`, await ours(backend, convsmith, layer, data, { precision: values.precision }));
  for (const { name, tf, backend } of peers) {
    await tf.setBackend(backend);
    const peer = tfjs(tf, layer, data);
    if (peer === null) continue;
    const use = (f) => () => {
      if (tf.getBackend() !== backend) tf.setBackend(backend);
      return f();
    };
    contenders.set(name, { ...peer, run: use(peer.run), output: use(peer.output) });
  }
  const times = new Map([...contenders.keys()].map((name) => [name, []]));
  let reference = null;
  for (const [name, contender] of contenders) {
    contender.run();
    const output = contender.output();
    reference ??= output;
    const off = disagreement(output, reference);
    if (!(off < 1e-4)) throw new Error(`${name} disagrees on ${layer.name} by ${off}`);
    const slow = time(contender.run) > 300;
    if (!slow) for (let i = 0; i < 3; i++) contender.run();
  }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, contender] of contenders) {
      if (round > 2 && median(times.get(name)) > 300) continue;
      times.get(name).push(time(contender.run));
    }
  for (const [name, list] of times) {
    const ms = median(list);
    const { note, predictedMs } = contenders.get(name);
    emit({ kind: "layer", layer: layer.name, who: name, ms, gf: flops(layer) / ms / 1e6, note, predictedMs });
  }
  for (const contender of contenders.values()) contender.dispose();
}
