/** The GPU that programs compiled in this process run on: the caller's, the page's, or in Node that of the package webgpu. */
import type { Adapter, AdapterClass } from "../ir/target.js";
import { defaultLimits } from "../ir/target.js";
import { UnsupportedError } from "../runtime/error.js";
import type { FoundDevice } from "../runtime/run-wgsl.js";
import { adapterKind, findDevice } from "../runtime/run-wgsl.js";

/** One device for all programs that bring none, so none destroys it; another is found when it is lost. */
let common: Promise<FoundDevice> | null = null;

/** Kept, since devices of the package live no longer than what made them. */
let nodeGpu: GPU | undefined;

/** @throws UnsupportedError "webgpu-missing" where there is none */
export async function gpuFor(device: GPUDevice | undefined): Promise<FoundDevice> {
  if (device !== undefined) return findDevice(device);
  common ??= findCommon();
  return common;
}

async function findCommon(): Promise<FoundDevice> {
  try {
    const found = await findDevice(undefined, await gpuHere());
    found.device.lost.then(() => {
      common = null;
    });
    return found;
  } catch (error) {
    common = null;
    throw error;
  }
}

/** navigator.gpu, or in Node that of the package webgpu, if it is installed. */
async function gpuHere(): Promise<GPU | undefined> {
  const { gpu } = (globalThis.navigator ?? {}) as Partial<Navigator>;
  if (gpu !== undefined || globalThis.process?.versions?.node === undefined) return gpu;
  try {
    const name = "webgpu";
    const { create } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      create(flags: readonly string[]): GPU;
    };
    nodeGpu ??= create([]);
    return nodeGpu;
  } catch {
    return undefined;
  }
}

/** What a device grants: never more than every device has, but for the size of buffers, which no kernel depends on. */
export function adapterOf(found: FoundDevice, wished: AdapterClass | undefined): Adapter {
  const { limits, features } = found.device;
  return {
    adapter: wished ?? adapterKind(found),
    f16: features.has("shader-f16"),
    limits: {
      invocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, defaultLimits.invocations),
      workgroupSize: Math.min(limits.maxComputeWorkgroupSizeX, defaultLimits.workgroupSize),
      sharedBytes: Math.min(limits.maxComputeWorkgroupStorageSize, defaultLimits.sharedBytes),
      buffers: Math.min(limits.maxStorageBuffersPerShaderStage, defaultLimits.buffers),
      bufferBytes: limits.maxStorageBufferBindingSize,
    },
  };
}

/** The caller's device, or a new one of our own, after the old was lost. */
export async function gpuAfterLoss(device: GPUDevice | undefined): Promise<FoundDevice> {
  if (device === undefined) return gpuFor(undefined);
  throw new UnsupportedError("webgpu-lost", "the device given was lost; compile again with another");
}
