/** The flags of the benchmark: read by the command, handed on to the process under test. */
import { parseArgs } from "node:util";
import { layers } from "./layers.mjs";

const peerNames = ["tfjs-wasm", "onnxruntime-web", "tfjs-cpu", "jax-js"];

/** name: [default, its value, what it means]; "command": of no interest to the process under test. */
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

export const listed = (text) => text.split(",").filter((name) => name !== "");

export function readOptions(argv) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, [value]]) => [
      name,
      { type: typeof value === "boolean" ? "boolean" : "string", default: value },
    ]),
  );
  return parseArgs({ args: argv, options }).values;
}

/** What is wrong with the values, or undefined. */
export function problemOf({ backend, peers, rounds, threads, filter, precision, algorithm }) {
  const outside = (list, known) => list.find((name) => !known.includes(name));
  const choices = [
    ["backend", listed(backend), ["wasm", "js"]],
    ["peers", listed(peers), peerNames],
    ["precision", [precision], ["default", "highest"]],
    ["algorithm", [algorithm], ["auto", "direct", "winograd"]],
  ];
  for (const [flag, list, known] of choices) {
    const unknown = outside(list, known);
    if (unknown !== undefined) return `--${flag}: ${unknown} is not one of ${known.join(", ")}`;
  }
  if (!(Number.isInteger(Number(rounds)) && Number(rounds) > 0))
    return `--rounds: ${rounds} is no positive integer`;
  if (!(Number.isInteger(Number(threads)) && Number(threads) > 0))
    return `--threads: ${threads} is no positive integer`;
  if (!layers.some(({ name }) => name.includes(filter)))
    return `--filter: no layer has "${filter}" in its name:\n${layers.map(({ name }) => `  ${name}`).join("\n")}`;
  return undefined;
}

/** The flags that the process under test needs to see. */
export function handedOn(values) {
  return Object.entries(flags).flatMap(([name, [, , , command]]) => {
    const value = values[name];
    if (command !== undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}

export const helpText = [
  "npm run bench -- [flags]: convsmith and its peers on the same layers, one thread, interleaved in rounds.",
  ...Object.entries(flags).map(([name, [, value, text]]) => `  ${`--${name} ${value}`.padEnd(17)} ${text}`),
].join("\n");
