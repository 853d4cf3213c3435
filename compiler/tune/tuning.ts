/**
 * Measured choices as data: for a kernel (what it computes, in which shapes) and a target, the way that was fastest on
 * some machine. A tuning is an input like weights: the same tuning gives the same program, on any machine.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { ParseError, parseModule } from "../../ir/parse.js";
import { printKernel } from "../../ir/print.js";
import type { Schedule } from "../../ir/schedule.js";
import type { TargetName } from "../../ir/target.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { naiveKernel } from "../lower/lowered.js";
import { refuse } from "../refusal.js";

export interface TunedKernel {
  /** SHA-256 of what is computed, and of the ways there were to choose from. */
  readonly key: string;
  readonly target: TargetName;
  /** For readers: the plainest way and its loops. */
  readonly layer: string;
  /** The way that was fastest. */
  readonly lowering: string;
  readonly algorithm: string;
  /** Text of its schedule for one thread. */
  readonly schedule: string;
  readonly ms: number;
}

/** What a tuning file holds; as text it is JSON. */
export interface Tuning {
  readonly format: "convsmith-tuning";
  readonly formatVersion: 1;
  readonly kernels: readonly TunedKernel[];
}

/** In an order of its own: the same choices are the same text. */
export function tuningOf(kernels: Iterable<TunedKernel>): Tuning {
  const byKey = new Map([...kernels].map((kernel) => [indexOf(kernel.target, kernel.key), kernel]));
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kernel]) => kernel);
  return { format: "convsmith-tuning", formatVersion: 1, kernels: sorted };
}

export function tuningText(tuning: Tuning): string {
  return `${JSON.stringify(tuning, null, 1)}\n`;
}

/** SHA-256 of the choices, in hexadecimal. */
export function tuningHash(tuning: Tuning): string {
  return hash(tuningText(tuning));
}

function hash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

const indexOf = (target: TargetName, key: string): string => `${target} ${key}`;

/** A tuning to look up in. */
export class TuningIndex {
  private readonly kernels: ReadonlyMap<string, TunedKernel>;

  constructor(readonly tuning: Tuning) {
    this.kernels = new Map(tuning.kernels.map((kernel) => [indexOf(kernel.target, kernel.key), kernel]));
  }

  /** What was measured of a kernel that can be computed in these ways. */
  find(target: TargetName, ways: readonly LoweredKernel[]): TunedKernel | undefined {
    return this.kernels.size === 0 ? undefined : this.kernels.get(indexOf(target, kernelKey(ways)));
  }

  with(kernels: readonly TunedKernel[]): TuningIndex {
    return kernels.length === 0 ? this : new TuningIndex(tuningOf([...this.tuning.kernels, ...kernels]));
  }
}

const keys = new WeakMap<readonly LoweredKernel[], string>();

/** The naive kernel says what is computed, in which shapes and layouts; the names say what there was to choose from. */
export function kernelKey(ways: readonly LoweredKernel[]): string {
  const known = keys.get(ways);
  if (known !== undefined) return known;
  const key = hash([...ways.map(({ name }) => name), printKernel(naiveKernel(ways[0]!))].join("\n"));
  keys.set(ways, key);
  return key;
}

/** conv_3x3: n 8, oh 28, ow 28, oc 64, kh 3, kw 3, ic 64. */
export function describeWays([plainest]: readonly LoweredKernel[]): string {
  const loops = plainest!.nests.at(-1)!.loops.map(({ axis, extent }) => `${axis} ${extent}`);
  return `${plainest!.name}: ${loops.join(", ")}`;
}

/** The schedule of an entry, for the kernel as the program names it. */
export function scheduleOf({ layer, schedule, target }: TunedKernel, kernel: string): Schedule {
  try {
    const [only, ...more] = parseModule(schedule).schedules;
    if (only !== undefined && more.length === 0) return { ...only, kernel, target };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
  return refuse("tuning-schedule", `tuning: what it holds for ${layer} is not one schedule; measure again`);
}
