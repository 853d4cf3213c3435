/**
 * A convolution straight from its definition, in nested loops over up to three spatial dimensions.
 *
 * It shares no code with ir/, down to the window arithmetic, so that the two can be held against each other. Positions
 * that lhs dilation leaves empty take no part in a sum; padding zeros do (it shows with infinite weights only).
 */

export interface ReferenceWindow {
  readonly size?: number;
  readonly stride?: number;
  readonly low?: number;
  readonly high?: number;
  readonly lhsDilation?: number;
  readonly rhsDilation?: number;
  /** Tap k takes the k-th weight from the end. */
  readonly reversal?: boolean;
  readonly border?: "zero" | "wrap" | "reflect";
}

export interface ReferenceConv {
  readonly lhs: ArrayLike<number>;
  readonly lhsShape: readonly number[];
  readonly rhs: ArrayLike<number>;
  readonly rhsShape: readonly number[];
  /** One per spatial dimension; its size is the kernel's where it has none. */
  readonly window: readonly ReferenceWindow[];
  readonly groups?: number;
  readonly batchGroups?: number;
  /**
   * A kernel for each output position: rhs is (…outputs, features x taps, out), the taps of a feature together. Sums run
   * over the features first.
   */
  readonly local?: boolean;
  /** As in `b01f_01io->b01f`, the default. */
  readonly dims?: string;
  readonly skippedTaps?: readonly number[];
  /** Round each product and each sum to f32; otherwise everything is float64. */
  readonly stepwise?: boolean;
}

export interface ReferenceResult {
  readonly data: Float64Array;
  readonly shape: number[];
  /** Sum of |x·w| of each element, for error bounds. */
  readonly magnitude: Float64Array;
}

/** Extents and strides of a shape by label; 1 and 0 for the spatial dimensions it lacks. */
function labelled(shape: readonly number[], labels: string) {
  const extent: Record<string, number> = { 0: 1, 1: 1, 2: 1 };
  const stride: Record<string, number> = { 0: 0, 1: 0, 2: 0 };
  [...labels].forEach((label, at) => {
    extent[label] = shape[at]!;
    stride[label] = shape.slice(at + 1).reduce((product, e) => product * e, 1);
  });
  return { extent: (label: string) => extent[label]!, stride: (label: string) => stride[label]! };
}

interface Axis {
  readonly extent: number;
  readonly taps: number;
  readonly outputs: number;
  /** Index of the element, "zero" for padding, or null between elements. */
  source(position: number, tap: number): number | "zero" | null;
  weight(tap: number): number;
}

function axisOf(extent: number, taps: number, window: ReferenceWindow): Axis {
  const { stride = 1, low = 0, high = 0, lhsDilation = 1, rhsDilation = 1, border = "zero" } = window;
  const reversed = window.reversal === true;
  const dilated = extent === 0 ? 0 : (extent - 1) * lhsDilation + 1;
  const reach = taps === 0 ? 0 : (taps - 1) * rhsDilation + 1;
  const room = dilated + low + high - reach;
  const bounce = (index: number): number => {
    let i = index;
    while (i < 0 || i >= extent) i = extent === 1 ? 0 : i < 0 ? -i : 2 * (extent - 1) - i;
    return i;
  };
  const around = (index: number): number => {
    let i = index;
    while (i < 0) i += extent;
    while (i >= extent) i -= extent;
    return i;
  };
  return {
    extent,
    taps,
    outputs: room < 0 ? 0 : Math.floor(room / stride) + 1,
    weight: (tap) => (reversed ? taps - 1 - tap : tap),
    source(position, tap) {
      const index = (position * stride + tap * rhsDilation - low) / lhsDilation;
      if (!Number.isInteger(index)) return null;
      if (index >= 0 && index < extent) return index;
      return border === "wrap" ? around(index) : border === "reflect" ? bounce(index) : "zero";
    },
  };
}

export function referenceConv(conv: ReferenceConv): ReferenceResult {
  const rank = conv.window.length;
  const digits = "012".slice(0, rank);
  const {
    groups = 1,
    batchGroups = 1,
    local = false,
    dims = `b${digits}f_${digits}io->b${digits}f`,
    stepwise = false,
  } = conv;
  const [lhsLabels, rhsLabels, outLabels] = dims.split(/_|->/) as [string, string, string];
  const L = labelled(conv.lhsShape, lhsLabels);
  const R = labelled(conv.rhsShape, rhsLabels);
  const axes = [..."012"].map((label, d) =>
    axisOf(L.extent(label), conv.window[d]?.size ?? R.extent(label), conv.window[d] ?? {}),
  );
  const [d0, d1, d2] = axes as [Axis, Axis, Axis];
  const features = R.extent("o");
  const taps = d0.taps * d1.taps * d2.taps;
  const depth = local ? R.extent("i") / taps : R.extent("i");
  const batch = L.extent("b") / batchGroups;
  const extents: Record<string, number> = { b: batch, f: features };
  axes.forEach((axis, d) => {
    extents[d] = axis.outputs;
  });
  const shape = [...outLabels].map((label) => extents[label]!);
  const O = labelled(shape, outLabels);
  const skipped = new Set(conv.skippedTaps);
  const round = stepwise ? Math.fround : (x: number): number => x;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const data = new Float64Array(count);
  const magnitude = new Float64Array(count);
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < features; o++)
      for (let p0 = 0; p0 < d0.outputs; p0++)
        for (let p1 = 0; p1 < d1.outputs; p1++)
          for (let p2 = 0; p2 < d2.outputs; p2++) {
            const terms: { feature: number; tap: number; x: number; w: number }[] = [];
            const g = Math.floor(o / (features / groups));
            const h = Math.floor(o / (features / batchGroups));
            for (let t0 = 0; t0 < d0.taps; t0++)
              for (let t1 = 0; t1 < d1.taps; t1++)
                for (let t2 = 0; t2 < d2.taps; t2++) {
                  if (skipped.has((t0 * d1.taps + t1) * d2.taps + t2)) continue;
                  const [s0, s1, s2] = [d0.source(p0, t0), d1.source(p1, t1), d2.source(p2, t2)];
                  if (s0 === null || s1 === null || s2 === null) continue;
                  const isZero = s0 === "zero" || s1 === "zero" || s2 === "zero";
                  const spatial = isZero ? 0 : s0 * L.stride("0") + s1 * L.stride("1") + s2 * L.stride("2");
                  const [k0, k1, k2] = [d0.weight(t0), d1.weight(t1), d2.weight(t2)];
                  const [q0, q1, q2] = local ? [p0, p1, p2] : [k0, k1, k2];
                  const kernel = q0 * R.stride("0") + q1 * R.stride("1") + q2 * R.stride("2");
                  for (let feature = 0; feature < depth; feature++) {
                    const f = g * depth + feature;
                    const x = isZero
                      ? 0
                      : conv.lhs[spatial + (h * batch + b) * L.stride("b") + f * L.stride("f")]!;
                    const i = local ? feature * taps + (k0 * d1.taps + k1) * d2.taps + k2 : feature;
                    const w = conv.rhs[kernel + i * R.stride("i") + o * R.stride("o")]!;
                    terms.push({ feature, tap: terms.length, x, w });
                  }
                }
            if (local) terms.sort((a, b) => a.feature - b.feature || a.tap - b.tap);
            let sum = 0;
            let size = 0;
            for (const { x, w } of terms) {
              sum = round(sum + round(x * w));
              size += Math.abs(x * w);
            }
            const spatial = p0 * O.stride("0") + p1 * O.stride("1") + p2 * O.stride("2");
            const index = spatial + b * O.stride("b") + o * O.stride("f");
            data[index] = sum;
            magnitude[index] = size;
          }
  return { data, shape, magnitude };
}
