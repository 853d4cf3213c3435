/** What is measured of ours: bundles made in Node as users make them, and what the schedules for GPUs do, counted. */
import { create } from "webgpu";
import * as convsmith from "../../../dist/compiler/index.js";
import { compileArguments } from "../contenders/convsmith.mjs";
import { layerData } from "../layer-data.mjs";
import { layer, layers } from "../layers.mjs";

/** Run once by every contender before anything is measured, so that its code is loaded and its device is there. */
export const warmUp = layer("warm-up", [8, 8], 4, 4, 3);

export const bundleName = (which) => (which === warmUp ? "warm-up" : `layer-${layers.indexOf(which)}`);

// Kept: devices of the package live no longer than what made them.
const gpu = create(["backend=null"]);

/** Compiling needs limits to keep to, not an adapter: this one checks everything and computes nothing. */
async function nullDevice() {
  return (await gpu.requestAdapter()).requestDevice();
}
const device = await nullDevice();

/** A layer's files for both classes of adapters, the algorithm of each, and the counts of the one for GPUs. */
export async function bundleOf(layer) {
  const args = (adapter) => compileArguments(convsmith, "wgsl", layer, layerData(layer), { device, adapter });
  const onGpu = await convsmith.compile(...args("gpu"));
  const inSoftware = await convsmith.compile(...args("software"));
  const files = await onGpu.bundle({ name: bundleName(layer), adapter: "both" });
  const made = {
    files,
    gpu: countsOf(onGpu.explain({ json: true })),
    software: countsOf(inSoftware.explain({ json: true })),
  };
  onGpu.dispose();
  inSoftware.dispose();
  return made;
}

/** Of all kernels of a run together; idle lanes of the one that has most. */
function countsOf({ layers: all }) {
  const run = all.filter(({ phase }) => phase === "run");
  const macs = run.reduce((sum, { macs }) => sum + macs, 0);
  const read = run.reduce((sum, { macs, grid }) => sum + macs * (grid.readsPerMac ?? 0), 0);
  return {
    algorithm: run.reduce((a, b) => (b.macs > a.macs ? b : a)).algorithm,
    kernels: run.length,
    readsPerMac: read / macs,
    sharedBytes: Math.max(...run.map(({ grid }) => grid.sharedBytes)),
    idleLanes: Math.max(...run.map(({ grid }) => grid.idleLanes)),
    workgroups: run.reduce((sum, { grid }) => sum + grid.workgroups, 0),
    lanes: Math.max(...run.map(({ grid }) => grid.lanes)),
  };
}
