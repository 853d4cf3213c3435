/** What a target can do; read by choose, legalize and the verifier. */
import type { KernelFn, Lanes, LoopMode } from "./kernel.js";
import type { ScalarFn } from "./scalar.js";
import { scalarFns } from "./scalar.js";

export type TargetName = "js" | "js-wide" | "wasm-simd" | "wasm-relaxed" | "wgsl-gpu" | "wgsl-software";

/** What a grid of workgroups may take, in WebGPU's own terms; `defaultLimits` are what every device has. */
export interface GridLimits {
  /** Lanes of a workgroup. */
  readonly invocations: number;
  /** Lanes along one dimension of a workgroup. */
  readonly workgroupSize: number;
  /** Bytes of the shared buffers of a workgroup. */
  readonly sharedBytes: number;
  /** Buffers one nest may touch. */
  readonly buffers: number;
  /** Bytes of one buffer. */
  readonly bufferBytes: number;
}

export const defaultLimits: GridLimits = {
  invocations: 256,
  workgroupSize: 256,
  sharedBytes: 16384,
  buffers: 8,
  bufferBytes: 128 * 1024 * 1024,
};

/**
 * gpu: shared buffers are near and memory is far, many lanes hide its latency. software: lanes are the SIMD lanes of a
 * processor, shared buffers are memory like any other.
 */
export type AdapterClass = "gpu" | "software";

export interface Target {
  readonly name: TargetName;
  readonly backend: "js" | "wasm" | "wgsl";
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
  /** What runs kernels as grids of workgroups; null where one worker runs loops. */
  readonly grid: (GridLimits & { readonly adapter: AdapterClass; readonly f16: boolean }) | null;
}

/** Every backend prints the others as operations or subroutines; rsqrt takes two operations, no more than a call. */
const scalar = (Object.keys(scalarFns) as ScalarFn[]).filter((fn) => fn !== "rsqrt");
const exactFns: ReadonlySet<KernelFn> = new Set<KernelFn>(scalar);
const fmaFns: ReadonlySet<KernelFn> = new Set<KernelFn>([...scalar, "fma"]);
const serial: ReadonlySet<LoopMode> = new Set<LoopMode>(["serial"]);

const concurrent: ReadonlySet<LoopMode> = new Set<LoopMode>(["serial", "workgroup", "lane"]);

function grid(adapter: AdapterClass): Target {
  return {
    name: `wgsl-${adapter}`,
    backend: "wgsl",
    modes: concurrent,
    fns: fmaFns,
    lanes: 4,
    registers: 64,
    exactF32: false,
    threads: 1,
    grid: { ...defaultLimits, adapter, f16: false },
  };
}

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
    grid: null,
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
    grid: null,
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
    grid: null,
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
    grid: null,
  },
  "wgsl-gpu": grid("gpu"),
  "wgsl-software": grid("software"),
};

/** A WebGPU adapter: what it is like, and what of its limits is granted. */
export interface Adapter {
  readonly adapter: AdapterClass;
  readonly limits?: Partial<GridLimits>;
  /** Whether 16-bit floats are a type of the language there. */
  readonly f16?: boolean;
}

/** The target of an adapter; at precision "highest" a product is rounded before it is added. */
export function wgslTarget(
  { adapter, limits = {}, f16 = false }: Adapter,
  precision: "default" | "highest" = "default",
): Target {
  const target = grid(adapter);
  const fns = precision === "highest" ? exactFns : target.fns;
  return { ...target, fns, grid: { ...defaultLimits, ...limits, adapter, f16 } };
}

const shared: ReadonlySet<LoopMode> = new Set<LoopMode>(["serial", "parallel"]);

/** The target with so many workers; only wasm has more than one. */
export function withThreads(target: Target, threads: number): Target {
  if (threads === target.threads || target.backend !== "wasm") return target;
  return threads === 1 ? targets[target.name] : { ...target, modes: shared, threads };
}
