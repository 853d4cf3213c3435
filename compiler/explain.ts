/** What was decided and why, layer by layer, as data and as text. */
import type { Artifact } from "../codegen/backend.js";
import { countKernel } from "../ir/count-loads.js";
import type { Kernel } from "../ir/kernel.js";
import { printSchedule } from "../ir/print.js";
import type { DType } from "../runtime/tensor.js";
import type { Built, Compilation } from "./compile.js";

export interface LayerExplanation {
  readonly kernel: string;
  readonly where: string;
  readonly op: string;
  readonly outShape: readonly number[];
  readonly algorithm: string;
  readonly why: string;
  readonly schedule: string;
  readonly macs: number;
  readonly bytes: number;
  readonly predictedMs: number;
  /** Counted from the kernel, where it is a grid. */
  readonly grid?: GridExplanation;
  /** Chosen by measurements (`tune`), not by the cost model; predictedMs is then what was measured. */
  readonly tuned: boolean;
  /** setup: depends on weights only and runs once. */
  readonly phase: "setup" | "run";
}

export interface GridExplanation {
  /** Scalars read from buffers (cooperative loads once a workgroup), all nests together, for each multiply-add; null without any. */
  readonly readsPerMac: number | null;
  /** Of the largest workgroup. */
  readonly sharedBytes: number;
  /** Of the nest that does most. */
  readonly workgroups: number;
  readonly lanes: number;
  readonly idleLanes: number;
}

function gridOf(macs: number, kernel: Kernel): GridExplanation {
  const counts = countKernel(kernel);
  const main = counts.reduce((most, each) => (each.scalars > most.scalars ? each : most));
  const scalars = counts.reduce((sum, each) => sum + each.scalars, 0);
  return {
    readsPerMac: macs === 0 ? null : scalars / macs,
    sharedBytes: Math.max(...counts.map((each) => each.sharedBytes)),
    workgroups: main.workgroups,
    lanes: main.lanes,
    idleLanes: main.idle,
  };
}

export interface Explanation {
  readonly name: string;
  readonly backend: string;
  readonly target: string;
  readonly precision: string;
  readonly notes: readonly string[];
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: DType;
  }[];
  readonly layers: readonly LayerExplanation[];
  readonly macs: number;
  readonly memoryBytes: number;
  readonly memory: Readonly<Record<string, number>>;
  readonly codeBytes: number;
}

export function explain(compilation: Compilation, built: Built): Explanation {
  const { planned, artifact } = built;
  const layers = planned.layers.map(
    ({ choice, kernels, ways: _, tuned, ...layer }): LayerExplanation => ({
      ...layer,
      ...(artifact.kind === "wgsl" ? { grid: gridOf(layer.macs, kernels.legal) } : {}),
      algorithm: choice.algorithm,
      why: choice.why,
      schedule: printSchedule(choice.schedule),
      predictedMs: choice.predictedMs,
      tuned: tuned !== null,
    }),
  );
  return {
    name: compilation.name,
    backend: compilation.backend,
    target: built.target,
    precision: compilation.precision,
    notes: compilation.notes,
    inputs: built.program.inputs.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    layers,
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
    memoryBytes: planned.program.memoryBytes,
    memory: planned.memory,
    codeBytes: codeBytes(artifact),
  };
}

function codeBytes(artifact: Artifact): number {
  switch (artifact.kind) {
    case "wasm":
      return artifact.bytes.length;
    case "js":
      return artifact.source.length;
    case "wgsl":
      return artifact.program.shaders.reduce((sum, code) => sum + code.length, 0);
    default:
      return artifact satisfies never;
  }
}

export function explanationText(explanation: Explanation): string {
  const { layers, memory } = explanation;
  const rows = layers.map((layer) => [
    layer.where === "" ? layer.kernel : layer.where,
    layer.op,
    `[${layer.outShape.join(",")}]`,
    layer.algorithm,
    count(layer.macs),
    byteCount(layer.bytes),
    duration(layer.predictedMs),
    `${layer.phase === "setup" ? "once; " : ""}${layer.why}${layer.grid === undefined ? "" : `; ${gridText(layer.grid)}`}`,
  ]);
  const head = ["layer", "op", "output", "algorithm", "MACs", "bytes", "predicted", "why"];
  const memoryText = Object.entries(memory).map(([kind, bytes]) => `${kind} ${byteCount(bytes)}`);
  return [
    `${explanation.name}: ${explanation.target}, precision ${explanation.precision}, ${count(explanation.macs)} MACs, code ${byteCount(explanation.codeBytes)}`,
    `memory ${byteCount(explanation.memoryBytes)}: ${memoryText.join(", ")}`,
    ...explanation.notes.map((note) => `note: ${note}`),
    "",
    ...table([head, ...rows]),
  ].join("\n");
}

function gridText({ readsPerMac, sharedBytes, workgroups, lanes, idleLanes }: GridExplanation): string {
  const reads = readsPerMac === null ? "" : `${readsPerMac.toFixed(4)} scalars read a multiply-add, `;
  const idle = `${(100 * idleLanes).toFixed(0)} % idle`;
  return `${reads}${workgroups} workgroups of ${lanes} lanes (${idle}), ${byteCount(sharedBytes)} shared`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** 12.3 M. */
export function count(n: number): string {
  const units = ["", " k", " M", " G", " T"];
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? String(n) : `${value.toPrecision(3)}${units[unit]}`;
}

/** 12.3 µs or 1.23 ms. */
export function duration(ms: number): string {
  return ms < 0.1 ? `${(ms * 1000).toFixed(1)} µs` : `${ms.toPrecision(3)} ms`;
}

/** 12.3 KB, of 1,024 bytes. */
export function byteCount(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
