/**
 * Errors of ours against float64: of the layers that are measured, and of 500 random 3x3 layers, on data of five kinds.
 * Held: a direct sum, every element, to (K + 2) · 2⁻²⁴ · Σ|x·w|; Winograd to 1e-5 of the largest Σ|x·w| of the result.
 * Runs in the engine under test; prints JSON lines, and exits with 1 where a bound is not held.
 */
import * as convsmith from "../../dist/compiler/index.js";
import { errorOf, errorPerElement, winogradBound } from "./check.mjs";
import { moduleOf } from "./contenders/convsmith.mjs";
import { listed } from "./flags.mjs";
import { dataKinds, layerData, reference } from "./layer-data.mjs";
import { biasShape, inputShape, kernelShape, layer, layers, outputShape, product, terms } from "./layers.mjs";
import { readOptions } from "./options.mjs";
import { randomOf } from "./random-layers.mjs";

const randomCount = 500;
/** Multiply-adds of the definition for one layer of the suite and kind of data: of larger layers some positions. */
const mostTerms = 3e7;

const options = readOptions(process.argv.slice(2));

/** 3x3, stride 1, small: many shapes rather than large ones, with tails everywhere and up to 1,024 channels. */
function randomLayers() {
  const random = randomOf(33);
  return Array.from({ length: randomCount }, (_, i) => {
    for (;;) {
      const size = [random.size(3, 40), random.size(3, 40)];
      const [channels, features] = [random.size(1, 1024), random.size(1, 96)];
      const dilation = random.pick([1, 1, 1, 2]);
      const candidate = layer(
        `random ${i}: ${size.join("x")}x${channels}→${features} d${dilation}`,
        size,
        channels,
        features,
        3,
        { dilation },
      );
      if (product(outputShape(candidate)) * terms(candidate) <= 1e6) return candidate;
    }
  });
}

/** The parameters of a layer; the weights are given at run time, so that one program serves all kinds of data. */
function variablesOf(layer, { kernel, bias }) {
  const tensor = (data, shape) => ({ data, shape, dtype: "float32" });
  return {
    params: {
      layers_0: { kernel: tensor(kernel, kernelShape(layer)), bias: tensor(bias, biasShape(layer)) },
    },
  };
}

async function prepare(layer, backend, algorithm) {
  const { Sequential, compile, nn } = convsmith;
  const { mask } = layerData(layer);
  const model = new Sequential([moduleOf(convsmith, layer, { mask }), nn.relu]);
  const program = await compile(model, {
    inputs: [inputShape(layer)],
    backend,
    precision: options.precision,
    algorithm,
  });
  const used = program.explain({ json: true }).layers.filter(({ phase }) => phase === "run");
  return { program, isWinograd: used.some((each) => each.algorithm === "winograd") };
}

/** Worst cases by what bounds them: backend, algorithm, data, and where they were met. */
class Worst {
  cases = new Map();

  add(found) {
    const key = [found.where, found.who, found.algorithm, found.data].join();
    const known = this.cases.get(key);
    const runs = (known?.runs ?? 0) + 1;
    const worse = known === undefined || !(found.ofBound <= known.ofBound);
    this.cases.set(key, { ...(worse ? found : known), runs });
  }
}

const worst = new Worst();

/** Both algorithms, where the layer has both, on every kind of data. */
async function check(layer, where, budget) {
  const programs = [];
  for (const who of listed(options.backend)) {
    const direct = await prepare(layer, who, "direct");
    programs.push({ who, ...direct });
    if (options.precision === "highest") continue;
    const other = await prepare(layer, who, "winograd");
    if (other.isWinograd) programs.push({ who, ...other });
    else other.program.dispose();
  }
  const count = Math.max(8, Math.floor(budget / terms(layer) / layer.features));
  for (const data of dataKinds) {
    const numbers = layerData(layer, data);
    const exact = reference(layer, numbers, count);
    for (const { who, program, isWinograd } of programs) {
      await program.setVariables(variablesOf(layer, numbers));
      program.inputs[0].data.set(numbers.input);
      program.invoke();
      const output = program.outputs[0].data;
      const ofLargest = errorOf(layer, output, exact);
      const ofBound = isWinograd ? ofLargest / winogradBound : errorPerElement(layer, output, exact);
      const algorithm = isWinograd ? "winograd" : "direct";
      worst.add({ where, who, algorithm, data, ofBound, ofLargest, layer: layer.name });
    }
  }
  for (const { program } of programs) program.dispose();
}

for (const each of layers.filter(({ name }) => name.includes(options.filter)))
  await check(each, "suite", mostTerms);
for (const each of options.filter === "" ? randomLayers() : [])
  await check(each, "random", Number.POSITIVE_INFINITY);
for (const found of worst.cases.values()) {
  console.log(JSON.stringify({ kind: "error", ...found }));
  if (!(found.ofBound <= 1)) process.exitCode = 1;
}
