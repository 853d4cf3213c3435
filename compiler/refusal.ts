/**
 * Every code a refusal of a model can carry: its class, flax's exception for the same mistake, and what it means.
 *
 * The codes are stable; the README lists this table and a test compares the two. `refuse` is the only way the front of
 * the house throws at a user, so a code without a row does not compile.
 */
import { CheckpointError, ConfigError, ShapeError, UnsupportedError } from "../runtime/error.js";

const classes = { ConfigError, ShapeError, CheckpointError, UnsupportedError };

export interface ErrorCode {
  readonly class: keyof typeof classes;
  /** What flax (or jax under it) raises; "-" where flax has no such rule. */
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
  "bad-features": config("ZeroDivisionError", "features is not a positive integer"),
  "bad-kernel-size": config("ValueError", "a kernel size that is not a positive integer"),
  "bad-strides": config(
    "ValueError",
    "strides that are not positive integers, or not one per spatial dimension",
  ),
  "bad-dilation": config(
    "TypeError",
    "dilations that are not positive integers, or not one per spatial dimension",
  ),
  "bad-padding": config("ValueError", "padding that is no name, integer, or pair per spatial dimension"),
  "unknown-padding": config("RuntimeError", "a padding name lax does not know"),
  "causal-rank": config("ValueError", "CAUSAL padding of more or fewer than one spatial dimension"),
  "string-padding-dilated": config("ValueError", "named padding together with input dilation"),
  "bad-group-count": config("ValueError", "featureGroupCount is not a positive integer"),
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
  "rank-mismatch": shape("ValueError", "lhs and rhs of different rank"),
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
  "params-missing": checkpoint("ScopeParamNotFoundError", "parameters the module needs are not there"),
  "params-shape": checkpoint("ScopeParamShapeError", "a parameter of another shape than the module needs"),
  "params-in-params": checkpoint("ApplyScopeInvalidVariablesStructureError", "params inside params"),
  "params-extra": checkpoint("-", "parameters the model does not use, where that was to be refused"),
  // What this version leaves out.
  "dtype-unsupported": unsupported("-", "16-bit and complex values; float32 works"),
  "integer-unsupported": unsupported("-", "arithmetic that stays integer; convert to float32 first"),
  "too-many-dimensions": unsupported("-", "more than ten spatial dimensions"),
  // JSON model specs.
  "model-spec": config("-", "a model spec that is not of the published form"),
  "unknown-type": config("-", "a module or function name no one knows; the message names the nearest"),
  "graph-cycle": config("-", "nodes of a Graph that need each other"),
  "graph-reference": config("-", "a Graph node or output that names no node or input"),
} as const satisfies Readonly<Record<string, ErrorCode>>;

export type Code = keyof typeof errorCodes;

/** Throws the error a code stands for. `path` is the module it is about. */
export function refuse(code: Code, message: string, path?: string): never {
  throw new classes[errorCodes[code].class](code, message, path);
}
