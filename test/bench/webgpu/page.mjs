/** In the page: prepares contenders, checks what they compute and times them, one step at a time as it is told. */
import { sample, wrong } from "../check.mjs";
import { loadConvsmithWebgpu } from "../contenders/convsmith-webgpu.mjs";
import { loadJaxJs } from "../contenders/jax-js.mjs";
import { loadOnnxruntimeWebgpu } from "../contenders/onnxruntime.mjs";
import { reason } from "../contenders/refusal.mjs";
import { loadTfjs } from "../contenders/tfjs.mjs";
import { layerData } from "../layer-data.mjs";
import { time } from "../race.mjs";
import { watch } from "./watch.mjs";

const watched = watch();
const onnxruntime = "/onnxruntime/ort.webgpu.bundle.min.mjs";

const loaders = {
  wgsl: () => loadConvsmithWebgpu(findBundle),
  "tfjs-webgpu": () => loadTfjs("webgpu"),
  "onnxruntime-nhwc": () => loadOnnxruntimeWebgpu(onnxruntime, "NHWC"),
  "onnxruntime-nchw": () => loadOnnxruntimeWebgpu(onnxruntime, "NCHW"),
  "jax-js": () => loadJaxJs("webgpu"),
};

async function findBundle({ bundle }) {
  const [{ create }, response] = await Promise.all([
    import(`/bundles/${bundle}.mjs`),
    fetch(`/bundles/${bundle}.weights.bin`),
  ]);
  return { create, weights: await response.arrayBuffer() };
}

const peers = new Map();
/** What the layer at hand computes: the definition in float64 at some positions, and all of the first contender's result. */
let current = null;
const entered = new Map();
/** A queue that no contender uses. */
let idle = null;

function begin(layer) {
  if (current?.layer.name === layer.name) return current;
  const data = layerData(layer);
  current = { layer, data, expected: sample(layer, data), first: null };
  return current;
}

async function firstRun(prepare, layer, data) {
  watched.clear();
  const contender = await prepare(layer, data);
  try {
    const start = performance.now();
    await contender.run();
    return { contender, firstMs: (contender.createMs ?? 0) + performance.now() - start };
  } catch (error) {
    await contender.dispose();
    throw error;
  }
}

/** Loads a contender's code and has it compute something. */
async function load(name, warmUp) {
  const prepare = await loaders[name]();
  peers.set(name, prepare);
  const { contender } = await firstRun(prepare, warmUp, layerData(warmUp));
  await contender.dispose();
}

/** The first result of a contender, how long that took, and whether it is right; then it is warmed up. */
async function enter(name, layer, algorithm) {
  const { data, expected, first } = begin(layer);
  const { contender, firstMs } = await firstRun(peers.get(name), layer, data);
  try {
    const pipelines = watched.pipelines();
    const start = performance.now();
    const output = await contender.output();
    // Little more than a run of those that are slow, which are not run once more to learn that.
    const ms = performance.now() - start;
    const fault = wrong(layer, output, expected, first, algorithm ?? undefined);
    if (fault !== null) throw new Error([`wrong result: ${fault}`, ...watched.errors()].join("; "));
    current.first ??= output;
    if (ms <= 300) for (let i = 0; i < 3; i++) await time(contender);
    entered.set(name, contender);
    return { firstMs, ms, pipelines, notes: contender.about?.notes ?? [] };
  } catch (error) {
    await contender.dispose();
    throw error;
  }
}

async function leave() {
  const all = [...entered.values()];
  entered.clear();
  await Promise.allSettled(all.map(async ({ dispose }) => dispose()));
}

/** A submit of nothing, waited for: what every run pays for the way to the device and back. */
async function emptySubmit() {
  idle ??= (await (await navigator.gpu.requestAdapter()).requestDevice()).queue;
  const run = () => {
    idle.submit([]);
    return idle.onSubmittedWorkDone();
  };
  return time({ run });
}

const steps = {
  load,
  enter,
  leave,
  emptySubmit,
  time: (name) => time(entered.get(name)),
  adapter: async () => {
    const { vendor, architecture, device, description } = (await navigator.gpu.requestAdapter()).info;
    return { vendor, architecture, device, description };
  },
};

/** A step's result or the reason why there is none, and whether a device was lost meanwhile. */
window.take = async (step, ...args) => {
  try {
    return { value: await steps[step](...args), lost: watched.lost() };
  } catch (error) {
    return { why: reason(error), lost: watched.lost() };
  }
};
