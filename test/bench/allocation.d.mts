/** Types of allocation.mjs, which a test uses too. */
export interface Calls {
  readonly backend: "js" | "wasm";
  readonly threads: number;
  readonly call: "invoke" | "runSync";
  readonly runs: number;
}

export interface Allocation {
  /** Lines of --trace-gc. */
  readonly collections: readonly string[];
  readonly bytesPerRun: number;
  readonly notes: readonly string[];
}

export function allocationOf(node: string, calls: Calls): Allocation;
