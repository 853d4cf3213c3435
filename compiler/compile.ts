/**
 * The whole line on one page: trace, graph passes, plan (schedule, lower, kernel passes), emit; then bind the artifact
 * to memory. compile() gives an executable; the CLI and bundles use the same `Compilation`.
 */
import type { Artifact } from "../codegen/backend.js";
import { backends } from "../codegen/backend.js";
import type { Graph } from "../ir/graph.js";
import type { Adapter, Target, TargetName } from "../ir/target.js";
import { targets, wgslTarget, withThreads } from "../ir/target.js";
import type { ElementArray } from "../ir/types.js";
import type { OutputTree, Program, Slot } from "../runtime/program.js";
import type { Tensor } from "../runtime/tensor.js";
import { bindParams, parameterData } from "./bind-params.js";
import { checkParams } from "./checkpoint/check-params.js";
import type { Variables } from "./checkpoint/tree.js";
import type { AnyBackend, CompileOptions } from "./compile-options.js";
import {
  checkCompileOptions,
  engineRuns,
  handSchedules,
  readSchedules,
  resolveBackend,
  targetsOf,
} from "./compile-options.js";
import { dtypeOf } from "./element-type.js";
import type { HandSchedules, Planned, PlanOptions } from "./plan.js";
import { plan } from "./plan.js";
import { refuse } from "./refusal.js";
import { runGraphPasses } from "./run-passes.js";
import type { GivenDTypes, TraceResult, TraceTarget } from "./trace.js";
import { dtypesOf, traceProgram } from "./trace.js";
import { readTuning } from "./tune/read-tuning.js";
import { measureLayers } from "./tune/tune.js";
import type { Tuning } from "./tune/tuning.js";
import { TuningIndex, tuningOf } from "./tune/tuning.js";

/** Everything made of a program for one target. */
export interface Built {
  readonly target: TargetName;
  readonly graph: Graph;
  readonly planned: Planned;
  readonly artifact: Artifact;
  readonly program: Program;
}

/** What is known of where a program will run, and what is to be said of it. */
interface Known {
  readonly adapter?: Adapter;
  readonly said?: readonly string[];
}

/** A traced program with its options, from which any target can be built. */
export class Compilation {
  readonly backend: AnyBackend;
  readonly precision: "default" | "highest";
  readonly traced: TraceResult;
  readonly name: string;
  /** The traced graph, its parameters constants where variables were given. */
  readonly graph: Graph;
  readonly options: CompileOptions;
  /** What was decided that a user may want to know. */
  readonly notes: readonly string[];
  private readonly built = new Map<string, Promise<Built>>();
  /** Notes of who chose the backend. */
  readonly said: readonly string[];
  /** What is known of the GPU it is compiled for. */
  readonly adapter: Adapter;
  private measured: TuningIndex;

  /** `givenDTypes`: of parameters that come later. */
  constructor(
    private readonly target: TraceTarget,
    options: CompileOptions,
    private readonly givenDTypes?: GivenDTypes,
    { adapter, said = [] }: Known = {},
  ) {
    this.said = said;
    checkCompileOptions("compile", options);
    this.options = options;
    this.backend = resolveBackend(options.backend);
    this.adapter = { ...adapter, adapter: options.adapter ?? adapter?.adapter ?? "gpu" };
    const { tune } = options;
    const given = tune === undefined || typeof tune === "boolean" ? tuningOf([]) : readTuning(tune);
    this.measured = new TuningIndex(given);
    this.progress("trace", 0);
    this.traced = traceProgram(target, {
      inputs: options.inputs,
      givenDTypes: givenDTypes ?? dtypesOf(options.variables),
    });
    this.name = options.name ?? this.traced.graph.name;
    this.precision = needsHighest(this.traced.graph) ? "highest" : (options.precision ?? "default");
    const { variables } = options;
    this.graph =
      variables === undefined
        ? this.traced.graph
        : bindParams(this.traced.graph, this.checkVariables(variables), this.traced.complexParams);
    this.notes = [...said, ...notesOf(options, this.backend, this.precision)];
    for (const { kernel, target: name } of readSchedules(options.schedules))
      if (!(this.targets as readonly string[]).includes(name))
        refuse(
          "schedule-kernel",
          `schedules: that of @${kernel} is for ${name}; this program is compiled for ${this.targets.join(" and ")}`,
        );
  }

  /** The same program with other variables baked in. */
  withVariables(variables: Variables): Compilation {
    const tune = this.options.tune === undefined ? {} : { tune: this.tuning };
    return new Compilation(this.target, { ...this.options, ...tune, variables }, this.givenDTypes, this);
  }

  /** The same program for what is known of a GPU. */
  withAdapter(adapter: Adapter): Compilation {
    return new Compilation(this.target, this.options, this.givenDTypes, { adapter, said: this.said });
  }

  /** The same program for a backend, with a note that says why. */
  withBackend(backend: AnyBackend, note: string, adapter: Adapter = this.adapter): Compilation {
    return new Compilation(this.target, { ...this.options, backend }, this.givenDTypes, {
      adapter,
      said: [note],
    });
  }

  /** The tensors of a variables tree by parameter path; throws CheckpointError where they do not fit. */
  checkVariables(variables: Variables): ReadonlyMap<string, Tensor> {
    const { onWarning, strict } = this.options;
    // Whatever is no object has no params.
    return checkParams(this.traced.params, Object(variables), { onWarning, strict });
  }

  /** Threads asked for. */
  get threads(): number {
    return this.options.threads ?? 1;
  }

  /** The target, with as many workers. */
  targetOf(name: TargetName): Target {
    const target = targets[name];
    return target.grid === null
      ? withThreads(target, this.threads)
      : wgslTarget({ ...this.adapter, adapter: target.grid.adapter }, this.precision);
  }

  get targets(): readonly TargetName[] {
    return targetsOf(this.backend, this.precision, this.adapter.adapter);
  }

  /** True while some parameter has no value yet. */
  get needsVariables(): boolean {
    return this.options.variables === undefined && this.traced.params.length > 0;
  }

  /** The measured choices: those given, and those of targets measured since. */
  get tuning(): Tuning {
    return this.measured.tuning;
  }

  /**
   * Measures what the tuning does not know yet of these targets, as far as this engine runs them; nothing else may run
   * meanwhile. Comes before build().
   */
  async tune(names: readonly TargetName[]): Promise<Tuning> {
    for (const name of names) {
      if (!engineRuns(name)) continue;
      const { graph, planning } = this.graphFor(name);
      const { layers } = plan(graph, planning);
      const found = await measureLayers(layers, {
        ...planning,
        known: this.measured,
        onProgress: this.options.onProgress,
      });
      this.measured = this.measured.with(found);
    }
    return this.tuning;
  }

  build(target: TargetName): Promise<Built> {
    const known = this.built.get(target) ?? this.buildNow(target);
    this.built.set(target, known);
    return known;
  }

  /** Builds every target of the backend: what a bundle holds. */
  async buildAll(): Promise<readonly Built[]> {
    const all: Built[] = [];
    // One after another: where they are measured, each needs the machine for itself.
    for (const target of this.targets) all.push(await this.build(target));
    return all;
  }

  private async buildNow(name: TargetName): Promise<Built> {
    if (this.options.tune === true) await this.tune([name]);
    this.progress("graph passes", 1);
    const { graph, planning } = this.graphFor(name);
    this.progress("schedule and lower", 2);
    const planned = plan(graph, planning);
    checkKernels(planning.handSchedules, planned);
    this.progress("emit", 3);
    const emit = await backends[this.backend]();
    const artifact = await emit(planned.program, planning.target);
    this.progress("emit", 4);
    return { target: name, graph, planned, artifact, program: this.manifest(planned) };
  }

  /** The graph after its passes, and how it is to be planned. */
  private graphFor(name: TargetName): { readonly graph: Graph; readonly planning: PlanOptions } {
    const context = { target: this.targetOf(name), precision: this.precision };
    const passes = this.options.passes ?? {};
    const { graph } = runGraphPasses(this.graph, context, passes);
    const algorithm = this.options.algorithm ?? "auto";
    const byHand = handSchedules(this.options.schedules, name);
    return {
      graph,
      planning: { ...context, algorithm, passes, handSchedules: byHand, tuning: this.measured },
    };
  }

  private progress(stage: string, done: number): void {
    this.options.onProgress?.({ stage, done, total: 4 });
  }

  private manifest(planned: Planned): Program {
    const inputs = this.traced.inputs.map(
      (input, i): Slot => ({ ...input, offset: planned.inputOffsets[i]! }),
    );
    const outputs = this.traced.outputs.map(
      (output, i): Slot => ({
        name: outputName(this.traced.outputTree, i),
        ...output,
        offset: planned.outputOffsets[i]!,
      }),
    );
    const weights = planned.weights.map(({ node, offset }, i): Slot => {
      const path = node.path === "" ? `constant_${i}` : node.path;
      const { element, shape } = node.type;
      return node.op === "param" && this.traced.complexParams.has(path)
        ? { name: path, dtype: "complex64", shape: shape.slice(0, -1), offset }
        : { name: path, dtype: dtypeOf(element), shape, offset };
    });
    return {
      name: this.name,
      backend: this.backend,
      inputs,
      outputs,
      outputTree: this.traced.outputTree,
      weights,
      memoryBytes: planned.program.memoryBytes,
      ...(planned.program.threads === undefined ? {} : { threads: planned.program.threads.count }),
    };
  }
}

/** A schedule for a kernel that is not there would be ignored. */
function checkKernels(byHand: HandSchedules, { layers }: Planned): void {
  const kernels = layers.map((layer) => layer.kernel);
  for (const kernel of byHand.keys())
    if (!kernels.includes(kernel))
      refuse(
        "schedule-kernel",
        `schedules: there is no kernel @${kernel}; the kernels are ${kernels.map((name) => `@${name}`).join(", ")}`,
      );
}

/** The arrays of program.weights: constants as they are, parameters from the variables given. */
export function weightData(
  { planned, program }: Pick<Built, "planned" | "program">,
  values: ReadonlyMap<string, Tensor>,
): ElementArray[] {
  return planned.weights.map(({ node }, i) =>
    node.op === "constant"
      ? node.data
      : parameterData(values.get(node.path)!, node.path, program.weights[i]!.dtype),
  );
}

/** One layer that asks for "highest" makes the whole program so: one program rounds in one way. */
function needsHighest(graph: Graph): boolean {
  return graph.nodes.some((node) => node.op === "conv" && node.precision === "highest");
}

function notesOf(options: CompileOptions, backend: AnyBackend, precision: "default" | "highest"): string[] {
  const notes: string[] = [];
  if ((options.threads ?? 1) > 1 && backend !== "wasm")
    notes.push(`threads: ${options.threads} asked for; backend ${backend} runs on one`);
  if (precision === "highest" && options.precision !== "highest")
    notes.push('precision: a layer asks for "highest", so the whole program is compiled with it');
  if (precision === "highest" && options.algorithm === "winograd")
    notes.push(
      'algorithm: "winograd" rounds otherwise than precision "highest" allows; every layer is direct',
    );
  return notes;
}

/** `y` for a single output, the keys of a tuple or record joined by "." otherwise. */
export function outputName(tree: OutputTree, index: number): string {
  const find = (node: OutputTree, path: readonly string[]): string | null => {
    if (typeof node === "number") return node === index ? path.join(".") : null;
    for (const [key, child] of Object.entries(node)) {
      const found = find(child as OutputTree, [...path, key]);
      if (found !== null) return found;
    }
    return null;
  };
  const found = find(tree, []);
  return found === null || found === "" ? "y" : /^\d/.test(found) ? `y${found}` : found;
}
