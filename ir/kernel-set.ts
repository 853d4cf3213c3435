/**
 * Kernels of which equal ones are kept once. The full keys of kernels are only worked out where a cheap one (buffers and
 * loops, no expressions) agrees, which in most programs it never does.
 */
import type { Kernel, Stmt } from "./kernel.js";
import { stmtsKey } from "./keys.js";

export class KernelSet {
  private readonly buckets = new Map<string, Kernel[]>();
  private readonly all: Kernel[] = [];

  /** `head` says what besides the statements must agree. */
  constructor(private readonly head: (kernel: Kernel) => string) {}

  /** The equal kernel added before, or this one, added now. */
  add(kernel: Kernel): Kernel {
    const key = `${this.head(kernel)}\n${kernel.nests.map((nest) => loopsKey(nest.body)).join(";")}`;
    const bucket = this.buckets.get(key);
    const equal = bucket?.find((other) => sameStatements(other, kernel));
    if (equal !== undefined) return equal;
    if (bucket === undefined) this.buckets.set(key, [kernel]);
    else bucket.push(kernel);
    this.all.push(kernel);
    return kernel;
  }

  /** In the order they were added. */
  get kernels(): readonly Kernel[] {
    return this.all;
  }
}

function sameStatements(a: Kernel, b: Kernel): boolean {
  return (
    a.nests === b.nests || a.nests.every((nest, i) => stmtsKey(nest.body) === stmtsKey(b.nests[i]!.body))
  );
}

function loopsKey(stmts: readonly Stmt[]): string {
  return stmts
    .map((stmt) =>
      stmt.kind === "for" ? `${stmt.axis}${stmt.extent}{${loopsKey(stmt.body)}}` : stmt.kind[0],
    )
    .join("");
}
