/**
 * A program on a GPU: inputs are written and outputs read back through buffers that are kept, each run is one submit,
 * and several may be under way.
 */
import { readArguments } from "./arguments.js";
import type { OutArrays, Result, RunInput } from "./binding.js";
import { checkArray, checkOut, copyResult, mapTree } from "./binding.js";
import { CheckpointError, ConfigError, ShapeError, UnsupportedError } from "./error.js";
import { features } from "./features.js";
import type { GpuImage } from "./gpu-image.js";
import type { Program, Slot } from "./program.js";
import type { GpuInstance } from "./run-wgsl.js";
import type { DType, Tensor, TypedArray } from "./tensor.js";
import { arrayOn } from "./tensor.js";
import { bytesOf } from "./weights.js";

/** A result that stays on the device: the program's own buffer, which the next run writes over. */
export interface GpuTensor {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Where results go: with "gpu" they stay on the device. */
export interface GpuRunOptions {
  readonly output: "gpu";
}

/** What an input of a program on a GPU takes besides: a dense buffer of its dtype, usable as COPY_SRC, or an image. */
export type GpuRunInput = RunInput | GPUBuffer | GpuImage;

export type GpuRunInputs = { readonly [name: string]: GpuRunInput };

/** `R` is what the model returns: a Tensor, or the tuple or record of them. */
export interface GpuExecutable<R extends Result = Tensor> {
  readonly backend: "wgsl";
  /** What was decided while loading, one line each. */
  readonly notes: readonly string[];
  /**
   * Inputs in order, or one record of them by name; then, if wanted, the arrays to write into, or `{ output: "gpu" }`.
   * Inputs are read before it returns; several runs may be under way. Only where the browser has no direct way from a
   * VideoFrame to the device, GPUBuffers and textures beside it are read one wait later.
   */
  run(...args: readonly (GpuRunInput | GpuRunInputs | OutArrays | GpuRunOptions)[]): Promise<R>;
  /** Writes every weight and prepares them: the weights file, as runtime/weights.ts lays it out; kept for a lost device. */
  setWeights(file: Uint8Array): void;
  /** Destroys every buffer; every method throws ConfigError ("disposed") from then on. */
  dispose(): void;
}

/** `start` makes the instance again where the device was lost. */
export function createGpuExecutable<R extends Result = Tensor>(
  program: Program,
  first: GpuInstance,
  start: () => Promise<GpuInstance>,
  notes: readonly string[],
): GpuExecutable<R> {
  let live: GpuInstance | null = first;
  let weights: Uint8Array | null = null;
  const bound = (): GpuInstance => {
    if (live) return live;
    throw new ConfigError("disposed", `${program.name}: used after dispose()`);
  };
  let recovery: Promise<GpuInstance> | null = null;
  const recover = async (): Promise<GpuInstance> => {
    try {
      const instance = await start();
      if (!live) instance.release();
      bound().release();
      live = instance;
      if (features.weights) prepare(program, instance, weights!);
      return instance;
    } finally {
      recovery = null;
    }
  };
  return {
    backend: "wgsl",
    notes,
    async run(...args) {
      let instance = bound();
      if (features.lateWeights && weights === null)
        throw new ConfigError("weights-missing", `${program.name}: set its weights before running it`);
      const { values, out } = readArguments(program, args, (value) => isResident(instance, value));
      let given: readonly Given[] = values.map((value, index) => checkGiven(program, instance, index, value));
      const stays = (out as Partial<GpuRunOptions> | undefined)?.output === "gpu";
      if (out !== undefined && !stays) checkOut(program.outputTree, program.outputs, out);
      const late = features.images ? instance.images!.late(given) : undefined;
      if (late !== undefined) {
        given = await late;
        instance = bound();
      }
      if (instance.lost) {
        given = given.map((value) => (ArrayBuffer.isView(value) ? (value as TypedArray).slice() : value));
        recovery ??= recover();
        instance = await recovery;
      }
      const back = submit(program, instance, given, stays);
      if (!back) return resident(program, instance) as R;
      try {
        await back.mapAsync(1);
      } catch (error) {
        bound();
        instance.lost = true;
        throw new UnsupportedError(
          "webgpu-lost",
          `${program.name}: the device was lost (${error}); run again for a new one`,
        );
      }
      const result = readBack(program, back.getMappedRange(), out as OutArrays | undefined);
      back.unmap();
      if (live === instance) instance.idle.push(back);
      else back.destroy();
      return result as R;
    },
    setWeights(file) {
      prepare(program, bound(), file);
      weights = file;
    },
    dispose() {
      bound().release();
      live = null;
    },
  };
}

/** An input once it is checked. */
type Given = TypedArray | GPUBuffer | GpuImage;

function isGpuBuffer(value: unknown): value is GPUBuffer {
  return "mapAsync" in Object(value);
}

function isResident(instance: GpuInstance, value: unknown): boolean {
  if (features.images && instance.images!.takes(value)) return true;
  return isGpuBuffer(value);
}

function checkGiven({ inputs }: Program, instance: GpuInstance, index: number, value: unknown): Given {
  const slot = inputs[index]!;
  if (features.images && instance.images!.takes(value)) return instance.images!.check(slot, value);
  if (!isGpuBuffer(value)) return checkArray("input", slot, value);
  const { size, usage } = value;
  const bytes = instance.code.sizes[index]!;
  if (size >= bytes && usage & 4) return value;
  throw new ShapeError(
    "input-buffer",
    `input ${slot.name} takes ${bytes} bytes with usage COPY_SRC, given ${size}, usage ${usage}`,
  );
}

/** Always all weights: temporaries of the program may lie where raw weights lay. */
function prepare(
  { inputs, outputs, weights }: Program,
  { code, device: { queue }, buffers, record }: GpuInstance,
  file: Uint8Array,
): void {
  const first = inputs.length + outputs.length;
  const sizes = code.sizes.slice(first, first + weights.length);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (file.length !== bytes)
    throw new CheckpointError(
      "weights-size",
      `weights of ${file.length} bytes, not ${bytes}: another program's`,
    );
  let at = 0;
  for (const [index, size] of sizes.entries()) {
    queue.writeBuffer(buffers[first + index]!, 0, file as Uint8Array<ArrayBuffer>, at, size);
    at += size;
  }
  queue.submit([record("setup").finish()]);
}

/** Copies inputs, records everything and submits it; where results come back, into the buffer returned. */
function submit(
  { inputs, outputs }: Program,
  instance: GpuInstance,
  given: readonly Given[],
  stays: boolean,
): GPUBuffer | undefined {
  const { code, device, buffers, record } = instance;
  const { sizes } = code;
  const encoder = device.createCommandEncoder();
  for (const [index, value] of given.entries()) {
    const buffer = buffers[index]!;
    const bytes = sizes[index]!;
    if (isGpuBuffer(value)) encoder.copyBufferToBuffer(value, 0, buffer, 0, bytes);
    else if (features.images && instance.images!.takes(value))
      instance.images!.fill(encoder, inputs[index]!, buffer, value);
    else device.queue.writeBuffer(buffer, 0, wholeWords(value as TypedArray, bytes));
  }
  record("run", encoder);
  let back: GPUBuffer | undefined;
  if (!stays) {
    const first = inputs.length;
    const last = outputs.length - 1;
    // 9: MAP_READ and COPY_DST.
    back =
      instance.idle.pop() ??
      device.createBuffer({ size: placeOf(outputs, last) + sizes[first + last]!, usage: 9 });
    for (const index of outputs.keys())
      encoder.copyBufferToBuffer(
        buffers[first + index]!,
        0,
        back,
        placeOf(outputs, index),
        sizes[first + index]!,
      );
  }
  device.queue.submit([encoder.finish()]);
  return back;
}

/** What is written to the device: float64 narrowed, and no part of a word. */
function wholeWords(array: TypedArray, bytes: number): BufferSource {
  if (array.byteLength === bytes) return array as TypedArray & { readonly buffer: ArrayBuffer };
  if (!features.partWords || array.byteLength > bytes) return new Float32Array(array);
  const words = new Uint8Array(bytes);
  words.set(bytesOf(array));
  return words;
}

/** Outputs lie as far apart in what comes back as in the program's memory. */
function placeOf(outputs: readonly Slot[], index: number): number {
  return features.trees ? outputs[index]!.offset - outputs[0]!.offset : 0;
}

function resident({ inputs, outputs, outputTree }: Program, { buffers }: GpuInstance): unknown {
  return mapTree(outputTree, (index): GpuTensor => {
    const { shape, dtype } = outputs[index]!;
    return { buffer: buffers[inputs.length + index]!, shape, dtype };
  });
}

function readBack({ outputs, outputTree }: Program, bytes: ArrayBuffer, out: OutArrays | undefined): unknown {
  const leaf = (index: number, into: TypedArray | undefined): Tensor => {
    const { shape, dtype } = outputs[index]!;
    const data = arrayOn(bytes, placeOf(outputs, index), dtype, shape);
    return copyResult({ data, shape, dtype }, into);
  };
  return mapTree(outputTree, leaf, out);
}
