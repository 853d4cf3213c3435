/**
 * Every code an error can carry: its class, flax's exception for the same mistake, and what it means.
 *
 * The codes are stable; the README lists this table, and a test looks for codes in the source that are not in it.
 * `refuse` is the only way the front of the house throws at a user, so a code without a row does not compile there.
 */
import { CheckpointError, ConfigError, ShapeError, UnsupportedError } from "../runtime/error.js";

const classes = { ConfigError, ShapeError, CheckpointError, UnsupportedError };

export interface ErrorCode {
  readonly class: keyof typeof classes;
  /** What flax (or jax or NumPy under it) raises, depending on the case; "-" where it has no such rule. */
  readonly flax: string;
  readonly means: string;
}

const row = (name: keyof typeof classes, flax: string, means: string): ErrorCode => ({
  class: name,
  flax,
  means,
});
const config = (flax: string, means: string): ErrorCode => row("ConfigError", flax, means);
const shape = (flax: string, means: string): ErrorCode => row("ShapeError", flax, means);
const checkpoint = (flax: string, means: string): ErrorCode => row("CheckpointError", flax, means);
const unsupported = (flax: string, means: string): ErrorCode => row("UnsupportedError", flax, means);

export const errorCodes = {
  // Options of modules and functions.
  "unknown-option": config("TypeError", "an option no one knows; the message names the nearest"),
  "missing-option": config("TypeError", "a required option was left out"),
  "bad-option": config("TypeError", "an option of the wrong type"),
  "bad-features": config("ZeroDivisionError, TypeError", "features is not a positive integer"),
  "bad-kernel-size": config(
    "ZeroDivisionError, ValueError, TypeError",
    "a kernel size that is not a positive integer for each dimension a module can take",
  ),
  "bad-strides": config(
    "ValueError, TypeError",
    "strides that are not positive integers, or not one per spatial dimension",
  ),
  "bad-dilation": config(
    "TypeError, ValueError",
    "dilations that are not positive integers, or not one per spatial dimension",
  ),
  "bad-padding": config("ValueError", "padding that is no name, integer, or pair per spatial dimension"),
  "unknown-padding": config("RuntimeError", "a padding name lax does not know"),
  "causal-rank": config("ValueError", "CAUSAL padding of more or fewer than one spatial dimension"),
  "string-padding-dilated": config("ValueError", "named padding together with input dilation"),
  "bad-group-count": config(
    "ValueError, ZeroDivisionError, TypeError",
    "featureGroupCount is not a positive integer",
  ),
  "features-not-divisible": config("ValueError", "features is no multiple of the group count"),
  "bad-batch-group-count": config("ValueError", "batchGroupCount is not a positive integer"),
  "two-group-counts": config("ValueError", "featureGroupCount and batchGroupCount both exceed 1"),
  "bad-precision": config("ValueError", "a precision lax does not know"),
  "unknown-dtype": config("TypeError", "a dtype no one knows"),
  "dtype-not-inexact": config("ValueError", "a dtype that is not floating, where one must be"),
  "preferred-element-type": config("TypeError", "a preferredElementType lax refuses for floating operands"),
  "bad-mask": config("AttributeError", "a mask that is not a Tensor"),
  "bad-initializer": config(
    "TypeError",
    "an initialiser that is no function or makes no Tensor of the shape asked for",
  ),
  "bad-hook": config(
    "TypeError",
    "promoteDtype or convGeneralDilated is no function or returns no traced values",
  ),
  "bad-dimension-numbers": config("TypeError", "dimensionNumbers that do not name every axis once"),
  "empty-sequential": config("ValueError", "a Sequential without layers"),
  "bad-layers": config("ValueError", "layers that are no list of modules and functions"),
  "bad-key": config("InvalidRngError", "a random key that was not made by key(seed)"),
  // Modules, scopes and traces.
  "name-in-use": config("NameInUseError", "two children or parameters of one module have one name"),
  "bad-name": config("-", 'a module or parameter name that is empty or contains "/"'),
  "minified-name": config("-", "a class name a minifier has eaten; give the class a static moduleName"),
  "module-unbound": config("CallCompactUnboundModuleError", "a module called by one that does not hold it"),
  "call-outside-trace": config("CallCompactUnboundModuleError", "call or a traced function outside a trace"),
  "foreign-traced": config("UnexpectedTracerError", "a traced value of another trace"),
  "not-traced": config("TypeError", "something else where a traced value must be"),
  "traced-as-number": config("ConcretizationTypeError", "a traced value used as a number"),
  "bad-output": config("-", "call returned something other than traced values in lists and records"),
  "not-a-target": config("TypeError", "what was given to trace is neither a module nor a function"),
  "bad-inputs": config("TypeError", "inputs that do not say the shape and dtype of each input"),
  "input-names": config("TypeError", "named inputs that are not those of the model"),
  // Shapes and dtypes.
  "input-rank": shape("ValueError", "an input with too few dimensions"),
  "input-features": shape("AssertionError", "input features that the group count does not divide"),
  "empty-batch-reshape": shape("ZeroDivisionError", "an empty axis with more or fewer than one batch axis"),
  "empty-axis-padding": shape("ValueError", "wrapping or reflecting an empty axis"),
  "mask-shape": shape("ValueError", "a mask that has not the kernel's shape"),
  "zero-fan": shape("ZeroDivisionError", "a parameter without elements for a fan-based initialiser"),
  "shared-param-shape": shape(
    "ScopeParamShapeError",
    "a shared module called with inputs it needs other parameters for",
  ),
  "rank-mismatch": shape("ValueError, TypeError, AssertionError", "lhs and rhs of different rank"),
  "group-count-shape": shape("ValueError", "group counts that do not divide the axes they group"),
  "feature-mismatch": shape("ValueError", "lhs features per group are not the rhs input features"),
  "strides-rank": shape("ValueError", "windowStrides not one per spatial dimension"),
  "dilation-rank": shape("ValueError", "dilations not one per spatial dimension"),
  "padding-rank": shape("TypeError", "pads not one pair per spatial dimension"),
  "negative-padding": shape("ValueError", "negative padding larger than the dimension"),
  "empty-window": shape("ValueError", "a kernel without taps"),
  "dtype-mismatch": shape("TypeError", "operands of different dtypes"),
  "dtype-not-floating": shape("TypeError", "an integer where only floating values are taken"),
  "shape-mismatch": shape("TypeError", "operands whose shapes do not fit together"),
  "bad-axes": shape("TypeError", "a shape, permutation, axis or range that does not fit the operand"),
  // Parameters.
  "params-missing": checkpoint(
    "ScopeParamNotFoundError, ScopeCollectionNotFound",
    "parameters the module needs are not there",
  ),
  "params-shape": checkpoint("ScopeParamShapeError", "a parameter of another shape than the module needs"),
  "params-dtype": checkpoint("-", "a parameter of a dtype that the compiled program does not hold"),
  "params-in-params": checkpoint("ApplyScopeInvalidVariablesStructureError", "params inside params"),
  "params-extra": checkpoint("-", "parameters the model does not use, where that was to be refused"),
  // What this version leaves out.
  "dtype-unsupported": unsupported(
    "-",
    "complex values in a function that takes real ones here, or parameters of an integer dtype",
  ),
  "local-groups": unsupported(
    "NotImplementedError",
    "a local convolution in feature groups, which flax has not either",
  ),
  "integer-unsupported": unsupported("-", "arithmetic that stays integer; convert to float32 first"),
  "too-many-dimensions": unsupported("-", "more than ten spatial dimensions"),
  // JSON model specs.
  "model-spec": config("-", "a model spec that is not of the published form"),
  "unknown-type": config("-", "a module or function name no one knows; the message names the nearest"),
  "graph-cycle": config("-", "nodes of a Graph that need each other"),
  "graph-reference": config("-", "a Graph node or output that names no node or input"),
  // Random numbers and initialisers.
  "bad-seed": config("OverflowError", "a seed that is no integer of at most 64 bits"),
  "bad-fold-data": config("TypeError", "foldIn data that is no 32-bit integer"),
  "bad-split-count": config("TypeError", "a number of keys that is no integer"),
  "bad-scale": config("ValueError", "a negative or missing scale"),
  "unknown-mode": config("ValueError", "a fan mode no one knows"),
  "unknown-distribution": config("ValueError", "a distribution no one knows"),
  "constant-value": config("TypeError", "constant without a number"),
  "fan-rank": shape("ValueError", "a parameter of rank 1 or less for a fan-based initialiser"),
  "fan-axis": shape("IndexError", "a fan axis the parameter has not"),
  "random-dtype": config("ValueError", "random numbers of a dtype their distribution does not have"),
  // Tensors, and what programs are given to run on.
  "tensor-shape": config("TypeError", "a shape that is not a list of integers >= 0"),
  "tensor-dtype": config("TypeError", "a dtype no one knows"),
  "tensor-data": config("TypeError", "data that is no array"),
  "tensor-range": config("OverflowError", "a number the dtype cannot hold"),
  "tensor-length": shape("ValueError", "more or fewer numbers than the shape says"),
  "tensor-ragged": shape("ValueError", "rows of different length"),
  "input-buffer": shape("-", "a GPUBuffer that is too small for an input, or may not be copied from"),
  "input-image": shape(
    "-",
    "an image of another size than an input, a texture of another format, or an input that is none",
  ),
  "input-count": shape("TypeError", "more or fewer inputs than the program takes"),
  "input-name": shape("TypeError", "inputs by names the program does not have"),
  "input-shape": shape("ValueError", "an input of another shape than it was compiled for"),
  "input-dtype": shape("TypeError", "an input of another dtype or array type than it was compiled for"),
  "output-shape": shape("-", "an out of another shape or length than the result"),
  "output-dtype": shape("-", "an out of another array type than the result"),
  "output-tree": shape("-", "an out for a program with more than one result"),
  disposed: config("-", "a program used after dispose"),
  "weights-missing": config("-", "a program run or bundled before it has parameters"),
  "weights-shape": checkpoint("-", "a weight of another shape than the program's"),
  "weights-size": checkpoint("-", "weights of another program"),
  // Checkpoint files and bundles.
  "not-bytes": checkpoint("TypeError", "readWeights was not given bytes"),
  "not-a-checkpoint": checkpoint("ValueError", "a file that holds no tree of parameters"),
  "not-a-tensor": checkpoint("ValueError", "a leaf of the file's tree that is no tensor"),
  "checkpoint-corrupt": checkpoint("ValueError", "a damaged file"),
  "checkpoint-truncated": checkpoint("ValueError", "a file that ends too early"),
  "checkpoint-size": checkpoint("-", "a file that claims more than a model can hold"),
  "checkpoint-dtype": unsupported("-", "a tensor of a dtype that is not read"),
  "checkpoint-format": unsupported("-", "a checkpoint encrypted or compressed in a way that is not read"),
  "bundle-file": checkpoint("-", "a file of a bundle that is missing or of the wrong size"),
  "bundle-manifest": checkpoint("-", "files without one manifest"),
  "create-option": config("-", "an option create() does not know"),
  // Compiling.
  "backend-unsupported": unsupported("-", "something the chosen backend cannot do"),
  "stage-unsupported": unsupported("-", "a stage the chosen backend does not have"),
  "code-generation-blocked": unsupported("-", "the js backend where the page forbids making code from text"),
  "wasm-missing": unsupported("-", "an engine without WebAssembly SIMD"),
  "wasm-blocked": unsupported("-", "a page that forbids compiling WebAssembly"),
  "webgpu-missing": unsupported("-", "no WebGPU, or no adapter of it, where it is asked for"),
  "webgpu-limits": unsupported("-", "a program larger than what the WebGPU device can hold"),
  "webgpu-pipeline": unsupported("-", "a shader the WebGPU device refuses"),
  "webgpu-lost": unsupported("-", "the WebGPU device was lost"),
  "unknown-pass": config("-", "a pass no one knows"),
  "required-pass": config("-", "disabling a pass that is required"),
  "schedule-illegal": config("-", "a schedule step that does not fit the kernel"),
  "schedule-text": config("-", "text that is no schedule"),
  "schedule-kernel": config(
    "-",
    "a schedule for a kernel or target the program does not have, or a second one",
  ),
  "variables-baked": config("-", "variables that need another program than the one others were baked into"),
  "tuning-file": config("-", "a tuning, or a tuning file, that is none or cannot be read"),
  "tuning-schedule": config(
    "-",
    "a measured schedule that does not fit its kernel: another compiler wrote it",
  ),
  "bad-run-line": config("-", "a test file without a run line"),
} as const satisfies Readonly<Record<string, ErrorCode>>;

export type Code = keyof typeof errorCodes;

/** Throws the error a code stands for. `path` is the module it is about. */
export function refuse(code: Code, message: string, path?: string): never {
  throw new classes[errorCodes[code].class](code, message, path);
}
