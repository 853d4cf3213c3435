/** The flags of the benchmark: read by the command, handed on to the process under test. */
import {
  flagLines,
  flagsFor,
  listed,
  noLayer,
  noPositiveInteger,
  readFlags,
  unknownChoice,
} from "./flags.mjs";
import { layers } from "./layers.mjs";

const peerNames = ["tfjs-wasm", "onnxruntime-web", "tfjs-cpu", "jax-js"];

const flags = {
  node: [process.execPath, "PATH", "the engine to measure in", "command"],
  filter: ["", "TEXT", "only layers whose name has it"],
  backend: ["wasm,js", "LIST", "which of ours: wasm, js"],
  peers: [peerNames.join(), "LIST", `of ${peerNames.join(", ")}; --peers= for none`],
  rounds: ["9", "N", "timings of each layer; medians are shown"],
  precision: ["default", "NAME", "of compile(): default, highest"],
  algorithm: ["auto", "NAME", "of compile(): auto, direct, winograd"],
  errors: [
    false,
    "",
    "errors of ours against float64, and whether the stated bounds hold on 500 random layers more",
  ],
  threads: ["1", "N", "also how ours scales over so many threads"],
  compile: [false, "", "times of compile() itself", "command"],
  native: [false, "", "also jitted JAX and onnxruntime-node, on the same core"],
  python: ["python3", "PATH", "a Python that has jax (pip install jax), for --native"],
  core: ["", "N", "run everything on this core; with --native the last one", "command"],
  json: ["", "FILE", "write the figures", "command"],
  html: ["", "FILE", "write the figures as a page with plots", "command"],
  help: [false, "", "this", "command"],
};

export const readOptions = (argv) => readFlags(flags, argv);

/** What is wrong with the values, or undefined. */
export function problemOf({ backend, peers, rounds, threads, filter, precision, algorithm }) {
  const choices = [
    ["backend", listed(backend), ["wasm", "js"]],
    ["peers", listed(peers), peerNames],
    ["precision", [precision], ["default", "highest"]],
    ["algorithm", [algorithm], ["auto", "direct", "winograd"]],
  ];
  return (
    unknownChoice(choices) ??
    noPositiveInteger("rounds", rounds) ??
    noPositiveInteger("threads", threads) ??
    noLayer(layers, filter)
  );
}

export const handedOn = (values) => flagsFor(flags, values);

export const helpText = [
  "npm run bench -- [flags]: convsmith and its peers on the same layers, one thread, interleaved in rounds.",
  ...flagLines(flags),
].join("\n");
