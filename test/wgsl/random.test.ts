/**
 * Random convolutions over the whole option space on a software adapter, by the schedules of both classes, against the
 * interpreter. WGSL_COUNT=2000 for all of them, WGSL_SEED for the first.
 */
import { expect, it } from "vitest";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { toFloat32 } from "../../runtime/tensor.js";
import type { Call } from "../differential/call.js";
import { run } from "../differential/call.js";
import { callOf, randomConv } from "../differential/random-conv.js";
import { runnable } from "../differential/runnable.js";
import { hasAdapter } from "../support/webgpu.js";

const count = Number(process.env.WGSL_COUNT ?? 60);
const firstSeed = Number(process.env.WGSL_SEED ?? 1);

/** Seeds that once found something. */
const known = [1059, 1102, 1186, 1240, 1420, 1460];
const seeds = new Set([...known, ...Array.from({ length: count }, (_, i) => firstSeed + i)]);

/** Of the largest result: sums in another order and without the roundings of products, then roundings to 16 bits. */
const parts: Readonly<Partial<Record<DType, number>>> = { float16: 2 ** -9, bfloat16: 2 ** -6 };

/**
 * WGSL promises nothing of NaN and infinities, nor of finite numbers made of them (-inf * 0 of a silu): elements that are
 * finite on one side only are counted here, those that are finite on both must agree whatever else the data holds.
 */
interface OneSided {
  elements: number;
  differ: number;
}

/** A call whose float32 subnormals are 0, as which a GPU may read them: times 3e38 that is seen. */
function flushed(call: Call): Call {
  const flush = (x: Tensor): Tensor => {
    const { dtype, data } = x;
    if (dtype === "bfloat16")
      return {
        ...x,
        data: (data as Uint16Array).map((bits) => ((bits & 0x7f80) === 0 ? bits & 0x8000 : bits)),
      };
    if (dtype !== "float32" && dtype !== "float64") return x;
    return {
      ...x,
      data: (data as Float32Array).map((value) => (Math.abs(value) < 2 ** -126 ? 0 * value : value)),
    };
  };
  const { input, kernel, bias } = call;
  return { ...call, input: flush(input), kernel: flush(kernel), bias: bias && flush(bias) };
}

/** `expected` has the results that are right, element by element; the first tells how large they are. */
function complaint(
  found: Tensor,
  expected: readonly [Tensor, ...Tensor[]],
  special: OneSided | undefined,
): string | null {
  const [{ shape, dtype }] = expected;
  if (found.shape.join() !== shape.join() || found.dtype !== dtype)
    return `${found.dtype}[${found.shape}], not ${dtype}[${shape}]`;
  const x = toFloat32(found);
  const [y, ...others] = expected.map(toFloat32) as [Float32Array, ...Float32Array[]];
  let largest = 0;
  for (const value of y) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  // What is subnormal may be flushed to 0.
  const allowed = Math.max((parts[found.dtype] ?? 2e-5) * largest, 2 ** -126);
  const agrees = (value: number, wanted: number): boolean =>
    Object.is(value, wanted) || Math.abs(value - wanted) <= allowed;
  if (special !== undefined) special.elements += y.length;
  for (let i = 0; i < y.length; i++) {
    if (agrees(x[i]!, y[i]!) || others.some((other) => agrees(x[i]!, other[i]!))) continue;
    const [finite, wanted] = [Number.isFinite(x[i]), Number.isFinite(y[i])];
    if (special !== undefined && !(finite && wanted)) {
      if (finite !== wanted) special.differ++;
      continue;
    }
    return `element ${i} is ${x[i]}, not ${y[i]} (${allowed} allowed)`;
  }
  return null;
}

const here = await hasAdapter();

it.skipIf(!here)(
  `${seeds.size} random convolutions agree with the interpreter`,
  { timeout: 3_600_000 },
  async () => {
    const wrong: string[] = [];
    const special: OneSided = { elements: 0, differ: 0 };
    for (const seed of seeds) {
      if (wrong.length === 5) break;
      const spec = randomConv(seed);
      const call = callOf(spec);
      const way = seed % 2 === 0 ? "wgsl" : "wgsl-gpu";
      const isSpecial = spec.data === "special";
      const expected = [await run(call, "interpreter")] as [Tensor, ...Tensor[]];
      if (isSpecial) expected.push(await run(flushed(call), "interpreter"));
      const found = await run(call, way, { precision: "default" }).catch((error: Error) => error);
      const what =
        found instanceof Error
          ? `${found.name}: ${found.message}`
          : complaint(found, expected, isSpecial ? special : undefined);
      if (what !== null)
        wrong.push(`seed ${seed} (${way}): ${what}\n${runnable(call, { compile: { backend: "wgsl" } })}`);
    }
    expect(wrong).toEqual([]);
    console.log(`finite on one side only: ${special.differ} of ${special.elements} elements of special data`);
    expect(special.differ).toBeLessThanOrEqual(special.elements / 100);
  },
);
