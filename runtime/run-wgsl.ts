/** Starts a wgsl artifact: finds a device, makes its buffers, pipelines and bind groups, and records what to dispatch. */
import { UnsupportedError } from "./error.js";

/** Shaders with an entry point `main` each, and what to dispatch once and in every run. */
export interface GpuProgram {
  /** The buffers, as parts of the program's memory. */
  readonly regions: readonly { readonly offset: number; readonly bytes: number }[];
  readonly shaders: readonly string[];
  readonly setup: readonly GpuDispatch[];
  readonly run: readonly GpuDispatch[];
}

export interface GpuDispatch {
  readonly shader: number;
  /** Numbers of regions, one for each binding of group 0. */
  readonly buffers: readonly number[];
  readonly groups: readonly [x: number, y: number];
}

/** How an adapter computes: software adapters run lanes on the processor. */
export type AdapterKind = "gpu" | "software";

export interface FoundDevice {
  readonly device: GPUDevice;
  /** What it says of its adapter; engines differ in whether they have it. */
  readonly info: GPUAdapterInfo | undefined;
  /** True where it was made for this program, which then may destroy it. */
  readonly own: boolean;
}

/** A program on a device. */
export interface GpuInstance extends Pick<FoundDevice, "device" | "own"> {
  readonly program: GpuProgram;
  /** One for each region. */
  readonly buffers: readonly GPUBuffer[];
  /** Records the dispatches in one pass. */
  encode(encoder: GPUCommandEncoder, list: "setup" | "run"): void;
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
  if (given !== undefined) return { device: given, info: given.adapterInfo, own: false };
  const adapter = await gpu?.requestAdapter();
  if (!adapter)
    throw new UnsupportedError(
      "webgpu-missing",
      `no ${gpu ? "WebGPU adapter" : "navigator.gpu"}; use a browser that has it, in Node the package webgpu, or backend wasm`,
    );
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    requiredFeatures: adapter.features.has("shader-f16") ? ["shader-f16"] : [],
  });
  return { device, info: adapter.info, own: true };
}

export function adapterKind(info?: GPUAdapterInfo): AdapterKind {
  const { isFallbackAdapter, architecture, description } = (info ?? {}) as Partial<GPUAdapterInfo>;
  const software = /swiftshader|llvmpipe|lavapipe|basic render/i;
  return isFallbackAdapter || software.test(`${architecture} ${description}`) ? "software" : "gpu";
}

/** @throws UnsupportedError where the device cannot hold the program or refuses a shader */
export async function instantiateGpu(
  program: GpuProgram,
  { device, own }: Pick<FoundDevice, "device" | "own">,
): Promise<GpuInstance> {
  const { regions, shaders } = program;
  const largest = Math.max(...regions.map(({ bytes }) => bytes));
  const { maxStorageBufferBindingSize: most } = device.limits;
  if (largest > most)
    throw new UnsupportedError("webgpu-limits", `a buffer of ${largest} bytes; this device binds ${most}`);
  device.pushErrorScope("out-of-memory");
  // 128: STORAGE, 12: COPY_SRC and COPY_DST.
  const buffers = regions.map(({ bytes }) =>
    device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 16) * 16), usage: 140 }),
  );
  const [error, ...pipelines] = await Promise.all([
    device.popErrorScope(),
    ...shaders.map((code) => pipelineOf(device, code)),
  ]);
  if (error) throw new UnsupportedError("webgpu-limits", `no memory: ${error.message}`);
  const bound = ({ shader, buffers: numbers, groups }: GpuDispatch) => {
    const pipeline = pipelines[shader]!;
    const entries = numbers.map((number, binding) => ({ binding, resource: { buffer: buffers[number]! } }));
    return {
      pipeline,
      groups,
      group: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }),
    };
  };
  const lists = { setup: program.setup.map(bound), run: program.run.map(bound) };
  return {
    device,
    own,
    program,
    buffers,
    encode(encoder, list) {
      const pass = encoder.beginComputePass();
      for (const { pipeline, group, groups } of lists[list]) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
    },
  };
}

async function pipelineOf(device: GPUDevice, code: string): Promise<GPUComputePipeline> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const made = device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const [error, pipeline] = await Promise.all([device.popErrorScope(), made.catch((error: Error) => error)]);
  if (!(pipeline instanceof Error)) return pipeline;
  // The validation error shows the line of the shader, the other only that there is one.
  throw new UnsupportedError("webgpu-pipeline", (error ?? pipeline).message);
}
