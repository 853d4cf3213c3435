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

/** `special`: WGSL promises nothing of NaN and infinities, nor of what is made of them. */
function complaint(found: Tensor, expected: Tensor, special: boolean): string | null {
  if (found.shape.join() !== expected.shape.join() || found.dtype !== expected.dtype)
    return `${found.dtype}[${found.shape}], not ${expected.dtype}[${expected.shape}]`;
  const [x, y] = [toFloat32(found), toFloat32(expected)];
  let largest = 0;
  for (const value of y) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  if (special) return null;
  // What is subnormal may be flushed to 0.
  const allowed = Math.max((parts[found.dtype] ?? 2e-5) * largest, 2 ** -126);
  for (let i = 0; i < y.length; i++) {
    if (Object.is(x[i], y[i]) || Math.abs(x[i]! - y[i]!) <= allowed) continue;
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
    for (let seed = firstSeed; seed < firstSeed + count && wrong.length < 5; seed++) {
      const spec = randomConv(seed);
      const call = callOf(spec);
      const way = seed % 2 === 0 ? "wgsl" : "wgsl-gpu";
      const expected = await run(call, "interpreter");
      const found = await run(call, way, { precision: "default" }).catch((error: Error) => error);
      const what =
        found instanceof Error
          ? `${found.name}: ${found.message}`
          : complaint(found, expected, spec.data === "special");
      if (what !== null)
        wrong.push(`seed ${seed} (${way}): ${what}\n${runnable(call, { compile: { backend: "wgsl" } })}`);
    }
    expect(wrong).toEqual([]);
  },
);
