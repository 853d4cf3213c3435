/** Layers whose work several threads share, each in another way, and runs of them. */
import type { CompileOptions } from "../../compiler/compile-options.js";
import type { Executable } from "../../compiler/index.js";
import { Conv, ConvTranspose, compile, key, type Module, nn, Sequential } from "../../compiler/index.js";
import { random } from "../support/random.js";

type ConvOptions = ConstructorParameters<typeof Conv>[0];

export interface Case {
  readonly model: Module;
  readonly shape: readonly number[];
  /** The precision "default" changes more than roundings here. */
  readonly options?: Partial<CompileOptions>;
}

const conv = (options: ConvOptions): Conv => new Conv(options);

export const cases: Readonly<Record<string, Case>> = {
  "direct 3x3": { model: conv({ features: 24, kernelSize: [3, 3], strides: 2 }), shape: [1, 41, 37, 16] },
  "direct, few rows": {
    model: conv({ features: 512, kernelSize: [3, 3], padding: "VALID" }),
    shape: [1, 4, 4, 64],
  },
  "1x1": { model: conv({ features: 72, kernelSize: [1, 1] }), shape: [1, 23, 29, 40] },
  "1x1 of one pixel": { model: conv({ features: 1000, kernelSize: [1, 1] }), shape: [1, 1, 1, 256] },
  depthwise: {
    model: conv({ features: 64, kernelSize: [3, 3], featureGroupCount: 64 }),
    shape: [1, 40, 40, 64],
  },
  groups: { model: conv({ features: 64, kernelSize: [3, 3], featureGroupCount: 4 }), shape: [1, 30, 30, 64] },
  "channels that fill no vector": {
    model: conv({ features: 53, kernelSize: [3, 3] }),
    shape: [1, 28, 28, 37],
    options: { algorithm: "direct" },
  },
  circular: {
    model: conv({ features: 16, kernelSize: [5, 5], padding: "CIRCULAR" }),
    shape: [1, 31, 31, 8],
  },
  "1-D, causal": {
    model: conv({ features: 32, kernelSize: [3], padding: "CAUSAL", kernelDilation: 8 }),
    shape: [1, 2000, 16],
  },
  "3-D": { model: conv({ features: 16, kernelSize: [3, 3, 3] }), shape: [1, 10, 20, 20, 8] },
  "winograd in blocks": {
    model: conv({ features: 64, kernelSize: [3, 3] }),
    shape: [1, 112, 112, 32],
    options: { algorithm: "winograd" },
  },
  "winograd, one block": {
    model: conv({ features: 128, kernelSize: [3, 3] }),
    shape: [1, 14, 14, 128],
    options: { algorithm: "winograd" },
  },
  "winograd, a batch": {
    model: conv({ features: 64, kernelSize: [3, 3] }),
    shape: [3, 28, 28, 32],
    options: { algorithm: "winograd" },
  },
  "winograd, few features": {
    model: conv({ features: 3, kernelSize: [3, 3] }),
    shape: [1, 96, 96, 32],
    options: { algorithm: "winograd" },
  },
  transposed: {
    model: new ConvTranspose({ features: 24, kernelSize: [4, 4], strides: [2, 2] }),
    shape: [1, 24, 24, 32],
  },
  "several layers": {
    model: new Sequential([
      conv({ features: 32, kernelSize: [3, 3], strides: 2 }),
      nn.silu,
      conv({ features: 32, kernelSize: [3, 3], featureGroupCount: 32 }),
      nn.relu,
      conv({ features: 64, kernelSize: [1, 1] }),
      conv({ features: 64, kernelSize: [3, 3] }),
      nn.tanh,
      conv({ features: 5, kernelSize: [1, 1] }),
    ]),
    shape: [1, 64, 64, 3],
  },
  "layers too small to share": {
    model: new Sequential([
      conv({ features: 4, kernelSize: [3, 3] }),
      nn.relu,
      conv({ features: 2, kernelSize: [1, 1] }),
    ]),
    shape: [1, 5, 5, 2],
  },
  "a large layer between small ones": {
    model: new Sequential([
      conv({ features: 1, kernelSize: [1, 1], strides: 4 }),
      new ConvTranspose({ features: 16, kernelSize: [4, 4], strides: [4, 4] }),
      conv({ features: 32, kernelSize: [3, 3] }),
      conv({ features: 1, kernelSize: [1, 1], strides: 32 }),
    ]),
    shape: [1, 64, 64, 3],
  },
};

/** The inputs are the same for every number of threads. */
export async function started(
  { model, shape, options }: Case,
  threads: number,
  more: Partial<CompileOptions> = {},
): Promise<Executable<"wasm">> {
  const f = await compile<"wasm">(model, {
    inputs: [shape],
    variables: model.init(key(0), shape),
    backend: "wasm",
    threads,
    ...options,
    ...more,
  } as CompileOptions<"wasm">);
  return f as Executable<"wasm">;
}

export function inputOf({ shape }: Case, seed = 1): Float32Array {
  return random(seed).normals(shape.reduce((product, extent) => product * extent, 1));
}
