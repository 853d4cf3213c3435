/** A bundle of convsmith in a page, on a device that is asked for as its runtime would; inputs and results stay on it. */

/** `find` gives a layer's { create, weights }: the bundle, imported, and the bytes of its weights. */
export async function loadConvsmithWebgpu(find) {
  const adapter = await navigator.gpu.requestAdapter();
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  });
  return async (layer, data) => prepare(device, await find(layer), data);
}

async function prepare(device, { create, weights }, data) {
  const x = device.createBuffer({
    size: data.input.byteLength,
    usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(x, 0, data.input);
  await device.queue.onSubmittedWorkDone();
  const start = performance.now();
  const model = await create({ device, weights });
  const createMs = performance.now() - start;
  return {
    createMs,
    run: async () => {
      await model.run(x, { output: "gpu" });
      await device.queue.onSubmittedWorkDone();
    },
    output: async () => (await model.run(data.input)).data,
    about: { notes: model.notes },
    dispose: () => {
      model.dispose();
      x.destroy();
    },
  };
}
