/**
 * Functions the text of a nest may call: bits of floats, elements smaller than a word, integer arithmetic. Each is
 * written once, in front of the entry point, where something needs it.
 */
import type { DerivedFn } from "./derived.js";

export type Lanes = 1 | 4;

export type FixedSupport =
  | "odd_bits"
  | "max_of"
  | "min_of"
  | "pow2"
  | "mantissa"
  | "exponent"
  | "from_f16"
  | "to_f16"
  | "round_f16"
  | "from_bf16"
  | "to_bf16"
  | "round_bf16"
  | "from_i8"
  | "from_u8"
  | "mod_floor"
  | "div_floor"
  | "reflect_in";

/** A function by name, or one that a table expands, for so many lanes. */
export type Support = FixedSupport | `${DerivedFn}_${Lanes}` | `${LanewiseSupport}_4`;

/** Functions that are also wanted for the lanes of vectors. */
export const lanewise = [
  "max_of",
  "min_of",
  "pow2",
  "mantissa",
  "exponent",
  "round_f16",
  "round_bf16",
] as const;
export type LanewiseSupport = (typeof lanewise)[number];

export const needs: Readonly<Partial<Record<FixedSupport, readonly FixedSupport[]>>> = {
  round_f16: ["from_f16", "to_f16"],
  round_bf16: ["from_bf16", "to_bf16"],
  reflect_in: ["mod_floor"],
};

/**
 * max_of and min_of pass NaN on, as those of the language need not. odd_bits hides that a number is not finite: a constant expression may not be. from_f16 and to_f16 work on the bits, since
 * an adapter may flush what is subnormal and round as it likes; below the normal numbers of float16, adding 0.5 rounds to
 * its last place, 2^-24.
 */
export const definitions: Readonly<Record<FixedSupport, readonly string[]>> = {
  odd_bits: ["var<private> odd_bits = array<u32, 3>(0x7f800000u, 0xff800000u, 0x7fc00000u);"],
  max_of: [
    "fn max_of(a: f32, b: f32) -> f32 {",
    "  if ((bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u) { return a; }",
    "  return select(max(a, b), b, (bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u);",
    "}",
  ],
  min_of: [
    "fn min_of(a: f32, b: f32) -> f32 {",
    "  if ((bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u) { return a; }",
    "  return select(min(a, b), b, (bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u);",
    "}",
  ],
  pow2: ["fn pow2(n: f32) -> f32 { return bitcast<f32>((i32(n) + 127) << 23u); }"],
  mantissa: [
    "fn mantissa(x: f32) -> f32 { return bitcast<f32>((bitcast<u32>(x) & 0x7fffffu) | 0x3f000000u); }",
  ],
  exponent: ["fn exponent(x: f32) -> f32 { return f32(i32((bitcast<u32>(x) >> 23u) & 255u) - 126); }"],
  from_f16: [
    "fn from_f16(word: u32, at: u32) -> f32 {",
    "  let h = word >> ((at & 1u) * 16u);",
    "  let size = h & 0x7fffu;",
    "  let sign = (h & 0x8000u) << 16u;",
    "  if (size < 0x400u) { return select(1.0, -1.0, sign != 0u) * f32(size) * 5.9604644775390625e-8; }",
    "  return bitcast<f32>(sign | ((size << 13u) + select(0x38000000u, 0x70000000u, size >= 0x7c00u)));",
    "}",
  ],
  to_f16: [
    "fn to_f16(x: f32) -> u32 {",
    "  let bits = bitcast<u32>(x);",
    "  let sign = (bits >> 16u) & 0x8000u;",
    "  let size = bits & 0x7fffffffu;",
    "  if (size > 0x7f800000u) { return 0x7e00u; }",
    "  if (size >= 0x47800000u) { return sign | 0x7c00u; }",
    "  if (size >= 0x38800000u) { return sign | ((size - 0x37fff001u + ((size >> 13u) & 1u)) >> 13u); }",
    "  return sign | (bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u);",
    "}",
  ],
  round_f16: ["fn round_f16(x: f32) -> f32 { return from_f16(to_f16(x), 0u); }"],
  from_bf16: [
    "fn from_bf16(word: u32, at: u32) -> f32 { return bitcast<f32>((word >> ((at & 1u) * 16u)) << 16u); }",
  ],
  to_bf16: [
    "fn to_bf16(x: f32) -> u32 {",
    "  let bits = bitcast<u32>(x);",
    "  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0x7fc0u; }",
    "  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;",
    "}",
  ],
  round_bf16: ["fn round_bf16(x: f32) -> f32 { return from_bf16(to_bf16(x), 0u); }"],
  from_i8: [
    "fn from_i8(word: u32, at: u32) -> f32 { return f32(extractBits(bitcast<i32>(word), (at & 3u) * 8u, 8u)); }",
  ],
  from_u8: ["fn from_u8(word: u32, at: u32) -> f32 { return f32(extractBits(word, (at & 3u) * 8u, 8u)); }"],
  div_floor: ["fn div_floor(i: i32, by: i32) -> i32 { return select(i / by, -((by - 1 - i) / by), i < 0); }"],
  mod_floor: [
    "fn mod_floor(i: i32, by: i32) -> i32 { let rest = i % by; return select(rest, rest + by, rest < 0); }",
  ],
  reflect_in: [
    "fn reflect_in(i: i32, by: i32) -> i32 {",
    "  if (by == 1) { return 0; }",
    "  let at = mod_floor(i, 2 * by - 2);",
    "  return select(2 * by - 2 - at, at, at < by);",
    "}",
  ],
};

/** A function of numbers, for each lane of vectors. */
export function lanewiseDefinition(fn: LanewiseSupport): string {
  const two = fn === "max_of" || fn === "min_of";
  const lanes = ["x", "y", "z", "w"].map((lane) => `${fn}(a.${lane}${two ? `, b.${lane}` : ""})`);
  const parameters = two ? "a: vec4<f32>, b: vec4<f32>" : "a: vec4<f32>";
  return `fn ${fn}_4(${parameters}) -> vec4<f32> { return vec4<f32>(${lanes.join(", ")}); }`;
}
