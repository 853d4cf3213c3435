/** Compares a program's results with recorded ones, on every way there is to run it. */
import type { DType, Tensor } from "../../runtime/tensor.js";
import { tensor, toFloat32 } from "../../runtime/tensor.js";
import { type RecordedTensor, recordedNumber } from "../oracle/vectors.js";
import type { Everywhere, Way } from "../support/run-everywhere.js";
import { firstDifference, gpuOnly, runOneWay, ways } from "../support/run-everywhere.js";

export function asTensor({ data, shape, dtype }: RecordedTensor): Tensor {
  return tensor(data.map(recordedNumber), shape, dtype);
}

export interface Expected {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Numbers, not 16-bit patterns. */
  readonly data: ArrayLike<number>;
  /** Largest |Δ| allowed, as a part of the largest finite |y|; 0 is equality. */
  readonly tolerance: number;
}

export function expectedOf(recorded: RecordedTensor, tolerance: number): Expected {
  const { shape, dtype, data } = recorded;
  return { shape, dtype, data: data.map(recordedNumber), tolerance };
}

export type Precision = "default" | "highest";

/**
 * One line per way that differs. At "highest" the ways must also agree with each other in every bit.
 */
export async function differences(
  program: Everywhere,
  expected: Expected,
  precisions: readonly Precision[] = ["highest"],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const precision of gpuOnly() ? (["default"] as const) : precisions) {
    let first: Tensor | undefined;
    for (const way of ways) {
      if (way === "interpreter" && precision === "default") continue;
      const result = await runOneWay(way, { ...program, precision });
      const label = precision === "highest" ? way : `${way} (default)`;
      const complaint = difference(result, expected);
      if (complaint !== undefined) wrong.push(`${label}: ${complaint}`);
      if (precision === "highest") wrong.push(...unlikeTheFirst(way, result, first));
      first ??= result;
    }
  }
  return wrong;
}

function unlikeTheFirst(way: Way, result: Tensor, first: Tensor | undefined): string[] {
  const at = first === undefined ? -1 : firstDifference(result, first);
  return at < 0 ? [] : [`${way}: element ${at} is ${result.data[at]}, the interpreter's ${first!.data[at]}`];
}

/** What is wrong with a result, in one line. */
export function difference(result: Tensor, expected: Expected): string | undefined {
  const [got, wanted] = [result, expected].map(({ dtype, shape }) => `${dtype}[${shape}]`);
  if (got !== wanted) return `is ${got}, not ${wanted}`;
  const y = expected.data;
  const x = toFloat32(result);
  if (x.length !== y.length) return `has ${x.length} elements, not ${y.length}`;
  const largest =
    y.length === 0 ? 0 : Math.max(...Array.from(y, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
  return worst(x, y, () => expected.tolerance * largest);
}

/** The element that misses its bound by most. */
export function worst(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  bound: (y: number, index: number) => number,
): string | undefined {
  let at = -1;
  let most = 0;
  for (let i = 0; i < y.length; i++) {
    const target = Math.fround(y[i]!);
    if (x[i] === target || Object.is(x[i], target)) continue;
    const delta = Math.abs(x[i]! - target);
    const miss = Number.isNaN(delta) ? Infinity : delta - bound(target, i);
    if (miss > most) {
      most = miss;
      at = i;
    }
  }
  if (at < 0) return undefined;
  const delta = Math.abs(x[at]! - Math.fround(y[at]!));
  return `element ${at} is ${x[at]}, not ${y[at]}: |Δ| ${delta.toExponential(2)} > ${bound(y[at]!, at).toExponential(2)}`;
}
