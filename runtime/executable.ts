/**
 * A program that is ready to run: who owns which memory, and when.
 *
 * The memory is the instance's, sized once; views on it stay valid until dispose(). Whatever run and runSync return
 * belongs to the caller.
 */
import { byName, readArguments, refuseArguments } from "./arguments.js";
import type { OutArrays, Result, RunInput, RunInputs, View } from "./binding.js";
import { checkArray, checkOut, copyIn, copyResult, isRecord, mapTree, slotView } from "./binding.js";
import { ConfigError } from "./error.js";
import { features } from "./features.js";
import type { Program } from "./program.js";
import type { Tensor, TypedArray } from "./tensor.js";
import { checkWeight } from "./weights.js";

/** An artifact bound to its memory. setup runs after the weights are in their slots, run computes outputs from inputs. */
export interface Instance {
  readonly memory: ArrayBufferLike;
  setup(): void;
  run(): void;
}

export interface ExecutableOptions {
  /** What was decided while loading, for `notes`. */
  readonly notes?: readonly string[];
}

/** `R` is what the model returns: a Tensor, or the tuple or record of them. */
export interface Executable<R extends Result = Tensor> {
  readonly backend: Program["backend"];
  /** What was decided while loading, one line each. */
  readonly notes: readonly string[];
  /** Views on the program's memory, for invoke(). */
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  /** Results are copies; inputs are read before run returns. Takes inputs as runSync does. */
  run(...args: readonly (RunInput | RunInputs | OutArrays)[]): Promise<R>;
  /**
   * Inputs in order, or one record of them by name; then, if wanted, the arrays to write into. With these the result
   * is a Tensor over the array given, and for one input and one output nothing is allocated when it is reused.
   */
  runSync(...args: readonly (RunInput | RunInputs | OutArrays)[]): R;
  /** Computes outputs[].data from inputs[].data; allocates nothing. */
  invoke(): void;
  /** Writes every weight, in the order of program.weights, and prepares them. */
  setWeights(arrays: readonly TypedArray[]): void;
  /** Lets go of the memory; every method throws ConfigError ("disposed") from then on. */
  dispose(): void;
}

/** Makes the object users hold. A program without weights is ready at once, others after setWeights(). */
export function createExecutable<R extends Result = Tensor>(
  program: Program,
  instance: Instance,
  { notes = [] }: ExecutableOptions = {},
): Executable<R> {
  let live: Bound | null = bind(program, instance);
  let ready = false;

  const bound = (): Bound => {
    if (live !== null) return live;
    throw new ConfigError("disposed", `${program.name}: used after dispose()`);
  };
  const runnable = (): Bound => {
    const current = bound();
    if (ready) return current;
    throw new ConfigError("weights-missing", `${program.name}: set its weights before running it`);
  };
  const setWeights = (arrays: readonly TypedArray[]): void => {
    const current = bound();
    ready = false;
    writeWeights(program, current.instance, arrays);
    ready = true;
  };
  // Rest parameters allocate; the common case has none.
  const runSync: Executable<R>["runSync"] =
    (!features.severalInputs || program.inputs.length === 1) &&
    (!features.trees || typeof program.outputTree === "number")
      ? (input?: unknown, out?: unknown, more?: unknown) => runOne(runnable(), input, out, more) as R
      : (...args) => runMany(runnable(), args) as R;

  if (program.weights.length === 0) setWeights([]);
  return {
    backend: program.backend,
    notes: [...notes],
    get inputs() {
      return bound().inputs;
    },
    get outputs() {
      return bound().outputs;
    },
    // The work is done before the call returns: overlapping calls follow each other, inputs may change at once.
    run: async (...args) => runSync(...args),
    runSync,
    invoke: () => runnable().instance.run(),
    setWeights,
    dispose() {
      bound();
      live = null;
    },
  };
}

interface Bound {
  readonly program: Program;
  readonly instance: Instance;
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  /** Results over arrays the caller has given as `out`, so that a reused one costs nothing. */
  readonly over: WeakMap<object, Result>;
}

function bind(program: Program, instance: Instance): Bound {
  const view = (slot: Program["inputs"][number]): View => slotView(instance.memory, slot);
  return {
    program,
    instance,
    inputs: program.inputs.map(view),
    outputs: program.outputs.map(view),
    over: new WeakMap(),
  };
}

/** One input, one output; allocates nothing where `out` was seen before. */
function runOne(bound: Bound, input: unknown, out: unknown, more: unknown): Result {
  const { program, inputs, outputs } = bound;
  if (more !== undefined) refuseArguments(program, "input-count", "three arguments");
  const given = isRecord(input) ? byName(program, input)[0] : input;
  const array = checkArray("input", inputs[0]!, given);
  if (out !== undefined) checkOut(program.outputTree, outputs, out);
  copyIn(inputs[0]!, array);
  bound.instance.run();
  const known = out === undefined ? undefined : bound.over.get(out as OutArrays);
  const view = outputs[program.outputTree as number]!;
  if (known !== undefined) {
    (out as TypedArray).set(view.data);
    return known;
  }
  const result = copyResult(view, out as TypedArray | undefined);
  if (out !== undefined) bound.over.set(out as OutArrays, result);
  return result;
}

function runMany(bound: Bound, args: readonly unknown[]): Result {
  const { program, inputs, outputs } = bound;
  const { values, out } = readArguments(program, args);
  const arrays = values.map((value, index) => checkArray("input", inputs[index]!, value));
  if (out !== undefined) checkOut(program.outputTree, outputs, out);
  for (const [index, view] of inputs.entries()) copyIn(view, arrays[index]!);
  bound.instance.run();
  const leaf = (output: number, into: TypedArray | undefined) => copyResult(outputs[output]!, into);
  return mapTree(program.outputTree, leaf, out as OutArrays | undefined) as Result;
}

/** Always all of them: temporaries of the program may lie where raw weights lay. */
function writeWeights(program: Program, instance: Instance, arrays: readonly TypedArray[]): void {
  for (const [index, slot] of program.weights.entries()) {
    const { data } = slotView(instance.memory, slot);
    checkWeight(slot, data, arrays[index]);
    data.set(arrays[index]!);
  }
  instance.setup();
}
