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
  to_bf16: ["round_bf16"],
  reflect_in: ["mod_floor"],
};

const size = "let size = bitcast<U>(a) & U(0x7fffffffu);";
const sign = "(bitcast<U>(a) & U(0x80000000u))";
const isNan = (of: string): string => `(bitcast<U>(${of}) & U(0x7fffffffu)) > U(0x7f800000u)`;
const propagating = (fn: "max" | "min"): readonly string[] => [
  `return select(select(${fn}(a, b), b, ${isNan("b")}), a, ${isNan("a")});`,
];

const bodies: Readonly<Record<LanewiseSupport, readonly string[]>> = {
  max_of: propagating("max"),
  min_of: propagating("min"),
  pow2: ["return bitcast<F>((I(a) + I(127)) << U(23u));"],
  mantissa: ["return bitcast<F>((bitcast<U>(a) & U(0x7fffffu)) | U(0x3f000000u));"],
  exponent: ["return F(I((bitcast<U>(a) >> U(23u)) & U(255u)) - I(126));"],
  round_f16: [
    size,
    "let normal = (size + U(0xfffu) + ((size >> U(13u)) & U(1u))) & U(0xffffe000u);",
    "let units = bitcast<U>(bitcast<F>(size) + F(0.5)) - U(0x3f000000u);",
    "let small = bitcast<U>(F(units) * F(5.9604644775390625e-8));",
    "let finite = select(normal, small, size < U(0x38800000u));",
    "let odd = select(U(0x7f800000u), U(0x7fc00000u), size > U(0x7f800000u));",
    `return bitcast<F>(${sign} | select(finite, odd, finite >= U(0x47800000u)));`,
  ],
  round_bf16: [
    size,
    "let rounded = (size + U(0x7fffu) + ((size >> U(16u)) & U(1u))) & U(0xffff0000u);",
    `return bitcast<F>(${sign} | select(rounded, U(0x7fc00000u), size > U(0x7f800000u)));`,
  ],
};

/**
 * odd_bits hides that a number is not finite: a constant expression may not be. The conversions of float16 work on the
 * bits, since an adapter may flush what is subnormal and round as it likes; below the normal numbers of float16, adding 0.5
 * rounds to its last place, 2^-24. There are no branches: a software adapter writes every call out.
 */
export const definitions: Readonly<Record<FixedSupport, readonly string[]>> = {
  odd_bits: ["var<private> odd_bits = array<u32, 3>(0x7f800000u, 0xff800000u, 0x7fc00000u);"],
  ...scalarDefinitions(),
  from_f16: [
    "fn from_f16(word: u32, at: u32) -> f32 {",
    "  let h = word >> ((at & 1u) * 16u);",
    "  let size = h & 0x7fffu;",
    "  let small = bitcast<u32>(f32(size) * 5.9604644775390625e-8);",
    "  let normal = (size << 13u) + select(0x38000000u, 0x70000000u, size >= 0x7c00u);",
    "  return bitcast<f32>(((h & 0x8000u) << 16u) | select(normal, small, size < 0x400u));",
    "}",
  ],
  to_f16: [
    "fn to_f16(x: f32) -> u32 {",
    "  let size = bitcast<u32>(x) & 0x7fffffffu;",
    "  let small = bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u;",
    "  let normal = (size - 0x37fff001u + ((size >> 13u) & 1u)) >> 13u;",
    "  let odd = select(0x7c00u, 0x7e00u, size > 0x7f800000u);",
    "  let finite = select(normal, small, size < 0x38800000u);",
    "  return ((bitcast<u32>(x) >> 16u) & 0x8000u) | select(finite, odd, size >= 0x47800000u);",
    "}",
  ],
  from_bf16: [
    "fn from_bf16(word: u32, at: u32) -> f32 { return bitcast<f32>((word >> ((at & 1u) * 16u)) << 16u); }",
  ],
  to_bf16: ["fn to_bf16(x: f32) -> u32 { return bitcast<u32>(round_bf16(x)) >> 16u; }"],
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

function scalarDefinitions(): Record<LanewiseSupport, readonly string[]> {
  return Object.fromEntries(lanewise.map((fn) => [fn, lanewiseDefinition(fn, 1)])) as unknown as Record<
    LanewiseSupport,
    readonly string[]
  >;
}

/**
 * A function of numbers, or of vectors of them: F, I and U are the types of so many floats, integers and words.
 * max_of and min_of pass NaN on, as those of the language need not.
 */
export function lanewiseDefinition(fn: LanewiseSupport, lanes: Lanes): readonly string[] {
  const type = (of: string): string => (lanes === 4 ? `vec4<${of}>` : of);
  const name = lanes === 4 ? `${fn}_4` : fn;
  const two = fn === "max_of" || fn === "min_of";
  const head = `fn ${name}(a: F${two ? ", b: F" : ""}) -> F {`;
  return [head, ...bodies[fn].map((line) => `  ${line}`), "}"].map((line) =>
    line.replace(/\bF\b/g, type("f32")).replace(/\bI\b/g, type("i32")).replace(/\bU\b/g, type("u32")),
  );
}
