/**
 * erf, erf_inv, log1p, log, sin and cos in float32, bit for bit as XLA's CPU backend computes them (spec section 4.5).
 *
 * Every operation rounds once to float32, and `fma` rounds a product and a sum together. A correctly rounded logarithm
 * would be *wrong* here: XLA's own last bits are what makes initial parameters equal flax's. sin and cos are the C
 * library's: glibc's polynomials, evaluated in double precision.
 */

const { fround } = Math;

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The float32 of a bit pattern. */
export function fromBits(bits: number): number {
  words[0] = bits;
  return floats[0]!;
}

/** a*b + c rounded once. The double product is exact; no input used here meets the double rounding of the sum. */
export function fma(a: number, b: number, c: number): number {
  return fround(a * b + c);
}

const polynomial = (...bits: readonly number[]): Float64Array => Float64Array.from(bits, fromBits);

/** Horner's rule with one fma per coefficient, highest power first. */
function horner(coefficients: Float64Array, x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = fround(sum * x + coefficients[i]!);
  return sum;
}

const LN2_HIGH = fromBits(0x3f318000);
const LN2_LOW = fromBits(0xb95e8083);
const SQRT_HALF = fromBits(0x3f3504f3);
const LOG_P0 = polynomial(0x3d9021bb, 0xbdebd1b8, 0x3def251a);
const LOG_P1 = polynomial(0xbdfe5d4f, 0x3e11e9bf, 0xbe2aae50);
const LOG_P2 = polynomial(0x3e4cceac, 0xbe7ffffc, 0x3eaaaaaa);

/** Natural logarithm of a positive float32 (Cephes logf with fused steps). */
export function log(x: number): number {
  floats[0] = x;
  const bits = Math.max(words[0]!, 0x00800000);
  let exponent = (bits >>> 23) - 126;
  let m = fromBits((bits & 0x007fffff) | 0x3f000000);
  if (m < SQRT_HALF) {
    m = fround(fround(m - 1) + m);
    exponent -= 1;
  } else m = fround(m - 1);
  const m2 = fround(m * m);
  const m3 = fround(m2 * m);
  const p = fma(fma(horner(LOG_P0, m), m3, horner(LOG_P1, m)), m3, horner(LOG_P2, m));
  const low = fma(p, m3, fround(exponent * LN2_LOW));
  return fma(exponent, LN2_HIGH, fround(fma(-0.5, m2, m) + low));
}

const LOG1P_SMALL = fromBits(0x3ed413cd);
const LOG1P_N = polynomial(
  0x383de04b,
  0x3eff40c5,
  0x40d284fa,
  0x41ef4b9c,
  0x4273cc76,
  0x426473ad,
  0x41a05101,
);
const LOG1P_D = polynomial(
  0x3f800000,
  0x417101ad,
  0x42a6185b,
  0x435dc32d,
  0x439a8ca3,
  0x43586d8a,
  0x42707982,
);

/** log(1 + x) for x > -1. */
export function log1p(x: number): number {
  if (Math.abs(x) >= LOG1P_SMALL) return log(fround(x + 1));
  const square = fround(x * x);
  const ratio = fround(horner(LOG1P_N, x) / horner(LOG1P_D, x));
  return fround(x + fma(-0.5, square, fround(fround(x * square) * ratio)));
}

const ERF_INV_CENTRE = polynomial(
  0x32f16588,
  0x34b84b36,
  0xb66c7357,
  0xb6935ac1,
  0x396532db,
  0xbaa45408,
  0xbb88e4ef,
  0x3e7c8f63,
  0x3fc02e2f,
);
const ERF_INV_TAIL = polynomial(
  0xb951f09b,
  0x38d3b56b,
  0x3ab0dc72,
  0xbb70bde7,
  0x3bbc127b,
  0xbbf9c5d7,
  0x3c1aa57e,
  0x3f8036db,
  0x40354f7e,
);

/** The inverse error function on [-1, 1]; infinite at the ends. */
export function erfInv(x: number): number {
  if (Math.abs(x) === 1) return x * Infinity;
  const w = -log1p(fround(-x * x));
  const p =
    w < 5 ? horner(ERF_INV_CENTRE, fround(w - 2.5)) : horner(ERF_INV_TAIL, fround(fround(Math.sqrt(w)) - 3));
  return fround(p * x);
}

const ERF_N = polynomial(0x39702d51, 0x3b5f5da2, 0x3d50b6eb, 0x3e3da740, 0x3f906eba);
const ERF_D = polynomial(0xb3fd3906, 0x37c588df, 0x3a856d28, 0x3c6687d4, 0x3de34c21, 0x3efeb44a, 0x3f800000);
/** Where the rational approximation reaches 1. */
const ERF_LIMIT = fromBits(0x407547cb);

/** The error function of a float32. */
export function erf(x: number): number {
  const clamped = Math.min(ERF_LIMIT, Math.max(-ERF_LIMIT, x));
  const square = fround(clamped * clamped);
  return fround(fround(clamped * horner(ERF_N, square)) / horner(ERF_D, square));
}

const COS_1 = -0.49999999725108224;
const COS_2 = 0.041666623324344516;
const COS_3 = -0.001388676379437604;
const COS_4 = 0.000024390450703564542;
const SIN_1 = -0.16666654943701084;
const SIN_2 = 0.008332178146138854;
const SIN_3 = -0.00019517298981385725;

/** sin(x + shift pi/2), for 0 <= x < 100. The order of the additions is glibc's. */
function sinShifted(x: number, shift: number): number {
  // glibc compares only the top bits with pi/4: from 0.75 on it reduces.
  const quarters = x < 0.75 ? 0 : Math.floor(x * (2 / Math.PI) + 0.5);
  const r = x - quarters * (Math.PI / 2);
  const r2 = r * r;
  const quadrant = (quarters + shift) & 3;
  let value: number;
  if (quadrant & 1) {
    const r4 = r2 * r2;
    value = 1 + r2 * COS_1 + r4 * COS_2 + r4 * r2 * (COS_3 + r2 * COS_4);
  } else {
    const r3 = r * r2;
    value = r + r3 * SIN_1 + r3 * r2 * (SIN_2 + r2 * SIN_3);
  }
  return fround(quadrant & 2 ? -value : value);
}

/** The sine of a float32 in [0, 100). */
export function sin(x: number): number {
  return sinShifted(x, 0);
}

/** The cosine of a float32 in [0, 100). */
export function cos(x: number): number {
  return sinShifted(x, 1);
}
