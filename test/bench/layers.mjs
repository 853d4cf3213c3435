/** The layers that are measured: one convolution + bias + relu each, channels last, with what follows from their shapes. */

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {"conv" | "transposed" | "local"} kind transposed: lhs dilation, which peers call a transposed convolution
 * @property {number} batch
 * @property {number[]} size spatial extents of the input
 * @property {number} channels
 * @property {number} features
 * @property {number[]} kernel
 * @property {number[]} strides
 * @property {number[]} lhsDilation
 * @property {number[]} dilation of the kernel
 * @property {number} groups
 * @property {"SAME" | "CAUSAL" | "CIRCULAR" | "pairs"} padding
 * @property {number} taps of the kernel that a mask leaves
 * @property {"compute" | "copy" | "read"} bound what the memory-bound ones are held against: a copy of input to output, or reading all
 * @property {boolean} native one of the layers that summarise the comparison outside JavaScript
 */

/** @returns {Layer} */
export function layer(name, size, channels, features, kernel, options = {}) {
  const { stride = 1, dilation = 1, lhsDilation = 1, groups = 1, ...rest } = options;
  const each = (value) => size.map(() => value);
  return {
    name,
    kind: "conv",
    batch: 1,
    size,
    channels,
    features,
    kernel: each(kernel),
    strides: each(stride),
    lhsDilation: each(lhsDilation),
    dilation: each(dilation),
    groups,
    padding: "SAME",
    taps: kernel ** size.length,
    bound: "compute",
    native: false,
    ...rest,
  };
}

const native = true;
const square = (n) => [n, n];

/** @type {Layer[]} */
export const layers = [
  layer("7x7 s2 224²x3→64", square(224), 3, 64, 7, { stride: 2 }),
  layer("3x3 s2 224²x3→32", square(224), 3, 32, 3, { stride: 2 }),
  layer("3x3 56²x64→64", square(56), 64, 64, 3, { native }),
  layer("1x1 56²x64→256", square(56), 64, 256, 1, { native }),
  layer("3x3 28²x128→128", square(28), 128, 128, 3, { native }),
  layer("3x3 14²x256→256", square(14), 256, 256, 3, { native }),
  layer("3x3 7²x512→512", square(7), 512, 512, 3),
  layer("1x1 14²x96→576", square(14), 96, 576, 1),
  layer("depthwise 3x3 112²x32", square(112), 32, 32, 3, { groups: 32, bound: "copy", native }),
  layer("depthwise 3x3 s2 56²x144", square(56), 144, 144, 3, { groups: 144, stride: 2, bound: "copy" }),
  layer("depthwise 5x5 14²x240", square(14), 240, 240, 5, { groups: 240, bound: "copy" }),
  layer("3x3 d2 28²x128→128", square(28), 128, 128, 3, { dilation: 2, native }),
  layer("3x3 groups 32 28²x256", square(28), 256, 256, 3, { groups: 32, native }),
  layer("3x3 128²x32→32", square(128), 32, 32, 3),
  layer("transposed 4x4 s2 28²x64→32", square(28), 64, 32, 4, {
    kind: "transposed",
    lhsDilation: 2,
    padding: "pairs",
  }),
  layer("1-D k3 d8 causal 16000x64→64", [16_000], 64, 64, 3, { dilation: 8, padding: "CAUSAL" }),
  layer("3-D 3x3x3 16x56²x16→32", [16, 56, 56], 16, 32, 3),
  layer("5x5 circular 64²x32→32", square(64), 32, 32, 5, { padding: "CIRCULAR" }),
  layer("local 3x3 28²x16→16", square(28), 16, 16, 3, { kind: "local", bound: "read" }),
  layer("masked 5x5 28²x64→64", square(28), 64, 64, 5, { taps: 12 }),
  layer("3x3 batch 8 28²x64→64", square(28), 64, 64, 3, { batch: 8 }),
  layer("3x3 56²x37→53", square(56), 37, 53, 3),
  layer("1x1 1²x1024→1000", square(1), 1024, 1000, 1, { bound: "read" }),
];

/** The one that compile times and bytes are given of. */
export const oneConvolution = layers.find(({ name }) => name === "3x3 28²x128→128");

export const product = (list) => list.reduce((a, b) => a * b, 1);

/** Extents of what the window slides over, and of the window. */
const dilated = (extent, dilation) => (extent - 1) * dilation + 1;

/** [low, high] of each spatial dimension, around the dilated input. */
export function pads(layer) {
  return layer.size.map((extent, d) => {
    const window = dilated(layer.kernel[d], layer.dilation[d]);
    if (layer.padding === "CAUSAL") return [window - 1, 0];
    // Twice the input, as the field's transposed layers have it.
    if (layer.padding === "pairs") return [layer.kernel[d] / 2, layer.kernel[d] / 2];
    if (layer.padding === "CIRCULAR") return [Math.floor((window - 1) / 2), Math.floor(window / 2)];
    const out = Math.ceil(extent / layer.strides[d]);
    const total = Math.max((out - 1) * layer.strides[d] + window - extent, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
}

/** Spatial extents of the result. */
export function outputSize(layer) {
  const pairs = pads(layer);
  return layer.size.map((extent, d) => {
    const padded = dilated(extent, layer.lhsDilation[d]) + pairs[d][0] + pairs[d][1];
    return Math.floor((padded - dilated(layer.kernel[d], layer.dilation[d])) / layer.strides[d]) + 1;
  });
}

export const inputShape = (layer) => [layer.batch, ...layer.size, layer.channels];
export const outputShape = (layer) => [layer.batch, ...outputSize(layer), layer.features];

/** Of the kernel as convsmith and flax have it. */
export function kernelShape(layer) {
  const perGroup = layer.channels / layer.groups;
  if (layer.kind === "local") return [...outputSize(layer), product(layer.kernel) * perGroup, layer.features];
  return [...layer.kernel, perGroup, layer.features];
}

export const biasShape = (layer) =>
  layer.kind === "local" ? [...outputSize(layer), layer.features] : [layer.features];

/** Multiply-adds of one output element: not those with zeros that dilation inserts, nor with taps a mask removes. */
export const terms = (layer) => (layer.taps * layer.channels) / layer.groups / product(layer.lhsDilation);

/** Floating-point operations of the definition, whatever is executed: two a multiply-add; padding counts. */
export const flops = (layer) => 2 * product(outputShape(layer)) * terms(layer);

const floatBytes = 4;

/** What must come in and go out once: input, parameters, output. */
export function traffic(layer) {
  const kernel = (product(kernelShape(layer)) * layer.taps) / product(layer.kernel);
  return {
    readBytes: floatBytes * (product(inputShape(layer)) + kernel + product(biasShape(layer))),
    writtenBytes: floatBytes * product(outputShape(layer)),
  };
}

/** 3×3 with stride 1, all channels in one group, an image that is not tiny: what Winograd is for. */
export const isDense3x3 = (layer) =>
  layer.kind === "conv" &&
  layer.kernel.join() === "3,3" &&
  layer.strides.join() === "1,1" &&
  layer.groups === 1 &&
  layer.size[0] > 7;
