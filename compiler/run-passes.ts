/** Runs the rows of the pass table over one graph or kernel, with everything the options ask for on the way. */
import type { Diagnostic } from "../ir/diagnostic.js";
import { annotate } from "../ir/diagnostic.js";
import type { Graph } from "../ir/graph.js";
import type { Kernel } from "../ir/kernel.js";
import { printGraph, printKernel } from "../ir/print.js";
import type { Target } from "../ir/target.js";
import { verifyGraph, verifyKernel } from "../ir/verify.js";
import { ConfigError, ConvsmithError } from "../runtime/error.js";
import { nearest } from "./option.js";
import type { GraphPass, KernelPass, Pass, PassContext } from "./pass.js";
import { PassError } from "./pass.js";
import { pipeline } from "./pipeline.js";
import { runLine } from "./run-line.js";
import { shuffleGraph } from "./shuffle.js";

export interface PassOptions {
  /** Verify before the first pass and after each; by default only where NODE_ENV is "test". */
  readonly verifyEach?: boolean;
  /** Hand the text after a pass to `sink`: after this pass, after every one, or after those that changed something. */
  readonly printAfter?: {
    readonly which: "all" | "changed" | (string & {});
    readonly sink: (pass: string, text: string) => void;
  };
  /** The last pass to run. */
  readonly stopAfter?: string;
  /** Passes to leave out; a required one is refused. */
  readonly disable?: readonly string[];
  /** Measure each pass. */
  readonly timePasses?: boolean;
  /** Seed of a random order that independent graph nodes are put in before each pass. Results must not depend on it. */
  readonly shuffle?: number;
  /** The table to run; the compiler's own by default. */
  readonly table?: readonly Pass[];
}

/** What became of one row of the table. */
export interface PassRecord {
  readonly pass: string;
  readonly outcome: "changed" | "unchanged" | "disabled" | "inexact" | "stopped";
}

export interface PassTime {
  readonly pass: string;
  readonly milliseconds: number;
}

export interface PassResult {
  /** Empty unless `timePasses`. */
  readonly times: readonly PassTime[];
  readonly trace: readonly PassRecord[];
}

/** Throws ConfigError on an unknown or required name in the options, PassError where a pass goes wrong. */
export function runGraphPasses(
  graph: Graph,
  context: PassContext,
  options: PassOptions = {},
): PassResult & { readonly graph: Graph } {
  const passes = (options.table ?? pipeline).filter((pass): pass is GraphPass => pass.level === "graph");
  const { shuffle } = options;
  const { ir, ...result } = runPasses(graph, passes, context, options, {
    print: printGraph,
    verify: verifyGraph,
    rules: () => null,
    prepare: (value, step) => (shuffle === undefined ? value : shuffleGraph(value, shuffle + step)),
  });
  return { graph: ir, ...result };
}

/** As runGraphPasses. What a target cannot do is only refused once `legalize` has run. */
export function runKernelPasses(
  kernel: Kernel,
  context: PassContext,
  options: PassOptions = {},
): PassResult & { readonly kernel: Kernel } {
  const passes = (options.table ?? pipeline).filter((pass): pass is KernelPass => pass.level === "kernel");
  const legal = passes.findIndex((pass) => pass.name === "legalize");
  const { ir, ...result } = runPasses(kernel, passes, context, options, {
    print: printKernel,
    verify: verifyKernel,
    rules: (done) => (legal >= 0 && done > legal ? context.target : null),
    prepare: (value) => value,
  });
  return { kernel: ir, ...result };
}

/** What the runner must know of a kind of IR. */
interface Level<Ir> {
  readonly print: (ir: Ir) => string;
  readonly verify: (ir: Ir, rules: Target | null) => readonly Diagnostic[];
  /** What besides being well-formed is asked for; done: how many rows have run. */
  readonly rules: (done: number) => Target | null;
  readonly prepare: (ir: Ir, done: number) => Ir;
}

/** Stands for a pass in the report on IR that does not verify before the first one. */
const given = "(input)";

type Row<Ir> = Omit<Pass, "level" | "run"> & { readonly run: (ir: Ir, context: PassContext) => Ir };

function runPasses<Ir>(
  first: Ir,
  passes: readonly Row<Ir>[],
  context: PassContext,
  options: PassOptions,
  level: Level<Ir>,
): PassResult & { readonly ir: Ir } {
  checkNames(options);
  const verifyEach = options.verifyEach ?? inTests();
  const times: PassTime[] = [];
  const trace: PassRecord[] = [];
  const blame = (pass: string, before: Ir, message: string, cause?: unknown): PassError => {
    const line = runLine({ passes: pass === given ? null : [pass], context });
    return new PassError(pass, message, `${line}\n${level.print(before)}`, cause);
  };
  let verified: { readonly ir: Ir; readonly rules: Target | null } | null = null;
  const verify = (pass: string, before: Ir, ir: Ir, done: number): void => {
    const rules = level.rules(done);
    if (!verifyEach || (verified?.ir === ir && verified.rules === rules)) return;
    const diagnostics = level.verify(ir, rules);
    verified = { ir, rules };
    if (diagnostics.length === 0) return;
    throw blame(pass, before, `its result does not verify\n${annotate(level.print(ir), diagnostics)}`);
  };

  let ir = first;
  let stopped = false;
  verify(given, ir, ir, 0);
  passes.forEach((row, done) => {
    const skipped = stopped ? "stopped" : skips(row, context, options);
    if (row.name === options.stopAfter) stopped = true;
    if (skipped !== null) {
      trace.push({ pass: row.name, outcome: skipped });
      return;
    }
    const before = level.prepare(ir, done);
    const start = options.timePasses === true ? performance.now() : 0;
    try {
      ir = row.run(before, context);
    } catch (error) {
      // A user's mistake that only a pass can see is still the user's; everything else is ours.
      if (error instanceof ConvsmithError) throw error;
      throw blame(row.name, before, error instanceof Error ? error.message : String(error), error);
    }
    if (options.timePasses === true) times.push({ pass: row.name, milliseconds: performance.now() - start });
    verify(row.name, before, ir, done + 1);
    const outcome = ir === before ? "unchanged" : "changed";
    trace.push({ pass: row.name, outcome });
    const { which, sink } = options.printAfter ?? {};
    if (which === "all" || which === row.name || which === outcome) sink?.(row.name, level.print(ir));
  });
  return { ir, times, trace };
}

function skips<Ir>(
  { name, exact }: Row<Ir>,
  context: PassContext,
  { disable = [] }: PassOptions,
): "disabled" | "inexact" | null {
  if (disable.includes(name)) return "disabled";
  return !exact && context.precision === "highest" ? "inexact" : null;
}

function inTests(): boolean {
  return typeof process !== "undefined" && process.env.NODE_ENV === "test";
}

function checkNames({ disable = [], stopAfter, printAfter, table = pipeline }: PassOptions): void {
  for (const name of disable)
    if (checkPassName("disable", name, table).required)
      throw new ConfigError("required-pass", `disable: pass "${name}" is required`);
  if (stopAfter !== undefined) checkPassName("stopAfter", stopAfter, table);
  if (printAfter !== undefined && printAfter.which !== "all" && printAfter.which !== "changed")
    checkPassName("printAfter", printAfter.which, table);
}

/** The row of that name; throws ConfigError, naming the option and the nearest name, where there is none. */
export function checkPassName(option: string, name: string, table: readonly Pass[]): Pass {
  const found = table.find((pass) => pass.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    table.map((pass) => pass.name),
  );
  throw new ConfigError("unknown-pass", `${option}: there is no pass "${name}"; did you mean "${near}"?`);
}
