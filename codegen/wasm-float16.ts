/**
 * 16-bit floats in wasm, four at a time: their bits (one to an i32 lane) to f32, f32 to the bits of the nearest, and f32
 * to the nearest as f32. One value takes the first lane of four equal ones.
 *
 * The bits of a float16, moved to where an f32 has them, are a number 2^112 times too small. Below its normal numbers,
 * adding 0.5 makes the adder round to its last place, 2^-24. NaN becomes one pattern.
 */
import type { Lanes } from "../ir/kernel.js";
import { get, type Ref, type WasmKernel } from "./wasm-memory.js";

export type SmallFloat = "f16" | "bf16";

/** The numbers that bits stand for. */
export function fromBits(kernel: WasmKernel, element: SmallFloat, bits: Ref): Ref {
  return element === "bf16" ? shiftLeft(kernel, bits, 16) : named(kernel, bits, (h) => fromF16(kernel, h));
}

/** The bits of the nearest numbers. */
export function toBits(kernel: WasmKernel, element: SmallFloat, values: Ref): Ref {
  return named(kernel, values, (x) => {
    const bits = element === "bf16" ? toBf16(kernel, x) : toF16(kernel, x);
    const nan = splat(kernel, element === "bf16" ? 0x7fc0 : 0x7e00);
    return kernel.module.v128.bitselect(bits, nan, isNumber(kernel, x));
  });
}

/** The nearest numbers; what `f16(x)` and `bf16(x)` give. */
export function nearest(kernel: WasmKernel, element: SmallFloat, lanes: Lanes, value: Ref): Ref {
  const { module } = kernel;
  if (lanes === 1) return firstLane(kernel, nearest(kernel, element, 4, module.f32x4.splat(value)));
  if (element === "bf16") return shiftLeft(kernel, toBits(kernel, element, value), 16);
  return named(kernel, value, (x) => {
    const rounded = module.v128.or(nearestSize(kernel, x), and(kernel, x(), 0x80000000));
    return module.v128.bitselect(rounded, x(), isNumber(kernel, x));
  });
}

export function firstLane({ module }: WasmKernel, values: Ref): Ref {
  return module.f32x4.extract_lane(values, 0);
}

/** A value used more than once; `use` may read it, and compute nothing else that names a value this way. */
type Named = () => Ref;

function named(kernel: WasmKernel, value: Ref, use: (name: Named) => Ref): Ref {
  const { module, api } = kernel;
  const local = kernel.locals.of("small float", api.v128, "half");
  const set = module.local.set(local.index, value);
  return module.block(null, [set, use(() => get(kernel, local))], api.v128);
}

function fromF16(kernel: WasmKernel, h: Named): Ref {
  const { f32x4, i32x4, v128 } = kernel.module;
  const size = (): Ref => and(kernel, h(), 0x7fff);
  const moved = (): Ref => shiftLeft(kernel, size(), 13);
  const scaled = f32x4.mul(moved(), f32x4.splat(kernel.module.f32.const(2 ** 112)));
  const special = v128.or(moved(), splat(kernel, 0x7f800000));
  const isSpecial = i32x4.gt_s(size(), splat(kernel, 0x7bff));
  const sign = shiftLeft(kernel, and(kernel, h(), 0x8000), 16);
  return v128.or(v128.bitselect(special, scaled, isSpecial), sign);
}

function toF16(kernel: WasmKernel, x: Named): Ref {
  const { i32x4, v128 } = kernel.module;
  const normal = i32x4.add(sizeOf(kernel, x), i32x4.sub(tie(kernel, x, 13), splat(kernel, 0x37fff001)));
  const small = i32x4.sub(plusHalf(kernel, x), splat(kernel, 0x3f000000));
  const size = v128.bitselect(small, shiftRight(kernel, normal, 13), isSmall(kernel, x));
  const finite = i32x4.min_s(size, splat(kernel, 0x7c00));
  return v128.or(finite, and(kernel, shiftRight(kernel, x(), 16), 0x8000));
}

/** The largest f32 that is not rounded to infinity. */
const below65520 = 0x477fefff;

/** Without the sign, and as f32. */
function nearestSize(kernel: WasmKernel, x: Named): Ref {
  const { f32x4, i32x4, v128, f32 } = kernel.module;
  const up = i32x4.add(sizeOf(kernel, x), i32x4.add(tie(kernel, x, 13), splat(kernel, 0xfff)));
  const normal = and(kernel, up, -0x2000);
  const small = f32x4.sub(plusHalf(kernel, x), f32x4.splat(f32.const(0.5)));
  const size = v128.bitselect(small, normal, isSmall(kernel, x));
  const isLarge = i32x4.gt_s(sizeOf(kernel, x), splat(kernel, below65520));
  return v128.bitselect(splat(kernel, 0x7f800000), size, isLarge);
}

function toBf16(kernel: WasmKernel, x: Named): Ref {
  const { i32x4 } = kernel.module;
  const up = i32x4.add(x(), i32x4.add(tie(kernel, x, 16), splat(kernel, 0x7fff)));
  return shiftRight(kernel, up, 16);
}

/** The last bit that is kept: what makes a tie go to the even neighbour. */
function tie(kernel: WasmKernel, x: Named, dropped: number): Ref {
  return and(kernel, shiftRight(kernel, x(), dropped), 1);
}

function sizeOf(kernel: WasmKernel, x: Named): Ref {
  return and(kernel, x(), 0x7fffffff);
}

/** Below the normal numbers of float16. */
function isSmall(kernel: WasmKernel, x: Named): Ref {
  return kernel.module.i32x4.lt_s(sizeOf(kernel, x), splat(kernel, 0x38800000));
}

function plusHalf(kernel: WasmKernel, x: Named): Ref {
  const { f32x4, f32 } = kernel.module;
  return f32x4.add(sizeOf(kernel, x), f32x4.splat(f32.const(0.5)));
}

function isNumber({ module }: WasmKernel, x: Named): Ref {
  return module.f32x4.eq(x(), x());
}

function splat({ module }: WasmKernel, value: number): Ref {
  return module.i32x4.splat(module.i32.const(value | 0));
}

function and(kernel: WasmKernel, a: Ref, mask: number): Ref {
  return kernel.module.v128.and(a, splat(kernel, mask));
}

function shiftLeft({ module }: WasmKernel, a: Ref, by: number): Ref {
  return module.i32x4.shl(a, module.i32.const(by));
}

function shiftRight({ module }: WasmKernel, a: Ref, by: number): Ref {
  return module.i32x4.shr_u(a, module.i32.const(by));
}
