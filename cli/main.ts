#!/usr/bin/env node
/** The command line: which commands and flags there are, and nothing else. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { version } from "../compiler/version.js";
import * as options from "./options.js";
import { exitCodes, processTerminal, report, type Terminal } from "./terminal.js";

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
const countUp = (_: string, before: number): number => before + 1;

function command(parent: Command, name: string, summary: string, example: string): Command {
  return parent
    .command(name)
    .summary(summary)
    .description(summary)
    .addHelpText("after", `\nExample:\n  ${example}`);
}

/** The flags every command has. */
function withOutput(to: Command): Command {
  return to
    .option("--json", "print machine-readable lines")
    .option("--quiet", "print results only")
    .option(
      "-v, --verbose",
      "1 stages and times, 2 schedules, 3 graphs, 4 kernels, 5 source: -vv is 2",
      countUp,
      0,
    );
}

function withParameters(to: Command): Command {
  return to
    .option("--weights <file>", "parameters: a flax msgpack checkpoint, .safetensors or .npz")
    .option(
      "--seed <n>",
      "parameters: fresh ones from the model's initialisers, as flax's init(key(n)) makes them",
    )
    .option("--strict", "refuse parameters the model does not use");
}

/** The flags of everything that compiles a model. */
function withModel(to: Command): Command {
  return withOutput(withParameters(to))
    .option("--input <[name=]shape[:dtype]>", "one per input: 1,28,28,3 or image=1,28,28,3:uint8", collect)
    .option("--backend <name>", "js, wasm, wgsl or auto")
    .option("--adapter <class>", "wgsl: schedules for a gpu (default), software, or in bundles both")
    .option("--precision <name>", "default, or highest: the same bits on every backend")
    .option("--threads <n>", "threads that share each layer; on wasm only")
    .option(
      "--schedule <file>",
      "schedules to use instead of chosen ones, as inspect --emit schedule prints them",
    )
    .option("--algorithm <name>", "auto, direct or winograd")
    .option(
      "--tune [file]",
      "measure the best schedules of each layer and use the fastest; the file keeps what was measured for next time",
    )
    .option("--disable <pass>", "leave out an optional pass; repeatable", collect);
}

function withPasses(to: Command): Command {
  return to
    .option("--print-after <pass>", "print the IR after a pass, after all, or after those that changed it")
    .option("--stop-after <pass>", "print the IR as this pass leaves it and stop")
    .option("--time-passes", "print how long each pass took");
}

function makeProgram(terminal: Terminal): Command {
  const program = new Command("convsmith")
    .description("Compiles flax convolution networks to small JavaScript and WebAssembly.")
    .version(version, "-V, --version")
    .addHelpText(
      "after",
      "\nExample:\n  convsmith compile model.ts --input 1,8,8,1 --weights model.msgpack --out out",
    )
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.note(text),
      outputError: (text, write) =>
        write(
          `${text
            .trim()
            .replace(/^error: /, "convsmith: ")
            .replace(/\s*\n/g, " ")}\n`,
        ),
    })
    .exitOverride();

  const compile = withModel(
    command(
      program,
      "compile <model>",
      "write a standalone bundle",
      "convsmith compile model.ts --input 1,8,8,1 --weights model.msgpack --out out",
    ),
  )
    .option("--name <name>", "of the files; by default the model's")
    .option("--inline", "put everything into the .mjs")
    .option("--images", "wgsl: inputs take images and textures besides")
    .option("--out <dir>", "folder to write to (required)");
  compile.action(async (model: string, flags: unknown) => {
    const checked = options.parseFlags(options.compileFlags, flags);
    await (await import("./commands/compile.js")).compileCommand(model, checked, terminal);
  });

  const run = withOutput(
    withParameters(
      command(
        program,
        "run <model>",
        "run a model or a bundle on inputs from files",
        "convsmith run out/model.mjs --input-file digit.npy --output-file logits.json",
      ),
    ),
  )
    .option("--input-file <[name=]file>", "one per input: .npy, .png or .json", collect)
    .option("--input <[name=]shape[:dtype]>", "what a model takes; by default what the files hold", collect)
    .option("--output-file <file>", "write the result: .npy, .png or .json")
    .option("--backend <name>", "js, wasm, wgsl or auto")
    .option("--precision <name>", "default, or highest: the same bits on every backend");
  run.action(async (model: string, flags: unknown) => {
    const checked = options.parseFlags(options.runFlags, flags);
    await (await import("./commands/run.js")).runCommand(model, checked, terminal);
  });

  const inspect = withPasses(
    withModel(
      command(
        program,
        "inspect <model>",
        "print any stage of the compilation",
        "convsmith inspect model.ts --input 1,8,8,1 --emit graph",
      ),
    ),
  ).option(
    "--emit <stage>",
    "trace, graph, schedule, naive, scheduled, kernel, js, wat, wgsl, plan, dot or svg",
  );
  inspect.action(async (model: string, flags: unknown) => {
    const checked = options.parseFlags(options.inspectFlags, flags);
    await (await import("./commands/inspect.js")).inspectCommand(model, checked, terminal);
  });

  const explain = withModel(
    command(
      program,
      "explain <model>",
      "say what was decided for each layer, and why",
      "convsmith explain model.ts --input 1,8,8,1 --measure",
    ),
  ).option("--measure", "also run each layer and time it");
  explain.action(async (model: string, flags: unknown) => {
    const checked = options.parseFlags(options.explainFlags, flags);
    await (await import("./commands/explain.js")).explainCommand(model, checked, terminal);
  });

  const bench = withModel(
    command(
      program,
      "bench <model>",
      "time runs on each backend",
      "convsmith bench model.ts --input 1,8,8,1 --backend js,wasm",
    ),
  ).option("--runs <n>", "how many to measure; by default as many as fit in 0.4 s");
  bench.action(async (model: string, flags: unknown) => {
    const checked = options.parseFlags(options.benchFlags, flags);
    await (await import("./commands/bench.js")).benchCommand(model, checked, terminal);
  });

  const weights = withOutput(
    command(program, "weights <file>", "list what is in a checkpoint", "convsmith weights model.msgpack"),
  );
  weights.action(async (file: string, flags: unknown) => {
    const checked = options.parseFlags(options.weightsFlags, flags);
    (await import("./commands/weights.js")).weightsCommand(file, checked, terminal);
  });

  const schema = command(
    program,
    "schema",
    "print the JSON schema of model specs",
    "convsmith schema > model.schema.json",
  );
  schema.action(async () => (await import("./commands/schema.js")).schemaCommand(terminal));

  addIr(program, terminal);
  return program;
}

const irActions = [
  ["opt", "run passes over the text", "convsmith ir opt net.ir --pass fuse-pad,prune"],
  ["print", "print the text in canonical form", "convsmith ir print net.ir"],
  ["verify", "say what is wrong with the text", "convsmith ir verify net.ir"],
  ["interpret", "compute what the text means", "convsmith ir interpret net.ir --input-file x=x.npy"],
] as const;

function addIr(program: Command, terminal: Terminal): void {
  const ir = command(
    program,
    "ir",
    "any stage of the compiler on text, for people who work on it",
    "convsmith ir opt net.ir --pass fuse-pad",
  );
  for (const [action, summary, example] of irActions) {
    const sub = withOutput(command(ir, `${action} <file>`, summary, example));
    if (action !== "print")
      sub.option("--target <name>", "js, js-wide, wasm-simd, wasm-relaxed, wgsl-gpu or wgsl-software");
    if (action === "opt")
      withPasses(sub)
        .option(
          "--pass <names>",
          "passes to run, in this order; by default all, or what the file's run line says",
        )
        .option("--precision <name>", "default or highest")
        .option("--disable <pass>", "leave out an optional pass; repeatable", collect);
    if (action === "interpret")
      sub
        .option(
          "--input-file <[name=]file>",
          "a value: .npy, .png or .json; others are filled with fixed numbers",
          collect,
        )
        .option("--output-file <file>", "write the result");
    sub.action(async (file: string, flags: unknown) => {
      const checked = options.parseFlags(options.irFlags, flags);
      (await import("./commands/ir.js")).irCommand(action, file, checked, terminal);
    });
  }
}

/** Runs one command line and returns the exit code; never throws. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = makeProgram(terminal);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return report(error, terminal, args.filter((arg) => /^(-v+|--verbose)$/.test(arg)).length);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // Nobody reads the rest: `convsmith … | head` is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.done);
    throw error;
  });
  process.exitCode = await main(process.argv.slice(2), processTerminal());
}
