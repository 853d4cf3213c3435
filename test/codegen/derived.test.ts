/**
 * Transcendental functions, which a program holds as subroutines: the same bits as their expansions on every target,
 * one subroutine a function and number of lanes, none where a kernel has a single call; targets that lack them.
 */
import { describe, expect, it } from "vitest";
import wabt from "wabt";
import { derivedFns } from "../../codegen/derived.js";
import { emitJs } from "../../codegen/js.js";
import { emitWasm, emitWat } from "../../codegen/wasm.js";
import { legalize } from "../../compiler/passes/legalize.js";
import { expandFn } from "../../ir/expand.js";
import { parseKernel } from "../../ir/parse.js";
import { printKernel } from "../../ir/print.js";
import { arg, type ScalarFn, scalarFns } from "../../ir/scalar.js";
import { type Target, type TargetName, targets } from "../../ir/target.js";
import { verifyKernel } from "../../ir/verify.js";
import { random } from "../support/random.js";
import { scalarToFunction } from "../support/scalar-js.js";
import { execute, executeBoth, programOf } from "./execute.js";

const names = Object.keys(scalarFns) as ScalarFn[];
const called = derivedFns.filter((fn) => fn !== "rsqrt");

const source = random(11);
const special = [0, -0, 1, -1, 0.5, -0.65, 88.8, -104, 1e-45, -1e-40, 3e38, Infinity, -Infinity, NaN];
const arguments_ = Float32Array.from({ length: 512 }, (_, i) =>
  i < special.length ? special[i]! : i % 2 === 0 ? source.anyFloat() : source.normal() * 8,
);
const count = arguments_.length;

/** `times` calls in a kernel, on as many parts of x. */
function kernelOf(fn: ScalarFn, lanes: 1 | 4, times: 1 | 2): string {
  const part = count / times;
  const at = (n: number): string => (lanes === 4 ? `4*i + ${n * part} : 4` : `i + ${n * part}`);
  const lines = Array.from({ length: times }, (_, n) => `y[${at(n)}] = ${fn}(x[${at(n)}])`);
  return `kernel @k(x: f32[${count}] read, y: f32[${count}] write) {
    nest main { serial i in ${part / lanes} { ${lines.join("\n")} } }
  }`;
}

const wat = (text: string, target: TargetName = "wasm-simd"): Promise<string> =>
  emitWat(programOf(parseKernel(text)), targets[target]);

async function js(text: string, target: TargetName = "js"): Promise<string> {
  const artifact = await emitJs(programOf(parseKernel(text)), targets[target]);
  return artifact.kind === "js" ? artifact.source : "";
}

const functionsOf = (text: string): string[] =>
  [...text.matchAll(/^ \(func \$(\w+)/gm)].map((match) => match[1]!);

it("are those of the table that are not primitive", () => {
  expect([...derivedFns]).toEqual(names.filter((fn) => !scalarFns[fn].primitive));
});

describe.each(called)("%s", (fn) => {
  const expected = (rounding: "exact" | "wide-bits"): number[] =>
    [...arguments_].map((x) => Math.fround(scalarToFunction(expandFn(fn, [arg(0)]), rounding)(x)));

  it.each([1, 2] as const)("has the bits of its expansion, called from %s places", async (times) => {
    const given = { x: arguments_ };
    const exact = expected("exact");
    expect([...(await executeBoth(kernelOf(fn, 1, times), given)).y!]).toEqual(exact);
    expect([...(await execute("wasm-simd", kernelOf(fn, 4, times), given)).y!]).toEqual(exact);
    const wide = await execute("js-wide", kernelOf(fn, 1, times), given);
    expect([...wide.y!]).toEqual(expected("wide-bits"));
  });
});

describe("wasm subroutines", () => {
  const many = `kernel @tanh(x: f32[8] read, y: f32[8] write) {
    nest main {
      y[0] = tanh(x[0]) + erf(x[1])
      y[1] = tanh(exp(x[1]))
      y[0 : 4] = erf(x[4 : 4]) * splat(erf(x[2]))
      y[4 : 4] = erf(tanh(x[0 : 4]))
    }
  }`;

  it("are added once, when first needed; a single call is written in place", async () => {
    const text = await wat(many);
    // tanh of four lanes and exp occur once; the kernel has the name tanh.
    expect(functionsOf(text)).toEqual(["tanh_1", "erf", "erf_4", "tanh", "setup", "run"]);
    expect(text).toContain("(func $erf_4 (param $x v128) (result v128)");
    expect(text).toContain("(func $erf (param $x f32) (result f32)");
    expect(text.match(/call \$erf_4/g)).toHaveLength(2);
    expect(await wat(many)).toBe(text);
  });

  it("round each operation on wasm-relaxed too", async () => {
    const text = await wat(kernelOf("tanh", 4, 2), "wasm-relaxed");
    expect(text).toContain("call $tanh_4");
    expect(text).not.toContain("relaxed_madd");
  });

  it("pass another validator and export nothing", async () => {
    const artifact = await emitWasm(programOf(parseKernel(many)), targets["wasm-simd"]);
    if (artifact.kind !== "wasm") throw new Error("not wasm");
    const tool = await wabt();
    const module = tool.readWasm(artifact.bytes, { simd: true, sat_float_to_int: true });
    module.validate();
    module.destroy();
    const compiled = await WebAssembly.compile(artifact.bytes as Uint8Array<ArrayBuffer>);
    expect(WebAssembly.Module.exports(compiled).map(({ name }) => name)).toEqual(["memory", "setup", "run"]);
  });

  it("are much smaller than copies of them", async () => {
    const stores = Array.from({ length: 8 }, (_, n) => `y[${4 * n} : 4] = tanh(x[${4 * n} : 4])`).join("\n");
    const kernel = parseKernel(`kernel @k(x: f32[32] read, y: f32[32] write) { nest main { ${stores} } }`);
    const target = targets["wasm-simd"];
    const size = async (of: typeof kernel): Promise<number> => {
      const artifact = await emitWasm(programOf(of), target);
      return artifact.kind === "wasm" ? artifact.bytes.length : 0;
    };
    const copies = legalize(kernel, { target: lacking(target), precision: "default" });
    expect(await size(kernel)).toBeLessThan((await size(copies)) / 3);
  });
});

describe("js subroutines", () => {
  const exp2 = `kernel @exp(x: f32[2] read, erf: f32[2] write) { nest main { erf[0] = exp(x[0])
    erf[1] = exp(x[1]) } }`;

  it("stand before the kernels, which share no name with them", async () => {
    const text = await js(exp2);
    expect(text.slice(0, text.indexOf("const f32 ="))).toMatchInlineSnapshot(`
      "(memory) => {
        "use strict";
        const fround = Math.fround;
        const bits32 = new Int32Array(1);
        const bitsF32 = new Float32Array(bits32.buffer);
        const pow2 = (n) => {
          bits32[0] = ((Math.max(-2147483648, Math.min(n, 2147483647)) | 0) + 127) << 23;
          return bitsF32[0];
        };
        const exp = (x) => {
          const t = Math.max(Math.min(x, 170), -170);
          const t_1 = Math.floor(fround(fround(t * 1.4426950216293335) + 0.5));
          const t_2 = fround(fround(t - fround(t_1 * 0.693145751953125)) - fround(t_1 * 0.000001428606765330187));
          const t_3 = Math.floor(fround(t_1 * 0.5));
          return fround(fround(fround(1 + fround(t_2 + fround(fround(t_2 * t_2) * fround(fround(fround(fround(fround(fround(fround(fround(0.0013836355647072196 * t_2) + 0.008369128219783306) * t_2) + 0.041668105870485306) * t_2) + 0.16666516661643982) * t_2) + 0.4999999403953552)))) * pow2(t_3)) * pow2(fround(t_1 - t_3)));
        };
        const exp_ = (x, erf_) => {
          erf_[0] = exp(x[0]);
          erf_[1] = exp(x[1]);
        };
        "
    `);
  });

  it("round only where the target does", async () => {
    expect(await js(exp2, "js-wide")).not.toContain("fround");
  });

  it("are not there for a single call", async () => {
    const text = await js(kernelOf("log", 1, 1));
    expect(text).not.toContain("const log =");
    expect(text).toContain("const exponent =");
  });
});

/** A target that has primitives only. */
function lacking(target: Target): Target {
  return { ...target, fns: new Set(names.filter((fn) => scalarFns[fn].primitive)) };
}

describe("legalize", () => {
  const context = (target: Target) => ({ target, precision: "highest" }) as const;
  const all = derivedFns.map((fn, n) => `y[${n}] = ${fn}(x[${n}])`).join("\n");
  const every = parseKernel(`kernel @k(x: f32[8] read, y: f32[8] write) { nest main { ${all}
    y[0 : 4] = expm1(log(x[4 : 4])) } }`);

  it.each(["js", "wasm-simd"] as const)("expands what a target lacks (%s)", (name) => {
    const target = lacking({ ...targets[name], lanes: 4 });
    const legal = legalize(every, context(target));
    expect(verifyKernel(legal, target)).toEqual([]);
    expect(verifyKernel(every, target)).not.toEqual([]);
    expect(printKernel(legal)).not.toMatch(/\b(rsqrt|exp|expm1|log|log1p|tanh|erf|erfc)\(/);
  });

  it("expands to the bits of the subroutine", async () => {
    const given = { x: arguments_ };
    for (const fn of called) {
      const kernel = parseKernel(kernelOf(fn, 4, 2));
      const copies = legalize(kernel, context(lacking(targets["wasm-simd"])));
      expect(await execute("wasm-simd", copies, given)).toEqual(await execute("wasm-simd", kernel, given));
    }
  });

  it("keeps the calls a target has, all but rsqrt", () => {
    const has = (Object.values(targets) as Target[]).map(({ fns }) => derivedFns.filter((fn) => fns.has(fn)));
    for (const fns of has) expect(fns).toEqual(called);
    const legal = printKernel(legalize(every, context(targets["wasm-simd"])));
    expect(legal).toContain("expm1(log(x[4 : 4]))");
    expect(legal).toContain("1 / sqrt(x[0])");
  });

  it("gives arguments equal lanes", () => {
    const text = "kernel @k(x: f32[4] read, y: f32[4] write) { nest main { y[0 : 4] = tanh(x[0 : 4] + 1) } }";
    const legal = legalize(parseKernel(text), context(targets["wasm-simd"]));
    expect(printKernel(legal)).toContain("tanh(x[0 : 4] + splat(1))");
    const one = text.replace("x[0 : 4] + 1", "1");
    expect(printKernel(legalize(parseKernel(one), context(targets["wasm-simd"])))).toContain(
      "splat(tanh(1))",
    );
  });
});
