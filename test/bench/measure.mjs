/** Runs in the engine under test: every contender on every layer, interleaved in rounds; prints JSON lines. */
import * as convsmith from "../../dist/compiler/index.js";
import { ceilingNow, ceilings, prepareFloor } from "./ceiling.mjs";
import { errorOf, sample, wrong } from "./check.mjs";
import { codeBytes } from "./code-bytes.mjs";
import { prepareConvsmith } from "./contenders/convsmith.mjs";
import { loadJaxJs } from "./contenders/jax-js.mjs";
import { loadJaxNative } from "./contenders/native.mjs";
import { loadOnnxruntimeNode, loadOnnxruntimeWeb } from "./contenders/onnxruntime.mjs";
import { reason } from "./contenders/refusal.mjs";
import { loadTfjs } from "./contenders/tfjs.mjs";
import { listed } from "./flags.mjs";
import { layerData, reference } from "./layer-data.mjs";
import { flops, isDense3x3, layers, traffic } from "./layers.mjs";
import { readOptions } from "./options.mjs";
import { race, time, timingsOf } from "./race.mjs";
import { median } from "./statistics.mjs";

const options = readOptions(process.argv.slice(2));
const rounds = Number(options.rounds);
/** Compile options under which ours is measured. */
const settings = { precision: options.precision, algorithm: options.algorithm };
const emit = (line) => console.log(JSON.stringify(line));

const loaders = {
  "tfjs-wasm": () => loadTfjs("wasm"),
  "tfjs-cpu": () => loadTfjs("cpu"),
  "onnxruntime-web": loadOnnxruntimeWeb,
  "jax-js": loadJaxJs,
  "native-jax": () => loadJaxNative(options.python),
  "native-onnxruntime": loadOnnxruntimeNode,
};

/** name → (layer, data) => contender. A peer that does not load is one that can run nothing, with the reason. */
async function loadPeers() {
  const names = [...listed(options.peers), ...(options.native ? ["native-jax", "native-onnxruntime"] : [])];
  const loaded = new Map();
  // jax-js must be there before others define globals it would act on.
  for (const name of [...names].sort((a, b) => Number(b === "jax-js") - Number(a === "jax-js")))
    try {
      loaded.set(name, await loaders[name]());
    } catch (error) {
      emit({ kind: "note", text: `${name} does not run here: ${reason(error)}` });
      loaded.set(name, () => {
        throw error;
      });
    }
  return new Map(names.map((name) => [name, loaded.get(name)]));
}

/** Runs a contender for the first time, checks what it computes, and warms it up. */
async function admit(layer, expected, first, contender) {
  const output = await contender.output();
  const fault = wrong(layer, output, expected, first, contender.about?.algorithm);
  if (fault !== null) throw new Error(`wrong result: ${fault}`);
  const ms = await time(contender);
  if (ms <= 300) for (let i = 0; i < 3; i++) await time(contender);
  return { output, timings: timingsOf(ms, rounds) };
}

const mine = listed(options.backend);
const tops = await ceilings();
const peers = await loadPeers();
const versions = Object.fromEntries(
  [...peers].flatMap(([name, { version }]) => (version ? [[name, version]] : [])),
);
emit({ kind: "start", ceilings: tops, settings, peers: [...peers.keys()], versions, backends: mine });

const ceilingOf = (target) => ({ "wasm-relaxed": tops.relaxed, "wasm-simd": tops.mulAdd })[target] ?? null;

async function floorOf(layer) {
  const contender = await prepareFloor(layer);
  for (let i = 0; i < 4; i++) await time(contender);
  return { name: "floor", contender, timings: rounds };
}

async function measureLayer(layer) {
  const data = layerData(layer);
  const expected = sample(layer, data);
  const exact = options.errors ? reference(layer, data) : null;
  const entries = [];
  const refusals = {};
  const errors = {};
  let first = null;
  const enter = async (name, make) => {
    let contender = null;
    try {
      contender = await make();
      const { output, timings } = await admit(layer, expected, first, contender);
      first ??= output;
      if (exact !== null && mine.includes(name)) errors[name] = errorOf(layer, output, exact);
      entries.push({ name, contender, timings, ceiling: await ceilingNow(contender.about?.target) });
    } catch (error) {
      contender?.dispose();
      refusals[name] = reason(error);
    }
  };
  for (const backend of mine)
    await enter(backend, () => prepareConvsmith(convsmith, backend, layer, data, settings));
  for (const [name, prepare] of peers) await enter(name, () => prepare(layer, data));
  const held = layer.bound === "compute" ? [] : [await floorOf(layer)];
  const { times, beside } = await race([...entries, ...held], rounds, refusals);
  const ms = (name) => median(times.get(name));
  const others = Object.fromEntries(
    [...peers.keys()].map((name) => [
      name,
      times.has(name) ? { ms: ms(name), timings: times.get(name).length } : { why: refusals[name] },
    ]),
  );
  for (const name of mine.filter((name) => name in refusals)) {
    emit({ kind: "note", text: `convsmith ${name} fails on ${layer.name}: ${refusals[name]}` });
    process.exitCode = 1;
  }
  const { readBytes, writtenBytes } = traffic(layer);
  for (const { name, contender } of entries.filter(({ name }) => mine.includes(name) && times.has(name))) {
    const gf = flops(layer) / ms(name) / 1e6;
    const ceiling = ceilingOf(contender.about.target);
    const shares = times.get(name).map((ms, i) => flops(layer) / ms / 1e6 / beside.get(name)[i]);
    emit({
      kind: "layer",
      layer: layer.name,
      who: name,
      ms: ms(name),
      gf,
      ofCeiling: ceiling === null ? null : gf / ceiling,
      ofCeilingBeside: ceiling === null ? null : median(shares),
      floor: held.length === 0 ? null : { kind: layer.bound, ms: ms("floor") },
      peers: others,
      ...contender.about,
      error: errors[name] ?? null,
      flops: flops(layer),
      bytes: readBytes + writtenBytes,
      timings: times.get(name),
      tags: { bound: layer.bound, dense3x3: isDense3x3(layer), native: layer.native },
    });
  }
  for (const { contender } of entries) await contender.dispose();
}

for (const layer of layers.filter(({ name }) => name.includes(options.filter))) await measureLayer(layer);
for (const backend of mine)
  emit({ kind: "bytes", who: backend, files: await codeBytes(convsmith, backend, settings) });
for (const { close } of peers.values()) close?.();
