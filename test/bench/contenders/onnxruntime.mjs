/**
 * onnxruntime, on wasm or WebGPU (onnxruntime-web) or native (onnxruntime-node), one thread; channels first, its own layout.
 * CIRCULAR is a Pad of mode wrap before the convolution, inside the time; CAUSAL is the convolution's own padding.
 */
import { channelsFirst, channelsLast, reversed, transposed } from "../layer-data.mjs";
import { inputShape, kernelShape, outputShape, pads } from "../layers.mjs";
import { convModel } from "./onnx-model.mjs";
import { refused } from "./refusal.mjs";

export async function loadOnnxruntimeWeb() {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return (layer, data) => prepare(ort, { executionProviders: ["wasm"] }, layer, data);
}

export async function loadOnnxruntimeNode() {
  const ort = (await import("onnxruntime-node")).default;
  const options = {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  };
  return (layer, data) => prepare(ort, options, layer, data);
}

/**
 * In a page, with its file at `url`: inputs and results stay on the device. `layout` is the one it computes in, "NHWC" or
 * "NCHW"; what it transposes for that is inside the time.
 */
export async function loadOnnxruntimeWebgpu(url, layout) {
  const ort = await import(url);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return (layer, data) => prepareOnGpu(ort, layout, layer, data);
}

async function prepareOnGpu(ort, layout, layer, data) {
  const model = convModel(modelOf(layer, data));
  const nchw = channelsFirst(data.input, inputShape(layer));
  const start = performance.now();
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [{ name: "webgpu", preferredLayout: layout }],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 3,
  });
  const createMs = performance.now() - start;
  const device = await ort.env.webgpu.device;
  const buffer = device.createBuffer({
    size: Math.ceil(nchw.byteLength / 16) * 16,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, nchw);
  await device.queue.onSubmittedWorkDone();
  const x = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: first(inputShape(layer)) });
  return {
    createMs,
    run: async () => {
      const { y } = await session.run({ x });
      await device.queue.onSubmittedWorkDone();
      y.dispose();
    },
    output: async () => {
      const { y } = await session.run({ x });
      const values = channelsLast(await y.getData(), first(outputShape(layer)));
      y.dispose();
      return values;
    },
    dispose: async () => {
      await session.release();
      buffer.destroy();
    },
  };
}

const first = ([batch, ...rest]) => [batch, rest.at(-1), ...rest.slice(0, -1)];

async function prepare(ort, options, layer, data) {
  const model = convModel(modelOf(layer, data));
  const session = await ort.InferenceSession.create(model, options);
  const nchw = channelsFirst(data.input, inputShape(layer));
  const feeds = { x: new ort.Tensor("float32", nchw, first(inputShape(layer))) };
  return {
    run: () => session.run(feeds),
    output: async () => channelsLast((await session.run(feeds)).y.data, first(outputShape(layer))),
    dispose: () => session.release(),
  };
}

function modelOf(layer, data) {
  if (layer.kind === "local") refused("no local convolution in ONNX");
  const shape = kernelShape(layer);
  const rank = layer.size.length;
  const spatial = layer.size.map((_, d) => d);
  const common = {
    inputShape: first(inputShape(layer)),
    outputShape: first(outputShape(layer)),
    bias: data.bias,
    dilations: layer.dilation,
    groups: layer.groups,
  };
  if (layer.kind === "transposed") {
    const order = [rank, rank + 1, ...spatial];
    return {
      ...common,
      op: "ConvTranspose",
      weights: transposed(reversed(data.kernel, shape), shape, order),
      weightShape: order.map((axis) => shape[axis]),
      strides: layer.lhsDilation,
      // Of the convolution this is the gradient of.
      pads: pads(layer).map((pair, d) => pair.map((n) => layer.kernel[d] - 1 - n)),
      wrap: false,
    };
  }
  const order = [rank + 1, rank, ...spatial];
  return {
    ...common,
    op: "Conv",
    weights: transposed(data.kernel, shape, order),
    weightShape: order.map((axis) => shape[axis]),
    strides: layer.strides,
    pads: pads(layer),
    wrap: layer.padding === "CIRCULAR",
  };
}
