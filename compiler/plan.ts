/**
 * plan: from a fused graph to a program: what each value costs in kernels and calls, and where everything lies.
 *
 * Time has two parts. Setup runs once after the weights are written: packing, and every value that depends on weights
 * only. Run is repeated. A weight that only setup reads gives its space to temporaries of run; what setup leaves for run
 * stays for good; inputs and outputs share space with nothing.
 */
import type { Graph } from "../ir/graph.js";
import type { Buffer, Kernel } from "../ir/kernel.js";
import { KernelSet } from "../ir/kernel-set.js";
import { parallelRange } from "../ir/parallel.js";
import type { KernelCall, KernelProgram } from "../ir/program.js";
import { controlBytes, lineBytes, scratchBytes } from "../ir/program.js";
import type { Schedule } from "../ir/schedule.js";
import { elementBytes, elementCount } from "../ir/types.js";
import type { LoweredKernel } from "./lower/lowered.js";
import { naiveKernel } from "./lower/lowered.js";
import type { AlgorithmOption } from "./lower/lowerings.js";
import type { Operand } from "./lower/operand.js";
import type { Made, Work } from "./make-kernel.js";
import { KernelMaker } from "./make-kernel.js";
import type { Lifetime } from "./memory.js";
import { assignOffsets, assignRegions } from "./memory.js";
import type { PassContext } from "./pass.js";
import type { PassOptions, PassTime } from "./run-passes.js";
import type { Choice } from "./schedule/choose.js";
import type { PackedOperand } from "./schedule/pack.js";
import type { Action, ProgramBuffer, Storage, StoragePlan } from "./storage.js";
import { planStorage } from "./storage.js";
import type { TunedKernel, TuningIndex } from "./tune/tuning.js";

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
  /** What it was chosen from, as one worker computes them; their names are not yet the program's. */
  readonly ways: readonly LoweredKernel[];
  /** What it was chosen by, where that was measured. */
  readonly tuned: TunedKernel | null;
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

export interface PlanOptions extends PassContext {
  readonly algorithm: AlgorithmOption;
  readonly handSchedules: HandSchedules;
  /** Measured choices, which come before those of the cost model. */
  readonly tuning?: TuningIndex | undefined;
  readonly passes: PassOptions;
}

export function plan(graph: Graph, options: PlanOptions): Planned {
  const storage = planStorage(graph);
  const planner = new Planner(options);
  for (const action of storage.actions) planner.add(action);
  return planner.finish(graph.name, storage);
}

/** A buffer bound from its first element. */
function whole(buffer: ProgramBuffer): Storage {
  return { buffer, layout: { offset: 0, strides: [] } };
}

/** What besides its statements makes a kernel: all but its name. */
function buffersKey({ params, locals, nests }: Kernel): string {
  return [
    ...params.map(({ name, element, size, access }) => `${name}:${element}${size}${access}`),
    ...locals.map(({ name, element, size, space }) => `${space} ${name}:${element}${size}`),
    ...nests.map((nest) => nest.name),
  ].join();
}

interface PendingCall {
  readonly kernel: string;
  readonly args: readonly { readonly buffer: ProgramBuffer; readonly elements: number }[];
  readonly locals: readonly ProgramBuffer[];
}

class Planner {
  private readonly kernels = new KernelSet(buffersKey);
  private readonly setup: PendingCall[] = [];
  private readonly run: PendingCall[] = [];
  private readonly layers: PlannedLayer[] = [];
  /** Buffers that setup writes, and those that a run writes (perhaps too). */
  private readonly invariant = new Set<ProgramBuffer>();
  private readonly varying = new Set<ProgramBuffer>();
  /** Buffers that setup kernels fill, by what fills them with what. */
  private readonly constants = new Map<string, ProgramBuffer>();
  private readonly names = new Map<string, number>();
  private readonly maker: KernelMaker;

  constructor(private readonly options: PlanOptions) {
    this.maker = new KernelMaker(options);
  }

  add(action: Action): void {
    const type = action.kind === "compute" ? action.node.type : action.type;
    const args = action.kind === "compute" ? action.args : [action.from];
    if (elementCount(type.shape) === 0) return;
    const once = action.to.buffer.kind !== "output" && args.every((arg) => this.isInvariant(arg));
    (once ? this.invariant : this.varying).add(action.to.buffer);
    const work = { action, once, ...this.operands(action, args) };
    this.emit(
      this.maker.make(work, (base) => this.candidateName(base)),
      work,
      args,
    );
  }

  private isInvariant({ buffer }: Storage): boolean {
    return buffer.kind === "weight" || (this.invariant.has(buffer) && !this.varying.has(buffer));
  }

  /** The name the next kernel of a kind would get; `takeName` makes it its own. */
  private candidateName(base: string): string {
    const number = this.names.get(base) ?? 0;
    return number === 0 ? base : `${base}_${number}`;
  }

  private takeName(base: string): void {
    this.names.set(base, (this.names.get(base) ?? 0) + 1);
  }

  /** An action's operands and its result as lowerings see them. */
  private operands(action: Action, args: readonly Storage[]): Pick<Work, "operands" | "out"> {
    const operand = (name: string, storage: Storage, type: Operand["type"]): Operand => ({
      name,
      type,
      layout: { offset: 0, strides: storage.layout.strides },
      constant: this.isInvariant(storage),
    });
    const { types, type, names } =
      action.kind === "copy"
        ? { types: [action.type], type: action.type, names: ["x"] }
        : {
            types: action.argTypes,
            type: action.node.type,
            names: action.node.op === "conv" ? ["x", "w"] : ["x"],
          };
    return {
      operands: args.map((arg, i) => operand(names[i] ?? `a${i}`, arg, types[i]!)),
      out: operand("y", action.to, type),
    };
  }

  private emit(made: Made, { action, once }: Work, args: readonly Storage[]): void {
    const { base, choice, ways, tuned, kernel, packed, legal } = made;
    const { lowered } = choice;
    this.takeName(base);
    const operands = [...args, action.to];
    const ownParams = lowered.params.slice(0, operands.length);
    const bound = new Map(ownParams.map((param, i) => [param.name, operands[i]!]));
    for (const { name, lowered: preparation } of lowered.prepared)
      bound.set(name, whole(this.prepare(name, preparation, bound)));
    for (const each of packed) bound.set(each.name, whole(this.pack(each, bound)));
    (once ? this.setup : this.run).push(this.call(legal, bound));
    const { type, where, op } =
      action.kind === "compute" ? action.node : { type: action.type, where: "", op: "copy" };
    this.layers.push({
      kernel: lowered.name,
      where,
      op,
      outShape: type.shape,
      macs: lowered.macs,
      bytes: ownParams.reduce((sum, param) => sum + param.size * elementBytes(param.element), 0),
      choice,
      ways,
      tuned,
      phase: once ? "setup" : "run",
      kernels: { naive: () => naiveKernel(lowered), scheduled: kernel, legal },
    });
  }

  /** The constant operand a kernel of its own computes in setup. */
  private prepare(name: string, lowered: LoweredKernel, bound: ReadonlyMap<string, Storage>): ProgramBuffer {
    return this.constantBy(this.maker.prepare(lowered), name, lowered.name, bound);
  }

  private pack(packed: PackedOperand, bound: ReadonlyMap<string, Storage>): ProgramBuffer {
    return this.constantBy(this.maker.pack(packed), packed.name, "pack", bound);
  }

  /** The buffer a setup kernel fills through its last parameter; the same work on the same weights is done once. */
  private constantBy(
    kernel: Kernel,
    name: string,
    as: string,
    bound: ReadonlyMap<string, Storage>,
  ): ProgramBuffer {
    const legal = this.maker.legaliseAlone(kernel);
    const sources = kernel.params.slice(0, -1).map((param) => bound.get(param.name)!);
    const named = { ...legal, name: this.candidateName(as) };
    const shared = this.kernels.add(named);
    if (shared === named) this.takeName(as);
    const from = sources.map(({ buffer, layout }) => `${buffer.name}+${layout.offset}`);
    const key = [shared.name, ...from].join();
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const { size } = kernel.params.at(-1)!;
    const buffer: ProgramBuffer = {
      name: `${name}.${this.constants.size}`,
      kind: "value",
      element: "f32",
      size,
    };
    this.constants.set(key, buffer);
    this.invariant.add(buffer);
    const all = new Map(bound).set(kernel.params.at(-1)!.name, whole(buffer));
    this.setup.push(this.call(shared, all));
    return buffer;
  }

  /** A call of the kernel, or of an equal one made before. */
  private call(kernel: Kernel, bound: ReadonlyMap<string, Storage>): PendingCall {
    const shared = this.kernels.add(kernel);
    return {
      kernel: shared.name,
      args: kernel.params.map((param) => {
        const { buffer, layout } = bound.get(param.name)!;
        return { buffer, elements: layout.offset };
      }),
      locals: kernel.locals.map((local) => this.localBuffer(local)),
    };
  }

  /** One of an intermediate buffer, or as many as there are workers. */
  private localBuffer(local: Buffer): ProgramBuffer {
    const { name, element, size, space } = local;
    if (space !== "scratch") return { name, element, size, kind: "value" };
    const bytes = scratchBytes(local) * this.options.target.threads;
    return { name, element, size: bytes / elementBytes(element), kind: "value" };
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
    const temporaries = others.map(
      ([buffer, life]) => [buffer, { ...life, bytes: bytesOf(buffer) }] as const,
    );
    const { offsets, bytes, regions } =
      this.options.target.grid === null
        ? { ...assignOffsets(fixedLifetimes, temporaries), regions: null }
        : assignRegions(fixedLifetimes, temporaries);
    const place = ({ kernel, args, locals }: PendingCall): KernelCall => ({
      kernel,
      args: [
        ...args.map(({ buffer, elements }) => offsets.get(buffer)! + elements * elementBytes(buffer.element)),
        ...locals.map((local) => offsets.get(local)!),
      ],
    });
    const total = (buffers: readonly ProgramBuffer[]): number =>
      buffers.reduce((sum, b) => sum + bytesOf(b), 0);
    const { kernels } = this.kernels;
    const ran = new Set(this.run.map(({ kernel }) => kernel));
    const shares = kernels.some(
      (kernel) => ran.has(kernel.name) && kernel.nests.some((nest) => parallelRange(kernel, nest) !== null),
    );
    const control = Math.ceil(bytes / lineBytes) * lineBytes;
    const packed = total([...this.constants.values()]);
    const weightBytes = total(storage.weights.map((weight) => weight.buffer));
    return {
      program: {
        name,
        kernels,
        setup: this.setup.map(place),
        run: this.run.map(place),
        memoryBytes: shares ? control + controlBytes : Math.max(bytes, 1),
        ...(regions === null ? {} : { regions }),
        ...(shares ? { threads: { count: this.options.target.threads, control } } : {}),
      },
      inputOffsets: storage.inputs.map((buffer) => offsets.get(buffer)!),
      outputOffsets: storage.outputs.map((buffer) => offsets.get(buffer)!),
      weights: storage.weights.map(({ node, buffer }) => ({ node, offset: offsets.get(buffer)! })),
      layers: this.layers,
      times: this.maker.times,
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
