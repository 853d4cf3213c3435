/** The layers that are measured: one convolution + bias + relu each, batch 1, channels last. */

/** @typedef {{ name: string, height: number, width: number, channels: number, features: number, kernel: [number, number], strides: [number, number], dilation: [number, number], groups: number }} Layer */

/** @returns {Layer} */
function layer(name, size, channels, features, kernel, options = {}) {
  const { stride = 1, dilation = 1, groups = 1 } = options;
  return {
    name,
    height: size,
    width: size,
    channels,
    features,
    kernel: [kernel, kernel],
    strides: [stride, stride],
    dilation: [dilation, dilation],
    groups,
  };
}

export const layers = [
  layer("7x7 s2 224²x3→64", 224, 3, 64, 7, { stride: 2 }),
  layer("3x3 s2 224²x3→32", 224, 3, 32, 3, { stride: 2 }),
  layer("3x3 56²x64→64", 56, 64, 64, 3),
  layer("1x1 56²x64→256", 56, 64, 256, 1),
  layer("3x3 28²x128→128", 28, 128, 128, 3),
  layer("3x3 14²x256→256", 14, 256, 256, 3),
  layer("3x3 7²x512→512", 7, 512, 512, 3),
  layer("1x1 14²x96→576", 14, 96, 576, 1),
  layer("depthwise 3x3 112²x32", 112, 32, 32, 3, { groups: 32 }),
  layer("depthwise 3x3 s2 56²x144", 56, 144, 144, 3, { groups: 144, stride: 2 }),
  layer("depthwise 5x5 14²x240", 14, 240, 240, 5, { groups: 240 }),
  layer("3x3 d2 28²x128→128", 28, 128, 128, 3, { dilation: 2 }),
  layer("3x3 groups 32 28²x256", 28, 256, 256, 3, { groups: 32 }),
  layer("3x3 128²x32→32", 128, 32, 32, 3),
];

/** Output extent under SAME. */
export function outputSize(layer) {
  return [Math.ceil(layer.height / layer.strides[0]), Math.ceil(layer.width / layer.strides[1])];
}

/** Floating-point operations of the definition: two a multiply-add. */
export function flops(layer) {
  const [h, w] = outputSize(layer);
  return (2 * h * w * layer.kernel[0] * layer.kernel[1] * layer.channels * layer.features) / layer.groups;
}
