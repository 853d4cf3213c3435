/**
 * plan: from a fused graph to a program: what each value costs in kernels and calls, and where everything lies.
 *
 * Time has two parts. Setup runs once after the weights are written: packing, and every value that depends on weights
 * only. Run is repeated. A weight that only setup reads gives its space to temporaries of run; what setup leaves for run
 * stays for good; inputs and outputs share space with nothing.
 */
import type { Graph } from "../ir/graph.js";
import type { Kernel } from "../ir/kernel.js";
import { printKernel } from "../ir/print.js";
import type { KernelCall, KernelProgram } from "../ir/program.js";
import type { Schedule } from "../ir/schedule.js";
import { elementBytes, elementCount } from "../ir/types.js";
import { lowerConv } from "./lower/conv.js";
import type { LoweredKernel } from "./lower/lowered.js";
import { naiveKernel } from "./lower/lowered.js";
import { lowerCopy, lowerMap, lowerPad } from "./lower/map.js";
import type { Operand } from "./lower/operand.js";
import type { Lifetime } from "./memory.js";
import { assignOffsets } from "./memory.js";
import type { PassContext } from "./pass.js";
import type { PassOptions, PassTime } from "./run-passes.js";
import { runKernelPasses } from "./run-passes.js";
import { applySchedule } from "./schedule/apply.js";
import type { Choice } from "./schedule/choose.js";
import { choose } from "./schedule/choose.js";
import type { Action, ProgramBuffer, Storage, StoragePlan } from "./storage.js";
import { planStorage } from "./storage.js";

/** Schedules written by hand, by the kernel they are for. */
export type HandSchedules = ReadonlyMap<string, Schedule>;

export interface PlannedLayer {
  readonly kernel: string;
  /** Module path the node was traced in. */
  readonly where: string;
  readonly op: string;
  readonly outShape: readonly number[];
  readonly macs: number;
  /** Bytes read and written once each. */
  readonly bytes: number;
  readonly choice: Choice;
  readonly phase: "setup" | "run";
  readonly kernels: { readonly naive: () => Kernel; readonly scheduled: Kernel; readonly legal: Kernel };
}

export interface Planned {
  readonly program: KernelProgram;
  readonly inputOffsets: readonly number[];
  readonly outputOffsets: readonly number[];
  /** Parameters and constants in graph order, with the byte offset of each. */
  readonly weights: readonly {
    readonly node: StoragePlan["weights"][number]["node"];
    readonly offset: number;
  }[];
  readonly layers: readonly PlannedLayer[];
  readonly times: readonly PassTime[];
  /** Bytes of each kind: what a reader of explain() wants to know of memory. */
  readonly memory: Readonly<Record<"inputs" | "outputs" | "weights" | "packed" | "temporaries", number>>;
}

interface PlanOptions extends PassContext {
  readonly handSchedules: HandSchedules;
  readonly passes: PassOptions;
}

export function plan(graph: Graph, options: PlanOptions): Planned {
  const storage = planStorage(graph);
  const planner = new Planner(options);
  for (const action of storage.actions) planner.add(action);
  return planner.finish(graph.name, storage);
}

interface PendingCall {
  readonly kernel: string;
  readonly args: readonly { readonly buffer: ProgramBuffer; readonly elements: number }[];
  readonly locals: readonly ProgramBuffer[];
}

class Planner {
  private readonly kernels = new Map<string, Kernel>();
  private readonly setup: PendingCall[] = [];
  private readonly run: PendingCall[] = [];
  private readonly layers: PlannedLayer[] = [];
  private readonly times = new Map<string, number>();
  /** Buffers that setup writes, and those that a run writes (perhaps too). */
  private readonly invariant = new Set<ProgramBuffer>();
  private readonly varying = new Set<ProgramBuffer>();
  private readonly packedBy = new Map<string, ProgramBuffer>();
  private readonly names = new Map<string, number>();

  constructor(private readonly options: PlanOptions) {}

  add(action: Action): void {
    const type = action.kind === "compute" ? action.node.type : action.type;
    const args = action.kind === "compute" ? action.args : [action.from];
    if (elementCount(type.shape) === 0) return;
    const once = action.to.buffer.kind !== "output" && args.every((arg) => this.isInvariant(arg));
    (once ? this.invariant : this.varying).add(action.to.buffer);
    const lowered = this.lower(action, args);
    const name = this.uniqueName(lowered.name);
    this.emit({ ...lowered, name }, action, args, once);
  }

  private isInvariant({ buffer }: Storage): boolean {
    return buffer.kind === "weight" || (this.invariant.has(buffer) && !this.varying.has(buffer));
  }

  private uniqueName(base: string): string {
    const number = this.names.get(base) ?? 0;
    this.names.set(base, number + 1);
    return number === 0 ? base : `${base}_${number}`;
  }

  private lower(action: Action, args: readonly Storage[]): LoweredKernel {
    const operand = (name: string, storage: Storage, type: Operand["type"]): Operand => ({
      name,
      type,
      layout: { offset: 0, strides: storage.layout.strides },
      constant: this.isInvariant(storage),
    });
    if (action.kind === "copy")
      return lowerCopy(operand("x", args[0]!, action.type), operand("y", action.to, action.type));
    const { node, argTypes } = action;
    const names = node.op === "conv" ? ["x", "w"] : ["x"];
    const operands = args.map((arg, i) => operand(names[i] ?? `a${i}`, arg, argTypes[i]!));
    const out = operand("y", action.to, node.type);
    if (node.op === "conv") return lowerConv(node, operands, out);
    if (node.op === "pad") return lowerPad(node, operands[0]!, out);
    return lowerMap(node, operands, out);
  }

  private emit(lowered: LoweredKernel, action: Action, args: readonly Storage[], once: boolean): void {
    const { target, handSchedules } = this.options;
    const chosen = choose(lowered, target);
    const hand = handSchedules.get(lowered.name);
    const choice = hand === undefined ? chosen : { ...chosen, schedule: hand, why: "schedule given by hand" };
    const { kernel, packed } = applySchedule(lowered, choice.schedule);
    const bound = new Map(lowered.params.map((param, i) => [param.name, [...args, action.to][i]!]));
    for (const { name, kernel: packKernel } of packed)
      bound.set(name, { buffer: this.pack(packKernel, bound), layout: { offset: 0, strides: [] } });
    const legal = this.legalise(kernel);
    const call = this.call(legal, bound);
    (once ? this.setup : this.run).push(call);
    this.layers.push({
      kernel: lowered.name,
      where: action.kind === "compute" ? action.node.where : "",
      op: action.kind === "compute" ? action.node.op : "copy",
      outShape: action.kind === "compute" ? action.node.type.shape : action.type.shape,
      macs: lowered.macs,
      bytes: lowered.params.reduce((sum, param) => sum + param.size * elementBytes(param.element), 0),
      choice,
      phase: once ? "setup" : "run",
      kernels: { naive: () => naiveKernel(lowered), scheduled: kernel, legal },
    });
  }

  /** The buffer that holds a packed operand; the same packing of the same weights happens once. */
  private pack(kernel: Kernel, bound: ReadonlyMap<string, Storage>): ProgramBuffer {
    const legal = this.legalise(kernel);
    const sources = kernel.params.slice(0, -1).map((param) => bound.get(param.name)!);
    const key = [
      printKernel(legal),
      ...sources.map(({ buffer, layout }) => `${buffer.name}+${layout.offset}`),
    ].join("\n");
    const known = this.packedBy.get(key);
    if (known !== undefined) return known;
    const { name, size } = kernel.params.at(-1)!;
    const buffer: ProgramBuffer = {
      name: `${name}.${this.packedBy.size}`,
      kind: "value",
      element: "f32",
      size,
    };
    this.packedBy.set(key, buffer);
    this.invariant.add(buffer);
    const all = new Map(bound).set(name, { buffer, layout: { offset: 0, strides: [] } });
    this.setup.push(this.call({ ...legal, name: this.uniqueName("pack") }, all));
    return buffer;
  }

  private legalise(kernel: Kernel): Kernel {
    const result = runKernelPasses(kernel, this.options, this.options.passes);
    for (const { pass, milliseconds } of result.times)
      this.times.set(pass, (this.times.get(pass) ?? 0) + milliseconds);
    return result.kernel;
  }

  /** A call of the kernel, or of an equal one made before. */
  private call(kernel: Kernel, bound: ReadonlyMap<string, Storage>): PendingCall {
    const text = printKernel({ ...kernel, name: "" });
    const shared = this.kernels.get(text) ?? kernel;
    this.kernels.set(text, shared);
    return {
      kernel: shared.name,
      args: kernel.params.map((param) => {
        const { buffer, layout } = bound.get(param.name)!;
        return { buffer, elements: layout.offset };
      }),
      locals: kernel.locals.map((local) => ({ ...local, kind: "value" })),
    };
  }

  finish(name: string, storage: StoragePlan): Planned {
    const lifetimes = this.lifetimes();
    const fixed = [...storage.inputs, ...storage.outputs, ...storage.weights.map((weight) => weight.buffer)];
    const always: Lifetime = { bytes: 0, from: -1, to: Number.POSITIVE_INFINITY };
    const bytesOf = (buffer: ProgramBuffer): number => buffer.size * elementBytes(buffer.element);
    const fixedLifetimes = fixed.map((buffer) => {
      const life =
        buffer.kind === "weight" ? { ...(lifetimes.get(buffer) ?? { from: -1, to: -1 }), from: -1 } : always;
      return [buffer, { ...life, bytes: bytesOf(buffer) }] as const;
    });
    const isFixed = new Set(fixed);
    const others = [...lifetimes].filter(([buffer]) => !isFixed.has(buffer));
    const { offsets, bytes } = assignOffsets(
      fixedLifetimes,
      others.map(([buffer, life]) => [buffer, { ...life, bytes: bytesOf(buffer) }] as const),
    );
    const place = ({ kernel, args, locals }: PendingCall): KernelCall => ({
      kernel,
      args: [
        ...args.map(({ buffer, elements }) => offsets.get(buffer)! + elements * elementBytes(buffer.element)),
        ...locals.map((local) => offsets.get(local)!),
      ],
    });
    const total = (buffers: readonly ProgramBuffer[]): number =>
      buffers.reduce((sum, b) => sum + bytesOf(b), 0);
    const packed = total([...this.packedBy.values()]);
    const weightBytes = total(storage.weights.map((weight) => weight.buffer));
    return {
      program: {
        name,
        kernels: [...this.kernels.values()],
        setup: this.setup.map(place),
        run: this.run.map(place),
        memoryBytes: Math.max(bytes, 1),
      },
      inputOffsets: storage.inputs.map((buffer) => offsets.get(buffer)!),
      outputOffsets: storage.outputs.map((buffer) => offsets.get(buffer)!),
      weights: storage.weights.map(({ node, buffer }) => ({ node, offset: offsets.get(buffer)! })),
      layers: this.layers,
      times: [...this.times].map(([pass, ms]) => ({ pass, milliseconds: ms })),
      memory: {
        inputs: total(storage.inputs),
        outputs: total(storage.outputs),
        weights: weightBytes,
        packed,
        temporaries: Math.max(0, bytes - total(storage.inputs) - total(storage.outputs) - packed),
      },
    };
  }

  /** When each buffer's contents matter: setup calls count 0, 1 …, run calls follow. */
  private lifetimes(): Map<ProgramBuffer, { from: number; to: number }> {
    const out = new Map<ProgramBuffer, { from: number; to: number }>();
    const setupEnd = this.setup.length;
    [...this.setup, ...this.run].forEach((call, now) => {
      for (const buffer of [...call.args.map((arg) => arg.buffer), ...call.locals]) {
        const known = out.get(buffer);
        const from = known?.from ?? now;
        // What exists before the first run and is read by it is read again by the next.
        const forever = now >= setupEnd && (buffer.kind === "weight" || from < setupEnd);
        out.set(buffer, { from, to: forever ? Number.POSITIVE_INFINITY : now });
      }
    });
    return out;
  }
}
