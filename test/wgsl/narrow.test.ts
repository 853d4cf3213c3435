/** Elements smaller than a word on an adapter: every pattern is read and written as it should be. */
import { describe, expect, it } from "vitest";
import { compile, lax, tensor } from "../../compiler/index.js";
import type { Traced } from "../../compiler/traced.js";
import type { DType } from "../../runtime/tensor.js";
import { hasAdapter } from "../support/webgpu.js";

const here = await hasAdapter();
const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe.skipIf(!here)("on an adapter", () => {
  it.each(["float16", "bfloat16"] as const)("all %s", { timeout: 60_000 }, async (dtype) => {
    const [exponent, quiet] = dtype === "float16" ? [0x7c00, 0x7e00] : [0x7f80, 0x7fc0];
    const f = await compile((x: Traced) => lax.neg(x), {
      inputs: [{ shape: [65536], dtype }],
      backend: "wgsl",
    });
    const { data } = await f.run(tensor(patterns, [65536], dtype));
    const wrong: string[] = [];
    patterns.forEach((bits, i) => {
      const size = bits & 0x7fff;
      const isNan = size > exponent;
      // An adapter may flush a subnormal number; of these only bfloat16 has any in float32.
      const flushed = dtype === "bfloat16" && size < 0x80 && (data[i]! & 0x7fff) === 0;
      const found = isNan ? data[i]! & 0x7fff : data[i];
      const expected = isNan ? quiet : bits ^ 0x8000;
      if (found !== expected && !flushed && !(isNan && found! > exponent)) wrong.push(`${bits}: ${data[i]}`);
    });
    expect(wrong).toEqual([]);
    f.dispose();
  });

  it.each([
    ["int8", [-128, -1, 0, 1, 127]],
    ["uint8", [0, 1, 127, 128, 255]],
    ["int32", [-(2 ** 31), -1, 0, 1, 2 ** 31 - 1]],
    ["bool", [0, 1, 1, 0, 1]],
  ] as const satisfies readonly (readonly [DType, readonly number[]])[])(
    "%s passes unchanged",
    async (dtype, values) => {
      const f = await compile((x: Traced) => [x, lax.transpose(lax.reshape(x, [5, 1]), [1, 0])], {
        inputs: [{ shape: [5], dtype }],
        backend: "wgsl",
      });
      const x = tensor([...values], [5], dtype);
      const [same] = await f.run(x);
      expect([...same!.data]).toEqual([...x.data]);
      f.dispose();
    },
  );
});
