/** The flags of the benchmark: read by the command, handed on to the process under test. */
import { parseArgs } from "node:util";

const peerNames = ["tfjs-wasm", "onnxruntime-web", "tfjs-cpu", "jax-js"];

/** name: [default, what it means]; `command`: of no interest to the process under test. */
const flags = {
  node: [process.execPath, "PATH    the engine to measure in", "command"],
  filter: ["", "TEXT  only layers whose name has it"],
  backend: ["wasm,js", "LIST which of ours: wasm, js"],
  peers: [peerNames.join(), `LIST   of ${peerNames.join(", ")}; "" for none`],
  rounds: ["9", "N     timings of each layer; medians are shown"],
  precision: ["default", "NAME  of compile(): default, highest"],
  algorithm: ["auto", "NAME  of compile(): auto, direct, winograd"],
  errors: [false, "      errors of ours against float64"],
  compile: [false, "times of compile() itself", "command"],
  native: [false, "      also jitted JAX and onnxruntime-node, on the same core"],
  python: ["python3", "PATH  a Python that has jax, for --native"],
  core: ["", "N       run everything on this core; with --native the last one", "command"],
  json: ["", "FILE    the figures", "command"],
  html: ["", "FILE    the figures as a page with plots", "command"],
  help: [false, "        this", "command"],
};

export function readOptions(argv) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, [value]]) => [
      name,
      { type: typeof value === "boolean" ? "boolean" : "string", default: value },
    ]),
  );
  return parseArgs({ args: argv, options }).values;
}

/** The flags that the process under test needs to see. */
export function handedOn(values) {
  return Object.entries(flags).flatMap(([name, [, , command]]) => {
    const value = values[name];
    if (command !== undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}

export const helpText = [
  "npm run bench -- [flags]: convsmith and its peers on the same layers, interleaved in rounds, in one process.",
  ...Object.entries(flags).map(([name, [, text]]) => `  --${name} ${text}`),
].join("\n");
