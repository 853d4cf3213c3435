/** Loops, lets, gates, buffers and element types: both backends do what the kernel says. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emitJs } from "../../codegen/js.js";
import { emitWasm } from "../../codegen/wasm.js";
import { InternalError } from "../../ir/diagnostic.js";
import type { Expr, Kernel } from "../../ir/kernel.js";
import { affine } from "../../ir/kernel.js";
import { parseKernel } from "../../ir/parse.js";
import { targets } from "../../ir/target.js";
import { execute, executeBoth, programOf } from "./execute.js";

const ramp = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => i + 1);

describe("addresses", () => {
  it("run backwards, start past zero and stay below 2^32 at the start of memory", async () => {
    const text = `kernel @k(x: f32[24] read, y: f32[24] write) {
      nest main {
        serial a in 1..4 {
          serial b in 2..6 {
            y[6*a + b - 6] = x[29 - 6*a - b] + x[8*a - 8]
            y[0] += x[-b + 5]
          }
        }
      }
    }`;
    const x = ramp(24);
    const y = new Float32Array(24);
    for (let a = 1; a < 4; a++)
      for (let b = 2; b < 6; b++) {
        y[6 * a + b - 6] = x[29 - 6 * a - b]! + x[8 * a - 8]!;
        y[0]! += x[-b + 5]!;
      }
    for (const first of [0, 64]) expect((await executeBoth(text, { x }, first)).y).toEqual(y);
  });

  it("may lie outside memory where a gate is false", async () => {
    const text = `kernel @k(x: f32[5] read, y: f32[9] write, z: f32[5] write) {
      nest main {
        serial i in 9 {
          y[i] = (x[i - 2] when (inside(i - 2, 5)) else -inf) + (x[2*i - 5] when (inside(2*i - 5, 5)) else 0.5)
          z[i - 3] = 7 when (inside(i - 3, 5) & divides(i, 2))
          z[2 - i] += 1 when (not(or(inside(i - 3, 100), divides(i + 2, 4))))
        }
      }
    }`;
    const x = ramp(5);
    const inside = (i: number): boolean => i >= 0 && i < 5;
    const y = Float32Array.from({ length: 9 }, (_, i) => {
      return (inside(i - 2) ? x[i - 2]! : -Infinity) + (inside(2 * i - 5) ? x[2 * i - 5]! : 0.5);
    });
    for (const first of [0, 64]) {
      const found = await executeBoth(text, { x, z: new Float32Array(5) }, first);
      expect(found.y).toEqual(y);
      expect([...found.z!]).toEqual([0, 8, 1, 7, 0].map((_, i) => expectedZ(i)));
    }
    function expectedZ(at: number): number {
      let value = 0;
      for (let i = 0; i < 9; i++) {
        if (i - 3 === at && i % 2 === 0) value = 7;
        if (2 - i === at && !(i >= 3 || (i + 2) % 4 === 0)) value += 1;
      }
      return value;
    }
  });

  it("are those of the kernel, for any loops and coefficients", async () => {
    const axis = fc.record({
      start: fc.integer({ min: -3, max: 3 }),
      extent: fc.integer({ min: 0, max: 4 }),
      coef: fc.integer({ min: -4, max: 4 }),
    });
    const run = async (
      axes: { start: number; extent: number; coef: number }[],
      cut: number,
    ): Promise<void> => {
      const extremes = axes.map(({ start, extent, coef }) => [start * coef, (start + extent - 1) * coef]);
      const low = extremes.reduce((sum, ends) => sum + Math.min(...ends), 0);
      const size = extremes.reduce((sum, ends) => sum + Math.max(...ends), 1) - low;
      if (axes.some(({ extent }) => extent === 0) || size <= cut) return;
      const term = ({ coef }: { coef: number }, a: number): string => `${coef}*a${a}`;
      const at = `${axes.map(term).join(" + ")} + ${-low}`.replace(/\+ -/g, "- ").replace(/- -/g, "+ ");
      const gated = `${at} - ${cut}`;
      const inner = `y[${at}] += x[${at}]
        z[${gated}] += (x[${gated}] when (inside(${gated}, ${size - cut})) else 0) when (inside(${gated}, ${size - cut}))`;
      const loops = axes.reduceRight(
        (body, { start, extent }, a) => `serial a${a} in ${start}..${start + extent} { ${body} }`,
        inner,
      );
      const text = `kernel @k(x: f32[${size}] read, y: f32[${size}] write, z: f32[${size - cut}] write) {
        nest main { ${loops} }
      }`;
      const x = ramp(size);
      const y = new Float32Array(size);
      const z = new Float32Array(size - cut);
      const visit = (a: number, index: number): void => {
        const loop = axes[a];
        if (loop === undefined) {
          y[index]! += x[index]!;
          if (index >= cut) z[index - cut]! += x[index - cut]!;
          return;
        }
        for (let i = 0; i < loop.extent; i++) visit(a + 1, index + (loop.start + i) * loop.coef);
      };
      visit(0, -low);
      const zeros = { y: new Float32Array(size), z: new Float32Array(size - cut) };
      const found = await executeBoth(text, { x, ...zeros }, 0);
      expect(found.y).toEqual(y);
      expect(found.z).toEqual(z);
    };
    const loops = fc.array(axis, { minLength: 1, maxLength: 3 });
    await fc.assert(fc.asyncProperty(loops, fc.integer({ min: 0, max: 5 }), run), { numRuns: 60 });
  });

  it("use axes and lets that are called like a buffer", async () => {
    const text = `kernel @k(x: f32[4] read, i: f32[4] write) {
      nest main { serial i in 4 { let x = x[i] + 1
        i[i] = x * x } }
    }`;
    expect([...(await executeBoth(text, { x: ramp(4) })).i!]).toEqual([4, 9, 16, 25]);
  });

  it("go through integer lets", async () => {
    const text = `kernel @k(x: f32[7] read, y: f32[150] write) {
      nest main {
        serial i in 30 {
          let j = i - 11
          let d = div(j, 4)
          let m = mod(3*j - 1, 7)
          let c = clamp(j, 7)
          let w = wrap(2*j, 7)
          let r = reflect(j, 7)
          let e = reflect(j, 1)
          y[5*i] = x[clamp_d]
          y[5*i + 1] = x[m]
          y[5*i + 2] = x[c]
          y[5*i + 3] = x[w]
          y[5*i + 4] = x[r] + x[e]
        }
      }
    }`.replace("y[5*i] = x[clamp_d]", "let f = clamp(d + 3, 7)\n y[5*i] = x[f]");
    const x = ramp(7);
    const wrap = (i: number, by: number): number => ((i % by) + by) % by;
    const clamp = (i: number): number => Math.min(Math.max(i, 0), 6);
    const y = Array.from({ length: 30 }, (_, i) => {
      const j = i - 11;
      const r = wrap(j, 12);
      return [
        x[clamp(Math.floor(j / 4) + 3)]!,
        x[wrap(3 * j - 1, 7)]!,
        x[clamp(j)]!,
        x[wrap(2 * j, 7)]!,
        x[r < 7 ? r : 12 - r]! + x[0]!,
      ];
    });
    for (const first of [0, 64]) expect([...(await executeBoth(text, { x }, first)).y!]).toEqual(y.flat());
  });
});

describe("blocks", () => {
  it("loops of no and one iteration, ifs, several nests and intermediate buffers", async () => {
    const text = `kernel @k(x: f32[6] read, y: f32[6] write) {
      scratch t: f32[6]
      nest first {
        serial i in 6 { t[i] = x[i] * 2 }
        serial i in 0 { t[i] = 100 }
      }
      nest second {
        serial i in 6 {
          serial j in 3..4 {
            if (inside(i - 1, 4) & lt(x[i], 4)) { y[i] = t[i + j - 3] }
            if (not(inside(i - 1, 4))) { y[i] = -1 }
          }
          barrier
        }
      }
    }`;
    const found = await executeBoth(text, { x: ramp(6), y: new Float32Array(6).fill(9) });
    expect([...found.y!]).toEqual([-1, 4, 6, 9, 9, -1]);
  });

  it("register buffers start afresh in every iteration", async () => {
    const text = `kernel @k(x: f32[12] read, y: f32[9] write) {
      nest main {
        serial i in 3 {
          register sum: f32[2] = 0
          register top: f32[1] = -inf
          serial k in 4 {
            sum[1] += x[4*i + k]
            top[0] max= x[4*i + k]
            sum[0] min= x[4*i + k] - 10
          }
          y[3*i] = sum[0]
          y[3*i + 1] = sum[1]
          y[3*i + 2] = top[0]
        }
      }
    }`;
    const { y } = await executeBoth(text, { x: ramp(12) });
    expect([...y!]).toEqual([-9, 10, 4, -5, 26, 8, -1, 42, 12]);
  });

  it("vector register buffers, splats, vectors and lanes (wasm)", async () => {
    const text = `kernel @k(x: f32[8] read, w: f32[16] read, y: f32[8] write) {
      nest main {
        register acc: f32[8] = 0.5
        serial k in 2 {
          let v = splat(x[k])
          acc[0 : 4] += v * w[8*k : 4]
          acc[4 : 4] += v * w[8*k + 4 : 4]
        }
        let m = vector(x[0], x[1], lane(acc[0 : 4], 3), 2)
        y[0 : 4] = max(acc[0 : 4], m)
        y[4 : 4] = select(lt(acc[4 : 4], m), splat(lane(m, 3)), acc[4 : 4])
      }
    }`;
    const acc = Array.from({ length: 8 }, (_, i) => 0.5 + (i + 1) + 2 * (8 + i + 1));
    const m = [1, 2, acc[3]!, 2];
    const expected = acc.map((a, i) => (i < 4 ? Math.max(a, m[i]!) : a < m[i - 4]! ? 2 : a));
    const { y } = await execute("wasm-simd", text, { x: ramp(8), w: ramp(16) });
    expect([...y!]).toEqual(expected);
  });

  it("gated vector loads and splats (wasm)", async () => {
    const text = `kernel @k(x: f32[8] read, y: f32[24] write) {
      nest main {
        serial i in 3 {
          y[8*i : 4] = x[4*i - 4 : 4] when (inside(i - 1, 2)) else -0
          y[8*i + 4 : 4] = splat(x[4*i - 4] when (inside(i - 1, 2)) else 3)
        }
      }
    }`;
    for (const first of [0, 64]) {
      const { y } = await execute("wasm-simd", text, { x: ramp(8) }, first);
      expect([...y!]).toEqual(
        [
          [-0, -0, -0, -0, 3, 3, 3, 3],
          [1, 2, 3, 4, 1, 1, 1, 1],
          [5, 6, 7, 8, 5, 5, 5, 5],
        ].flat(),
      );
    }
  });

  it("computes an expression shared by identity once", async () => {
    let value: Expr = { kind: "load", from: { buffer: "x", at: affine(0), lanes: 1, gate: null } };
    for (let i = 0; i < 40; i++) value = { kind: "call", fn: "add", args: [value, value] };
    const size = { element: "f32", size: 1 } as const;
    const kernel: Kernel = {
      name: "k",
      params: [
        { name: "x", ...size, access: "read" },
        { name: "y", ...size, access: "write" },
      ],
      locals: [],
      nests: [
        {
          name: "main",
          body: [{ kind: "store", to: { buffer: "y", at: affine(0), lanes: 1, gate: null }, value }],
        },
      ],
    };
    const { y } = await executeBoth(kernel, { x: Float32Array.of(1.5) });
    expect(y![0]).toBe(1.5 * 2 ** 40);
  });
});

describe("element types", () => {
  const cases = {
    f32: Float32Array.of(0.1, -0, NaN, Infinity, 1e-45, -2, 3, 4),
    i32: Int32Array.of(0, -1, 16777217, -16777219, 2147483647, -2147483648, 5, 6),
    u32: Uint32Array.of(0, 1, 16777217, 4294967295, 2147483648, 5, 6, 7),
    i8: Int8Array.of(-128, 127, 0, -1, 5, -5, 77, 1),
    u8: Uint8Array.of(0, 255, 128, 127, 1, 2, 3, 200),
    bool: Uint8Array.of(0, 1, 1, 0, 1, 0, 0, 1),
  } as const;

  it.each(Object.keys(cases) as (keyof typeof cases)[])(
    "%s is loaded as the nearest f32",
    async (element) => {
      const kernel = (lanes: 1 | 4): string => `kernel @k(x: ${element}[8] read, y: f32[8] write) {
      nest main { serial i in ${8 / lanes} { y[${lanes === 4 ? "4*i : 4" : "i"}] = x[${lanes === 4 ? "4*i : 4" : "i"}] } }
    }`;
      const x = cases[element];
      const expected = [...x].map(Math.fround);
      expect([...(await executeBoth(kernel(1), { x })).y!]).toEqual(expected);
      expect([...(await execute("wasm-simd", kernel(4), { x })).y!]).toEqual(expected);
    },
  );

  it.each(["i32", "u32", "i8", "u8", "bool"] as const)("%s is stored", async (element) => {
    const values = {
      i32: [0, -1, 16777216, -2147483648, 5, 6, 7, -8],
      u32: [0, 1, 4294967040, 2147483648, 5, 6, 7, 8],
      i8: [-128, 127, 0, -1, 5, -5, 77, 1],
      u8: [0, 255, 128, 127, 1, 2, 3, 200],
      bool: [0, 1, 1, 0, 1, 0, 0, 1],
    }[element];
    const kernel = (lanes: 1 | 4): string => `kernel @k(x: f32[8] read, y: ${element}[9] write) {
      nest main { serial i in ${8 / lanes} { y[${lanes === 4 ? "4*i : 4" : "i"}] = x[${lanes === 4 ? "4*i : 4" : "i"}] } }
    }`;
    const given = { x: Float32Array.from(values) };
    expect([...(await executeBoth(kernel(1), given)).y!]).toEqual([...values, 0]);
    expect([...(await execute("wasm-simd", kernel(4), given)).y!]).toEqual([...values, 0]);
  });

  it("i32 is rounded to f32 before it is added to", async () => {
    const text = `kernel @k(x: i32[2] read-write) { nest main { x[0] += 1
      x[1] = x[1] - 1 } }`;
    const { x } = await executeBoth(text, { x: Int32Array.of(16777217, 16777219) });
    expect([...x!]).toEqual([16777216, 16777220 - 1 + 1]);
  });
});

describe("kernels that are not legal", () => {
  const wrong = {
    "a parallel loop": "parallel i in 4 { y[i] = 1 }",
    "an unrolled loop": "unroll i in 4 { y[i] = 1 }",
    "a shared buffer": "shared t: f32[4] = 0\n t[0] = 1",
    "a register buffer with a variable index": "register t: f32[4] = 0\n serial i in 4 { t[i] = 1 }",
    "a function the target lacks": "y[0] = rsqrt(x[0])",
    fma: "y[0] = fma(x[0], x[1], x[2])",
    "an unknown buffer": "y[0] = q[0]",
  };
  it.each(Object.entries(wrong))("%s", async (_, body) => {
    const kernel = parseKernel(`kernel @k(x: f32[4] read, y: f32[4] write) { nest main { ${body} } }`);
    for (const target of [targets.js, targets["wasm-simd"]]) {
      const emit = target.backend === "js" ? emitJs : emitWasm;
      await expect(emit(programOf(kernel), target), target.name).rejects.toThrow(InternalError);
    }
  });

  it("js has no vectors", async () => {
    const kernel = parseKernel("kernel @k(y: f32[4] write) { nest main { y[0 : 4] = splat(1) } }");
    await expect(emitJs(programOf(kernel), targets.js)).rejects.toThrow("js has no vectors");
  });

  it("calls of kernels that are not there or take something else", async () => {
    const kernel = parseKernel("kernel @k(y: f32[4] write) { nest main { y[0] = 1 } }");
    const program = programOf(kernel);
    for (const run of [[{ kernel: "other", args: [0] }], [{ kernel: "k", args: [] }]])
      await expect(emitJs({ ...program, run }, targets.js)).rejects.toThrow(InternalError);
  });
});
