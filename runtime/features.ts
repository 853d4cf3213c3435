/**
 * What a program may need of the runtime. Here that is everything; the maker of bundles knows the program and takes the
 * text without the rest: codegen/make-runtime-chunks.mjs writes each declaration once for each value of the features
 * it asks for, as `features.NAME`.
 */

export interface Features {
  /** Inputs are not exactly one. */
  readonly severalInputs: boolean;
  /** The result is a tuple or a record. */
  readonly trees: boolean;
  /** There are weights. */
  readonly weights: boolean;
  /** wgsl: it can be asked to run before its weights are set. */
  readonly lateWeights: boolean;
  /** An input is float16, which takes a Float16Array besides. */
  readonly float16: boolean;
  /** An input or output is uint8, which takes a Uint8ClampedArray besides. */
  readonly uint8: boolean;
  /** An input or output is complex64: two numbers an element. */
  readonly complex64: boolean;
  /** Errors may be about a module. */
  readonly paths: boolean;
  /** wgsl: an input's bytes are not whole words. */
  readonly partWords: boolean;
  /** wgsl: there are programs for several classes of adapters. */
  readonly adapters: boolean;
  /** wgsl: a buffer is larger than what every device binds. */
  readonly largeBuffers: boolean;
  /** wgsl: shaders have 16-bit floats. */
  readonly shaderF16: boolean;
  /** wgsl: inputs take images. */
  readonly images: boolean;
}

export const features: Features = {
  severalInputs: true,
  trees: true,
  weights: true,
  lateWeights: true,
  float16: true,
  uint8: true,
  complex64: true,
  paths: true,
  partWords: true,
  adapters: true,
  largeBuffers: true,
  shaderF16: true,
  images: true,
};
