/** Runs in the engine under test: every contender on every layer, interleaved in rounds; prints JSON lines. */
import { parseArgs } from "node:util";
import * as convsmith from "../../dist/compiler/index.js";
import { ceiling } from "./ceiling.mjs";
import { jaxJs, layerData, onnxruntime, ours, tfjs } from "./contenders.mjs";
import { flops, layers } from "./layers.mjs";
import { convModel } from "./onnx-model.mjs";

const { values } = parseArgs({
  options: {
    filter: { type: "string", default: "" },
    backend: { type: "string", default: "wasm,js" },
    rounds: { type: "string", default: "9" },
    peers: { type: "string", default: "tfjs-wasm,onnxruntime-web" },
    precision: { type: "string", default: "default" },
  },
});

const emit = (line) => console.log(JSON.stringify(line));
const ceilings = { mulAdd: await ceiling("mul-add"), relaxed: await ceiling("relaxed") };
emit({ kind: "ceiling", ...ceilings });

/** name → (layer, data) => contender, or null where the peer refuses the layer. */
async function loadPeers() {
  const out = new Map();
  const wanted = values.peers.split(",").filter((name) => name !== "");
  for (const name of wanted) {
    if (name.startsWith("tfjs-")) {
      const backend = name.slice("tfjs-".length);
      const tf = await import("@tensorflow/tfjs-core");
      await import(`@tensorflow/tfjs-backend-${backend}`);
      out.set(name, (layer, data) => tfjsContender(tf, backend, layer, data));
    } else if (name === "onnxruntime-web") {
      const ort = await import("onnxruntime-web");
      ort.env.wasm.numThreads = 1;
      ort.env.logLevel = "error";
      out.set(name, (layer, data) => onnxruntime(ort, convModel, layer, data));
    } else if (name === "jax-js") {
      const jax = await import("@jax-js/jax");
      await jax.init("wasm");
      jax.defaultDevice("wasm");
      out.set(name, (layer, data) => jaxJs(jax, layer, data));
    } else throw new Error(`unknown peer ${name}: tfjs-cpu, tfjs-wasm, onnxruntime-web, jax-js`);
  }
  return out;
}

async function tfjsContender(tf, backend, layer, data) {
  await tf.setBackend(backend);
  const peer = tfjs(tf, layer, data);
  if (peer === null) return null;
  const use = (f) => () => {
    if (tf.getBackend() !== backend) tf.setBackend(backend);
    return f();
  };
  return { ...peer, run: use(peer.run), output: use(peer.output) };
}

/** Milliseconds of one run: short ones are repeated until a few milliseconds have passed. */
async function time(run) {
  let count = 0;
  const start = performance.now();
  let now = start;
  do {
    const pending = run();
    if (pending instanceof Promise) await pending;
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

const peers = await loadPeers();
for (const layer of layers.filter((l) => l.name.includes(values.filter))) {
  const data = layerData(layer);
  const contenders = new Map();
  for (const backend of values.backend.split(","))
    contenders.set(
      `convsmith-${backend}`,
      await ours(backend, convsmith, layer, data, { precision: values.precision }),
    );
  for (const [name, make] of peers) {
    const peer = await make(layer, data);
    if (peer !== null) contenders.set(name, peer);
  }
  const times = new Map([...contenders.keys()].map((name) => [name, []]));
  let reference = null;
  for (const [name, contender] of contenders) {
    await contender.run();
    const output = await contender.output();
    reference ??= output;
    const off = disagreement(output, reference);
    if (!(off < 1e-4)) throw new Error(`${name} disagrees on ${layer.name} by ${off}`);
    const slow = (await time(contender.run)) > 300;
    if (!slow) for (let i = 0; i < 3; i++) await contender.run();
  }
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, contender] of contenders) {
      if (round > 2 && median(times.get(name)) > 300) continue;
      times.get(name).push(await time(contender.run));
    }
  for (const [name, list] of times) {
    const ms = median(list);
    const { note, predictedMs } = contenders.get(name);
    emit({ kind: "layer", layer: layer.name, who: name, ms, gf: flops(layer) / ms / 1e6, note, predictedMs });
  }
  for (const contender of contenders.values()) await contender.dispose();
}
