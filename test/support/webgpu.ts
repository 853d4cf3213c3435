/**
 * WebGPU in Node through the package webgpu: on the software adapter that comes with Chromium, and on no adapter at all,
 * where shaders are checked and nothing runs.
 */
import { existsSync } from "node:fs";
import { findDevice } from "../../runtime/run-wgsl.js";

const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";

const howTo = `no WebGPU adapter; on Debian: apt-get install -y --no-install-recommends libvulkan1 chromium (its SwiftShader is used: ${swiftshader}), or set VK_DRIVER_FILES`;

const load = async (): Promise<typeof import("webgpu")> => import("webgpu");

/** Kept: what the package makes lives no longer than it. */
const kept: unknown[] = [];

if (existsSync(swiftshader)) process.env.VK_DRIVER_FILES ??= swiftshader;
process.env.XDG_RUNTIME_DIR ??= "/tmp";

/** A device that checks everything as Dawn does and computes nothing. */
export async function nullDevice(): Promise<GPUDevice> {
  const gpu = (await load()).create(["backend=null"]);
  kept.push(gpu);
  const adapter = await gpu.requestAdapter();
  return adapter!.requestDevice({ requiredFeatures: ["shader-f16"] });
}

/** Whether kernels can run here; where they cannot, that is said, and in CI it is an error. */
export async function hasAdapter(): Promise<boolean> {
  const gpu = (await load()).create([]);
  kept.push(gpu);
  if ((await gpu.requestAdapter()) !== null) return true;
  if (process.env.CI !== undefined) throw new Error(`in CI nothing may be skipped: ${howTo}`);
  console.warn(`skipped: ${howTo}`);
  return false;
}

/** A device of its own on the adapter there is. */
export async function ownDevice(): Promise<GPUDevice> {
  const gpu = (await load()).create([]);
  kept.push(gpu);
  return (await findDevice(undefined, gpu)).device;
}
