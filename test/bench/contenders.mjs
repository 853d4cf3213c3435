/** Everybody who is measured: how each prepares one layer, and a call that runs it once and returns its output. */
import { outputSize } from "./layers.mjs";

/** convsmith, one backend. */
export async function ours(backend, convsmith, layer, data, options = {}) {
  const { Conv, nn, compile } = convsmith;
  const conv = new Conv({
    features: layer.features,
    kernelSize: layer.kernel,
    strides: layer.strides,
    kernelDilation: layer.dilation,
    featureGroupCount: layer.groups,
  });
  const model = new convsmith.Sequential([conv, nn.relu]);
  const shape = [layer.kernel[0], layer.kernel[1], layer.channels / layer.groups, layer.features];
  const executable = await compile(model, {
    inputs: [[1, layer.height, layer.width, layer.channels]],
    variables: {
      params: {
        layers_0: {
          kernel: { data: data.kernel, shape, dtype: "float32" },
          bias: { data: data.bias, shape: [layer.features], dtype: "float32" },
        },
      },
    },
    backend,
    ...options,
  });
  executable.inputs[0].data.set(data.input);
  return {
    run: () => executable.invoke(),
    output: () => executable.outputs[0].data.slice(),
    note: executable.notes.join("; "),
    predictedMs: executable.explain({ json: true }).layers.reduce((ms, l) => ms + l.predictedMs, 0),
    dispose: () => executable.dispose(),
  };
}

/** tfjs; null for layers it refuses (groups other than depthwise, strides with dilation). */
export function tfjs(tf, layer, data) {
  const depthwise = layer.groups > 1 && layer.groups === layer.channels;
  if (layer.groups > 1 && !depthwise) return null;
  const x = tf.tensor4d(data.input, [1, layer.height, layer.width, layer.channels]);
  const perGroup = layer.channels / layer.groups;
  const shape = depthwise
    ? [...layer.kernel, layer.channels, layer.features / layer.channels]
    : [...layer.kernel, perGroup, layer.features];
  const filter = tf.tensor4d(data.kernel, shape);
  const bias = tf.tensor1d(data.bias);
  const fused = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
  const call = () =>
    fused({ x, filter, bias, strides: layer.strides, pad: "same", dilations: layer.dilation, activation: "relu" });
  return {
    run: () => {
      const y = call();
      y.dataSync();
      y.dispose();
    },
    output: () => {
      const y = call();
      const values = y.dataSync().slice();
      y.dispose();
      return values;
    },
    dispose: () => tf.dispose([x, filter, bias]),
  };
}

/** Deterministic numbers of about unit scale. */
export function layerData(layer) {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const floats = (n) => Float32Array.from({ length: n }, next);
  const [h, w] = outputSize(layer);
  return {
    input: floats(layer.height * layer.width * layer.channels),
    kernel: floats((layer.kernel[0] * layer.kernel[1] * layer.channels * layer.features) / layer.groups),
    bias: floats(layer.features),
    outputs: h * w * layer.features,
  };
}
