/** Layers that nobody chose: seeded random shapes of every family, each of a size that takes from 0.05 to 20 ms. */
import { layer, outputShape, product, terms, traffic } from "./layers.mjs";

/** A generator of its own, so that the layers of a seed never change. */
export function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    pick: (list) => list[Math.floor(next() * list.length)],
    /** Between two numbers, each octave as likely as the next. */
    size: (low, high) => Math.round(low * (high / low) ** next()),
    chance: (share) => next() < share,
  };
}

const square = (n) => [n, n];

/** Channels as networks have them, or any number. */
const channels = (random, low, high) => {
  const any = random.size(low, high);
  return any < 4 || random.chance(0.3) ? any : Math.max(4, any & ~3);
};

const families = {
  dense: (r) => [
    square(r.size(6, 130)),
    channels(r, 3, 256),
    channels(r, 4, 256),
    r.pick([2, 3, 3, 3, 5, 7]),
    {},
  ],
  "1x1": (r) => [square(r.size(1, 112)), channels(r, 4, 768), channels(r, 4, 1024), 1, {}],
  strided: (r) => [
    square(r.size(8, 224)),
    channels(r, 3, 128),
    channels(r, 8, 256),
    r.pick([1, 3, 3, 5, 7]),
    { stride: r.pick([2, 2, 3]) },
  ],
  dilated: (r) => [
    square(r.size(10, 96)),
    channels(r, 4, 160),
    channels(r, 4, 160),
    r.pick([2, 3, 3, 5]),
    { dilation: r.pick([2, 2, 3, 4]) },
  ],
  depthwise: (r) => {
    const groups = channels(r, 8, 512);
    return [
      square(r.size(7, 160)),
      groups,
      groups,
      r.pick([3, 3, 5, 7]),
      { groups, stride: r.pick([1, 1, 2]) },
    ];
  },
  grouped: (r) => {
    const groups = r.pick([2, 4, 8, 16, 32]);
    const [into, out] = [groups * r.size(2, 32), groups * r.size(2, 32)];
    return [square(r.size(7, 64)), into, out, r.pick([1, 3, 3]), { groups }];
  },
  transposed: (r) => [
    square(r.size(7, 64)),
    channels(r, 8, 128),
    channels(r, 3, 96),
    r.pick([2, 4, 4]),
    { kind: "transposed", lhsDilation: 2, padding: "pairs" },
  ],
  "1-D": (r) => [
    [r.size(100, 20_000)],
    channels(r, 4, 256),
    channels(r, 4, 256),
    r.pick([2, 3, 3, 5, 9]),
    { dilation: r.pick([1, 1, 2, 8]), padding: r.pick(["SAME", "CAUSAL"]) },
  ],
  "3-D": (r) => [
    [r.size(4, 24), r.size(7, 64), r.size(7, 64)],
    channels(r, 2, 48),
    channels(r, 4, 64),
    r.pick([1, 3, 3]),
    { stride: r.pick([1, 1, 2]) },
  ],
};

export const familyNames = Object.keys(families);

/** Whether it should take from 0.05 to 20 ms, whatever the compiler thinks: by its multiply-adds and its bytes. */
function isOfSize(candidate) {
  const macs = product(outputShape(candidate)) * terms(candidate);
  const { readBytes, writtenBytes } = traffic(candidate);
  const ms = macs / 16e6 + (readBytes + writtenBytes) / 6e6;
  return ms >= 0.06 && ms <= 12 && readBytes + writtenBytes < 40e6;
}

/** @returns {{ family: string, layer: import("./layers.mjs").Layer }[]} so many layers, the families in turn */
export function randomLayers(seed, count) {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, i) => {
    const family = familyNames[i % familyNames.length];
    for (;;) {
      const [size, into, out, kernel, options] = families[family](random);
      const batch = random.chance(0.1) ? random.pick([2, 3, 8]) : 1;
      const name = nameOf(family, batch, size, into, out, kernel, options);
      const candidate = layer(name, size, into, out, kernel, { ...options, batch });
      if (isOfSize(candidate)) return { family, layer: candidate };
    }
  });
}

function nameOf(family, batch, size, into, out, kernel, { stride, dilation, groups }) {
  const words = [
    family,
    size.map(() => kernel).join("x"),
    ...(stride > 1 ? [`s${stride}`] : []),
    ...(dilation > 1 ? [`d${dilation}`] : []),
    ...(groups > 1 ? [`g${groups}`] : []),
    ...(batch > 1 ? [`batch ${batch}`] : []),
    `${size.join("x")}x${into}→${out}`,
  ];
  return words.join(" ");
}
