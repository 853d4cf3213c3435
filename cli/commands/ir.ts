/** `convsmith ir`: passes, printer, verifier and interpreter on text, for people who work on the compiler. */

import { dtypeOf, elementOf, type StoredDType } from "../../compiler/element-type.js";
import { parseRunLine, type Run } from "../../compiler/run-line.js";
import { runText } from "../../compiler/run-text.js";
import { annotate } from "../../ir/diagnostic.js";
import { makeElements } from "../../ir/float16.js";
import type { Graph } from "../../ir/graph.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import { interpretKernel } from "../../ir/interpret-kernel.js";
import type { Kernel } from "../../ir/kernel.js";
import { ParseError, parseModule } from "../../ir/parse.js";
import { printGraph, printKernel, printSchedule } from "../../ir/print.js";
import { targets } from "../../ir/target.js";
import type { ElementArray, TensorType } from "../../ir/types.js";
import { elementCount } from "../../ir/types.js";
import { verifyGraph, verifyKernel } from "../../ir/verify.js";
import { ConfigError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { describeTensor, toFloat32 } from "../../runtime/tensor.js";
import { readUserFile } from "../load-model.js";
import type { IrFlags } from "../options.js";
import { passOptions } from "../pass-flags.js";
import { readTensorFile, tensorFile, tensorJson, writeUserFile } from "../tensor-file.js";
import type { Terminal } from "../terminal.js";
import { fileError, UsageError } from "../terminal.js";

export type IrAction = "opt" | "print" | "verify" | "interpret";

export function irCommand(action: IrAction, path: string, flags: IrFlags, terminal: Terminal): void {
  const text = new TextDecoder().decode(readUserFile(path));
  try {
    actions[action](text, path, flags, terminal);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    // The line in question with a caret below it; the message itself stays one line.
    const [message, ...picture] = error.message.split("\n");
    if (picture.length > 0) terminal.out(`${picture.join("\n")}\n`);
    throw fileError("ir-syntax", path, message!);
  }
}

type Action = (text: string, path: string, flags: IrFlags, terminal: Terminal) => void;

const actions: Readonly<Record<IrAction, Action>> = { opt, print, verify, interpret };

/** What the file's own run line says, unless flags say otherwise. */
function runOf(text: string, flags: IrFlags): Run {
  const known = text.startsWith("; run:") ? parseRunLine(text) : undefined;
  return {
    passes: flags.pass ?? known?.passes ?? null,
    context: {
      precision: flags.precision ?? known?.context.precision ?? "default",
      target: flags.target === undefined ? (known?.context.target ?? targets.js) : targets[flags.target],
    },
  };
}

function opt(text: string, _path: string, flags: IrFlags, terminal: Terminal): void {
  // What stands below `; ----` in a file test is its expectation.
  const source = text.split("\n; ----\n", 1)[0]!;
  terminal.out(runText(source, runOf(text, flags), { ...passOptions(flags, terminal), verifyEach: true }));
}

function print(text: string, _path: string, _flags: IrFlags, terminal: Terminal): void {
  const { graphs, schedules, kernels } = parseModule(text);
  terminal.out(
    [...graphs.map(printGraph), ...schedules.map(printSchedule), ...kernels.map(printKernel)].join("\n"),
  );
}

function verify(text: string, path: string, flags: IrFlags, terminal: Terminal): void {
  const { graphs, kernels } = parseModule(text);
  const target = flags.target === undefined ? null : targets[flags.target];
  const found = [
    ...graphs.map((graph) => ({ text: printGraph(graph), diagnostics: verifyGraph(graph) })),
    ...kernels.map((kernel) => ({ text: printKernel(kernel), diagnostics: verifyKernel(kernel, target) })),
  ].filter(({ diagnostics }) => diagnostics.length > 0);
  for (const { text: printed, diagnostics } of found) terminal.out(`${annotate(printed, diagnostics)}\n`);
  const count = found.reduce((sum, { diagnostics }) => sum + diagnostics.length, 0);
  if (count > 0)
    throw fileError("ir-invalid", path, `${count} ${count === 1 ? "thing is" : "things are"} wrong`);
  if (!flags.quiet)
    terminal.out(`${path}: ${graphs.length} graphs and ${kernels.length} kernels are well-formed\n`);
}

/** Values come from --input-file NAME=FILE; what is not given is filled with numbers that are always the same. */
function interpret(text: string, _path: string, flags: IrFlags, terminal: Terminal): void {
  const { graphs, kernels } = parseModule(text);
  const results = [
    ...graphs.flatMap((graph) => interpretedGraph(graph, flags)),
    ...kernels.flatMap((kernel) => interpretedKernel(kernel, flags)),
  ];
  const { outputFile } = flags;
  if (outputFile !== undefined) {
    const [only] = results;
    if (only === undefined || results.length > 1)
      throw new UsageError(`--output-file takes one result, there are ${results.length}`);
    writeUserFile(outputFile, tensorFile(outputFile, only.value));
    return;
  }
  for (const { name, value } of results) {
    if (flags.json) terminal.out(`${JSON.stringify({ name, ...tensorJson(value) })}\n`);
    else
      terminal.out(
        `${name}: ${describeTensor(value.dtype, value.shape)}\n${Array.from(toFloat32(value), String).join(" ")}\n`,
      );
  }
}

interface Named {
  readonly name: string;
  readonly value: Tensor;
}

function interpretedGraph(graph: Graph, flags: IrFlags): Named[] {
  const valueFor = valuesFrom(
    flags,
    graph.nodes.flatMap((node) =>
      node.op === "input" ? [node.name] : node.op === "param" ? [node.path] : [],
    ),
  );
  const inputs: ElementArray[] = [];
  const params = new Map<string, ElementArray>();
  for (const node of graph.nodes) {
    if (node.op === "input") inputs.push(valueFor(node.name, node.type));
    if (node.op === "param") params.set(node.path, valueFor(node.path, node.type));
  }
  return interpretGraph(graph, { inputs, params }).map((data, i) => {
    const { element, shape } = graph.nodes[graph.outputs[i]!]!.type;
    return { name: `@${graph.name} %${graph.outputs[i]}`, value: { data, shape, dtype: dtypeOf(element) } };
  });
}

function interpretedKernel(kernel: Kernel, flags: IrFlags): Named[] {
  const valueFor = valuesFrom(
    flags,
    kernel.params.map(({ name }) => name),
  );
  const buffers = new Map<string, ElementArray>();
  for (const { name, element, size } of [...kernel.params, ...kernel.locals])
    buffers.set(name, valueFor(name, { element, shape: [size] }));
  const written = kernel.params.filter(({ access }) => access === "write" || access === "read-write");
  for (const { name, element, size, access } of written)
    if (access === "write") buffers.set(name, makeElements(element, size));
  interpretKernel(kernel, buffers, flags.target === undefined ? targets.js : targets[flags.target]);
  return written.map(({ name, element, size }) => ({
    name: `@${kernel.name} ${name}`,
    value: { data: buffers.get(name)!, shape: [size], dtype: dtypeOf(element) },
  }));
}

function valuesFrom(
  flags: IrFlags,
  names: readonly string[],
): (name: string, type: TensorType) => ElementArray {
  const files = new Map(flags.inputFile.map(({ name, path }, i) => [name ?? names[i] ?? "", path]));
  for (const name of files.keys())
    if (!names.includes(name))
      throw new UsageError(`--input-file ${name}: there is no such input; they are ${names.join(", ")}`);
  return (name, { element, shape }) => {
    const file = files.get(name);
    if (file === undefined) return sample(element, elementCount(shape));
    const dtype: StoredDType = dtypeOf(element);
    if (elementOf(dtype) !== element)
      throw new ConfigError("ir-input", `${name}: ${element} cannot be read from a file`);
    return readTensorFile(file, { name, dtype, shape }).data as ElementArray;
  };
}

/** -1, -0.75 … 1, -1 …; whole numbers for integers. */
function sample(element: TensorType["element"], count: number): ElementArray {
  const out = makeElements(element, count);
  const step = element === "f32" ? 0.25 : 1;
  const low = element === "f32" ? -1 : 0;
  for (let i = 0; i < count; i++) out[i] = low + step * ((i * 5) % (element === "bool" ? 2 : 9));
  return out;
}
