/** What create() of a standalone wgsl bundle does: find a device, start the program made for its adapter, set the weights. */
import type { Result } from "./binding.js";
import type { ReadBytes } from "./create.js";
import { ConfigError, UnsupportedError } from "./error.js";
import type { GpuExecutable } from "./gpu-executable.js";
import { createGpuExecutable } from "./gpu-executable.js";
import type { ImageReader } from "./gpu-image.js";
import type { Program } from "./program.js";
import type { AdapterKind, GpuProgram } from "./run-wgsl.js";
import { findDevice, instantiateGpu } from "./run-wgsl.js";
import type { Tensor } from "./tensor.js";
import { weightArrays } from "./weights.js";

/** What a caller who has them already hands over. */
export interface CreateGpuOptions {
  /** The device to run on; by default one is found, and found again when it is lost. */
  readonly device?: GPUDevice | undefined;
  /** The contents of the .weights.bin. */
  readonly weights?: ArrayBuffer | ArrayBufferView | undefined;
}

/**
 * `programs` holds one for each class of adapters it was compiled for; another class takes the first. With `readImages`
 * inputs take images besides.
 */
export async function createFromWgsl<R extends Result = Tensor>(
  program: Program,
  programs: Readonly<Partial<Record<`wgsl-${AdapterKind}`, GpuProgram>>>,
  readWeights: ReadBytes,
  { device, weights, ...others }: CreateGpuOptions = {},
  readImages?: (device: GPUDevice) => ImageReader,
): Promise<GpuExecutable<R>> {
  for (const key of Object.keys(others))
    throw new ConfigError("create-option", `${program.name}: create() takes device and weights, not ${key}`);
  const [found, blob] = await Promise.all([findDevice(device), weights ?? readWeights()]);
  const wanted = `wgsl-${found.adapter}` as const;
  const target = programs[wanted] === undefined ? Object.keys(programs)[0]! : wanted;
  const code = programs[target as typeof wanted]!;
  const start = async () => {
    if (device === undefined) return instantiateGpu(code, await findDevice());
    throw new UnsupportedError("webgpu-lost", `${program.name}: the device given was lost; create it again`);
  };
  const first = await instantiateGpu(code, found);
  const executable = createGpuExecutable<R>(program, first, start, [`runs ${target}`], readImages);
  if (program.weights.length > 0) executable.setWeights(weightArrays(program.weights, blob));
  return executable;
}
