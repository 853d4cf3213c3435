/** `convsmith run`: a model or a bundle on inputs from files. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { resolveBackend } from "../../compiler/compile-options.js";
import { compile } from "../../compiler/executable.js";
import type { InputSpec } from "../../compiler/input-spec.js";
import { readInputSpecs } from "../../compiler/input-spec.js";
import type { Result, View } from "../../runtime/binding.js";
import { isTensor } from "../../runtime/binding.js";
import type { Executable } from "../../runtime/executable.js";
import type { Tensor } from "../../runtime/tensor.js";
import { describeTensor, toFloat32 } from "../../runtime/tensor.js";
import type { LoadedModel } from "../load-model.js";
import { importUserModule, loadModel } from "../load-model.js";
import type { FileFlag, RunFlags } from "../options.js";
import { specsOf, userAsync, variablesFor, warner } from "../prepare.js";
import type { Wanted } from "../tensor-file.js";
import { readTensorFile, tensorFile, tensorJson, writeUserFile } from "../tensor-file.js";
import type { Terminal } from "../terminal.js";
import { fileError, UsageError } from "../terminal.js";

type Runnable = Pick<Executable<Result>, "runSync" | "dispose">;

export async function runCommand(path: string, flags: RunFlags, terminal: Terminal): Promise<void> {
  const bundle = isBundle(path) ? await openBundle(path, flags) : undefined;
  const { inputs, runnable } = bundle ?? (await openModel(path, flags, terminal));
  const result = runnable.runSync(...inputs);
  runnable.dispose();
  if (flags.outputFile !== undefined) writeUserFile(flags.outputFile, resultFile(flags.outputFile, result));
  if (flags.json) terminal.out(`${JSON.stringify(asJson(result))}\n`);
  else if (flags.outputFile === undefined) terminal.out(`${asText(result)}\n`);
  else if (!flags.quiet) terminal.out(`${flags.outputFile}: ${described(result)}\n`);
}

/** A bundle is NAME.mjs with its manifest beside it. */
function isBundle(path: string): boolean {
  return path.endsWith(".mjs") && existsSync(path) && existsSync(path.replace(/\.mjs$/, ".json"));
}

async function openBundle(path: string, flags: RunFlags): Promise<{ inputs: Tensor[]; runnable: Runnable }> {
  const given = (["weights", "seed", "backend", "precision"] as const).find(
    (flag) => flags[flag] !== undefined,
  );
  if (given !== undefined)
    throw new UsageError(`--${given} is for models; ${basename(path)} is a bundle, which has its own`);
  const { create } = await importUserModule(path);
  if (typeof create !== "function")
    throw fileError("bundle-create", path, "does not export create(); is it a bundle?");
  const runnable = (await create()) as Executable<Result>;
  return { inputs: read(flags.inputFile, runnable.inputs), runnable };
}

async function openModel(
  path: string,
  flags: RunFlags,
  terminal: Terminal,
): Promise<{ inputs: Tensor[]; runnable: Runnable }> {
  const model = await loadModel(path);
  const { specs, inputs } = modelInputs(model, flags);
  const variables = variablesFor(path, model, specs, flags);
  const runnable = await userAsync(path, () =>
    compile<"js" | "wasm", Result>(model.target, {
      inputs: specs,
      variables,
      backend: resolveBackend(flags.backend),
      precision: flags.precision,
      strict: flags.strict,
      onWarning: warner(flags, terminal),
    }),
  );
  return { inputs, runnable };
}

/** Specs from --input or the model where they say them, else from the files themselves. */
function modelInputs(
  model: LoadedModel,
  flags: RunFlags,
): { specs: InputSpec[] | Record<string, InputSpec>; inputs: Tensor[] } {
  const order = (model.target as { readonly inputNames?: readonly string[] }).inputNames;
  const specs = specsOf(flags.input) ?? model.inputs;
  if (specs !== undefined) {
    const wanted = readInputSpecs(specs, order);
    return {
      specs: Object.fromEntries(wanted.map(({ name, ...spec }) => [name, spec])),
      inputs: read(flags.inputFile, wanted),
    };
  }
  const given = flags.inputFile.map(({ name, path }) => [name, readTensorFile(path, undefined)] as const);
  if (given.length === 0)
    throw new UsageError("--input-file is missing: give the input as .npy, .png or .json");
  const tensors = given.map(([, value]) => value);
  const spec = ({ shape, dtype }: Tensor): InputSpec => ({ shape, dtype });
  if (given.some(([name]) => name === undefined)) return { specs: tensors.map(spec), inputs: tensors };
  return { specs: Object.fromEntries(given.map(([name, value]) => [name!, spec(value)])), inputs: tensors };
}

/** One tensor for each input, from the file of its name, or else of its place. */
function read(files: readonly FileFlag[], wanted: readonly (View | Wanted)[]): Tensor[] {
  const names = wanted.map(({ name }) => name).join(", ");
  if (files.length !== wanted.length)
    throw new UsageError(`--input-file: the model takes ${wanted.length} (${names}), ${files.length} given`);
  const byName = files.every(({ name }) => name !== undefined);
  return wanted.map((input, i) => {
    const file = byName ? files.find(({ name }) => name === input.name) : files[i];
    if (file === undefined)
      throw new UsageError(`--input-file: none is for input ${input.name}; the inputs are ${names}`);
    return readTensorFile(file.path, input);
  });
}

function resultFile(path: string, result: Result): Uint8Array {
  if (isTensor(result)) return tensorFile(path, result);
  if (path.endsWith(".json")) return new TextEncoder().encode(`${JSON.stringify(asJson(result))}\n`);
  throw new UsageError(`--output-file ${path}: the model returns several tensors; write them to a .json`);
}

function asJson(result: Result): unknown {
  if (isTensor(result)) return tensorJson(result);
  if (Array.isArray(result)) return (result as readonly Result[]).map(asJson);
  return Object.fromEntries(Object.entries(result).map(([name, part]) => [name, asJson(part as Result)]));
}

/** The parts of a result with what each is called. */
function parts(result: Result, prefix = ""): (readonly [name: string, part: Tensor])[] {
  if (isTensor(result)) return [[prefix, result]];
  return Object.entries(result).flatMap(([name, part]) =>
    parts(part as Result, prefix === "" ? name : `${prefix}.${name}`),
  );
}

function described(result: Result): string {
  return parts(result)
    .map(([name, { dtype, shape }]) => `${name === "" ? "" : `${name}: `}${describeTensor(dtype, shape)}`)
    .join(", ");
}

const shown = 32;

function asText(result: Result): string {
  return parts(result)
    .map(([name, part]) => {
      const numbers = Array.from(toFloat32(part).subarray(0, shown), (value) =>
        String(Number(value.toPrecision(6))),
      );
      const more =
        part.data.length > shown ? ` … ${part.data.length - shown} more (--output-file writes all)` : "";
      return `${name === "" ? "" : `${name}: `}${describeTensor(part.dtype, part.shape)}\n${numbers.join(" ")}${more}`;
    })
    .join("\n");
}
