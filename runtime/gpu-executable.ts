/**
 * A program on a GPU: inputs are written and outputs read back through buffers that are kept, each run is one submit,
 * and several may be under way.
 */
import type { OutArrays, Result, RunInput, RunInputs, View } from "./binding.js";
import { checkInput, checkOut, copyIn, copyResults, isRecord, slotView } from "./binding.js";
import { CheckpointError, ConfigError, ShapeError, UnsupportedError } from "./error.js";
import type { GpuImage, ImageReader } from "./gpu-image.js";
import type { OutputTree, Program, Slot } from "./program.js";
import type { GpuInstance } from "./run-wgsl.js";
import type { DType, Tensor, TypedArray } from "./tensor.js";
import { dataLength, dtypeBytes } from "./tensor.js";

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

/** An input once it is checked. */
type Given = TypedArray | GPUBuffer | GpuImage;
export type GpuRunInputs = { readonly [name: string]: GpuRunInput };

/** `R` is what the model returns: a Tensor, or the tuple or record of them. */
export interface GpuExecutable<R extends Result = Tensor> {
  readonly backend: "wgsl";
  /** What was decided while loading, one line each. */
  readonly notes: readonly string[];
  /**
   * Inputs in order, or one record of them by name; then, if wanted, the arrays to write into, or `{ output: "gpu" }`.
   * Inputs are read before it returns; several runs may be under way.
   */
  run(...args: readonly (GpuRunInput | GpuRunInputs | OutArrays | GpuRunOptions)[]): Promise<R>;
  /** Writes every weight and prepares them: the weights file, as runtime/weights.ts lays it out; kept for a lost device. */
  setWeights(file: Uint8Array): void;
  /** Destroys every buffer; every method throws ConfigError ("disposed") from then on. */
  dispose(): void;
}

/** `start` makes the instance again where the device was lost; without `readImages` inputs take no images. */
export function createGpuExecutable<R extends Result = Tensor>(
  program: Program,
  first: GpuInstance,
  start: () => Promise<GpuInstance>,
  notes: readonly string[],
  readImages?: (device: GPUDevice) => ImageReader,
): GpuExecutable<R> {
  let live: GpuState | null = stateOf(program, first, readImages);
  let weights: Uint8Array | null = null;
  const bound = (): GpuState => {
    if (live !== null) return live;
    throw new ConfigError("disposed", `${program.name}: used after dispose()`);
  };
  let recovery: Promise<GpuState> | null = null;
  const recover = async (): Promise<GpuState> => {
    const state = stateOf(program, await start(), readImages);
    recovery = null;
    if (live === null) release(state);
    bound();
    live = state;
    prepare(program, state, weights!);
    return state;
  };
  return {
    backend: "wgsl",
    notes: [...notes],
    async run(...args) {
      const state = bound();
      if (weights === null)
        throw new ConfigError("weights-missing", `${program.name}: set its weights before running it`);
      const { given, out, stays } = readArguments(program, state, args);
      if (state.lost === null) return submit(program, state, given, out, stays) as Promise<R>;
      const kept = given.map((value) => (ArrayBuffer.isView(value) ? (value as TypedArray).slice() : value));
      recovery ??= recover();
      return submit(program, await recovery, kept, out, stays) as Promise<R>;
    },
    setWeights(file) {
      prepare(program, bound(), file);
      weights = file;
    },
    dispose() {
      release(bound());
      live = null;
    },
  };
}

interface GpuState {
  readonly instance: GpuInstance;
  /** On memory that inputs are written from, one after another. */
  readonly inputs: readonly View[];
  /** What outputs are, and where they lie in a read-back buffer. */
  readonly outputs: readonly Slot[];
  readonly outputBytes: number;
  /** Read-back buffers that no run uses. */
  readonly idle: GPUBuffer[];
  readonly images: ImageReader | undefined;
  /** Why the device was lost. */
  lost: string | null;
}

function bytesOf({ shape, dtype }: Pick<Slot, "shape" | "dtype">): number {
  return Math.ceil((dataLength(shape, dtype) * Math.min(4, dtypeBytes(dtype))) / 4) * 4;
}

function hostView(slot: Slot): View {
  return slotView(new ArrayBuffer(bytesOf(slot)), { ...slot, offset: 0 });
}

function stateOf(
  program: Program,
  instance: GpuInstance,
  readImages: ((device: GPUDevice) => ImageReader) | undefined,
): GpuState {
  let outputBytes = 0;
  const outputs = program.outputs.map((slot) => {
    const offset = outputBytes;
    outputBytes += Math.ceil(bytesOf(slot) / 8) * 8;
    return { ...slot, offset };
  });
  const inputs = program.inputs.map(hostView);
  const images = readImages?.(instance.device);
  const state: GpuState = { instance, inputs, outputs, outputBytes, idle: [], images, lost: null };
  instance.device.lost.then(({ reason, message }) => {
    state.lost = `${reason ?? "unknown"}: ${message}`;
  });
  return state;
}

function release({ instance, idle, images }: GpuState): void {
  images?.release();
  for (const buffer of [...instance.buffers, ...idle]) buffer.destroy();
  if (instance.own) instance.device.destroy();
}

/** The buffer a slot lies in from its start. */
function bufferOf({ program, buffers }: GpuInstance, { offset }: Slot): GPUBuffer {
  return buffers[program.regions.findIndex((region) => region.offset === offset)]!;
}

/** Always all weights: temporaries of the program may lie where raw weights lay. */
function prepare({ weights }: Program, { instance }: GpuState, file: Uint8Array): void {
  const { queue } = instance.device;
  const bytes = weights.reduce((sum, slot) => sum + bytesOf(slot), 0);
  if (file.length !== bytes)
    throw new CheckpointError(
      "weights-size",
      `weights of ${file.length} bytes, not ${bytes}: another program's`,
    );
  let at = 0;
  for (const slot of weights) {
    queue.writeBuffer(bufferOf(instance, slot), 0, file as Uint8Array<ArrayBuffer>, at, bytesOf(slot));
    at += bytesOf(slot);
  }
  const encoder = instance.device.createCommandEncoder();
  instance.encode(encoder, "setup");
  queue.submit([encoder.finish()]);
}

interface Arguments {
  readonly given: readonly Given[];
  readonly out: OutArrays | undefined;
  readonly stays: boolean;
}

function readArguments(program: Program, { inputs, images }: GpuState, args: readonly unknown[]): Arguments {
  const [head] = args;
  const named = isRecord(head) && !isGpuBuffer(head) && !images?.takes(head) && inputs.length > 0;
  const values = named ? byInputName(program, head) : args.slice(0, inputs.length);
  const [out, more] = args.slice(named ? 1 : inputs.length).filter((arg) => arg !== undefined);
  if (values.length < inputs.length || values.includes(undefined) || more !== undefined)
    refuseArguments(program, "input-count", `${args.length} arguments`);
  const given = values.map((value, index): Given => {
    const view = inputs[index]!;
    if (isGpuBuffer(value)) return checkBuffer(view, value);
    return images?.takes(value) ? images.check(view, value) : checkInput(view, value);
  });
  const stays = (out as Partial<GpuRunOptions>)?.output === "gpu";
  if (out !== undefined && !stays) checkOut(program.outputTree, program.outputs.map(hostView), out);
  return { given, out: stays ? undefined : (out as OutArrays), stays };
}

function byInputName(program: Program, record: RunInputs): unknown[] {
  const names = program.inputs.map(({ name }) => name);
  const given = Object.keys(record);
  if (given.length !== names.length || !names.every((name) => given.includes(name)))
    refuseArguments(program, "input-name", given.join(", "));
  return names.map((name) => record[name]);
}

function refuseArguments({ name, inputs }: Program, code: string, given: string): never {
  const names = inputs.map((input) => input.name).join(", ");
  throw new ShapeError(code, `${name} takes ${names} and perhaps an out, given ${given}`);
}

function isGpuBuffer(value: unknown): value is GPUBuffer {
  return typeof value === "object" && value !== null && "mapAsync" in value;
}

function checkBuffer(view: View, buffer: GPUBuffer): GPUBuffer {
  const bytes = bytesOf(view);
  if (buffer.size >= bytes && buffer.usage & 4) return buffer;
  throw new ShapeError(
    "input-buffer",
    `input ${view.name} takes ${bytes} bytes with usage COPY_SRC, given ${buffer.size}, usage ${buffer.usage}`,
  );
}

/** Everything up to the submit happens before the first wait. */
async function submit(
  program: Program,
  state: GpuState,
  given: readonly Given[],
  out: OutArrays | undefined,
  stays: boolean,
): Promise<unknown> {
  const { instance, inputs, outputs, images } = state;
  const { device } = instance;
  const encoder = device.createCommandEncoder();
  for (const [index, slot] of program.inputs.entries()) {
    const buffer = bufferOf(instance, slot);
    const value = given[index]!;
    if (isGpuBuffer(value)) encoder.copyBufferToBuffer(value, 0, buffer, 0, bytesOf(slot));
    else if (images?.takes(value)) images.fill(encoder, slot, buffer, value);
    else {
      copyIn(inputs[index]!, value as TypedArray);
      device.queue.writeBuffer(buffer, 0, inputs[index]!.data.buffer);
    }
  }
  instance.encode(encoder, "run");
  if (stays) {
    device.queue.submit([encoder.finish()]);
    return resultsOf(program.outputTree, (index) => {
      const { shape, dtype } = outputs[index]!;
      return { buffer: bufferOf(instance, program.outputs[index]!), shape, dtype };
    });
  }
  // 9: MAP_READ and COPY_DST.
  const back = state.idle.pop() ?? device.createBuffer({ size: Math.max(16, state.outputBytes), usage: 9 });
  for (const [index, slot] of outputs.entries())
    encoder.copyBufferToBuffer(
      bufferOf(instance, program.outputs[index]!),
      0,
      back,
      slot.offset,
      bytesOf(slot),
    );
  device.queue.submit([encoder.finish()]);
  try {
    await back.mapAsync(1);
  } catch (error) {
    const { name } = program;
    if (state.lost === null) await Promise.race([device.lost, new Promise((done) => setTimeout(done, 50))]);
    if (state.lost === null) throw new ConfigError("disposed", `${name}: disposed while it ran (${error})`);
    throw new UnsupportedError(
      "webgpu-lost",
      `${name}: the device was lost (${state.lost}); run again for a new one`,
    );
  }
  const range = back.getMappedRange();
  const result = copyResults(
    program.outputTree,
    outputs.map((slot) => slotView(range, slot)),
    out,
  );
  back.unmap();
  state.idle.push(back);
  return result;
}

function resultsOf(tree: OutputTree, leaf: (index: number) => unknown): unknown {
  if (typeof tree === "number") return leaf(tree);
  if (Array.isArray(tree)) return tree.map((each: OutputTree) => resultsOf(each, leaf));
  return Object.fromEntries(
    Object.entries<OutputTree>(tree as { readonly [name: string]: OutputTree }).map(([key, each]) => [
      key,
      resultsOf(each, leaf),
    ]),
  );
}
