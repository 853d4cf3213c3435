/** Loads and stores of each element type, one and four elements at a time, converting to and from f32. */
import type { Lanes } from "../ir/kernel.js";
import type { ElementType } from "../ir/types.js";
import { firstLane, fromBits, type SmallFloat, toBits } from "./wasm-float16.js";
import type { Address, Ref, WasmKernel } from "./wasm-memory.js";

/** Only the alignment that holds anywhere is claimed: that of one element. */
interface Element {
  readonly load: (kernel: WasmKernel, at: Address) => Ref;
  readonly load4: (kernel: WasmKernel, at: Address) => Ref;
  readonly store: (kernel: WasmKernel, at: Address, value: Ref) => Ref;
  readonly store4: (kernel: WasmKernel, at: Address, value: Ref) => Ref;
}

const byte = (load: "load8_s" | "load8_u", extend: "s" | "u"): Element => ({
  load: ({ module: m }, { offset, pointer }) => m.f32.convert_s.i32(m.i32[load](offset, 1, pointer)),
  load4: ({ module: m }, { offset, pointer }) => {
    const words = m.i16x8[`extend_low_i8x16_${extend}`](m.v128.load32_zero(offset, 1, pointer));
    return m.f32x4.convert_i32x4_s(m.i32x4[`extend_low_i16x8_${extend}`](words));
  },
  store: ({ module: m }, { offset, pointer }, value) =>
    m.i32.store8(offset, 1, pointer, m.i32.trunc_s_sat.f32(value)),
  /** The low byte of each lane, side by side. */
  store4: ({ module: m }, { offset, pointer }, value) => {
    const whole = m.i32x4.trunc_sat_f32x4_s(value);
    const bytes = m.i8x16.swizzle(whole, m.v128.const([0, 4, 8, 12, ...new Array<number>(12).fill(0xff)]));
    return m.v128.store32_lane(offset, 1, 0, pointer, bytes);
  },
});

const half = (element: SmallFloat): Element => ({
  load: (kernel, { offset, pointer }) => {
    const { i32, i32x4 } = kernel.module;
    const bits = i32x4.splat(i32.load16_u(offset, 2, pointer));
    return firstLane(kernel, fromBits(kernel, element, bits));
  },
  load4: (kernel, { offset, pointer }) => {
    const { i32x4, v128 } = kernel.module;
    return fromBits(kernel, element, i32x4.extend_low_i16x8_u(v128.load64_zero(offset, 2, pointer)));
  },
  store: (kernel, { offset, pointer }, value) => {
    const { i32, i32x4, f32x4 } = kernel.module;
    const bits = i32x4.extract_lane(toBits(kernel, element, f32x4.splat(value)), 0);
    return i32.store16(offset, 2, pointer, bits);
  },
  store4: (kernel, { offset, pointer }, value) => {
    const { i16x8, i32x4, v128 } = kernel.module;
    const halves = i16x8.narrow_i32x4_u(
      toBits(kernel, element, value),
      i32x4.splat(kernel.module.i32.const(0)),
    );
    return v128.store64_lane(offset, 2, 0, pointer, halves);
  },
});

const elements: Readonly<Record<ElementType, Element>> = {
  f32: {
    load: ({ module: m }, { offset, pointer }) => m.f32.load(offset, 4, pointer),
    load4: ({ module: m }, { offset, pointer }) => m.v128.load(offset, 4, pointer),
    store: ({ module: m }, { offset, pointer }, value) => m.f32.store(offset, 4, pointer, value),
    store4: ({ module: m }, { offset, pointer }, value) => m.v128.store(offset, 4, pointer, value),
  },
  i32: {
    load: ({ module: m }, { offset, pointer }) => m.f32.convert_s.i32(m.i32.load(offset, 4, pointer)),
    load4: ({ module: m }, { offset, pointer }) => m.f32x4.convert_i32x4_s(m.v128.load(offset, 4, pointer)),
    store: ({ module: m }, { offset, pointer }, value) =>
      m.i32.store(offset, 4, pointer, m.i32.trunc_s_sat.f32(value)),
    store4: ({ module: m }, { offset, pointer }, value) =>
      m.v128.store(offset, 4, pointer, m.i32x4.trunc_sat_f32x4_s(value)),
  },
  u32: {
    load: ({ module: m }, { offset, pointer }) => m.f32.convert_u.i32(m.i32.load(offset, 4, pointer)),
    load4: ({ module: m }, { offset, pointer }) => m.f32x4.convert_i32x4_u(m.v128.load(offset, 4, pointer)),
    store: ({ module: m }, { offset, pointer }, value) =>
      m.i32.store(offset, 4, pointer, m.i32.trunc_u_sat.f32(value)),
    store4: ({ module: m }, { offset, pointer }, value) =>
      m.v128.store(offset, 4, pointer, m.i32x4.trunc_sat_f32x4_u(value)),
  },
  i8: byte("load8_s", "s"),
  u8: byte("load8_u", "u"),
  bool: byte("load8_u", "u"),
  f16: half("f16"),
  bf16: half("bf16"),
};

export function loadElement(kernel: WasmKernel, element: ElementType, lanes: Lanes, at: Address): Ref {
  return elements[element][lanes === 4 ? "load4" : "load"](kernel, at);
}

export function storeElement(
  kernel: WasmKernel,
  element: ElementType,
  lanes: Lanes,
  at: Address,
  value: Ref,
): Ref {
  return elements[element][lanes === 4 ? "store4" : "store"](kernel, at, value);
}
