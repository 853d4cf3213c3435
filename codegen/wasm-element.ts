/** Loads and stores of each element type, one and four elements at a time, converting to and from f32. */
import { InternalError } from "../ir/diagnostic.js";
import type { Lanes } from "../ir/kernel.js";
import type { ElementType } from "../ir/types.js";
import type { Address, Ref, WasmKernel } from "./wasm-memory.js";

type Module = WasmKernel["module"];

/** Only the alignment that holds anywhere is claimed: that of one element. */
interface Element {
  readonly load: (m: Module, at: Address) => Ref;
  readonly load4: (m: Module, at: Address) => Ref;
  readonly store: (m: Module, at: Address, value: Ref) => Ref;
  readonly store4: (m: Module, at: Address, value: Ref) => Ref;
}

const byte = (load: "load8_s" | "load8_u", extend: "s" | "u"): Element => ({
  load: (m, { offset, pointer }) => m.f32.convert_s.i32(m.i32[load](offset, 1, pointer)),
  load4: (m, { offset, pointer }) => {
    const words = m.i16x8[`extend_low_i8x16_${extend}`](m.v128.load32_zero(offset, 1, pointer));
    return m.f32x4.convert_i32x4_s(m.i32x4[`extend_low_i16x8_${extend}`](words));
  },
  store: (m, { offset, pointer }, value) => m.i32.store8(offset, 1, pointer, m.i32.trunc_s_sat.f32(value)),
  /** The low byte of each lane, side by side. */
  store4: (m, { offset, pointer }, value) => {
    const whole = m.i32x4.trunc_sat_f32x4_s(value);
    const bytes = m.i8x16.swizzle(whole, m.v128.const([0, 4, 8, 12, ...new Array<number>(12).fill(0xff)]));
    return m.v128.store32_lane(offset, 1, 0, pointer, bytes);
  },
});

const missing = (element: ElementType): Element => {
  const fail = (): never => {
    throw new InternalError(`wasm cannot load or store ${element} yet`);
  };
  return { load: fail, load4: fail, store: fail, store4: fail };
};

const elements: Readonly<Record<ElementType, Element>> = {
  f32: {
    load: (m, { offset, pointer }) => m.f32.load(offset, 4, pointer),
    load4: (m, { offset, pointer }) => m.v128.load(offset, 4, pointer),
    store: (m, { offset, pointer }, value) => m.f32.store(offset, 4, pointer, value),
    store4: (m, { offset, pointer }, value) => m.v128.store(offset, 4, pointer, value),
  },
  i32: {
    load: (m, { offset, pointer }) => m.f32.convert_s.i32(m.i32.load(offset, 4, pointer)),
    load4: (m, { offset, pointer }) => m.f32x4.convert_i32x4_s(m.v128.load(offset, 4, pointer)),
    store: (m, { offset, pointer }, value) => m.i32.store(offset, 4, pointer, m.i32.trunc_s_sat.f32(value)),
    store4: (m, { offset, pointer }, value) =>
      m.v128.store(offset, 4, pointer, m.i32x4.trunc_sat_f32x4_s(value)),
  },
  u32: {
    load: (m, { offset, pointer }) => m.f32.convert_u.i32(m.i32.load(offset, 4, pointer)),
    load4: (m, { offset, pointer }) => m.f32x4.convert_i32x4_u(m.v128.load(offset, 4, pointer)),
    store: (m, { offset, pointer }, value) => m.i32.store(offset, 4, pointer, m.i32.trunc_u_sat.f32(value)),
    store4: (m, { offset, pointer }, value) =>
      m.v128.store(offset, 4, pointer, m.i32x4.trunc_sat_f32x4_u(value)),
  },
  i8: byte("load8_s", "s"),
  u8: byte("load8_u", "u"),
  bool: byte("load8_u", "u"),
  f16: missing("f16"),
  bf16: missing("bf16"),
};

export function loadElement(module: Module, element: ElementType, lanes: Lanes, at: Address): Ref {
  return elements[element][lanes === 4 ? "load4" : "load"](module, at);
}

export function storeElement(
  module: Module,
  element: ElementType,
  lanes: Lanes,
  at: Address,
  value: Ref,
): Ref {
  return elements[element][lanes === 4 ? "store4" : "store"](module, at, value);
}
