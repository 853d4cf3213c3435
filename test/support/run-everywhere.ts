/** One program on every way there is to run it: the interpreter on the traced graph, and each backend. */

import { shortenWgsl } from "../../codegen/wgsl-shorten.js";
import type { Variables } from "../../compiler/checkpoint/tree.js";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import type { CompileOptions } from "../../compiler/compile-options.js";
import { compile } from "../../compiler/executable.js";
import type { TraceTarget } from "../../compiler/trace.js";
import { traceProgram } from "../../compiler/trace.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import type { ElementArray } from "../../ir/types.js";
import type { Tensor } from "../../runtime/tensor.js";
import { toFloat32 } from "../../runtime/tensor.js";
import { nullDevice } from "./webgpu.js";

/** "wgsl", "page" and "deno" run schedules for software adapters; those with "gpu", for GPUs. */
export type Way =
  | "interpreter"
  | "js"
  | "wasm"
  | "wgsl"
  | "wgsl-gpu"
  | "tint"
  | "page"
  | "page-gpu"
  | "deno"
  | "deno-gpu";

/** The ways comparisons take; take-ways.ts chooses others for the tests of a file. */
export let ways: readonly Way[] = ["interpreter", "js", "wasm"];

export function setWays(chosen: readonly Way[]): void {
  ways = chosen;
}

/** Whether comparisons run on a GPU alone, where "highest" promises nothing more than "default". */
export function gpuOnly(): boolean {
  return ways.every(isGpu);
}

/** Ways that shaders compute. */
export function isGpu(way: Way): boolean {
  return /^(wgsl|page|deno)/.test(way);
}

export interface Everywhere {
  readonly target: TraceTarget;
  readonly inputs: readonly Tensor[];
  readonly variables?: Variables;
  readonly precision?: "default" | "highest";
  /** Parameters are constants of the program, or given after compilation. */
  readonly baked?: boolean;
  readonly options?: Partial<CompileOptions>;
}

/** The single result of a program, run one way. */
export async function runOneWay(way: Way, program: Everywhere): Promise<Tensor> {
  if (way === "tint") await checkShaders(program);
  return way === "interpreter" || way === "tint" ? interpretProgramGraph(program) : runBackend(way, program);
}

function interpretProgramGraph({ target, inputs, variables }: Everywhere): Tensor {
  const traced = traceProgram(target, { inputs, variables });
  const params = new Map<string, ElementArray>();
  for (const [path, tensor] of flattenParams(variables?.params ?? {}))
    params.set(path, tensor.dtype === "float64" ? toFloat32(tensor) : (tensor.data as ElementArray));
  const [data] = interpretGraph(traced.graph, { inputs: inputs.map((x) => x.data as ElementArray), params });
  const { shape, dtype } = traced.outputs[0]!;
  return { data: data!, shape, dtype };
}

let checking: Promise<GPUDevice> | undefined;

/** Makes every shader, for both classes of adapters, where nothing runs them; also as bundles carry it. */
async function checkShaders(program: Everywhere): Promise<void> {
  checking ??= nullDevice();
  const device = await checking;
  const { target, inputs, variables, precision = "highest", baked = true, options = {} } = program;
  const given = baked && variables !== undefined ? { variables } : {};
  for (const adapter of ["software", "gpu"] as const) {
    const all = { ...options, inputs, precision, ...given, backend: "wgsl", device, adapter } as const;
    const executable = await compile(target, all);
    const shaders = (await executable.emit("wgsl")).split(/^\/\/ shader .*\n/m).slice(1);
    device.pushErrorScope("validation");
    for (const shader of shaders) device.createShaderModule({ code: shortenWgsl(shader) });
    const error = await device.popErrorScope();
    if (error !== null) throw new Error(`as bundles carry it: ${error.message}`);
    executable.dispose();
  }
}

async function runBackend(way: Exclude<Way, "interpreter" | "tint">, program: Everywhere): Promise<Tensor> {
  switch (way) {
    case "js":
    case "wasm":
      return runHost(way, program);
    case "wgsl":
    case "wgsl-gpu":
      return runGpu(way === "wgsl" ? "software" : "gpu", program);
    case "page":
    case "page-gpu": {
      // Loaded where it is wanted: it brings a browser's driver.
      const { runInPage } = await import("./page.js");
      return runInPage(way === "page" ? "software" : "gpu", program);
    }
    case "deno":
    case "deno-gpu": {
      const { runInDeno } = await import("./deno.js");
      return runInDeno(way === "deno" ? "software" : "gpu", program);
    }
    default:
      return way satisfies never;
  }
}

/** On the adapter there is, by the schedules of a class. */
async function runGpu(adapter: "gpu" | "software", program: Everywhere): Promise<Tensor> {
  const { target, inputs, variables, precision = "highest", baked = true, options = {} } = program;
  const executable = await compile<typeof target>(target, {
    ...options,
    inputs,
    precision,
    backend: "wgsl",
    adapter,
    ...(baked && variables !== undefined ? { variables } : {}),
  });
  if (!baked && variables !== undefined) await executable.setVariables(variables);
  try {
    return (await executable.run(...inputs)) as Tensor;
  } finally {
    executable.dispose();
  }
}

async function runHost(backend: "js" | "wasm", program: Everywhere): Promise<Tensor> {
  const { target, inputs, variables, precision = "highest", baked = true, options = {} } = program;
  const executable = await compile(target, {
    ...options,
    inputs,
    backend,
    precision,
    ...(baked && variables !== undefined ? { variables } : {}),
  });
  if (!baked && variables !== undefined) await executable.setVariables(variables);
  try {
    return executable.runSync(...inputs);
  } finally {
    executable.dispose();
  }
}

/** Index of the first element whose bits differ (all NaN are one value), or -1. */
export function firstDifference(a: Tensor, b: Tensor): number {
  if (a.data.length !== b.data.length) return 0;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return i;
  return -1;
}

/** Largest |a - b| divided by the largest |b|. */
export function relativeDifference(a: Tensor, b: ArrayLike<number>): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]!));
    const d = Math.abs(a.data[i]! - b[i]!);
    difference = Number.isNaN(d) && Object.is(a.data[i], b[i]) ? difference : Math.max(difference, d);
  }
  return largest === 0 ? difference : difference / largest;
}
