/**
 * Random convolutions over the whole option space on a software adapter, by the schedules of both classes, against the
 * interpreter. WGSL_COUNT=2000 for all of them, WGSL_SEED for the first.
 */
import { expect, it } from "vitest";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { toFloat32 } from "../../runtime/tensor.js";
import { run } from "../differential/call.js";
import { callOf, randomConv } from "../differential/random-conv.js";
import { runnable } from "../differential/runnable.js";
import { hasAdapter } from "../support/webgpu.js";

const count = Number(process.env.WGSL_COUNT ?? 60);
const firstSeed = Number(process.env.WGSL_SEED ?? 1);

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

function complaint(found: Tensor, expected: Tensor, special: OneSided | undefined): string | null {
  if (found.shape.join() !== expected.shape.join() || found.dtype !== expected.dtype)
    return `${found.dtype}[${found.shape}], not ${expected.dtype}[${expected.shape}]`;
  const [x, y] = [toFloat32(found), toFloat32(expected)];
  let largest = 0;
  for (const value of y) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  // What is subnormal may be flushed to 0.
  const allowed = Math.max((parts[found.dtype] ?? 2e-5) * largest, 2 ** -126);
  if (special !== undefined) special.elements += y.length;
  for (let i = 0; i < y.length; i++) {
    if (Object.is(x[i], y[i]) || Math.abs(x[i]! - y[i]!) <= allowed) continue;
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
  `${count} random convolutions agree with the interpreter`,
  { timeout: 3_600_000 },
  async () => {
    const wrong: string[] = [];
    const special: OneSided = { elements: 0, differ: 0 };
    for (let seed = firstSeed; seed < firstSeed + count && wrong.length < 5; seed++) {
      const spec = randomConv(seed);
      const call = callOf(spec);
      const way = seed % 2 === 0 ? "wgsl" : "wgsl-gpu";
      const expected = await run(call, "interpreter");
      const found = await run(call, way, { precision: "default" }).catch((error: Error) => error);
      const what =
        found instanceof Error
          ? `${found.name}: ${found.message}`
          : complaint(found, expected, spec.data === "special" ? special : undefined);
      if (what !== null)
        wrong.push(`seed ${seed} (${way}): ${what}\n${runnable(call, { compile: { backend: "wgsl" } })}`);
    }
    expect(wrong).toEqual([]);
    console.log(`finite on one side only: ${special.differ} of ${special.elements} elements of special data`);
    expect(special.differ).toBeLessThanOrEqual(special.elements / 100);
  },
);
