/** Rearranging dense float32 tensors, straight from the definitions: what the properties of convolutions speak of. */
import type { Tensor } from "../../runtime/tensor.js";
import { build } from "../differential/call.js";
import { random } from "../support/random.js";

export { build };

/** Whole numbers from -4 to 4: sums of their products are exact in float32, in any order. */
export function integers(seed: number, shape: readonly number[]): Tensor {
  const { int } = random(seed);
  return build(shape, () => int(-4, 4));
}

/** The element at an index; 0 outside. */
export function at(x: Tensor, index: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < x.shape.length; axis++) {
    const i = index[axis]!;
    if (i < 0 || i >= x.shape[axis]!) return 0;
    offset = offset * x.shape[axis]! + i;
  }
  return x.data[offset]!;
}

export function combine(a: number, x: Tensor, b: number, y: Tensor): Tensor {
  return build(x.shape, (_, i) => a * x.data[i]! + b * y.data[i]!);
}

export const add = (x: Tensor, y: Tensor): Tensor => combine(1, x, 1, y);

/** Broadcasts a bias over the last axes. */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  return build(x.shape, (_, i) => x.data[i]! + bias.data[i % bias.data.length]!);
}

export function multiply(x: Tensor, y: Tensor): Tensor {
  return build(x.shape, (_, i) => x.data[i]! * y.data[i]!);
}

/** Sum of the products of all elements. */
export function inner(x: Tensor, y: Tensor): number {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += x.data[i]! * y.data[i]!;
  return sum;
}

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return { ...x, shape };
}

/** Part of an axis. */
export function slice(x: Tensor, axis: number, start: number, length: number): Tensor {
  return build(x.shape.with(axis, length), (i) => at(x, i.with(axis, i[axis]! + start)));
}

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const extents = parts.map((part) => part.shape[axis]!);
  const total = extents.reduce((a, b) => a + b, 0);
  return build(parts[0]!.shape.with(axis, total), (i) => {
    let [part, position] = [0, i[axis]!];
    while (position >= extents[part]!) position -= extents[part++]!;
    return at(parts[part]!, i.with(axis, position));
  });
}

/** Reads each axis through a function of the position; -1 is zero. */
function through(
  x: Tensor,
  shape: readonly number[],
  place: (axis: number, position: number) => number,
): Tensor {
  return build(shape, (i) =>
    at(
      x,
      i.map((position, axis) => place(axis, position)),
    ),
  );
}

/** The spatial axes of a channels-last tensor start at `first`; `steps` has one entry for each of them. */
export function spread(x: Tensor, steps: readonly number[], first: number): Tensor {
  const step = (axis: number): number => steps[axis - first] ?? 1;
  const shape = x.shape.map((extent, axis) => Math.max((extent - 1) * step(axis) + 1, 0));
  return through(x, shape, (axis, position) => (position % step(axis) === 0 ? position / step(axis) : -1));
}

/** Every `steps`-th element. */
export function stride(x: Tensor, steps: readonly number[], first: number): Tensor {
  const step = (axis: number): number => steps[axis - first] ?? 1;
  const shape = x.shape.map((extent, axis) => Math.ceil(extent / step(axis)));
  return through(x, shape, (axis, position) => position * step(axis));
}

const modulo = (a: number, b: number): number => ((a % b) + b) % b;

/** Element i goes to i + amount, round the end. */
export function roll(x: Tensor, amounts: readonly number[], first: number): Tensor {
  return through(x, x.shape, (axis, position) =>
    modulo(position - (amounts[axis - first] ?? 0), x.shape[axis]!),
  );
}

export function flip(x: Tensor, first: number, count: number): Tensor {
  const turned = (axis: number): boolean => axis >= first && axis < first + count;
  return through(x, x.shape, (axis, position) => (turned(axis) ? x.shape[axis]! - 1 - position : position));
}

export type Border = "zero" | "wrap" | "reflect";

/** NumPy's pad; negative amounts crop. */
export function pad(
  x: Tensor,
  pads: readonly (readonly [low: number, high: number])[],
  first: number,
  border: Border,
): Tensor {
  const pair = (axis: number): readonly [number, number] => pads[axis - first] ?? [0, 0];
  const shape = x.shape.map((extent, axis) => extent + pair(axis)[0] + pair(axis)[1]);
  return through(x, shape, (axis, position) => {
    const extent = x.shape[axis]!;
    const index = position - pair(axis)[0];
    if (border === "wrap") return modulo(index, extent);
    if (border === "zero" || extent === 0) return index;
    if (extent === 1) return 0;
    const bounced = modulo(index, 2 * (extent - 1));
    return Math.min(bounced, 2 * (extent - 1) - bounced);
  });
}
