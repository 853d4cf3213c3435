/** What a target can do; read by choose, legalize and the verifier. */
import type { KernelFn, Lanes, LoopMode } from "./kernel.js";
import type { ScalarFn } from "./scalar.js";
import { scalarFns } from "./scalar.js";

export type TargetName = "js" | "js-wide" | "wasm-simd" | "wasm-relaxed";

export interface Target {
  readonly name: TargetName;
  readonly backend: "js" | "wasm";
  readonly modes: ReadonlySet<LoopMode>;
  /** What kernels may call; legalize expands the rest (ir/expand.ts). */
  readonly fns: ReadonlySet<KernelFn>;
  readonly lanes: Lanes;
  /** Registers a micro-kernel may keep values in. */
  readonly registers: number;
  /** True where every arithmetic result is rounded to f32 once, so that results can be compared bit for bit. */
  readonly exactF32: boolean;
  /** Workers that share the parallel loops; 1 where there are none. */
  readonly threads: number;
}

/** Every backend prints the others as operations or subroutines; rsqrt takes two operations, no more than a call. */
const scalar = (Object.keys(scalarFns) as ScalarFn[]).filter((fn) => fn !== "rsqrt");
const exactFns: ReadonlySet<KernelFn> = new Set<KernelFn>(scalar);
const fmaFns: ReadonlySet<KernelFn> = new Set<KernelFn>([...scalar, "fma"]);
const serial: ReadonlySet<LoopMode> = new Set<LoopMode>(["serial"]);

export const targets: Readonly<Record<TargetName, Target>> = {
  js: {
    name: "js",
    backend: "js",
    modes: serial,
    fns: exactFns,
    lanes: 1,
    registers: 16,
    exactF32: true,
    threads: 1,
  },
  /** Values between a load and a store keep double precision: fewer conversions and smaller errors. */
  "js-wide": {
    name: "js-wide",
    backend: "js",
    modes: serial,
    fns: exactFns,
    lanes: 1,
    registers: 16,
    exactF32: false,
    threads: 1,
  },
  "wasm-simd": {
    name: "wasm-simd",
    backend: "wasm",
    modes: serial,
    fns: exactFns,
    lanes: 4,
    registers: 16,
    exactF32: true,
    threads: 1,
  },
  "wasm-relaxed": {
    name: "wasm-relaxed",
    backend: "wasm",
    modes: serial,
    fns: fmaFns,
    lanes: 4,
    registers: 16,
    exactF32: false,
    threads: 1,
  },
};

const shared: ReadonlySet<LoopMode> = new Set<LoopMode>(["serial", "parallel"]);

/** The target with so many workers; only wasm has more than one. */
export function withThreads(target: Target, threads: number): Target {
  if (threads === target.threads || target.backend !== "wasm") return target;
  return threads === 1 ? targets[target.name] : { ...target, modes: shared, threads };
}
