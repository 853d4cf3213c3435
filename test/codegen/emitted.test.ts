/** What the emitted code looks like: goldens, words that must and must not occur, sharing, determinism. */

import { describe, expect, it } from "vitest";
import wabt from "wabt";
import { emitJs } from "../../codegen/js.js";
import { emitWasm, emitWat } from "../../codegen/wasm.js";
import { parseKernel } from "../../ir/parse.js";
import type { KernelProgram } from "../../ir/program.js";
import { type TargetName, targets } from "../../ir/target.js";
import { load, programOf } from "./execute.js";

const relu = `kernel @dot.relu(x: f32[32] read, w: f32[8] read, y: f32[4] write) {
  nest main {
    serial oh in 4 {
      register acc: f32[1] = 0
      serial ic in 8 {
        acc[0] += x[8*oh + ic] * w[ic]
      }
      y[oh] = max(acc[0], 0)
    }
  }
}`;

const fma = `kernel @fma(x: f32[64] read, w: f32[64] read, y: f32[8] write) {
  nest main {
    register acc: f32[8] = 0
    serial k in 8 {
      let v = splat(x[k + 3])
      acc[0] = 1
      y[k] = fma(x[k], w[k], acc[0])
    }
  }
}`;

const vector = `kernel @dots(x: f32[64] read, w: f32[64] read, y: f32[4] write) {
  nest main {
    register acc: f32[4] = 0
    serial k in 8 {
      acc[0 : 4] += splat(x[k + 3]) * w[4*k + 8 : 4]
    }
    y[0 : 4] = acc[0 : 4]
  }
}`;

const expf = `kernel @bits(x: f32[4] read, y: f32[4] write) {
  nest main {
    serial eval in 4 {
      y[eval] = mantissa(x[eval]) * pow2(exponent(x[eval])) - x[3 - eval] * -1
    }
  }
}`;

async function js(program: KernelProgram, target: TargetName = "js"): Promise<string> {
  const artifact = await emitJs(program, targets[target]);
  if (artifact.kind !== "js") throw new Error("not js");
  return artifact.source;
}

async function wasm(program: KernelProgram, target: TargetName = "wasm-simd"): Promise<Uint8Array> {
  const artifact = await emitWasm(program, targets[target]);
  if (artifact.kind !== "wasm") throw new Error("not wasm");
  return artifact.bytes;
}

const program = (text: string): KernelProgram => programOf(parseKernel(text));

describe("js text", () => {
  it("rounds after every operation but before a store", async () => {
    expect(await js(program(relu))).toMatchInlineSnapshot(`
      "(memory) => {
        "use strict";
        const fround = Math.fround;
        const dot_relu = (x, w, y) => {
          for (let oh = 0; oh < 4; oh++) {
            const at = 8 * oh;
            let acc_0 = 0;
            for (let ic = 0; ic < 8; ic++) {
              const at_1 = at + ic;
              acc_0 = fround(acc_0 + fround(x[at_1] * w[ic]));
            }
            y[oh] = Math.max(acc_0, 0);
          }
        };
        const f32 = new Float32Array(memory, 64, 32);
        const f32_1 = new Float32Array(memory, 192, 8);
        const f32_2 = new Float32Array(memory, 224, 4);
        return {
          setup() {},
          run() {
            dot_relu(f32, f32_1, f32_2);
          },
        };
      }"
    `);
  });

  it("keeps doubles on js-wide", async () => {
    const wide = await js(program(relu), "js-wide");
    expect(wide).not.toContain("fround");
    expect(wide).toContain("acc_0 += x[at_1] * w[ic];");
  });

  it("defines what it needs, avoids words of the language, brackets negative numbers", async () => {
    expect(await js(program(expf))).toMatchInlineSnapshot(`
      "(memory) => {
        "use strict";
        const fround = Math.fround;
        const bits32 = new Int32Array(1);
        const bitsF32 = new Float32Array(bits32.buffer);
        const pow2 = (n) => {
          bits32[0] = ((Math.max(-2147483648, Math.min(n, 2147483647)) | 0) + 127) << 23;
          return bitsF32[0];
        };
        const mantissa = (x) => {
          bitsF32[0] = x;
          bits32[0] = (bits32[0] & 0x7fffff) | 0x3f000000;
          return bitsF32[0];
        };
        const exponent = (x) => {
          bitsF32[0] = x;
          return ((bits32[0] >> 23) & 255) - 126;
        };
        const bits = (x, y) => {
          for (let eval_ = 0; eval_ < 4; eval_++) {
            const at = 0 - eval_;
            y[eval_] = fround(mantissa(x[eval_]) * pow2(exponent(x[eval_]))) - fround(x[at + 3] * -1);
          }
        };
        const f32 = new Float32Array(memory, 64, 4);
        const f32_1 = new Float32Array(memory, 80, 4);
        return {
          setup() {},
          run() {
            bits(f32, f32_1);
          },
        };
      }"
    `);
  });

  it("cannot evaluate text, and names nothing but Math and typed arrays", async () => {
    for (const text of [relu, expf]) {
      const source = await js(program(text));
      expect(source).not.toMatch(/\b(eval|Function|require|import|globalThis|window|process)\b/);
      const globals = new Set(source.match(/\b[A-Z]\w+/g));
      for (const name of globals) expect(["Math", "Float32Array", "Int32Array"]).toContain(name);
    }
  });
});

describe("wasm text", () => {
  it("puts constants into immediates and keeps the accumulator in a local", async () => {
    const wat = await emitWat(program(vector), targets["wasm-simd"]);
    expect(wat.slice(wat.indexOf("\n (func $dots"), wat.indexOf("\n (func $setup"))).toMatchInlineSnapshot(`
      "
       (func $dots (param $x i32) (param $w i32) (param $y i32)
        (local $acc_0 v128)
        (local $k i32)
        (local $x_at i32)
        (local $w_at i32)
        (local.set $acc_0
         (f32x4.splat
          (f32.const 0)
         )
        )
        (local.set $k
         (i32.const 0)
        )
        (loop $k
         (local.set $x_at
          (i32.add
           (local.get $x)
           (i32.shl
            (local.get $k)
            (i32.const 2)
           )
          )
         )
         (local.set $w_at
          (i32.add
           (local.get $w)
           (i32.shl
            (local.get $k)
            (i32.const 4)
           )
          )
         )
         (local.set $acc_0
          (f32x4.add
           (local.get $acc_0)
           (f32x4.mul
            (v128.load32_splat offset=12
             (local.get $x_at)
            )
            (v128.load offset=32 align=4
             (local.get $w_at)
            )
           )
          )
         )
         (br_if $k
          (i32.lt_s
           (local.tee $k
            (i32.add
             (local.get $k)
             (i32.const 1)
            )
           )
           (i32.const 8)
          )
         )
        )
        (v128.store align=4
         (local.get $y)
         (local.get $acc_0)
        )
       )"
    `);
  });

  it("splats straight from memory", async () => {
    const wat = await emitWat(program(vector), targets["wasm-simd"]);
    expect(wat).toContain("v128.load32_splat offset=12");
    expect(wat).toContain("v128.load offset=32 align=4");
    expect(wat).not.toContain("pmax");
  });

  it("has relaxed multiply-add only where the target has it and only of vectors", async () => {
    const fused = vector.replace(
      "acc[0 : 4] += splat(x[k + 3]) * w[4*k + 8 : 4]",
      "acc[0 : 4] = fma(splat(x[k + 3]), w[4*k + 8 : 4], acc[0 : 4])",
    );
    const relaxed = targets["wasm-relaxed"];
    expect(await emitWat(program(fused), relaxed)).toContain("f32x4.relaxed_madd");
    expect(await emitWat(program(fma), relaxed)).not.toContain("relaxed_madd");
    expect(await emitWat(program(fma), relaxed)).toContain("f32.mul");
    expect(await emitWat(program(vector), relaxed)).not.toContain("relaxed_madd");
    await expect(emitWasm(program(fused), targets["wasm-simd"])).rejects.toThrow("fma");
  });

  it("has memory of the size asked for, that never grows", async () => {
    const of = async (memoryBytes: number): Promise<string> =>
      emitWat({ ...program(vector), memoryBytes }, targets["wasm-simd"]);
    expect(await of(0)).toMatch(/\(memory \S+ 1 1\)/);
    expect(await of(65536)).toMatch(/\(memory \S+ 1 1\)/);
    expect(await of(65537)).toMatch(/\(memory \S+ 2 2\)/);
  });
});

describe("wasm bytes", () => {
  it("pass another validator", async () => {
    const tool = await wabt();
    const check = (bytes: Uint8Array, relaxed: boolean): void => {
      const module = tool.readWasm(bytes, { simd: true, sat_float_to_int: true, relaxed_simd: relaxed });
      module.validate();
      module.destroy();
    };
    for (const text of [relu, vector, expf]) check(await wasm(program(text)), false);
    check(await wasm(program(fma), "wasm-relaxed"), true);
    const fused = vector.replace(
      "+= splat(x[k + 3]) * w[4*k + 8 : 4]",
      "= fma(splat(x[k + 3]), w[4*k : 4], acc[0 : 4])",
    );
    const bytes = await wasm(program(fused), "wasm-relaxed");
    check(bytes, true);
    expect(() => check(bytes, false)).toThrow();
  });

  it("export memory, setup and run, and nothing else", async () => {
    const module = await WebAssembly.compile((await wasm(program(vector))) as Uint8Array<ArrayBuffer>);
    expect(
      WebAssembly.Module.exports(module)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["memory", "run", "setup"]);
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(WebAssembly.Module.customSections(module, "name")).toEqual([]);
  });
});

it.each([relu, vector, fma, expf])("the same program gives the same output (%#)", async (text) => {
  const relaxed = "wasm-relaxed";
  expect(await wasm(program(text), relaxed)).toEqual(await wasm(program(text), relaxed));
  if (text === relu || text === expf) expect(await js(program(text))).toBe(await js(program(text)));
});

describe("kernels", () => {
  const scale = (name: string, by: number): string =>
    `kernel @${name}(x: f32[4] read, y: f32[4] write) { nest main { serial i in 4 { y[i] = x[i] * ${by} } } }`;
  const shared: KernelProgram = {
    name: "shared",
    kernels: [scale("twice", 2), scale("double", 2), scale("thrice", 3), scale("unused", 4)].map(parseKernel),
    setup: [{ kernel: "thrice", args: [0, 16] }],
    run: [
      { kernel: "twice", args: [16, 32] },
      { kernel: "double", args: [32, 48] },
      { kernel: "twice", args: [48, 64] },
    ],
    memoryBytes: 80,
  };

  it("that are the same become one function; those nobody calls none", async () => {
    expect(await js(shared)).toMatchInlineSnapshot(`
      "(memory) => {
        "use strict";
        const thrice = (x, y) => {
          for (let i = 0; i < 4; i++) {
            y[i] = x[i] * 3;
          }
        };
        const twice = (x, y) => {
          for (let i = 0; i < 4; i++) {
            y[i] = x[i] * 2;
          }
        };
        const f32 = new Float32Array(memory, 0, 4);
        const f32_1 = new Float32Array(memory, 16, 4);
        const f32_2 = new Float32Array(memory, 32, 4);
        const f32_3 = new Float32Array(memory, 48, 4);
        const f32_4 = new Float32Array(memory, 64, 4);
        return {
          setup() {
            thrice(f32, f32_1);
          },
          run() {
            twice(f32_1, f32_2);
            twice(f32_2, f32_3);
            twice(f32_3, f32_4);
          },
        };
      }"
    `);
    const wat = await emitWat(shared, targets["wasm-simd"]);
    expect(wat.match(/^ \(func \$\w+/gm)).toEqual([
      " (func $thrice",
      " (func $twice",
      " (func $setup",
      " (func $run",
    ]);
  });

  it.each(["js", "wasm-simd"] as const)("run in order, setup apart (%s)", async (name) => {
    const loaded = await load(shared, targets[name]);
    const all = new Float32Array(loaded.memory, 0, 20);
    all[0] = 1;
    loaded.run();
    expect(all[16]).toBe(0);
    loaded.setup();
    expect([all[4], all[16]]).toEqual([3, 0]);
    loaded.run();
    expect(all[16]).toBe(24);
  });
});
