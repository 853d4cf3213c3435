/** The public surface, and nothing else. */

export { InternalError } from "../ir/diagnostic.js";
export type { Result, RunInput, RunInputs, View } from "../runtime/binding.js";
export {
  CheckpointError,
  ConfigError,
  ConvsmithError,
  ShapeError,
  UnsupportedError,
} from "../runtime/error.js";
export type { DType, NestedArray, Tensor, TypedArray } from "../runtime/tensor.js";
export { tensor, toFloat32 } from "../runtime/tensor.js";
export { writeMsgpack } from "./checkpoint/msgpack.js";
export { readWeights } from "./checkpoint/read-weights.js";
export type { ParamTree, Variables } from "./checkpoint/tree.js";
export type { BackendName, CompileOptions, Progress } from "./compile-options.js";
export type { BundleRequest, Executable, ResultOf } from "./executable.js";
export { compile } from "./executable.js";
export type { Explanation, LayerExplanation } from "./explain.js";
export type { JitOptions, Jitted } from "./jit.js";
export { jit } from "./jit.js";
export { lax } from "./lax/index.js";
export { modelFromSpec } from "./model-spec.js";
export { Conv, ConvLocal, ConvTranspose, Module, nn, Sequential } from "./nn/index.js";
export type { Initializer } from "./random/initializers.js";
export { initializers } from "./random/initializers.js";
export type { Key } from "./random/threefry.js";
export { foldIn, key, split } from "./random/threefry.js";
export { trace } from "./trace.js";
export type { Traced } from "./traced.js";
export type { TunedKernel, Tuning } from "./tune/tuning.js";
export { version } from "./version.js";
