/** jax-js on wasm or webgpu, jitted; channels first, the only layout it has. CIRCULAR is put together from slices, inside the time. */
import { channelsFirst, channelsLast, transposed } from "../layer-data.mjs";
import { inputShape, kernelShape, outputShape, pads } from "../layers.mjs";
import { refused } from "./refusal.mjs";

/**
 * It decides by the global `Worker` whether its memory is shared, and asks again for every kernel. onnxruntime-web
 * defines that global in Node when its first session starts; kernels compiled afterwards do not link with the memory
 * made before. Nobody else needs it on one thread: while this peer runs, the global stays undefined.
 */
function withoutWorker() {
  if (globalThis.Worker !== undefined) return;
  Object.defineProperty(globalThis, "Worker", { get: () => undefined, set: () => undefined });
}

export async function loadJaxJs(device = "wasm") {
  if (device === "wasm") withoutWorker();
  const jax = await import("@jax-js/jax");
  await jax.init(device);
  jax.defaultDevice(device);
  return (layer, data) => prepare(jax, layer, data);
}

const first = ([batch, ...rest]) => [batch, rest.at(-1), ...rest.slice(0, -1)];

function prepare({ lax, numpy, jit, nn }, layer, data) {
  if (layer.kind === "local") refused("no local convolution in jax-js");
  const shape = kernelShape(layer);
  const rank = layer.size.length;
  const order = [rank + 1, rank, ...layer.size.map((_, d) => d)];
  const array = (values, dims) => numpy.array(values).reshape(dims);
  const x = array(channelsFirst(data.input, inputShape(layer)), first(inputShape(layer)));
  const w = array(
    transposed(data.kernel, shape, order),
    order.map((axis) => shape[axis]),
  );
  const b = array(data.bias, [1, layer.features, ...layer.size.map(() => 1)]);
  const circular = layer.padding === "CIRCULAR";
  const padding = circular ? pads(layer).map(() => [0, 0]) : pads(layer);
  const f = jit((x, w, b) => {
    const lhs = circular ? wrapped(numpy, x, pads(layer)) : x;
    const y = lax.convGeneralDilated(lhs, w, layer.strides, padding, {
      lhsDilation: layer.lhsDilation,
      rhsDilation: layer.dilation,
      featureGroupCount: layer.groups,
    });
    return nn.relu(y.add(b));
  });
  const call = () => f(x.ref, w.ref, b.ref);
  return {
    run: async () => (await call().blockUntilReady()).dispose(),
    output: async () => channelsLast(await call().data(), first(outputShape(layer))),
    dispose: () => {
      for (const held of [x, w, b, f]) held.dispose();
    },
  };
}

/** The last `low` and the first `high` of each spatial axis put around it. */
function wrapped(numpy, x, pairs) {
  return pairs.reduce((y, [low, high], d) => {
    const axis = d + 2;
    const slice = (range) => y.ref.slice(...Array.from({ length: axis }, () => []), range);
    const extent = y.shape[axis];
    const parts = [slice([extent - low, extent]), slice([0, extent]), slice([0, high])];
    y.dispose();
    return numpy.concatenate(parts, axis);
  }, x);
}
