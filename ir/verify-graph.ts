/** What is wrong with a graph; verify.ts lists the checks. */
import type { Diagnostic } from "./diagnostic.js";
import { InternalError } from "./diagnostic.js";
import type { Graph, Node } from "./graph.js";
import { inferType, tapCount } from "./graph.js";
import { printGraphWithLines, printType } from "./print.js";
import type { Scalar } from "./scalar.js";
import { scalarFns } from "./scalar.js";
import type { ElementType, TensorType } from "./types.js";
import { sameShape } from "./types.js";

export function checkGraph(graph: Graph): Diagnostic[] {
  /** `line` is the number of the node, or of nodes for the result, until the text is printed. */
  const found: Diagnostic[] = [];
  const names = new Set<string>();
  graph.nodes.forEach((node, id) => {
    const report = (message: string): void => {
      found.push({ line: id, message: `%${id}: ${message}` });
    };
    if (node.op === "input") {
      if (id > 0 && graph.nodes[id - 1]!.op !== "input") report("inputs come first");
      if (names.has(node.name)) report(`there is another input ${node.name}`);
      names.add(node.name);
    }
    checkNode(node, id, graph.nodes, report);
  });
  for (const id of graph.outputs)
    if (graph.nodes[id] === undefined)
      found.push({ line: graph.nodes.length, message: `output %${id} is not defined` });
  if (found.length === 0) return found;
  const { nodes, result } = printGraphWithLines(graph);
  return found.map(({ line, message }) => ({ line: nodes[line] ?? result, message }));
}

function checkNode(node: Node, id: number, nodes: readonly Node[], report: (message: string) => void): void {
  const operands: TensorType[] = [];
  for (const argument of node.args) {
    const operand = nodes[argument];
    if (operand === undefined || argument >= id) report(`%${argument} is used before it is defined`);
    else operands.push(operand.type);
  }
  if (node.type.shape.some((extent) => !Number.isInteger(extent) || extent < 0))
    report(`${printType(node.type)} is no type`);
  const before = checkBody(node, operands[0], report);
  if (operands.length < node.args.length || !before) return;
  try {
    const inferred = inferType(node, operands, node.type);
    if (inferred.element !== node.type.element || !sameShape(inferred.shape, node.type.shape))
      report(`recorded as ${printType(node.type)}, inferred ${printType(inferred)}`);
  } catch (error) {
    if (!(error instanceof InternalError)) throw error;
    report(error.message);
  }
}

/** What the inference of types takes for granted; false where it would make no sense. */
function checkBody(node: Node, operand: TensorType | undefined, report: (message: string) => void): boolean {
  let fits = true;
  const perAxis = (attribute: string, values: readonly number[], rank: number): void => {
    if (values.length === rank) return;
    fits = false;
    report(`${attribute} has ${values.length} entries for rank ${rank}`);
  };
  const rank = operand?.shape.length ?? 0;
  switch (node.op) {
    case "input":
    case "param":
    case "reshape":
      return true;
    case "constant":
      if (arrayNames[node.type.element] !== node.data.constructor.name)
        report(`${node.type.element} elements in a ${node.data.constructor.name}`);
      return true;
    case "transpose":
      perAxis("permutation", node.permutation, rank);
      return fits;
    case "slice":
      perAxis("start", node.start, rank);
      perAxis("step", node.step, rank);
      return fits;
    case "interleave":
      perAxis("steps", node.steps, node.shape.length);
      return fits;
    case "pad":
      perAxis("low", node.low, rank);
      perAxis("high", node.high, rank);
      operand?.shape.forEach((extent, axis) => {
        if (extent === 0 && node.mode !== "zero" && node.low[axis]! + node.high[axis]! > 0)
          report(`${node.mode} padding of an empty axis`);
      });
      return fits;
    case "concat":
      if (node.args.length === 0 || node.axis < 0 || node.axis >= rank) {
        report(`concat of ${node.args.length} operands of rank ${rank} along axis ${node.axis}`);
        return false;
      }
      return true;
    case "map":
      checkScalar(node.body, report);
      return true;
    case "conv":
      for (const scalar of [node.fused.lhs, node.fused.rhs, node.fused.out]) checkScalar(scalar, report);
      checkSkippedTaps(node.skippedTaps, tapCount(node.window), report);
      for (const dim of node.window) {
        const counts = [dim.size, dim.stride, dim.lhsDilation, dim.rhsDilation];
        if (counts.some((count) => !Number.isInteger(count) || count < 1)) fits = false;
      }
      if (!fits) report("sizes, strides and dilations of a window are at least 1");
      return fits;
  }
  return node satisfies never;
}

const arrayNames: Readonly<Record<ElementType, string>> = {
  f32: "Float32Array",
  f16: "Uint16Array",
  bf16: "Uint16Array",
  i32: "Int32Array",
  u32: "Uint32Array",
  i8: "Int8Array",
  u8: "Uint8Array",
  bool: "Uint8Array",
};

function checkSkippedTaps(skipped: readonly number[], taps: number, report: (message: string) => void): void {
  skipped.forEach((tap, index) => {
    if (tap < 0 || tap >= taps) report(`skipped tap ${tap} of ${taps}`);
    if (index > 0 && tap <= skipped[index - 1]!) report("skipped taps are out of order");
  });
}

/** Numbers where numbers are wanted, truth values where those are; the whole is a number. */
function checkScalar(root: Scalar, report: (message: string) => void): void {
  const known = new Map<Scalar, "number" | "truth">();
  const visit = (node: Scalar): "number" | "truth" => {
    const before = known.get(node);
    if (before !== undefined) return before;
    let gives: "number" | "truth" = "number";
    if (node.kind === "call") {
      const info = scalarFns[node.fn];
      gives = info.gives;
      if (node.args.length !== info.arity) report(`${node.fn} takes ${info.arity} arguments`);
      node.args.forEach((argument, index) => {
        const wanted = info.takes === "select" ? (index === 0 ? "truth" : "number") : info.takes;
        if (visit(argument) !== wanted) report(`argument ${index} of ${node.fn} is not a ${wanted}`);
      });
    }
    known.set(node, gives);
    return gives;
  };
  if (visit(root) !== "number") report("the value of a scalar is not a number");
}
