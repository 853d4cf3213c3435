/** float16 and bfloat16 as 16-bit patterns: rounding numbers to them (nearest, ties to even) and widening them. */

export interface SmallFloat {
  /** Bits of the significand, with the hidden one. */
  readonly precision: number;
  /** Exponent of the smallest normal number. */
  readonly lowest: number;
  /** The pattern of infinity. */
  readonly infinity: number;
}

export const float16: SmallFloat = { precision: 11, lowest: -14, infinity: 0x7c00 };
export const bfloat16: SmallFloat = { precision: 8, lowest: -126, infinity: 0x7f80 };

/**
 * The nearest patterns to the numbers given, rounded once from double precision (going through float32 would round
 * twice). NaN becomes the quiet NaN.
 */
export function smallFloatBits(values: ArrayLike<number>, format: SmallFloat): Uint16Array {
  const out = new Uint16Array(values.length);
  const view = new DataView(new ArrayBuffer(8));
  const { precision, lowest, infinity } = format;
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!;
    view.setFloat64(0, value);
    const high = view.getUint32(0);
    const sign = (high >>> 31) << 15;
    const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, lowest);
    // Adding and removing 2^52 rounds to an integer, ties to even.
    const units = Math.abs(value) * powerOfTwo(view, precision - 1 - exponent) + 2 ** 52 - 2 ** 52;
    // A normal number's hidden one carries into the exponent field, as does rounding up to the next power of two.
    const bits = (exponent - lowest) * 2 ** (precision - 1) + units;
    const magnitude = Number.isNaN(value) ? infinity | (1 << (precision - 2)) : Math.min(bits, infinity);
    out[i] = sign | magnitude;
  }
  return out;
}

/** 2^n by its bits, for -1022 <= n <= 1023. */
function powerOfTwo(view: DataView, n: number): number {
  view.setUint32(0, Math.max(n + 1023, 1) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}

/** The numbers 16-bit patterns stand for; exact. */
export function smallFloatValues(bits: ArrayLike<number>, format: SmallFloat): Float32Array {
  const out = new Float32Array(bits.length);
  const { precision, lowest, infinity } = format;
  const hidden = 2 ** (precision - 1);
  for (let i = 0; i < out.length; i++) {
    const magnitude = bits[i]! & 0x7fff;
    const field = Math.floor(magnitude / hidden);
    const fraction = magnitude % hidden;
    let value =
      (field === 0 ? fraction : fraction + hidden) * 2 ** (Math.max(field, 1) - 1 + lowest - precision + 1);
    if (magnitude >= infinity) value = magnitude === infinity ? Infinity : NaN;
    out[i] = bits[i]! & 0x8000 ? -value : value;
  }
  return out;
}
