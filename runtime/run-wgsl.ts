/** Starts a wgsl artifact: finds a device, makes its buffers, pipelines and bind groups, and records what to dispatch. */
import { UnsupportedError } from "./error.js";
import { features } from "./features.js";
import type { ImageReader } from "./gpu-image.js";
import { imageReader } from "./gpu-image.js";

/** Shaders with an entry point `main` each, and what to dispatch once and in every run. */
export interface GpuProgram {
  readonly target: `wgsl-${AdapterKind}`;
  /** Bytes of each buffer, in whole words: of inputs, outputs and weights in order, then of temporaries. */
  readonly sizes: readonly number[];
  readonly shaders: readonly string[];
  readonly setup: readonly GpuDispatch[];
  readonly run: readonly GpuDispatch[];
}

export interface GpuDispatch {
  readonly shader: number;
  /** Numbers of buffers, one for each binding of group 0. */
  readonly buffers: readonly number[];
  readonly groups: readonly [x: number, y: number];
}

/** How an adapter computes: software adapters run lanes on the processor. */
export type AdapterKind = "gpu" | "software";

export interface FoundDevice {
  readonly device: GPUDevice;
  /** What it was made of, where it was not given. */
  readonly adapter?: GPUAdapter;
}

/** A program on a device. */
export interface GpuInstance {
  readonly device: GPUDevice;
  readonly code: GpuProgram;
  /** One for each of the program's sizes. */
  readonly buffers: readonly GPUBuffer[];
  /** Read-back buffers that no run uses. */
  readonly idle: GPUBuffer[];
  /** Where inputs take images. */
  images?: ImageReader;
  lost: boolean;
  /** Records the dispatches in one pass. */
  record(list: "setup" | "run", encoder?: GPUCommandEncoder): GPUCommandEncoder;
  release(): void;
}

/**
 * The device given, or one of the default adapter, asked for all it can bind and for 16-bit floats where it has them.
 *
 * @throws UnsupportedError "webgpu-missing" where there is none
 */
export async function findDevice(
  given?: GPUDevice,
  gpu: GPU | undefined = globalThis.navigator?.gpu,
): Promise<FoundDevice> {
  if (given) return { device: given };
  const adapter = await gpu?.requestAdapter();
  if (!adapter)
    throw new UnsupportedError(
      "webgpu-missing",
      `no ${gpu ? "WebGPU adapter" : "navigator.gpu"}; use a browser that has it, in Node the package webgpu, or backend wasm`,
    );
  const wanted: GPUDeviceDescriptor = {};
  if (features.largeBuffers) {
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    wanted.requiredLimits = { maxBufferSize, maxStorageBufferBindingSize };
  }
  if (features.shaderF16 && adapter.features.has("shader-f16")) wanted.requiredFeatures = ["shader-f16"];
  return { device: await adapter.requestDevice(wanted), adapter };
}

/** By what it says of itself; engines differ in whether they have that. */
export function adapterKind({ device, adapter }: FoundDevice): AdapterKind {
  const info: Partial<GPUAdapterInfo> = adapter?.info ?? device.adapterInfo ?? {};
  const { isFallbackAdapter, architecture, description } = info;
  const software = /swiftshader|llvmpipe|lavapipe|basic render/i;
  return isFallbackAdapter || software.test(`${architecture} ${description}`) ? "software" : "gpu";
}

/**
 * `own`: the device was made for this program, which then destroys it.
 *
 * @throws UnsupportedError where the device cannot hold the program or refuses a shader
 */
export async function instantiateGpu(
  code: GpuProgram,
  device: GPUDevice,
  own: boolean,
): Promise<GpuInstance> {
  if (features.largeBuffers) checkLimits(code, device);
  // Errors of what follows until they are popped, as it is queued: nothing here waits.
  for (const kind of ["out-of-memory", "validation"] as const) device.pushErrorScope(kind);
  // 140: STORAGE, COPY_SRC and COPY_DST; vectors of four are bound whole.
  const buffers = code.sizes.map((bytes) =>
    device.createBuffer({ size: Math.ceil(bytes / 16) * 16 || 16, usage: 140 }),
  );
  const making = code.shaders.map((text) =>
    device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: text }) },
    }),
  );
  let refusal: Error | undefined;
  const [invalid, noMemory, pipelines] = await Promise.all([
    device.popErrorScope(),
    device.popErrorScope(),
    Promise.all(making).catch((error: Error) => {
      refusal = error;
    }),
  ]);
  if (noMemory) throw new UnsupportedError("webgpu-limits", `no memory: ${noMemory.message}`);
  // A validation error shows the line of the shader, the other only that there is one.
  if (!pipelines) throw new UnsupportedError("webgpu-pipeline", (invalid ?? refusal!).message);
  const dispatch = ({ shader, buffers: numbers, groups }: GpuDispatch) => {
    const pipeline = pipelines[shader]!;
    const entries = numbers.map((number, binding) => ({ binding, resource: { buffer: buffers[number]! } }));
    const layout = pipeline.getBindGroupLayout(0);
    return { pipeline, groups, bound: device.createBindGroup({ layout, entries }) };
  };
  const lists = { setup: code.setup.map(dispatch), run: code.run.map(dispatch) };
  const idle: GPUBuffer[] = [];
  const instance: GpuInstance = {
    code,
    device,
    buffers,
    idle,
    lost: false,
    record(list, encoder = device.createCommandEncoder()) {
      const pass = encoder.beginComputePass();
      for (const { pipeline, bound, groups } of lists[list]) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bound);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
      return encoder;
    },
    release() {
      if (features.images) instance.images!.release();
      for (const buffer of [...buffers, ...idle]) buffer.destroy();
      if (own) device.destroy();
    },
  };
  if (features.images) instance.images = imageReader(device);
  device.lost.then(() => {
    instance.lost = true;
  });
  return instance;
}

function checkLimits({ sizes }: GpuProgram, { limits }: GPUDevice): void {
  const largest = Math.max(...sizes);
  const most = limits.maxStorageBufferBindingSize;
  if (largest > most)
    throw new UnsupportedError("webgpu-limits", `a buffer of ${largest} bytes; this device binds ${most}`);
}
