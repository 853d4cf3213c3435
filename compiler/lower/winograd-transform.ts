/**
 * The transforms of Winograd's minimal filtering F(m, r) (Lavin and Gray, 2015), as expressions: m outputs of a filter
 * of r taps from m + r - 1 inputs by as many products. The points are 0, 1, -1 and infinity, for six also 2 and -2: so
 * F(4, 3) and F(2, 5) transform their inputs alike.
 */
import type { Expr } from "../../ir/kernel.js";

export type OutputTile = 2 | 4;

const number = (value: number): Expr => ({ kind: "lit", value: Math.fround(value) });
const add = (a: Expr, b: Expr): Expr => ({ kind: "call", fn: "add", args: [a, b] });
const sub = (a: Expr, b: Expr): Expr => ({ kind: "call", fn: "sub", args: [a, b] });
/** a + by * b: one fused operation where the target has it. */
const plus = (a: Expr, by: number, b: Expr): Expr =>
  add({ kind: "call", fn: "mul", args: [b, number(by)] }, a);
const times = (by: number, a: Expr): Expr => ({ kind: "call", fn: "mul", args: [a, number(by)] });

/** One dimension of the transform of the inputs, four or six. */
export function transformInput(d: readonly Expr[]): Expr[] {
  const [d0, d1, d2, d3] = d as [Expr, Expr, Expr, Expr];
  if (d.length === 4) return [sub(d0, d2), add(d1, d2), sub(d2, d1), sub(d1, d3)];
  const [d4, d5] = d.slice(4) as [Expr, Expr];
  const even = plus(d4, -4, d2);
  const odd = plus(d3, -4, d1);
  const near = sub(d4, d2);
  const far = sub(d3, d1);
  return [
    plus(plus(d4, -5, d2), 4, d0),
    add(even, odd),
    sub(even, odd),
    plus(near, 2, far),
    plus(near, -2, far),
    plus(plus(d5, -5, d3), 4, d1),
  ];
}

/** One dimension of the transform of the taps, three or five, to `size` of them. */
export function transformTaps(size: number, g: readonly Expr[]): Expr[] {
  const [g0, g1, g2] = g as [Expr, Expr, Expr];
  if (g.length === 5) return transformFiveTaps(g as readonly [Expr, Expr, Expr, Expr, Expr]);
  const outer = add(g0, g2);
  if (size === 4) return [g0, times(1 / 2, add(outer, g1)), times(1 / 2, sub(outer, g1)), g2];
  const far = plus(g0, 4, g2);
  return [
    times(1 / 4, g0),
    times(-1 / 6, add(outer, g1)),
    times(-1 / 6, sub(outer, g1)),
    times(1 / 24, plus(far, 2, g1)),
    times(1 / 24, plus(far, -2, g1)),
    g2,
  ];
}

/** For F(2, 5): the filter's polynomial at the points 1, -1, 2 and -2, its even and its odd powers apart. */
function transformFiveTaps([g0, g1, g2, g3, g4]: readonly [Expr, Expr, Expr, Expr, Expr]): Expr[] {
  const even = add(add(g0, g4), g2);
  const odd = add(g1, g3);
  const farEven = plus(plus(g0, 4, g2), 16, g4);
  const farOdd = plus(times(2, g1), 8, g3);
  return [
    times(1 / 4, g0),
    times(-1 / 6, add(even, odd)),
    times(-1 / 6, sub(even, odd)),
    times(1 / 24, add(farEven, farOdd)),
    times(1 / 24, sub(farEven, farOdd)),
    g4,
  ];
}

/** One dimension of the transform of the products, four or six, to m outputs. */
export function transformOutput(m: OutputTile, p: readonly Expr[]): Expr[] {
  const [p0, p1, p2, p3] = p as [Expr, Expr, Expr, Expr];
  if (p.length === 4) return [add(add(p0, p1), p2), sub(sub(p1, p2), p3)];
  const [p4, p5] = p.slice(4) as [Expr, Expr];
  const sum1 = add(p1, p2);
  const difference1 = sub(p1, p2);
  const sum2 = add(p3, p4);
  const difference2 = sub(p3, p4);
  if (m === 2) return [add(add(p0, sum1), sum2), add(plus(difference1, 2, difference2), p5)];
  return [
    add(add(p0, sum1), sum2),
    plus(difference1, 2, difference2),
    plus(sum1, 4, sum2),
    add(plus(difference1, 8, difference2), p5),
  ];
}

/** Applies a one-dimensional transform along every axis of a row-major array of `rank` equal axes. */
export function transformAll(
  rank: number,
  size: number,
  values: readonly Expr[],
  one: (line: readonly Expr[]) => Expr[],
): Expr[] {
  let current = values;
  let extents: number[] = new Array(rank).fill(size);
  for (let axis = 0; axis < rank; axis++) {
    const stride = extents.slice(axis + 1).reduce((a, b) => a * b, 1);
    const extent = extents[axis]!;
    const lines = current.length / extent;
    const next: Expr[] = [];
    let produced = 0;
    for (let line = 0; line < lines; line++) {
      const base = Math.floor(line / stride) * stride * extent + (line % stride);
      const out = one(Array.from({ length: extent }, (_, i) => current[base + i * stride]!));
      produced = out.length;
      const to = Math.floor(line / stride) * stride * produced + (line % stride);
      out.forEach((value, i) => {
        next[to + i * stride] = value;
      });
    }
    current = next;
    extents = extents.map((e, a) => (a === axis ? produced : e));
  }
  return [...current];
}
