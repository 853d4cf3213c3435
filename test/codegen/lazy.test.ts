/** Binaryen is large: only emitting wasm may load it. */
import { expect, it, vi } from "vitest";

const { loads } = vi.hoisted(() => ({ loads: { count: 0 } }));
vi.mock("binaryen", () => {
  loads.count++;
  throw new Error("binaryen is loaded");
});

it("importing the backends and emitting js do not load binaryen, emitting wasm does", async () => {
  const { backends } = await import("../../codegen/backend.js");
  const { targets } = await import("../../ir/target.js");
  const program = { name: "empty", kernels: [], setup: [], run: [], memoryBytes: 0 };
  await (await backends.js())(program, targets.js);
  const emitWasm = await backends.wasm();
  expect(loads.count).toBe(0);
  await expect(emitWasm(program, targets["wasm-simd"])).rejects.toThrow();
  expect(loads.count).toBeGreaterThan(0);
});
