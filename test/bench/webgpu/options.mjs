/** The flags of npm run bench:webgpu: read by the command, handed on to the process that measures. */
import {
  flagLines,
  flagsFor,
  listed,
  noLayer,
  noPositiveInteger,
  readFlags,
  unknownChoice,
} from "../flags.mjs";
import { layers } from "../layers.mjs";

export const peerNames = ["tfjs-webgpu", "onnxruntime-nhwc", "onnxruntime-nchw", "jax-js"];

const flags = {
  filter: ["", "TEXT", "only layers whose name has it"],
  peers: [peerNames.join(), "LIST", `of ${peerNames.join(", ")}; --peers= for none`],
  rounds: ["9", "N", "timings of each layer; medians are shown"],
  core: ["", "N", "run everything on this core, the browser too", "command"],
  json: ["", "FILE", "write the figures", "command"],
  help: [false, "", "this", "command"],
};

export const readOptions = (argv) => readFlags(flags, argv);
export const handedOn = (values) => flagsFor(flags, values);

/** What is wrong with the values, or undefined. */
export function problemOf({ peers, rounds, filter }) {
  return (
    unknownChoice([["peers", listed(peers), peerNames]]) ??
    noPositiveInteger("rounds", rounds) ??
    noLayer(layers, filter)
  );
}

export const helpText = [
  "npm run bench:webgpu -- [flags]: convsmith and its peers on WebGPU, side by side in one page of headless Chromium on its",
  "software adapter, interleaved in rounds. CHROMIUM names another browser than /usr/bin/chromium.",
  ...flagLines(flags),
].join("\n");
