/** Any stage of a compilation as text: what `inspect --emit` and `emit()` print. */
import { InternalError } from "../ir/diagnostic.js";
import { printGraph, printKernel, printSchedule } from "../ir/print.js";
import { UnsupportedError } from "../runtime/error.js";
import type { Built, Compilation } from "./compile.js";
import { drawDot, drawSvg } from "./draw-graph.js";
import { didYouMean } from "./option.js";
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
    ...call("setup", planned.program.setup),
    ...call("run", planned.program.run),
  ].join("\n");
}
