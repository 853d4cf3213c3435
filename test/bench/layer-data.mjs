/** The numbers of a layer: seeded inputs and parameters, other layouts of them, and the result in float64. */
import { biasShape, inputShape, kernelShape, outputShape, outputSize, pads, product } from "./layers.mjs";

/** What the numbers of a layer are drawn from; "uniform", for timing, is none of those that errors are measured on. */
export const dataKinds = ["normal", "relu'd", "all-positive", "constant", "half-zero"];

/** Deterministic numbers of about unit scale; a masked layer has the mask in its kernel already. */
export function layerData(layer, kind = "uniform") {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const unit = () => next() + 0.5;
  const normal = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  const level = normal();
  const draws = {
    uniform: next,
    normal,
    "relu'd": () => Math.max(0, normal()),
    "all-positive": () => 1 + unit(),
    constant: () => level,
    "half-zero": () => (unit() < 0.5 ? 0 : normal()),
  };
  const positive = kind === "uniform" || kind === "all-positive";
  const floats = (shape, draw) => Float32Array.from({ length: product(shape) }, draw);
  const input = floats(inputShape(layer), draws[kind]);
  const kernel = floats(kernelShape(layer), positive ? draws[kind] : normal);
  const bias = floats(biasShape(layer), kind === "uniform" ? next : normal);
  const mask = maskOf(layer);
  return { input, kernel: mask === null ? kernel : kernel.map((w, i) => w * mask[i]), bias, mask };
}

/** 1 for the first taps of the window, 0 for the others, as autoregressive image models have it; null where all are used. */
function maskOf(layer) {
  const taps = product(layer.kernel);
  if (layer.taps === taps) return null;
  const shape = kernelShape(layer);
  const perTap = product(shape) / taps;
  return Float32Array.from({ length: product(shape) }, (_, i) => (i < layer.taps * perTap ? 1 : 0));
}

/** Data of `shape` with its axes in another order, copied. */
export function transposed(data, shape, order) {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
  const to = order.map((axis) => shape[axis]);
  const out = new Float32Array(data.length);
  const index = to.map(() => 0);
  for (let at = 0; at < out.length; at++) {
    let from = 0;
    for (let axis = 0; axis < to.length; axis++) from += index[axis] * strides[order[axis]];
    out[at] = data[from];
    for (let axis = to.length - 1; axis >= 0 && ++index[axis] === to[axis]; axis--) index[axis] = 0;
  }
  return out;
}

/** Channels first: what most peers call NCHW. */
export function channelsFirst(data, shape) {
  const last = shape.length - 1;
  return transposed(data, shape, [0, last, ...shape.slice(1, -1).map((_, d) => d + 1)]);
}

export function channelsLast(data, shape) {
  const spatial = shape.slice(2).map((_, d) => d + 2);
  return transposed(data, shape, [0, ...spatial, 1]);
}

/** A kernel [...spatial, in, out] turned by 180 degrees: a transposed convolution is one with the kernel reversed. */
export function reversed(kernel, shape) {
  const [inner, outer] = [shape.at(-2) * shape.at(-1), product(shape.slice(0, -2))];
  const out = new Float32Array(kernel.length);
  for (let tap = 0; tap < outer; tap++)
    out.set(kernel.subarray(tap * inner, (tap + 1) * inner), (outer - 1 - tap) * inner);
  return out;
}

/** Every layer as one of three spatial dimensions. */
function asVolume(layer) {
  const fill = (list, value) => [...Array(3 - list.length).fill(value), ...list];
  return {
    size: fill(layer.size, 1),
    out: fill(outputSize(layer), 1),
    kernel: fill(layer.kernel, 1),
    strides: fill(layer.strides, 1),
    lhsDilation: fill(layer.lhsDilation, 1),
    dilation: fill(layer.dilation, 1),
    low: fill(
      pads(layer).map(([low]) => low),
      0,
    ),
  };
}

/** Where tap k of output o reads along dimension d, or -1 for a zero. */
function source(layer, v, d, o, k) {
  const at = o * v.strides[d] + k * v.dilation[d] - v.low[d];
  if (layer.padding === "CIRCULAR") return ((at % v.size[d]) + v.size[d]) % v.size[d];
  const from = at / v.lhsDilation[d];
  return Number.isInteger(from) && from < v.size[d] && from >= 0 ? from : -1;
}

/** The input rows under one output position: [offset of their channels, tap]. */
function* window(layer, v, [n, z, y, x]) {
  for (let kz = 0; kz < v.kernel[0]; kz++)
    for (let ky = 0; ky < v.kernel[1]; ky++)
      for (let kx = 0; kx < v.kernel[2]; kx++) {
        const at = [source(layer, v, 0, z, kz), source(layer, v, 1, y, ky), source(layer, v, 2, x, kx)];
        if (at.includes(-1)) continue;
        const row = ((n * v.size[0] + at[0]) * v.size[1] + at[1]) * v.size[2] + at[2];
        yield [row * layer.channels, (kz * v.kernel[1] + ky) * v.kernel[2] + kx];
      }
}

/**
 * The definition in float64: of every output position, or of about `count` spread over all of them. `positions` are
 * row indices, `values` and `scales` (the sum of |x·w| and |bias|) hold `features` numbers for each.
 */
export function reference(layer, data, count = Number.POSITIVE_INFINITY) {
  const v = asVolume(layer);
  const all = product(outputShape(layer)) / layer.features;
  const chosen = Math.min(all, count);
  const positions = Array.from({ length: chosen }, (_, i) => Math.floor((i * all) / chosen));
  const values = new Float64Array(chosen * layer.features);
  const scales = new Float64Array(chosen * layer.features);
  positions.forEach((position, i) => {
    const slice = [i * layer.features, (i + 1) * layer.features];
    sumUp(layer, v, data, position, values.subarray(...slice), scales.subarray(...slice));
  });
  return { positions, values, scales, largest: scales.reduce((a, b) => Math.max(a, b), 0) };
}

function sumUp(layer, v, { input, kernel, bias }, position, values, scales) {
  const x = position % v.out[2];
  const y = Math.floor(position / v.out[2]) % v.out[1];
  const z = Math.floor(position / v.out[2] / v.out[1]) % v.out[0];
  const n = Math.floor(position / product(v.out));
  const { features } = layer;
  const local = layer.kind === "local";
  const perGroup = layer.channels / layer.groups;
  const taps = product(layer.kernel);
  const spatial = position % product(v.out);
  for (const [row, tap] of window(layer, v, [n, z, y, x]))
    for (let group = 0; group < layer.groups; group++) {
      const [first, end] = [group, group + 1].map((g) => (g * features) / layer.groups);
      for (let ic = 0; ic < perGroup; ic++) {
        const value = input[row + group * perGroup + ic];
        const column = local ? (spatial * perGroup + ic) * taps + tap : tap * perGroup + ic;
        for (let oc = first; oc < end; oc++) {
          const term = value * kernel[column * features + oc];
          values[oc] += term;
          scales[oc] += Math.abs(term);
        }
      }
    }
  const biases = local ? spatial * features : 0;
  for (let oc = 0; oc < features; oc++) {
    values[oc] = Math.max(0, values[oc] + bias[biases + oc]);
    scales[oc] += Math.abs(bias[biases + oc]);
  }
}
