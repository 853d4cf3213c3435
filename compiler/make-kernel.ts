/**
 * From a graph node to a legal kernel: its lowerings, the cheapest one's schedule, the kernel passes. What is made of a
 * node does not depend on its name nor on where its operands lie in memory, so that it is made once for all equal nodes:
 * layers that repeat, and the phases of a transposed convolution.
 */
import type { Kernel } from "../ir/kernel.js";
import type { Target } from "../ir/target.js";
import { withThreads } from "../ir/target.js";
import { elementBytes } from "../ir/types.js";
import type { LoweredKernel } from "./lower/lowered.js";
import { lowerings } from "./lower/lowerings.js";
import { lowerCopy, lowerMap, lowerPad } from "./lower/map.js";
import type { Operand } from "./lower/operand.js";
import type { PlanOptions } from "./plan.js";
import { nodeKey, ScalarNumbers } from "./rewrite.js";
import type { PassTime } from "./run-passes.js";
import { runKernelPasses } from "./run-passes.js";
import type { ScheduledKernel } from "./schedule/apply.js";
import { applySchedule } from "./schedule/apply.js";
import type { Choice } from "./schedule/choose.js";
import { choose, scheduleFor } from "./schedule/choose.js";
import { gridSteps } from "./schedule/grid.js";
import type { PackedOperand } from "./schedule/pack.js";
import type { Action } from "./storage.js";
import { tunedChoice } from "./tune/choose-tuned.js";
import type { TunedKernel } from "./tune/tuning.js";

/** What there is to make a kernel of. */
export interface Work {
  /** Done once, in setup, by one worker. */
  readonly once: boolean;
  readonly action: Action;
  readonly operands: readonly Operand[];
  readonly out: Operand;
}

export interface Made extends ScheduledKernel {
  /** The name its lowering gives it. */
  readonly base: string;
  readonly choice: Choice;
  /** What it was chosen from, as one worker computes them. */
  readonly ways: readonly LoweredKernel[];
  /** What it was chosen by, where that was measured. */
  readonly tuned: TunedKernel | null;
  readonly legal: Kernel;
}

/** The lowerings of some work, the same as the workers of the target share them, and what was made of them. */
interface Known {
  readonly ways: readonly LoweredKernel[];
  readonly shared: readonly LoweredKernel[];
  made: Made | null;
}

export class KernelMaker {
  private readonly scalars = new ScalarNumbers();
  private readonly known = new Map<string, Known>();
  private readonly legal = new WeakMap<Kernel, Kernel>();
  private readonly preparations = new WeakMap<LoweredKernel, Kernel>();
  private readonly spent = new Map<string, number>();
  private readonly alone: Target;

  constructor(private readonly options: PlanOptions) {
    this.alone = withThreads(options.target, 1);
  }

  /** `nameOf`: what a kernel will be called, by the name its lowering gives it. */
  make(work: Work, nameOf: (base: string) => string): Made {
    const { handSchedules, tuning } = this.options;
    const known = this.lower(work);
    const { ways, shared } = known;
    const target = this.targetOf(work);
    const byHand = shared.find((way) => handSchedules.has(nameOf(way.name)));
    if (byHand !== undefined) {
      const schedule = handSchedules.get(nameOf(byHand.name))!;
      const choice = { ...scheduleFor(byHand, target), schedule, why: "schedule given by hand" };
      return renamed(this.finish(choice, { ways, tuned: null, target }), nameOf(byHand.name));
    }
    if (known.made === null) {
      const tuned = (!work.once && tuning?.find(target.name, ways)) || null;
      const choice =
        tuned === null
          ? choose(ways, target, shared)
          : tunedChoice(tuned, { ways, shared, target, name: (way) => way });
      known.made = this.finish(choice, { ways, tuned, target });
    }
    return renamed(known.made, nameOf(known.made.base));
  }

  /** The kernel of setup that computes an operand of another one. */
  prepare(lowered: LoweredKernel): Kernel {
    const before = this.preparations.get(lowered);
    const kernel = before ?? applySchedule(lowered, scheduleFor(lowered, this.alone).schedule).kernel;
    this.preparations.set(lowered, kernel);
    return kernel;
  }

  /** What packs an operand, as a grid where that is what runs it. */
  pack({ kernel, lowered }: PackedOperand): Kernel {
    return this.alone.grid === null ? kernel : onGrid(lowered, this.alone);
  }

  /** The kernel after the kernel passes, for one worker. */
  legaliseAlone(kernel: Kernel): Kernel {
    return this.legalise(kernel, this.alone);
  }

  /** How long each pass took; empty unless asked for. */
  get times(): readonly PassTime[] {
    return [...this.spent].map(([pass, milliseconds]) => ({ pass, milliseconds }));
  }

  private targetOf({ once }: Work): Target {
    return once ? this.alone : this.options.target;
  }

  private lower(work: Work): Known {
    const key = workKey(work, this.scalars);
    const before = this.known.get(key);
    if (before !== undefined) return before;
    const target = this.targetOf(work);
    const ways = this.lowerings(work, this.alone);
    const shared = target === this.alone ? ways : this.lowerings(work, target);
    const known = { ways, shared, made: null };
    this.known.set(key, known);
    return known;
  }

  /** Every way to compute an action, the plainest first. */
  private lowerings({ action, operands, out }: Work, target: Target): readonly LoweredKernel[] {
    if (action.kind === "copy") return [lowerCopy(inBytes(operands[0]!), inBytes(out))];
    const { node } = action;
    if (node.op === "pad") {
      const from = inBytes(operands[0]!);
      const none = from === operands[0] ? [] : [0];
      const padded = { ...node, low: [...node.low, ...none], high: [...node.high, ...none] };
      return [lowerPad(padded, from, inBytes(out))];
    }
    if (node.op === "map") return [lowerMap(node, operands, out)];
    return lowerings(node, operands, out, { ...this.options, target });
  }

  private finish(
    choice: Choice,
    { target, ...from }: Pick<Made, "ways" | "tuned"> & { readonly target: Target },
  ): Made {
    const scheduled = applySchedule(choice.lowered, choice.schedule);
    const legal = this.legalise(scheduled.kernel, target);
    return { ...scheduled, ...from, base: choice.lowered.name, choice, legal };
  }

  private legalise(kernel: Kernel, target: Target): Kernel {
    const before = this.legal.get(kernel);
    if (before !== undefined) return before;
    const result = runKernelPasses(kernel, { ...this.options, target }, this.options.passes);
    for (const { pass, milliseconds } of result.times)
      this.spent.set(pass, (this.spent.get(pass) ?? 0) + milliseconds);
    this.legal.set(kernel, result.kernel);
    return result.kernel;
  }
}

/** All that decides what is made; comparable where the scalars were numbered together. */
function workKey({ once, action, operands, out }: Work, scalars: ScalarNumbers): string {
  const operand = ({ type, layout, constant }: Operand): string =>
    `${type.element}[${type.shape}]@${layout.strides}${constant ? "c" : ""}`;
  const body = action.kind === "copy" ? "copy" : nodeKey(action.node, scalars);
  return `${once} ${body} ${[...operands, out].map(operand).join(" ")}`;
}

/** What f32 may not hold exactly is moved as it is in memory: one more axis, of the bytes of an element. */
function inBytes(operand: Operand): Operand {
  const { element, shape } = operand.type;
  const bytes = elementBytes(element);
  if (element === "f32" || bytes === 1) return operand;
  const strides = [...operand.layout.strides.map((stride) => stride * bytes), 1];
  return {
    ...operand,
    type: { element: "u8", shape: [...shape, bytes] },
    layout: { ...operand.layout, strides },
  };
}

function renamed(made: Made, name: string): Made {
  const { choice, kernel, legal } = made;
  return {
    ...made,
    choice: {
      ...choice,
      lowered: { ...choice.lowered, name },
      schedule: { ...choice.schedule, kernel: name },
    },
    kernel: { ...kernel, name },
    legal: { ...legal, name },
  };
}

/** A kernel whose nests are grids and otherwise as they were lowered. */
function onGrid(lowered: LoweredKernel, target: Target): Kernel {
  const steps = lowered.nests.flatMap((nest) => gridSteps(nest, target));
  const schedule = { kernel: lowered.name, target: target.name, steps, reassociates: false };
  return applySchedule(lowered, schedule).kernel;
}
