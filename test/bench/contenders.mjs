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
    fused({
      x,
      filter,
      bias,
      strides: layer.strides,
      pad: "same",
      dilations: layer.dilation,
      activation: "relu",
    });
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

/** Padding of SAME as [low, high] of each dimension. */
function samePads(layer) {
  const [h, w] = outputSize(layer);
  const total = [
    [h, layer.height],
    [w, layer.width],
  ].map(([out, size], d) =>
    Math.max((out - 1) * layer.strides[d] + (layer.kernel[d] - 1) * layer.dilation[d] + 1 - size, 0),
  );
  return total.map((t) => [Math.floor(t / 2), t - Math.floor(t / 2)]);
}

/** [..., a, b] reordered by `order` from `shape`; the data copied. */
function transposed(data, shape, order) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const out = new Float32Array(data.length);
  const to = order.map((axis) => shape[axis]);
  const index = new Array(to.length).fill(0);
  for (let at = 0; at < out.length; at++) {
    let from = 0;
    for (let axis = 0; axis < to.length; axis++) from += index[axis] * strides[order[axis]];
    out[at] = data[from];
    for (let axis = to.length - 1; axis >= 0 && ++index[axis] === to[axis]; axis--) index[axis] = 0;
  }
  return out;
}

/** onnxruntime-web, wasm, one thread; NCHW, which is its own layout. */
export async function onnxruntime(ort, convModel, layer, data) {
  const [h, w] = outputSize(layer);
  const perGroup = layer.channels / layer.groups;
  const inputShape = [1, layer.channels, layer.height, layer.width];
  const outputShape = [1, layer.features, h, w];
  const [[top, bottom], [left, right]] = samePads(layer);
  const model = convModel({
    inputShape,
    outputShape,
    weights: transposed(data.kernel, [...layer.kernel, perGroup, layer.features], [3, 2, 0, 1]),
    weightShape: [layer.features, perGroup, ...layer.kernel],
    bias: data.bias,
    strides: layer.strides,
    dilations: layer.dilation,
    groups: layer.groups,
    pads: [top, left, bottom, right],
  });
  const session = await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
  const nchw = transposed(data.input, [1, layer.height, layer.width, layer.channels], [0, 3, 1, 2]);
  const feeds = { x: new ort.Tensor("float32", nchw, inputShape) };
  return {
    run: () => session.run(feeds),
    output: async () => transposed((await session.run(feeds)).y.data, outputShape, [0, 2, 3, 1]),
    dispose: () => session.release(),
  };
}

/** jax-js on wasm, jitted; NCHW, the only layout it has. */
export async function jaxJs(jax, layer, data) {
  const { lax, numpy, jit, nn } = jax;
  const perGroup = layer.channels / layer.groups;
  const nchw = transposed(data.input, [1, layer.height, layer.width, layer.channels], [0, 3, 1, 2]);
  const oihw = transposed(data.kernel, [...layer.kernel, perGroup, layer.features], [3, 2, 0, 1]);
  const x = numpy.array(nchw).reshape([1, layer.channels, layer.height, layer.width]);
  const w = numpy.array(oihw).reshape([layer.features, perGroup, ...layer.kernel]);
  const b = numpy.array(data.bias).reshape([1, layer.features, 1, 1]);
  const f = jit((x, w, b) =>
    nn.relu(
      lax
        .convGeneralDilated(x, w, layer.strides, samePads(layer), {
          rhsDilation: layer.dilation,
          featureGroupCount: layer.groups,
        })
        .add(b),
    ),
  );
  const [h, wide] = outputSize(layer);
  const call = () => f(x.ref, w.ref, b.ref).data();
  return {
    run: call,
    output: async () => transposed(await call(), [1, layer.features, h, wide], [0, 2, 3, 1]),
    dispose: () => undefined,
  };
}
