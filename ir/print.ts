/**
 * The text of graphs, kernels and schedules (grammar: parse.ts). Canonical: attributes at their default values are left
 * out, so equal IR gives equal text. `WithLines` also says on which line each part is, for diagnostics.
 */
import type { Graph, Node, NodeOf } from "./graph.js";
import { identityFused } from "./graph.js";
import type { Buffer, Kernel, Stmt } from "./kernel.js";
import {
  printExpr,
  printGlobalName,
  printLetValue,
  printName,
  printNumber,
  printPlace,
  printScalar,
  printSymbol,
  printType,
} from "./print-expr.js";
import type { Scalar } from "./scalar.js";
import type { Schedule, Step } from "./schedule.js";
import type { ElementArray } from "./types.js";

export { printAffine, printExpr, printNumber, printScalar, printType } from "./print-expr.js";

export interface GraphText {
  readonly text: string;
  /** Line of each node. */
  readonly nodes: readonly number[];
  /** Line of the `return`. */
  readonly result: number;
}

/** Constants of more elements are printed as the base64 of their bytes. */
const listedElements = 16;
/** A conv whose line would be longer continues with `fused` on the next. */
const lineWidth = 110;

export function printGraph(graph: Graph): string {
  return printGraphWithLines(graph).text;
}

export function printGraphWithLines(graph: Graph): GraphText {
  const firstOther = graph.nodes.findIndex((node) => node.op !== "input");
  const inputs = firstOther < 0 ? graph.nodes.length : firstOther;
  const where = (node: Node): string => (node.where === "" ? "" : ` @${JSON.stringify(node.where)}`);
  const heads = graph.nodes.slice(0, inputs).map((node, id) => {
    const name = node.op === "input" && node.name !== "" ? ` ${JSON.stringify(node.name)}` : "";
    return `%${id}${name}: ${printType(node.type)}${where(node)}`;
  });
  const types = graph.outputs.map((id) => {
    const node = graph.nodes[id];
    return node === undefined ? "f32[]" : printType(node.type);
  });
  const result = types.length === 1 ? types[0] : `(${types.join(", ")})`;
  const lines = [`graph ${printGlobalName(graph.name)}(${heads.join(", ")}) -> ${result} {`];
  const at: number[] = new Array<number>(inputs).fill(0);
  graph.nodes.slice(inputs).forEach((node, index) => {
    at.push(lines.length);
    const tail = ` : ${printType(node.type)}${where(node)}`;
    const [head, fused] = printNode(node);
    const start = `  %${index + inputs} = ${head}`;
    if (fused === "") lines.push(start + tail);
    else if (start.length + fused.length + tail.length < lineWidth) lines.push(`${start} ${fused}${tail}`);
    else lines.push(start, `      ${fused}${tail}`);
  });
  lines.push(`  return ${graph.outputs.map((id) => `%${id}`).join(", ")}`.trimEnd(), "}");
  return { text: `${lines.join("\n")}\n`, nodes: at, result: lines.length - 2 };
}

/** A node without its type, and what a long line may continue with. */
function printNode(node: Node): readonly [head: string, rest: string] {
  const args = node.args.map((id) => `%${id}`).join(", ");
  const call = `${node.op}(${args})`;
  switch (node.op) {
    case "input":
      return [`input ${JSON.stringify(node.name)}`, ""];
    case "param":
      return [`param ${JSON.stringify(node.path)}`, ""];
    case "constant":
      return [`constant ${JSON.stringify(node.path)} ${printData(node.data)}`, ""];
    case "reshape":
      return [call, ""];
    case "transpose":
      return [`${call} permutation=${list(node.permutation)}`, ""];
    case "slice":
      return [`${call} start=${list(node.start)} step=${list(node.step)}`, ""];
    case "concat":
      return [`${call} axis=${node.axis}`, ""];
    case "interleave":
      return [`${call} steps=${list(node.steps)}`, ""];
    case "pad":
      return [`${call} mode=${node.mode} low=${list(node.low)} high=${list(node.high)}`, ""];
    case "map": {
      const body = printScalar(node.body);
      return [`${call} ${body.startsWith("{") ? body : `{ ${body} }`}`, ""];
    }
    case "conv":
      return [`${call} ${printConv(node)}`, printFused(node)];
  }
  return node satisfies never;
}

function list(values: readonly number[]): string {
  return `[${values.join(",")}]`;
}

function printData(data: ElementArray): string {
  if (data.length <= listedElements)
    return `[${Array.from(data, data instanceof Float32Array ? printNumber : String).join(", ")}]`;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x2000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  return `base64"${btoa(binary)}"`;
}

function printConv(node: NodeOf<"conv">): string {
  const { window } = node;
  const attribute = (
    name: string,
    values: readonly (string | number)[],
    standard: string | number,
  ): string => (values.every((value) => value === standard) ? "" : ` ${name}=${values.join("x")}`);
  const dims = [
    window.length === 0 ? "" : `size=${window.map((dim) => dim.size).join("x")}`,
    attribute(
      "stride",
      window.map((dim) => dim.stride),
      1,
    ),
    attribute(
      "pad",
      window.map((dim) => `${dim.low}_${dim.high}`),
      "0_0",
    ),
    attribute(
      "lhs_dilate",
      window.map((dim) => dim.lhsDilation),
      1,
    ),
    attribute(
      "rhs_dilate",
      window.map((dim) => dim.rhsDilation),
      1,
    ),
    attribute(
      "rhs_reversal",
      window.map((dim) => Number(dim.reversal)),
      0,
    ),
    attribute(
      "border",
      window.map((dim) => dim.border),
      "zero",
    ),
  ];
  return [
    `window={${dims.join("")}} dim_labels=${node.dims}`,
    node.groups === 1 ? "" : ` feature_group_count=${node.groups}`,
    node.batchGroups === 1 ? "" : ` batch_group_count=${node.batchGroups}`,
    node.local ? " local=true" : "",
    node.precision === "default" ? "" : ` precision=${node.precision}`,
    node.skippedTaps.length === 0 ? "" : ` skipped_taps=${list(node.skippedTaps)}`,
  ].join("");
}

function printFused(node: NodeOf<"conv">): string {
  const same = (a: Scalar, b: Scalar): boolean => a.kind === "arg" && b.kind === "arg" && a.of === b.of;
  const parts = (["lhs", "rhs", "out"] as const)
    .filter((place) => !same(node.fused[place], identityFused[place]))
    .map((place) => `${place}: ${printScalar(node.fused[place])}`);
  return parts.length === 0 ? "" : `fused={${parts.join(", ")}}`;
}

export interface KernelText {
  readonly text: string;
  /** Line of each local, each nest and each statement, in the order they are printed. */
  readonly lines: readonly number[];
}

export function printKernel(kernel: Kernel): string {
  return printKernelWithLines(kernel).text;
}

export function printKernelWithLines(kernel: Kernel): KernelText {
  const text: string[] = [];
  const lines: number[] = [];
  const add = (depth: number, line: string): void => {
    lines.push(text.length);
    text.push("  ".repeat(depth) + line);
  };
  const close = (depth: number): void => {
    text.push(`${"  ".repeat(depth)}}`);
  };
  const stmts = (list: readonly Stmt[], depth: number): void => {
    for (const stmt of list) {
      add(depth, printStmt(stmt));
      if (stmt.kind !== "for" && stmt.kind !== "if") continue;
      stmts(stmt.body, depth + 1);
      close(depth);
    }
  };
  const params = kernel.params.map(
    ({ name, element, size, access }) => `${printName(name)}: ${element}[${size}] ${access}`,
  );
  text.push(`kernel ${printGlobalName(kernel.name)}(${params.join(", ")}) {`);
  for (const local of kernel.locals) add(1, printBuffer(local));
  for (const nest of kernel.nests) {
    add(1, `nest ${printSymbol(nest.name)} {`);
    stmts(nest.body, 2);
    close(1);
  }
  close(0);
  return { text: `${text.join("\n")}\n`, lines };
}

function printBuffer({ name, element, size, space }: Buffer): string {
  return `${space} ${printName(name)}: ${element}[${size}]`;
}

/** One line: a statement without its body. */
export function printStmt(stmt: Stmt): string {
  switch (stmt.kind) {
    case "for": {
      const { mode, axis, start, extent } = stmt;
      const range = start === 0 ? `${extent}` : `${start}..${start + extent}`;
      return `${mode} ${printName(axis)} in ${range} {`;
    }
    case "let":
      return `let ${printName(stmt.name)} = ${printLetValue(stmt.value)}`;
    case "alloc":
      return `${printBuffer(stmt.buffer)} = ${printNumber(stmt.init)}`;
    case "store":
    case "reduce": {
      const { gate } = stmt.to;
      const operator = stmt.kind === "store" ? "=" : stmt.fn === "add" ? "+=" : `${stmt.fn}=`;
      const when = gate === null ? "" : ` when (${printExpr(gate.when)})`;
      return `${printPlace(stmt.to)} ${operator} ${printExpr(stmt.value)}${when}`;
    }
    case "if":
      return `if (${printExpr(stmt.when)}) {`;
    case "barrier":
      return "barrier";
  }
  return stmt satisfies never;
}

export function printSchedule(schedule: Schedule): string {
  const marks = schedule.reassociates ? " reassociates" : "";
  return [
    `schedule ${printGlobalName(schedule.kernel)} for ${printSymbol(schedule.target)}${marks} {`,
    ...schedule.steps.map((step) => `  ${printStep(step)}`),
    "}\n",
  ].join("\n");
}

export function printStep(step: Step): string {
  const names = (axes: readonly string[]): string => axes.map(printSymbol).join(" ");
  switch (step.do) {
    case "split":
      return `split ${printSymbol(step.axis)} by ${step.factor} -> ${names(step.into)} tail=${step.tail}`;
    case "fuse":
      return `fuse ${names(step.axes)} -> ${printSymbol(step.into)}`;
    case "reorder":
      return `reorder ${names(step.axes)}`.trimEnd();
    case "mode":
      return `${step.mode} ${printSymbol(step.axis)}`;
    case "stage":
      return `stage ${printSymbol(step.operand)}${step.at === null ? "" : ` at ${printSymbol(step.at)}`} in ${step.space}`;
    case "finish":
      return `finish ${printSymbol(step.nest)} by ${step.by}`;
    case "pack":
      return `pack ${printSymbol(step.operand)} as ${names(step.axes)}`.trimEnd();
  }
  return step satisfies never;
}
