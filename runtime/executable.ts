/**
 * A program that is ready to run: who owns which memory, and when.
 *
 * The memory is the instance's, sized once; views on it stay valid until dispose(). Whatever run and runSync return
 * belongs to the caller.
 */
import type { OutArrays, Result, RunInput, RunInputs, View } from "./binding.js";
import { checkInput, checkOut, copyIn, copyResults, isRecord, slotView } from "./binding.js";
import { ConfigError, ShapeError } from "./error.js";
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
    program.inputs.length === 1 && typeof program.outputTree === "number"
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
  if (more !== undefined) refuseInputs(bound, "input-count", "three arguments");
  const given = isRecord(input) ? byName(bound, input)[0] : input;
  const array = checkInput(inputs[0]!, given);
  if (out !== undefined) checkOut(program.outputTree, outputs, out);
  copyIn(inputs[0]!, array);
  bound.instance.run();
  const known = out === undefined ? undefined : bound.over.get(out as OutArrays);
  if (known !== undefined) {
    (out as TypedArray).set(outputs[program.outputTree as number]!.data);
    return known;
  }
  const result = copyResults(program.outputTree, outputs, out as OutArrays | undefined);
  if (out !== undefined) bound.over.set(out as OutArrays, result);
  return result;
}

function runMany(bound: Bound, args: readonly unknown[]): Result {
  const { program, inputs, outputs } = bound;
  const named = isRecord(args[0]) && inputs.length > 0;
  const given = named ? byName(bound, args[0] as RunInputs) : args.slice(0, inputs.length);
  const rest = args.slice(named ? 1 : inputs.length).filter((arg) => arg !== undefined);
  if (given.length < inputs.length || given.includes(undefined) || rest[1] !== undefined)
    refuseInputs(bound, "input-count", `${args.length} arguments`);
  const arrays = given.map((value, index) => checkInput(inputs[index]!, value));
  if (rest.length > 0) checkOut(program.outputTree, outputs, rest[0]);
  for (const [index, view] of inputs.entries()) copyIn(view, arrays[index]!);
  bound.instance.run();
  return copyResults(program.outputTree, outputs, rest[0] as OutArrays | undefined);
}

function byName(bound: Bound, record: RunInputs): unknown[] {
  const given = Object.keys(record);
  const { inputs } = bound;
  if (given.length !== inputs.length || !inputs.every(({ name }) => given.includes(name)))
    refuseInputs(bound, "input-name", given.join(", "));
  return inputs.map(({ name }) => record[name]);
}

function refuseInputs({ program, inputs }: Bound, code: string, given: string): never {
  const names = inputs.map(({ name }) => name).join(", ");
  throw new ShapeError(code, `${program.name} takes ${names} and perhaps an out, given ${given}`);
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
