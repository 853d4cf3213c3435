/** Transposed convolutions as convolutions of a dilated input; the kernel is turned round here, before tracing. */
import type { Tensor } from "../../runtime/tensor.js";
import { tensor } from "../../runtime/tensor.js";

/**
 * A kernel of a transposed convolution as HW…IO of the convolution that computes it: spatial axes reversed, and the
 * groups moved from the input features to the output features.
 *
 * @param layout the kernel's axes, `i` and `o` being the features that go in and come out
 */
export function transposedRhs(kernel: Tensor, layout: string, groups: number): Tensor {
  const extent = (axis: string): number => kernel.shape[layout.indexOf(axis)]!;
  const spatial = [...layout].filter((axis) => !"io".includes(axis));
  const [inputs, outputs] = [extent("i") / groups, extent("o")];
  const shape = [...spatial.map(extent), inputs, groups * outputs];
  const data = new Float64Array(shape.reduce((product, size) => product * size, 1));
  for (let to = 0; to < data.length; to++) {
    const at: Record<string, number> = {};
    let rest = to;
    const split = (size: number): number => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    };
    const out = split(groups * outputs);
    at.o = out % outputs;
    at.i = Math.floor(out / outputs) * inputs + split(inputs);
    for (const axis of spatial.toReversed()) at[axis] = extent(axis) - 1 - split(extent(axis));
    const from = [...layout].reduce((index, axis, i) => index * kernel.shape[i]! + at[axis]!, 0);
    data[to] = kernel.data[from]!;
  }
  return tensor([...data], shape, kernel.dtype);
}

/** What to pad the dilated input with, so that `out` elements come out and `begin` are left away before them. */
export function transposedPads(
  extent: number,
  tap: number,
  stride: number,
  begin: number,
  out: number,
): readonly [low: number, high: number] {
  const low = tap - 1 - begin;
  return [low, out + tap - 1 - ((extent - 1) * stride + 1) - low];
}
