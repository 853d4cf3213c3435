/**
 * Window arithmetic of one spatial dimension of a convolution (spec sections 1.4, 2.1, 2.3).
 *
 * The window of output position p reads, for tap k, position `p*stride + k*rhsDilation - low` of the dilated lhs. The
 * weight of tap k is the kernel's element k, or the k-th from its end where the window is reversed.
 */

/** What an element outside the lhs is: a zero, the lhs wrapped round, or the lhs mirrored without its edge. */
export type Border = "zero" | "wrap" | "reflect";

export interface WindowDim {
  readonly size: number;
  readonly stride: number;
  /** Elements added before the dilated lhs; negative crops. */
  readonly low: number;
  /** Elements added after the dilated lhs; negative crops. */
  readonly high: number;
  readonly lhsDilation: number;
  readonly rhsDilation: number;
  /** The kernel is read from its last element to its first. */
  readonly reversal: boolean;
  /** wrap and reflect need lhsDilation 1 and no negative padding. */
  readonly border: Border;
}

export function windowDim(size: number, rest: Partial<Omit<WindowDim, "size">> = {}): WindowDim {
  const plain = {
    stride: 1,
    low: 0,
    high: 0,
    lhsDilation: 1,
    rhsDilation: 1,
    reversal: false,
    border: "zero",
  } as const;
  return { size, ...plain, ...rest };
}

/** Index along the kernel of the weight of a tap; also the tap of a weight. */
export function weightIndex(tap: number, dim: WindowDim): number {
  return dim.reversal ? dim.size - 1 - tap : tap;
}

/** Extent after inserting `dilation - 1` elements between neighbours. */
export function dilatedExtent(extent: number, dilation: number): number {
  return dilation === 1 ? extent : Math.max(1 + dilation * (extent - 1), 0);
}

/** Number of window positions over a lhs of `extent` elements; 0 where the window does not fit. */
export function outputExtent(extent: number, dim: WindowDim): number {
  const padded = dilatedExtent(extent, dim.lhsDilation) + dim.low + dim.high;
  return Math.max(Math.floor((padded - dilatedExtent(dim.size, dim.rhsDilation)) / dim.stride) + 1, 0);
}

export type PaddingName = "SAME" | "SAME_LOWER" | "VALID";

/** lax's padding strings as numbers; the odd element of SAME goes to the end, of SAME_LOWER to the start. */
export function namedPadding(
  name: PaddingName,
  extent: number,
  size: number,
  stride: number,
  rhsDilation: number,
): readonly [low: number, high: number] {
  if (name === "VALID") return [0, 0];
  const out = Math.ceil(extent / stride);
  const total = Math.max((out - 1) * stride + dilatedExtent(size, rhsDilation) - extent, 0);
  const half = Math.floor(total / 2);
  return name === "SAME" ? [half, total - half] : [total - half, half];
}

/** Index of the lhs element that position `at` of a wrapped axis of `extent` elements reads. */
export function wrapIndex(at: number, extent: number): number {
  return ((at % extent) + extent) % extent;
}

/** Index of the lhs element that position `at` of a mirrored axis reads: period 2(extent - 1), edges not repeated. */
export function reflectIndex(at: number, extent: number): number {
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const inside = wrapIndex(at, period);
  return inside < extent ? inside : period - inside;
}
