/**
 * Hand-written programs that stand in for the compiler's: y = 2*x + w over four floats, as js and as wasm, and a js one
 * with two inputs and a record of results.
 */
import wabt from "wabt";
import type { Artifact } from "../../codegen/backend.js";
import { targets } from "../../ir/target.js";
import type { Program } from "../../runtime/program.js";

export const affineProgram: Program = {
  name: "affine",
  backend: "js",
  inputs: [{ name: "x", dtype: "float32", shape: [1, 4], offset: 0 }],
  outputs: [{ name: "y", dtype: "float32", shape: [1, 4], offset: 16 }],
  outputTree: 0,
  weights: [{ name: "params/bias", dtype: "float32", shape: [], offset: 32 }],
  memoryBytes: 48,
};

/** setup doubles the bias into a place of its own, so that a test can tell whether it ran. */
export const affineSource = `(memory) => {
  const f = new Float32Array(memory);
  return {
    setup() { f[9] = Math.fround(f[8] * 2); },
    run() { for (let i = 0; i < 4; i++) f[4 + i] = Math.fround(Math.fround(2 * f[i]) + f[9]); },
  };
}`;

export const affineJs: Artifact = { kind: "js", target: targets.js, source: affineSource };

/** What the affine programs compute. */
export function affine(x: readonly number[], bias: number): number[] {
  return x.map((value) => 2 * value + 2 * bias);
}

export const bias = 0.25;
export const affineWeights = new Uint8Array(new Float32Array([bias]).buffer);

const wat = (product: string, features: string): string => `(module
  (memory (export "memory") 1 1)
  (func (export "setup")
    (f32.store (i32.const 36) (f32.mul (f32.load (i32.const 32)) (f32.const 2))))
  (func (export "run")
    (v128.store (i32.const 16) ${product}))
  ${features})`;

async function assemble(text: string): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const module = parseWat("affine.wat", text, { simd: true, relaxed_simd: true });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** The same program for both wasm targets; the relaxed one is refused by engines without relaxed SIMD (Node 20). */
export async function affineWasm(): Promise<readonly Artifact[]> {
  const x = "(v128.load (i32.const 0))";
  const two = "(v128.const f32x4 2 2 2 2)";
  const b = "(v128.load32_splat (i32.const 36))";
  return [
    {
      kind: "wasm",
      target: targets["wasm-simd"],
      bytes: await assemble(wat(`(f32x4.add (f32x4.mul ${x} ${two}) ${b})`, "")),
    },
    {
      kind: "wasm",
      target: targets["wasm-relaxed"],
      bytes: await assemble(wat(`(f32x4.relaxed_madd ${x} ${two} ${b})`, "")),
    },
  ];
}

/** sum = a + b, big = a > b; a uint8[3], b float16[3] (its bits are compared), results a record with a tuple in it. */
export const pairProgram: Program = {
  name: "pair",
  backend: "js",
  inputs: [
    { name: "a", dtype: "uint8", shape: [3], offset: 0 },
    { name: "b", dtype: "float16", shape: [3], offset: 4 },
  ],
  outputs: [
    { name: "sum", dtype: "int32", shape: [3], offset: 16 },
    { name: "bits", dtype: "float16", shape: [3], offset: 28 },
  ],
  outputTree: { sum: 0, rest: [1, 0] },
  weights: [],
  memoryBytes: 48,
};

export const pairSource = `(memory) => {
  const a = new Uint8Array(memory, 0, 3), b = new Uint16Array(memory, 4, 3);
  const sum = new Int32Array(memory, 16, 3), bits = new Uint16Array(memory, 28, 3);
  return {
    setup() {},
    run() { for (let i = 0; i < 3; i++) { sum[i] = a[i] + b[i]; bits[i] = b[i]; } },
  };
}`;

export const pairJs: Artifact = { kind: "js", target: targets.js, source: pairSource };
