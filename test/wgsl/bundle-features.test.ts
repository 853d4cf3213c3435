/** Bundles for wgsl carry what their program needs of the runtime: each such part, run from the bundle itself. */
import { afterEach, describe, expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { type BundleRequest, bundleOf } from "../../compiler/executable.js";
import { Conv, compile, key, lax, nn, Sequential, tensor } from "../../compiler/index.js";
import type { TraceTarget } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import type { CreateGpuOptions } from "../../runtime/create-gpu.js";
import type { GpuExecutable } from "../../runtime/gpu-executable.js";
import type { Tensor, TypedArray } from "../../runtime/tensor.js";
import { textOf, writeFolder } from "../bundle/bundle-files.js";
import { hasAdapter, ownDevice } from "../support/webgpu.js";

const here = await hasAdapter();

type Inputs = ConstructorParameters<typeof Compilation>[1]["inputs"];
type Create = (options?: CreateGpuOptions) => Promise<GpuExecutable<never>>;

async function bundled(
  model: TraceTarget,
  inputs: Inputs,
  request: BundleRequest = {},
): Promise<{ readonly create: Create; readonly text: string }> {
  const compilation = new Compilation(model, { inputs, backend: "wgsl" });
  const files = await bundleOf(compilation, undefined, { name: "part", ...request });
  const folder = await writeFolder(files);
  const { create } = (await import(/* @vite-ignore */ `file://${folder}/part.mjs`)) as { create: Create };
  return { create, text: textOf(files, "part.mjs") };
}

const devices: GPUDevice[] = [];
afterEach(() => {
  for (const device of devices.splice(0)) device.destroy();
});
async function device(): Promise<GPUDevice> {
  const made = await ownDevice();
  devices.push(made);
  return made;
}

const numbers = (result: unknown): number[] => [...(result as Tensor).data];

describe.skipIf(!here)("a bundle on an adapter", () => {
  it("of several inputs takes them in order and by name, and says what it wants", async () => {
    const { create } = await bundled((a: Traced, b: Traced) => lax.add(a, b), { a: [3], b: [3] });
    const m = await create({ device: await device() });
    const [a, b] = [new Float32Array([1, 2, 3]), new Float32Array([10, 20, 30])];
    const out = new Float32Array(3);
    for (const run of [m.run(a, b), m.run({ b, a }), m.run(a, b, out), m.run({ a, b }, out)])
      expect(numbers(await run)).toEqual([11, 22, 33]);
    expect([...out]).toEqual([11, 22, 33]);
    await expect(m.run(a)).rejects.toMatchObject({ code: "input-count", name: "ShapeError" });
    await expect(m.run({ a, c: b })).rejects.toMatchObject({ code: "input-name" });
    await expect(m.run(a, new Float32Array(2))).rejects.toMatchObject({ code: "input-shape" });
    await expect(m.run(a, b, new Float64Array(3))).rejects.toMatchObject({ code: "output-dtype" });
  });

  it("returns tuples and records, into arrays given in that form or on the device", async () => {
    // The first result is shorter than what a binding begins at, so that the second lies apart.
    const { create } = await bundled((a: Traced) => ({ same: a, rest: [nn.relu(a), lax.add(a, a)] }), [[5]]);
    const m = await create({ device: await device() });
    const x = new Float32Array([-2, -1, 0, 1, 2]);
    const expected = {
      same: [-2, -1, 0, 1, 2],
      rest: [
        [0, 0, 0, 1, 2],
        [-4, -2, 0, 2, 4],
      ],
    };
    interface Answer {
      readonly same: Tensor;
      readonly rest: readonly Tensor[];
    }
    const read = ({ same, rest }: Answer) => ({ same: numbers(same), rest: rest.map(numbers) });
    expect(read(await m.run(x))).toEqual(expected);
    const out = { same: new Float32Array(5), rest: [new Float32Array(5), new Float32Array(5)] };
    const over = (await m.run(x, out)) as Answer;
    expect(read(over)).toEqual(expected);
    expect(over.rest[1]!.data).toBe(out.rest[1]);
    await expect(m.run(x, { same: out.same })).rejects.toMatchObject({ code: "output-tree" });
    const there = (await m.run(x, { output: "gpu" })) as { readonly same: object; readonly rest: object[] };
    expect(there.rest[1]).toMatchObject({ shape: [5], dtype: "float32", buffer: expect.anything() });
  });

  it.each([
    ["float16", new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000])],
    ["bfloat16", new Uint16Array([0x3f80, 0xc000, 0x0080, 0x7f7f, 0x8000])],
    ["uint8", new Uint8Array([0, 1, 127, 128, 255])],
    ["int8", new Int8Array([-128, -1, 0, 1, 127])],
    ["bool", new Uint8Array([0, 1, 1, 0, 1])],
    ["int32", new Int32Array([-5, 0, 1, 2, 1 << 20])],
    ["float32", new Float32Array([-5, 0, 1, 2, 0.5])],
    ["complex64", new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])],
  ] as const)("takes and returns %s, also where its bytes are not whole words", async (dtype, data) => {
    const { create, text } = await bundled((a: Traced) => a, [{ shape: [5], dtype }]);
    const m = await create({ device: await device() });
    const input = data as TypedArray;
    expect(numbers(await m.run(input))).toEqual([...input]);
    expect(numbers(await m.run({ data: input, shape: [5], dtype }))).toEqual([...input]);
    const part = new (input.constructor as Float32ArrayConstructor)([9, ...input, 9]).subarray(1, -1);
    expect(numbers(await m.run(part))).toEqual([...input]);
    const wrong = dtype === "int32" ? new Float32Array(5) : new Int32Array(5);
    await expect(m.run(wrong)).rejects.toMatchObject({ code: "input-dtype" });
    if (dtype === "uint8") expect(numbers(await m.run(new Uint8ClampedArray(input)))).toEqual([...input]);
    if (dtype === "float32") {
      const wide = tensor([-5, 0, 1, 2, 0.5], [5], "float64");
      expect(numbers(await m.run(wide))).toEqual([...input]);
    }
    if (dtype === "float16") {
      class Float16Array extends Uint16Array {
        override get [Symbol.toStringTag](): "Uint16Array" {
          return "Float16Array" as "Uint16Array";
        }
      }
      expect(numbers(await m.run(new Float16Array(input)))).toEqual([...input]);
    }
    // What other dtypes need is not there.
    expect(text.includes("Uint8ClampedArray")).toBe(dtype === "uint8");
    expect(text.includes("Float16Array")).toBe(dtype === "float16");
    expect(text.includes("complex64")).toBe(dtype === "complex64");
  });

  it("without weights reads none", async () => {
    const { create, text } = await bundled((a: Traced) => nn.relu(a), [[4]]);
    expect(text).not.toContain("weights.bin");
    const m = await create({ device: await device() });
    expect(numbers(await m.run(new Float32Array([-1, 1, -2, 2])))).toEqual([0, 1, 0, 2]);
  });

  it("takes images where that was asked for", async () => {
    const { create } = await bundled((a: Traced) => a, [{ shape: [1, 2, 3, 4], dtype: "uint8" }], {
      images: true,
    });
    const on = await device();
    const m = await create({ device: on });
    const texels = Uint8Array.from({ length: 24 }, (_, i) => i * 7);
    const texture = on.createTexture({ size: [3, 2], format: "rgba8unorm", usage: 2 | 4 });
    on.queue.writeTexture({ texture }, texels, { bytesPerRow: 12 }, [3, 2]);
    expect(numbers(await m.run(texture))).toEqual([...texels]);
    expect(numbers(await m.run(texels))).toEqual([...texels]);
    await expect(
      m.run(on.createTexture({ size: [2, 2], format: "rgba8unorm", usage: 4 })),
    ).rejects.toMatchObject({
      code: "input-image",
    });
    m.dispose();
  });
});

const shape = [1, 6, 5, 3];
const model = new Sequential([new Conv({ features: 8, kernelSize: [3, 3] }), nn.relu]);
const variables = model.init(key(0), shape);
const x = tensor(
  Float32Array.from({ length: 90 }, (_, i) => Math.sin(i)),
  shape,
);

describe.skipIf(!here)("a bundle of a convolution", async () => {
  const expected = (await compile(model, { inputs: [shape], variables, backend: "js" })).runSync(x).data;
  const compilation = new Compilation(model, { inputs: [shape], variables, backend: "wgsl" });
  const layer = async (request: BundleRequest = {}): Promise<Create> => {
    const folder = await writeFolder(await bundleOf(compilation, undefined, { name: "layer", ...request }));
    const { create } = (await import(/* @vite-ignore */ `file://${folder}/layer.mjs`)) as { create: Create };
    return create;
  };
  const close = (result: unknown): void => {
    const { data } = result as Tensor;
    expect(data.length).toBe(expected.length);
    for (let i = 0; i < expected.length; i++) expect(Math.abs(data[i]! - expected[i]!)).toBeLessThan(1e-5);
  };

  it.each([{ adapter: "gpu" }, { adapter: "software" }, { adapter: "both" }, { inline: true }] as const)(
    "computes it: %j",
    async (request) => {
      const m = await (await layer(request))({ device: await device() });
      close(await m.run(x));
      close(await m.run({ x: x.data }));
      const both = "adapter" in request && request.adapter !== "gpu";
      expect(m.notes).toEqual([both ? "runs wgsl-software" : "runs wgsl-gpu"]);
    },
  );

  it("runs several at once, on buffers of the device too, each with the input it was given", async () => {
    const on = await device();
    const m = await (await layer())({ device: on });
    const buffer = on.createBuffer({ size: 360, usage: 4 | 8 });
    on.queue.writeBuffer(buffer, 0, x.data as Float32Array<ArrayBuffer>);
    const input = (x.data as Float32Array).slice();
    const runs = [m.run(input), m.run(new Float32Array(90)), m.run(buffer), m.run(x)];
    input.fill(0);
    const [first, zero, third, fourth] = await Promise.all(runs);
    for (const result of [first, third, fourth]) close(result);
    expect(numbers(zero)).not.toEqual(numbers(first));
    await expect(m.run(on.createBuffer({ size: 16, usage: 4 }))).rejects.toMatchObject({
      code: "input-buffer",
    });
    const late = m.run(x);
    m.dispose();
    // What was submitted may still have finished.
    await late.then(close, (error) => expect(error).toMatchObject({ code: "disposed" }));
    expect(() => m.dispose()).toThrow(/dispose/);
    await expect(m.run(x)).rejects.toMatchObject({ code: "disposed", name: "ConfigError" });
  });

  it("finds a device, and another when it is lost; a device given that is lost is said to be", async () => {
    const create = await layer();
    const made: GPUDevice[] = [];
    const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    const requestDevice = async (): Promise<GPUDevice> => {
      made.push(await device());
      return made.at(-1)!;
    };
    const gpu = {
      requestAdapter: async () => ({ limits: {}, features: new Set(), info: {}, requestDevice }),
    };
    Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
    try {
      const m = await create();
      close(await m.run(x));
      made[0]!.destroy();
      // Whether or not the loss has been told by then: the second run finds another device.
      await m.run(x).catch((error) => expect(error).toMatchObject({ code: "webgpu-lost" }));
      const [one, two] = await Promise.all([m.run(x), m.run(x)]);
      close(one);
      close(two);
      expect(made.length).toBe(2);
      m.dispose();
      Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
      await expect(create()).rejects.toMatchObject({ code: "webgpu-missing", name: "UnsupportedError" });
    } finally {
      if (before === undefined) Reflect.deleteProperty(globalThis, "navigator");
      else Object.defineProperty(globalThis, "navigator", before);
    }
    const on = await device();
    const m = await create({ device: on });
    on.destroy();
    await on.lost;
    await expect(m.run(x)).rejects.toMatchObject({ code: "webgpu-lost", name: "UnsupportedError" });
  });

  it("refuses weights of another program and options it does not have", async () => {
    const create = await layer();
    const on = await device();
    await expect(create({ device: on, weights: new ArrayBuffer(4) })).rejects.toMatchObject({
      name: "CheckpointError",
      code: "weights-size",
    });
    await expect(create({ device: on, weight: 1 } as object)).rejects.toMatchObject({
      name: "ConfigError",
      code: "create-option",
    });
  });
});
