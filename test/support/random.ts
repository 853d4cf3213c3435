/** A small seeded generator, so that a failing case can be run again. */

export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** Uniform integer in [low, high]. */
  int(low: number, high: number): number;
  /** Roughly normal, mean 0 and variance 1, rounded to f32. */
  normal(): number;
  /** Any 32 bits as a float: every exponent, subnormals, infinities and NaN. */
  anyFloat(): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
  normals(count: number): Float32Array;
}

/** mulberry32 (public domain, Tommy Ettinger). */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const bits = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const view = new DataView(new ArrayBuffer(4));
  const unit = (): number => bits() / 2 ** 32;
  const int = (low: number, high: number): number => low + Math.floor(unit() * (high - low + 1));
  /** Twelve uniforms: variance exactly 1, tails cut at 6. */
  const normal = (): number => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += unit();
    return Math.fround(sum);
  };
  return {
    unit,
    int,
    normal,
    anyFloat: () => {
      view.setUint32(0, bits());
      return view.getFloat32(0);
    },
    chance: (probability) => unit() < probability,
    pick: (items) => items[int(0, items.length - 1)]!,
    shuffle: (items) => {
      const out = items.slice();
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(0, i);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
    normals: (count) => Float32Array.from({ length: count }, normal),
  };
}
