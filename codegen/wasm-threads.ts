/**
 * The wasm module of several workers. Its memory is imported, shared, and holds the words they wait on.
 *
 *   setup()                     one worker, before any run
 *   run(count, maySleep)        a run, as worker 0 of `count`; maySleep 0 where the thread must not block (a page)
 *   worker(index, count)        never returns: takes part in every run
 *
 * Each step is done by worker 0, or shared: worker i takes the values [E*i/count, E*(i+1)/count) of the parallel axis,
 * so that no result depends on how many there are. Whoever waits looks at the word for some microseconds, then sleeps.
 */
import type binaryen from "binaryen";
import type { Kernel } from "../ir/kernel.js";
import { type KernelProgram, lineBytes, scratchBytes, type Threads } from "../ir/program.js";
import type { Target } from "../ir/target.js";
import { kernelArguments, resolveCalls } from "./calls.js";
import { type Segment, type Step, segmentsOf, stepsOf } from "./parallel-steps.js";
import { createNames } from "./text.js";
import type { Binaryen, Ref } from "./wasm-memory.js";
import { addKernel } from "./wasm-stmt.js";
import { createSubroutines } from "./wasm-subroutine.js";

/** The module and field its memory is imported as. */
const memoryImport = ["env", "memory"] as const;

const mostPages = 65536;

/** How often a word is looked at before sleeping: some 20 microseconds; waking a sleeper takes 50. */
const spins = 20_000;

export function buildThreadedModule(
  api: Binaryen,
  module: binaryen.Module,
  program: KernelProgram & { readonly threads: Threads },
  target: Target,
  pages: number,
): void {
  // Any memory that is large enough will do: that of a bundle holds the largest of its targets.
  module.setMemory(pages, mostPages, null, [], true, false, "memory");
  module.addMemoryImport("memory", ...memoryImport, true);
  const { threads } = program;
  const entries = ["setup", "run", "worker"];
  const names = createNames(new Set([...entries, "share", "sleep", "wait", "wake", "barrier", "work"]));
  const subroutines = createSubroutines(api, module, target, names);
  const calls = resolveCalls(program);
  const segments = new Map(calls.kernels.map((kernel) => [kernel, segmentsOf(kernel)]));
  const of = (kernel: Kernel): readonly Segment[] => segments.get(kernel)!;
  const functions = new Map<Segment, string>();
  for (const kernel of calls.kernels)
    for (const segment of of(kernel)) {
      const parts = of(kernel).length === 1 ? [] : [segment.kernel.nests.at(-1)!.name];
      const name = names.fresh([kernel.name, ...parts].join("_"));
      functions.set(segment, name);
      addKernel(api, module, segment.kernel, name, target, subroutines, segment.range);
    }
  const emit = new ThreadCode(api, module, threads, functions);
  emit.addWaiting();
  emit.addSetup(stepsOf(calls.setup, threads.count, of));
  emit.addRun(stepsOf(calls.run, threads.count, of));
  for (const entry of entries) module.addFunctionExport(entry, entry);
}

class ThreadCode {
  private readonly i32: binaryen.Module["i32"];
  private readonly words: Readonly<Record<"arrived" | "generation" | "run" | "sleepers", number>>;

  constructor(
    private readonly api: Binaryen,
    private readonly module: binaryen.Module,
    { control }: Threads,
    private readonly functions: ReadonlyMap<Segment, string>,
  ) {
    this.i32 = module.i32;
    const word = (line: number): number => control + line * lineBytes;
    this.words = { arrived: word(0), generation: word(1), run: word(2), sleepers: word(3) };
  }

  private get(index: number): Ref {
    return this.module.local.get(index, this.api.i32);
  }

  private at(word: keyof typeof this.words): Ref {
    return this.i32.const(this.words[word]);
  }

  private load(word: Ref): Ref {
    return this.i32.atomic.load(0, word);
  }

  private add(word: keyof typeof this.words, value: number): Ref {
    return this.i32.atomic.rmw.add(0, this.at(word), this.i32.const(value));
  }

  private call(name: string, args: readonly Ref[], result = this.api.none): Ref {
    return this.module.call(name, [...args], result);
  }

  /** A function of integers, with integer locals; `names` says the parameters first. */
  private define(
    name: string,
    names: readonly string[],
    params: number,
    body: Ref,
    result = this.api.none,
  ): void {
    const { api, module } = this;
    const types = names.map(() => api.i32);
    const made = module.addFunction(
      name,
      api.createType(types.slice(0, params)),
      result,
      types.slice(params),
      body,
    );
    const { setLocalName } = (api as unknown as { readonly Function: LocalNames }).Function;
    names.forEach((local, index) => void setLocalName(made, index, local));
  }

  addWaiting(): void {
    const { i32, i64, memory } = this.module;
    const wide = (value: Ref): Ref => i64.extend_u(value);
    this.define(
      "share",
      ["extent", "part", "parts"],
      3,
      i32.wrap(i64.div_u(i64.mul(wide(this.get(0)), wide(this.get(1))), wide(this.get(2)))),
      this.api.i32,
    );
    // Alone in its function: the first compiler of Node 20 loses locals around this instruction.
    const forever = i64.const(-1n);
    this.define(
      "sleep",
      ["word", "value"],
      2,
      this.module.drop(memory.atomic.wait32(this.get(0), this.get(1), forever)),
    );
    this.addWait();
    const woken = memory.atomic.notify(this.get(0), i32.const(-1));
    this.define("wake", ["word"], 1, this.module.if(this.load(this.at("sleepers")), this.module.drop(woken)));
    this.addBarrier();
  }

  /** Until the word is another than `value`. A sleeper counts itself before it looks again, so that nobody misses it. */
  private addWait(): void {
    const { module, i32 } = this;
    const [word, value, maySleep, looks] = [0, 1, 2, 3];
    const body = [
      module.br("changed", i32.ne(this.load(this.get(word)), this.get(value))),
      module.local.set(looks, i32.add(this.get(looks), i32.const(1))),
      module.br("again", i32.lt_u(this.get(looks), i32.const(spins))),
      module.br("again", i32.eqz(this.get(maySleep))),
      module.drop(this.add("sleepers", 1)),
      this.call("sleep", [this.get(word), this.get(value)]),
      module.drop(this.add("sleepers", -1)),
      module.br("again"),
    ];
    this.define(
      "wait",
      ["word", "value", "maySleep", "looks"],
      3,
      module.block("changed", [module.loop("again", module.block(null, body))]),
    );
  }

  /** Returns when all workers have come; the last one lets the others go. */
  private addBarrier(): void {
    const { module, i32 } = this;
    const [count, maySleep, generation] = [0, 1, 2];
    const isLast = i32.eq(this.add("arrived", 1), i32.sub(this.get(count), i32.const(1)));
    const release = [
      i32.atomic.store(0, this.at("arrived"), i32.const(0)),
      i32.atomic.store(0, this.at("generation"), i32.add(this.get(generation), i32.const(1))),
      this.call("wake", [this.at("generation")]),
    ];
    const wait = this.call("wait", [this.at("generation"), this.get(generation), this.get(maySleep)]);
    this.define(
      "barrier",
      ["count", "maySleep", "generation"],
      2,
      module.block(null, [
        module.local.set(generation, this.load(this.at("generation"))),
        module.if(isLast, module.block(null, release), wait),
      ]),
    );
  }

  addSetup(steps: readonly Step[]): void {
    const body = steps.map(({ segment, args }) => {
      const { range } = segment;
      const pointers = args.map((offset) => this.i32.const(offset));
      const whole = range === null ? [] : [this.i32.const(range.start), this.i32.const(range.end)];
      return this.call(this.functions.get(segment)!, [...pointers, ...whole]);
    });
    this.define("setup", [], 0, this.module.block(null, body));
  }

  addRun(steps: readonly Step[]): void {
    const { module, i32 } = this;
    const [index, count, maySleep] = [0, 1, 2];
    const barrier = (): Ref => this.call("barrier", [this.get(count), this.get(maySleep)]);
    const body = steps.flatMap((step) => [...(step.waits ? [barrier()] : []), this.stepCode(step)]);
    this.define("work", ["index", "count", "maySleep"], 3, module.block(null, [...body, barrier()]));
    const begin = [module.drop(this.add("run", 1)), this.call("wake", [this.at("run")])];
    const first = this.call("work", [i32.const(0), this.get(0), this.get(1)]);
    this.define("run", ["count", "maySleep"], 2, module.block(null, [...begin, first]));
    const runs = 2;
    const turn = [
      this.call("wait", [this.at("run"), this.get(runs), i32.const(1)]),
      module.local.set(runs, i32.add(this.get(runs), i32.const(1))),
      this.call("work", [this.get(index), this.get(count), i32.const(1)]),
      module.br("turn"),
    ];
    this.define("worker", ["index", "count", "runs"], 2, module.loop("turn", module.block(null, turn)));
  }

  private stepCode({ segment, args }: Step): Ref {
    const { i32 } = this;
    const { kernel, range } = segment;
    const [index, count] = [0, 1];
    const name = this.functions.get(segment)!;
    if (range === null) {
      const alone = this.call(
        name,
        args.map((offset) => i32.const(offset)),
      );
      return this.module.if(i32.eqz(this.get(index)), alone);
    }
    const scratch = new Map(
      kernel.locals.flatMap((local) =>
        local.space === "scratch" ? [[local.name, scratchBytes(local)] as const] : [],
      ),
    );
    const pointers = kernelArguments(kernel).map((argument, i) => {
      const apart = scratch.get(argument.name);
      const first = i32.const(args[i]!);
      return apart === undefined ? first : i32.add(first, i32.mul(this.get(index), i32.const(apart)));
    });
    const bound = (part: Ref): Ref => {
      const share = this.call(
        "share",
        [i32.const(range.end - range.start), part, this.get(count)],
        this.api.i32,
      );
      return range.start === 0 ? share : i32.add(share, i32.const(range.start));
    };
    const next = i32.add(this.get(index), i32.const(1));
    return this.call(name, [...pointers, bound(this.get(index)), bound(next)]);
  }
}

/** Where names of locals are set at run time; the type declarations put it on the module. */
type LocalNames = Pick<binaryen.Module["Function"], "setLocalName">;
