/** jax's precision names. On js and wasm only one question matters: must this convolution be "highest"? */
import { show } from "../option.js";
import { refuse } from "../refusal.js";

export type PrecisionName =
  | "highest"
  | "float32"
  | "high"
  | "bfloat16_3x"
  | "tensorfloat32"
  | "default"
  | "bfloat16"
  | "fastest";

/** One name for both operands, one for each, or the name of a dot algorithm (`"F32_F32_F32"`). */
export type Precision = PrecisionName | readonly [PrecisionName, PrecisionName] | (string & {});

/** Whether the name asks for full float32. */
const names: Readonly<Record<PrecisionName, boolean>> = {
  highest: true,
  float32: true,
  high: false,
  bfloat16_3x: false,
  tensorfloat32: false,
  default: false,
  bfloat16: false,
  fastest: false,
};

/** jax's presets of dot algorithms, which its CPU convolutions accept and ignore. */
const presets =
  /^(DEFAULT|ANY_F8_ANY_F8_(F32|ANY)(_FAST_ACCUM)?|F16_F16_F(16|32)|BF16_BF16_(BF16|F32(_X[369])?)|TF32_TF32_F32(_X3)?|F32_F32_F32|F64_F64_F64)$/;

/** As readPrecision, but without the presets, which name a whole dot product and not its operands. */
export function readOperandPrecision(owner: string, value: unknown): "default" | "highest" {
  if (typeof value === "string" && presets.test(value))
    refuse("bad-precision", `${owner}: precision "${value}" is a dot algorithm; give "highest" or "default"`);
  return readPrecision(owner, value);
}

/**
 * What a conv node carries: "highest" where either operand asks for full float32.
 *
 * @throws ConfigError `bad-precision`
 */
export function readPrecision(owner: string, value: unknown): "default" | "highest" {
  if (value === undefined || value === null) return "default";
  if (typeof value === "string" && presets.test(value)) return "default";
  const pair = Array.isArray(value) && value.length === 2 ? value : [value];
  if (!pair.every((name): name is PrecisionName => typeof name === "string" && Object.hasOwn(names, name)))
    return refuse(
      "bad-precision",
      `${owner}: precision is ${show(value)}; it must be one of ${Object.keys(names).join(", ")}, or a pair of them`,
    );
  return pair.some((name) => names[name]) ? "highest" : "default";
}
