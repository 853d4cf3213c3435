/**
 * tfjs on its wasm, cpu or webgpu backend. The first two work synchronously and the last is waited for until its queue is
 * done, so the results are not read back when timing. CIRCULAR is put together from slices and CAUSAL is explicit padding,
 * both inside the time.
 */

import { reversed, transposed } from "../layer-data.mjs";
import { inputShape, kernelShape, outputShape, outputSize, pads } from "../layers.mjs";
import { refused } from "./refusal.mjs";

const backends = {
  wasm: () => import("@tensorflow/tfjs-backend-wasm"),
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  webgpu: () => import("@tensorflow/tfjs-backend-webgpu"),
};

/** What it records is submitted in batches; the rest now. */
function queueDone(backend) {
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  return backend.device.queue.onSubmittedWorkDone();
}

export async function loadTfjs(backend) {
  const tf = await import("@tensorflow/tfjs-core");
  await backends[backend]();
  tf.enableProdMode();
  const done = backend === "webgpu" ? () => queueDone(tf.backend()) : () => undefined;
  return async (layer, data) => {
    await tf.setBackend(backend);
    const peer = prepare(tf, layer, data, done);
    /** Backends live in one process. */
    const use = (f) => () => {
      if (tf.getBackend() !== backend) tf.setBackend(backend);
      return f();
    };
    return { run: use(peer.run), output: use(peer.output), dispose: use(peer.dispose) };
  };
}

function prepare(tf, layer, data, done) {
  const { x, filter, bias, call } = operation(tf, layer, data);
  return {
    run: () => {
      tf.dispose(tf.tidy(call));
      return done();
    },
    output: async () => {
      const y = tf.tidy(call);
      const values = (await y.data()).slice();
      y.dispose();
      return values;
    },
    dispose: () => tf.dispose([x, filter, bias]),
  };
}

function operation(tf, layer, data) {
  if (layer.kind === "local") refused("no local convolution in tfjs-core");
  const depthwise = layer.groups > 1 && layer.groups === layer.channels;
  if (layer.groups > 1 && !depthwise) refused("feature groups other than depthwise");
  const bias = tf.tensor1d(data.bias);
  if (layer.kind === "transposed") return transpose(tf, layer, data, bias);
  if (layer.size.length === 3) return volume(tf, layer, data, bias);
  return flat(tf, layer, data, bias, depthwise);
}

/** One and two spatial dimensions: one is an image of one row. */
function flat(tf, layer, data, bias, depthwise) {
  const row = layer.size.length === 1;
  const asImage = (list, value) => (row ? [value, ...list] : list);
  const image = asImage(layer.size, 1);
  const x = tf.tensor4d(data.input, [layer.batch, ...image, layer.channels]);
  const kernel = asImage(layer.kernel, 1);
  const io = depthwise ? [layer.channels, layer.features / layer.channels] : [layer.channels, layer.features];
  const filter = tf.tensor4d(data.kernel, [...kernel, ...io]);
  const options = {
    filter,
    bias,
    strides: asImage(layer.strides, 1),
    dilations: asImage(layer.dilation, 1),
    activation: "relu",
  };
  const convolve = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
  const pairs = asImage(pads(layer), [0, 0]);
  const call = {
    SAME: () => convolve({ x, pad: "same", ...options }),
    CAUSAL: () => convolve({ x, pad: [[0, 0], ...pairs, [0, 0]], ...options }),
    CIRCULAR: () => convolve({ x: wrapped(tf, x, pairs), pad: "valid", ...options }),
  }[layer.padding];
  return { x, filter, bias, call };
}

function wrapped(tf, x, pairs) {
  return pairs.reduce((y, [low, high], d) => {
    const axis = d + 1;
    const part = (start, size) => {
      const begin = y.shape.map((_, a) => (a === axis ? start : 0));
      return tf.slice(
        y,
        begin,
        y.shape.map((n, a) => (a === axis ? size : n)),
      );
    };
    return tf.concat([part(y.shape[axis] - low, low), y, part(0, high)], axis);
  }, x);
}

function volume(tf, layer, data, bias) {
  const x = tf.tensor5d(data.input, inputShape(layer));
  const filter = tf.tensor5d(data.kernel, kernelShape(layer));
  const call = () => tf.relu(tf.add(tf.conv3d(x, filter, layer.strides, "same"), bias));
  return { x, filter, bias, call };
}

/** Its kernel is that of the convolution this is the gradient of: reversed, [...spatial, out, in]. */
function transpose(tf, layer, data, bias) {
  const shape = kernelShape(layer);
  const x = tf.tensor4d(data.input, inputShape(layer));
  const turned = transposed(reversed(data.kernel, shape), shape, [0, 1, 3, 2]);
  const filter = tf.tensor4d(turned, [...layer.kernel, layer.features, layer.channels]);
  if (outputSize(layer).some((n, d) => n !== layer.size[d] * layer.lhsDilation[d])) refused("not SAME");
  const call = () =>
    tf.relu(tf.add(tf.conv2dTranspose(x, filter, outputShape(layer), layer.lhsDilation, "same"), bias));
  return { x, filter, bias, call };
}
