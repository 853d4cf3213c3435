/** What create() of a standalone wgsl bundle does: find a device, start the program made for its adapter, set the weights. */
import type { Result } from "./binding.js";
import type { ReadBytes } from "./create.js";
import { ConfigError, UnsupportedError } from "./error.js";
import { features } from "./features.js";
import type { GpuExecutable } from "./gpu-executable.js";
import { createGpuExecutable } from "./gpu-executable.js";
import type { Program } from "./program.js";
import type { AdapterKind, GpuProgram } from "./run-wgsl.js";
import { adapterKind, findDevice, instantiateGpu } from "./run-wgsl.js";
import type { Tensor } from "./tensor.js";
import { bytesOf } from "./weights.js";

/** What a caller who has them already hands over. */
export interface CreateGpuOptions {
  /** The device to run on; by default one is found, and found again when it is lost. */
  readonly device?: GPUDevice | undefined;
  /** The contents of the .weights.bin. */
  readonly weights?: ArrayBuffer | ArrayBufferView | undefined;
}

/** `codes` holds a program for each class of adapters it was compiled for; another class takes the first. */
export async function createFromWgsl<R extends Result = Tensor>(
  program: Program,
  codes: readonly GpuProgram[],
  readWeights: ReadBytes,
  { device, weights, ...others }: CreateGpuOptions = {},
): Promise<GpuExecutable<R>> {
  for (const key of Object.keys(others))
    throw new ConfigError("create-option", `${program.name}: create() takes device and weights, not ${key}`);
  const start = async (given?: GPUDevice) => {
    const found = await findDevice(given);
    const code = features.adapters ? codeFor(codes, adapterKind(found)) : codes[0]!;
    return instantiateGpu(code, found.device, !given);
  };
  const restart = async () => {
    if (!device) return start();
    throw new UnsupportedError("webgpu-lost", `${program.name}: the device given was lost; create it again`);
  };
  const [instance, file] = await Promise.all([
    start(device),
    weights ?? (features.weights ? readWeights() : new ArrayBuffer(0)),
  ]);
  const executable = createGpuExecutable<R>(program, instance, restart, [`runs ${instance.code.target}`]);
  executable.setWeights(bytesOf(file));
  return executable;
}

function codeFor(codes: readonly GpuProgram[], kind: AdapterKind): GpuProgram {
  return codes.find(({ target }) => target === `wgsl-${kind}`) ?? codes[0]!;
}
