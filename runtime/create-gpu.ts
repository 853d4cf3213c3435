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

/** What a caller who has them already hands over. */
export interface CreateGpuOptions {
  /** The device to run on; by default one is found, and found again when it is lost. */
  readonly device?: GPUDevice | undefined;
  /** The contents of the .weights.bin. */
  readonly weights?: ArrayBuffer | ArrayBufferView | undefined;
}

/** What a bundle carries only where it needs it. */
export interface GpuParts {
  /** Where there are programs for several classes of adapters. */
  readonly adapterKind?: (info?: GPUAdapterInfo) => AdapterKind;
  /** Where inputs take images. */
  readonly imageReader?: (device: GPUDevice) => ImageReader;
}

/** `programs` holds one for each class of adapters it was compiled for; another class takes the first. */
export async function createFromWgsl<R extends Result = Tensor>(
  program: Program,
  programs: Readonly<Partial<Record<`wgsl-${AdapterKind}`, GpuProgram>>>,
  readWeights: ReadBytes,
  { device, weights, ...others }: CreateGpuOptions = {},
  parts: GpuParts = {},
): Promise<GpuExecutable<R>> {
  for (const key of Object.keys(others))
    throw new ConfigError("create-option", `${program.name}: create() takes device and weights, not ${key}`);
  const [found, file] = await Promise.all([findDevice(device), weights ?? readWeights()]);
  const wanted = `wgsl-${parts.adapterKind?.(found.info)}` as keyof typeof programs;
  const target = wanted in programs ? wanted : (Object.keys(programs)[0] as typeof wanted);
  const code = programs[target]!;
  const start = async () => {
    if (device === undefined) return instantiateGpu(code, await findDevice());
    throw new UnsupportedError("webgpu-lost", `${program.name}: the device given was lost; create it again`);
  };
  const first = await instantiateGpu(code, found);
  const executable = createGpuExecutable<R>(program, first, start, [`runs ${target}`], parts.imageReader);
  executable.setWeights(
    ArrayBuffer.isView(file)
      ? new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
      : new Uint8Array(file),
  );
  return executable;
}
