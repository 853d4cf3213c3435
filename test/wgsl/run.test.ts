/** What an executable on a GPU does: arguments, results that stay there, runs that overlap, weights, loss, errors. */
import { afterAll, describe, expect, it } from "vitest";
import { Compilation, weightData } from "../../compiler/compile.js";
import { Conv, compile, jit, key, lax, nn, Sequential, tensor } from "../../compiler/index.js";
import type { Traced } from "../../compiler/traced.js";
import { createGpuExecutable } from "../../runtime/gpu-executable.js";
import { findDevice, instantiateGpu } from "../../runtime/run-wgsl.js";
import { weightsBlob } from "../../runtime/weights.js";
import { hasAdapter, nullDevice, ownDevice } from "../support/webgpu.js";

const shape = [1, 9, 10, 3];
const model = new Sequential([new Conv({ features: 8, kernelSize: [3, 3] }), nn.relu]);
const variables = model.init(key(0), shape);
const x = tensor(
  Float32Array.from({ length: 270 }, (_, i) => Math.sin(i)),
  shape,
);
const close = (found: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-5);
};
const expected = (await compile(model, { inputs: [shape], variables, backend: "js" })).runSync(x);
const here = await hasAdapter();
const options = { inputs: [shape], variables, backend: "wgsl" } as const;

describe.skipIf(!here)("on an adapter", () => {
  const made: { dispose(): void }[] = [];
  afterAll(() => {
    for (const each of made) each.dispose();
  });
  const compiled = async () => {
    const f = await compile(model, options);
    made.push(f);
    return f;
  };

  it("runs, into the caller's array and by name", async () => {
    const f = await compiled();
    close((await f.run(x)).data, expected.data);
    const out = new Float32Array(expected.data.length);
    const result = await f.run(x.data, out);
    expect(result.data).toBe(out);
    close(out, expected.data);
    close((await f.run({ x })).data, expected.data);
    expect(f.notes).toContain("runs wgsl-software");
    expect(f.explain()).toMatch(/workgroups of \d+ lanes/);
  });

  it("keeps several runs under way, each with the input it was given", async () => {
    const f = await compiled();
    const half = { ...x, data: x.data.map((v) => v / 2) as Float32Array };
    const input = (x.data as Float32Array).slice();
    const runs = [f.run(input), f.run(half), f.run(x)];
    input.fill(0);
    const [first, second, third] = await Promise.all(runs);
    close(first!.data, expected.data);
    close(third!.data, expected.data);
    expect(second!.data[0]).not.toBe(first!.data[0]);
  });

  it("takes a GPUBuffer and leaves results on the device", async () => {
    const device = await ownDevice();
    const f = await compile(model, { ...options, device });
    const buffer = device.createBuffer({ size: 270 * 4, usage: 4 | 8 });
    device.queue.writeBuffer(buffer, 0, x.data as Float32Array<ArrayBuffer>);
    close((await f.run(buffer)).data, expected.data);
    const there = await f.run(buffer, { output: "gpu" });
    expect(there).toMatchObject({ shape: [1, 9, 10, 8], dtype: "float32" });
    expect(there.buffer.size).toBeGreaterThanOrEqual(720 * 4);
    const small = device.createBuffer({ size: 16, usage: 4 | 8 });
    await expect(f.run(small)).rejects.toMatchObject({ name: "ShapeError", code: "input-buffer" });
    f.dispose();
    await expect(f.run(x)).rejects.toMatchObject({ code: "disposed" });
    expect(() => f.explain()).toThrow(/dispose/);
    device.destroy();
  });

  const texture = (device: GPUDevice, width: number, height: number, bytes: Uint8Array<ArrayBuffer>) => {
    const size = [width, height];
    const made = device.createTexture({ size, format: "rgba8unorm", usage: 2 | 4 });
    device.queue.writeTexture({ texture: made }, bytes, { bytesPerRow: 4 * width }, size);
    return made;
  };

  it("takes a GPUTexture for an image", async () => {
    const device = await ownDevice();
    const bytes = Uint8Array.from({ length: 7 * 5 * 4 }, (_, i) => (i * 37) % 256);
    const image = texture(device, 7, 5, bytes);
    for (const channels of [1, 3, 4])
      for (const dtype of ["float32", "uint8"] as const) {
        const wanted = Array.from(bytes).filter((_, i) => i % 4 < channels);
        const shape = [1, 5, 7, channels];
        // What fills the input is seen as it is: the model returns it.
        const f = await compile((a: Traced) => a, { inputs: [{ shape, dtype }], backend: "wgsl", device });
        const { data } = await f.run(image);
        if (dtype === "uint8") expect(Array.from(data)).toEqual(wanted);
        else
          for (const [i, byte] of wanted.entries())
            expect(Math.abs(data[i]! - byte / 255)).toBeLessThanOrEqual(2 ** -23);
        f.dispose();
      }
    const f = await compile(model, { inputs: [[1, 9, 10, 3]], variables, backend: "wgsl", device });
    const nine = texture(device, 10, 9, new Uint8Array(360).fill(51));
    const plain = tensor(new Float32Array(270).fill(0.2), [1, 9, 10, 3]);
    close((await f.run({ x: nine })).data, (await f.run(plain)).data);
    f.dispose();
    device.destroy();
  });

  it("images of another size or format, and inputs that are none, are ShapeErrors", async () => {
    const device = await ownDevice();
    const of = (shape: readonly number[], dtype: "float32" | "int8" = "float32") =>
      compile((a: Traced) => a, { inputs: [{ shape, dtype }], backend: "wgsl", device });
    const bytes = new Uint8Array(7 * 5 * 4);
    const image = texture(device, 7, 5, bytes);
    const one = device.createTexture({ size: [7, 5], format: "r8unorm", usage: 4 });
    const unread = device.createTexture({ size: [7, 5], format: "rgba8unorm", usage: 2 });
    const layers = device.createTexture({ size: [7, 5, 2], format: "rgba8unorm", usage: 4 });
    const rgb = await of([1, 5, 7, 3]);
    for (const [f, given, says] of [
      [await of([1, 7, 5, 3]), image, "7 x 5 (width x height)"],
      [await of([2, 5, 7, 3]), image, "an image, which"],
      [await of([1, 5, 7, 2]), image, "an image, which"],
      [await of([5, 7, 3]), image, "an image, which"],
      [await of([1, 5, 7, 3], "int8"), image, "an image, which"],
      [rgb, one, "a texture of r8unorm"],
      [rgb, unread, "TEXTURE_BINDING"],
      [rgb, layers, "one 2d layer"],
    ] as const)
      await expect(f.run(given)).rejects.toMatchObject({
        name: "ShapeError",
        code: "input-image",
        message: expect.stringContaining(says),
      });
    device.destroy();
  });

  it("several inputs and results, in the model's own form", async () => {
    const f = await compile((a: Traced, b: Traced) => ({ sum: lax.add(a, b), parts: [a, nn.relu(b)] }), {
      inputs: { a: [5], b: [5] },
      backend: "wgsl",
    });
    const [a, b] = [tensor([1, 2, 3, 4, 5], [5]), tensor([-1, 1, -1, 1, -1], [5])];
    const { sum, parts } = await f.run({ a, b });
    expect([...sum.data]).toEqual([0, 3, 2, 5, 4]);
    expect(parts.map((part) => [...part.data])).toEqual([
      [1, 2, 3, 4, 5],
      [0, 1, 0, 1, 0],
    ]);
    f.dispose();
  });

  it("takes variables later, and other ones", async () => {
    const f = await compile(model, { inputs: [shape], backend: "wgsl" });
    made.push(f);
    await expect(f.run(x)).rejects.toMatchObject({ code: "weights-missing" });
    await f.setVariables(model.init(key(1), shape));
    const other = (await f.run(x)).data[0];
    await f.setVariables(variables);
    const y = (await f.run(x)).data;
    close(y, expected.data);
    expect(other).not.toBe(y[0]);
  });

  it("through jit", async () => {
    const g = jit(model, { backend: "wgsl" });
    close((await g(variables, x)).data, expected.data);
    expect(g.cacheSize()).toBe(1);
    g.clear();
  });

  it("wrong inputs are ShapeErrors before anything runs", async () => {
    const f = await compiled();
    await expect(f.run(new Float32Array(3))).rejects.toMatchObject({ code: "input-shape" });
    await expect(f.run(new Int32Array(270))).rejects.toMatchObject({ code: "input-dtype" });
    await expect(f.run()).rejects.toMatchObject({ code: "input-count" });
    await expect(f.run(x, new Float32Array(3))).rejects.toMatchObject({ code: "output-shape" });
  });

  it("a device of the caller's that is lost is said to be", async () => {
    const device = await ownDevice();
    const f = await compile(model, { ...options, device });
    await f.run(x);
    device.destroy();
    await device.lost;
    await expect(f.run(x)).rejects.toMatchObject({ name: "UnsupportedError", code: "webgpu-lost" });
  });

  it("a device of its own that is lost is made again", async () => {
    const compilation = new Compilation(model, { ...options, adapter: "software" });
    const built = await compilation.build("wgsl-software");
    if (built.artifact.kind !== "wgsl") throw new Error("no wgsl");
    const { program } = built.artifact;
    const start = async () => instantiateGpu(program, await ownDevice(), true);
    const first = await start();
    const f = createGpuExecutable(built.program, first, start, []);
    f.setWeights(weightsBlob(built.program.weights, weightData(built, new Map())));
    close((await f.run(x)).data, expected.data);
    first.device.destroy();
    await first.device.lost;
    const [one, two] = await Promise.all([f.run(x), f.run(x)]);
    close(one.data, expected.data);
    close(two.data, expected.data);
    f.dispose();
  });

  it("auto says what it chose and why", async () => {
    const f = await compile(model, { inputs: [shape], variables, backend: "auto" });
    expect(f.backend).toBe("wasm");
    expect(f.notes.join("\n")).toMatch(/backend: wasm, predicted .* on wgsl \(software\)/);
    close((await f.run(x)).data, expected.data);
    f.dispose();
  });
});

it("without WebGPU that is a typed error that says what to do", async () => {
  await expect(findDevice(undefined, undefined)).rejects.toMatchObject({
    name: "UnsupportedError",
    code: "webgpu-missing",
    message: expect.stringMatching(/navigator\.gpu.*package webgpu.*wasm/s),
  });
});

it("what reads more buffers than can be bound is more kernels", async () => {
  const device = await nullDevice();
  const sum = (...inputs: readonly Traced[]) => inputs.reduce((a, b) => nn.relu(lax.add(a, b)));
  const inputs = Array.from({ length: 12 }, () => [7]);
  const f = await compile(sum, { inputs, backend: "wgsl", device });
  expect(f.explain({ json: true }).layers.length).toBeGreaterThan(1);
  f.dispose();
});

it("a program larger than the device is a typed error", async () => {
  const device = await nullDevice();
  const large = new Conv({ features: 1, kernelSize: [1, 1] });
  const inputs = [[1, 8192, 8192, 1]];
  await expect(
    compile(large, { inputs, variables: large.init(key(0), inputs[0]!), backend: "wgsl", device }),
  ).rejects.toMatchObject({ name: "UnsupportedError", code: "webgpu-limits" });
});

it("a shader the device refuses is shown with its line", async () => {
  const device = await nullDevice();
  const program = {
    target: "wgsl-gpu" as const,
    sizes: [16],
    shaders: ["@compute @workgroup_size(1)\nfn main() { let a: i32 = 1.5; }\n"],
    setup: [],
    run: [{ shader: 0, buffers: [0], groups: [1, 1] as const }],
  };
  await expect(instantiateGpu(program, device, false)).rejects.toMatchObject({
    code: "webgpu-pipeline",
    message: expect.stringContaining("let a: i32 = 1.5"),
  });
});
