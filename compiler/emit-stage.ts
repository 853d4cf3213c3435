/** Any stage of a compilation as text: what `inspect --emit` and `emit()` print. */
import { InternalError } from "../ir/diagnostic.js";
import { printGraph, printKernel, printSchedule } from "../ir/print.js";
import { scratchBytes } from "../ir/program.js";
import { elementBytes } from "../ir/types.js";
import { UnsupportedError } from "../runtime/error.js";
import type { Program } from "../runtime/program.js";
import { dataLength, dtypeBytes } from "../runtime/tensor.js";
import type { Built, Compilation } from "./compile.js";
import { drawDot, drawSvg } from "./draw-graph.js";
import { didYouMean } from "./option.js";
import type { Planned } from "./plan.js";
import { refuse } from "./refusal.js";

export const emitStages = [
  "trace",
  "graph",
  "schedule",
  "naive",
  "scheduled",
  "kernel",
  "js",
  "wat",
  "wgsl",
  "plan",
  "dot",
  "svg",
] as const;
export type EmitStage = (typeof emitStages)[number];

export async function emitStage(compilation: Compilation, built: Built, stage: EmitStage): Promise<string> {
  const { layers } = built.planned;
  switch (stage) {
    case "trace":
      return printGraph(compilation.traced.graph);
    case "graph":
      return printGraph(built.graph);
    case "schedule":
      return layers.map((layer) => printSchedule(layer.choice.schedule)).join("\n");
    case "naive":
      return layers.map((layer) => printKernel(layer.kernels.naive())).join("\n");
    case "scheduled":
      return layers.map((layer) => printKernel(layer.kernels.scheduled)).join("\n");
    case "kernel":
      return layers.map((layer) => printKernel(layer.kernels.legal)).join("\n");
    case "plan":
      return planText(built);
    case "dot":
      return drawDot(built.graph);
    case "svg":
      return drawSvg(built.graph, built.planned.layers);
    case "js":
      if (built.artifact.kind === "js") return built.artifact.source;
      throw new UnsupportedError("stage-unsupported", 'emit "js" needs backend js');
    case "wat":
      return watText(compilation, built);
    case "wgsl":
      if (built.artifact.kind !== "wgsl")
        throw new UnsupportedError("stage-unsupported", 'emit "wgsl" needs backend wgsl');
      return (await import("../codegen/wgsl.js")).wgslText(built.artifact.program);
    default:
      return refuse("bad-option", `emit: stage ${didYouMean(String(stage satisfies never), emitStages)}`);
  }
}

async function watText(compilation: Compilation, built: Built): Promise<string> {
  const target = compilation.targetOf(built.target);
  if (target.backend !== "wasm")
    throw new UnsupportedError("stage-unsupported", 'emit "wat" needs backend wasm');
  const { emitWat } = await import("../codegen/wasm.js");
  return emitWat(built.planned.program, target);
}

interface WorkingBuffer {
  readonly kind: "packed" | "temporary";
  readonly name: string;
  readonly bytes: number;
  readonly offset: number;
}

/**
 * What calls write besides the results: what setup leaves for every run, and what a run needs on its way, which may lie
 * where other temporaries lie, or raw weights that setup has packed.
 */
function workingBuffers({ program: { kernels, setup, run } }: Planned, program: Program): WorkingBuffer[] {
  const slots = [...program.inputs, ...program.outputs].map(({ offset, shape, dtype }) => ({
    from: offset,
    to: offset + dataLength(shape, dtype) * Math.min(dtypeBytes(dtype), 4),
  }));
  const found = new Map<string, WorkingBuffer>();
  const visit = (kind: WorkingBuffer["kind"], calls: typeof run): void => {
    for (const { kernel: called, args } of calls) {
      const { params, locals } = kernels.find(({ name }) => name === called)!;
      [...params, ...locals].forEach((buffer, i) => {
        const offset = args[i]!;
        const written = !("access" in buffer) || buffer.access === "write";
        if (!written || slots.some(({ from, to }) => offset >= from && offset < to)) return;
        const scratch = "space" in buffer && buffer.space === "scratch";
        const bytes = scratch
          ? scratchBytes(buffer) * (program.threads ?? 1)
          : buffer.size * elementBytes(buffer.element);
        const local = kind === "packed" && "space" in buffer;
        const key = `${offset} ${bytes}`;
        if (!found.has(key))
          found.set(key, { kind: local ? "temporary" : kind, name: buffer.name, bytes, offset });
      });
    }
  };
  visit("packed", setup);
  visit("temporary", run);
  return [...found.values()].sort((a, b) => a.offset - b.offset);
}

/** The calls in order, with the byte offset of every argument. */
function planText({ planned, program }: Built): string {
  const call = (phase: string, list: typeof planned.program.run): string[] =>
    list.map(({ kernel, args }) => {
      const found = planned.program.kernels.find((k) => k.name === kernel);
      if (found === undefined) throw new InternalError(`plan calls ${kernel}, which does not exist`);
      const names = [...found.params, ...found.locals].map((buffer, i) => `${buffer.name}@${args[i]}`);
      return `  ${phase} ${kernel}(${names.join(", ")})`;
    });
  const slot =
    (kind: string) =>
    (s: (typeof program.inputs)[number]): string =>
      `  ${kind} ${s.name}: ${s.dtype}[${s.shape.join(",")}] @${s.offset}`;
  return [
    `plan @${program.name}: ${program.memoryBytes} bytes`,
    ...program.inputs.map(slot("input")),
    ...program.outputs.map(slot("output")),
    ...program.weights.map(slot("weight")),
    ...workingBuffers(planned, program).map(
      ({ kind, name, bytes, offset }) => `  ${kind} ${name}: ${bytes} bytes @${offset}`,
    ),
    ...call("setup", planned.program.setup),
    ...call("run", planned.program.run),
  ].join("\n");
}
