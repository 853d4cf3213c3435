/** What a picture of a graph shows: one box for each value that is computed, with weights folded into their readers. */
import type { Graph, Node, NodeOf, ValueId } from "../ir/graph.js";
import { printScalar } from "../ir/print.js";
import type { Scalar } from "../ir/scalar.js";
import { count, duration } from "./explain.js";
import type { PlannedLayer } from "./plan.js";

export interface Box {
  /** The value of the graph, or -1 - n for output number n. */
  readonly id: number;
  readonly kind: "input" | "compute" | "view" | "output";
  readonly title: string;
  readonly shape: string;
  /** Module path, or "". */
  readonly where: string;
  readonly details: readonly string[];
  /** Ids of the boxes it reads. `side` where the value joins what the box itself computes, as in a residual. */
  readonly reads: readonly { readonly id: number; readonly side: boolean }[];
}

export function boxesOf(graph: Graph, layers: readonly PlannedLayer[]): Box[] {
  const fixed = fixedValues(graph);
  const waiting = [...layers];
  const boxes = graph.nodes.flatMap((node, id): Box[] => {
    if (fixed[id] === true) return [];
    // Layers are in the order of the nodes they were made of; copies of views stand between them.
    const at = waiting.findIndex(
      (layer) =>
        layer.op === node.op &&
        layer.where === node.where &&
        layer.outShape.join() === node.type.shape.join(),
    );
    const [layer] = at < 0 ? [] : waiting.splice(at, 1);
    return [boxOf(graph, node, id, fixed, layer)];
  });
  const outputs = graph.outputs.map(
    (id, n): Box => ({
      id: -1 - n,
      kind: "output",
      title: graph.outputs.length === 1 ? "output" : `output ${n}`,
      shape: shapeText(graph.nodes[id]!),
      where: "",
      details: [],
      reads: fixed[id] === true ? [] : [{ id, side: false }],
    }),
  );
  return [...boxes, ...outputs];
}

/** Values that depend on weights only. */
function fixedValues(graph: Graph): boolean[] {
  const fixed: boolean[] = [];
  for (const { op, args } of graph.nodes)
    fixed.push(op !== "input" && args.every((arg) => fixed[arg] === true));
  return fixed;
}

function boxOf(
  graph: Graph,
  node: Node,
  id: number,
  fixed: readonly boolean[],
  layer: PlannedLayer | undefined,
): Box {
  const isView = layer === undefined && node.op !== "input" && node.op !== "conv" && node.op !== "map";
  const weights = node.args.flatMap((arg, i) =>
    fixed[arg] === true ? [weightText(graph, arg, i, node)] : [],
  );
  const fused = fusedText(graph, node, fixed);
  const cost =
    layer === undefined || layer.macs === 0
      ? []
      : [
          `${count(layer.macs)} MACs · ${layer.choice.algorithm} · ${duration(layer.choice.predictedMs)} predicted`,
        ];
  return {
    id,
    kind: node.op === "input" ? "input" : isView ? "view" : "compute",
    title: titleOf(node),
    shape: shapeText(node),
    where: node.op === "input" ? "" : node.where,
    details: [
      ...(weights.length === 0 ? [] : [weights.join(", ")]),
      ...(fused === "" ? [] : [fused]),
      ...cost,
    ],
    reads: node.args.flatMap((arg, i) =>
      fixed[arg] === true ? [] : [{ id: arg, side: node.op === "conv" && i >= 2 }],
    ),
  };
}

function shapeText({ type }: Node): string {
  return `${type.element}[${type.shape.join(",")}]`;
}

function titleOf(node: Node): string {
  switch (node.op) {
    case "input":
      return node.name;
    case "conv":
      return convTitle(node);
    case "pad":
      return `pad ${node.mode}`;
    default:
      return node.op;
  }
}

function convTitle({ window, groups, batchGroups, local }: NodeOf<"conv">): string {
  const all = (values: readonly number[]): string =>
    values.every((value) => value === values[0]) ? String(values[0]) : values.join("×");
  const attribute = (name: string, values: readonly number[]): string =>
    values.every((value) => value === 1) ? "" : `, ${name} ${all(values)}`;
  return [
    `${local ? "local conv" : "conv"} ${window.map(({ size }) => size).join("×")}`,
    attribute(
      "stride",
      window.map(({ stride }) => stride),
    ),
    attribute(
      "dilation",
      window.map(({ rhsDilation }) => rhsDilation),
    ),
    attribute(
      "input dilation",
      window.map(({ lhsDilation }) => lhsDilation),
    ),
    window.some(({ reversal }) => reversal) ? ", reversed" : "",
    groups === 1 ? "" : `, ${groups} groups`,
    batchGroups === 1 ? "" : `, ${batchGroups} batch groups`,
  ].join("");
}

/** The parameter under a value that depends on weights only. */
function leafOf(graph: Graph, id: ValueId): Node {
  const node = graph.nodes[id]!;
  return node.args.length === 0 ? node : leafOf(graph, node.args[0]!);
}

function weightName(graph: Graph, id: ValueId, index: number, reader: Node): string {
  const leaf = leafOf(graph, id);
  const path = leaf.op === "param" || leaf.op === "constant" ? leaf.path : "";
  return path.split("/").at(-1) || (reader.op === "conv" && index === 1 ? "kernel" : "constant");
}

function weightText(graph: Graph, id: ValueId, index: number, reader: Node): string {
  return `${weightName(graph, id, index, reader)} [${graph.nodes[id]!.type.shape.join(",")}]`;
}

const longestText = 48;

/** `relu(acc + bias)`, or the functions of something longer. */
function fusedText(graph: Graph, node: Node, fixed: readonly boolean[]): string {
  const body = node.op === "conv" ? node.fused.out : node.op === "map" ? node.body : undefined;
  if (body === undefined || body.kind === "arg") return "";
  const named = printScalar(body).replace(/\$(acc|\d+)/g, (_, of: string) => {
    const arg = node.args[Number(of)];
    if (arg === undefined) return of;
    return fixed[arg] === true
      ? weightName(graph, arg, Number(of), node)
      : node.op === "map"
        ? `$${of}`
        : `%${arg}`;
  });
  const text = named.replace(/^max\((.*), 0\)$/, "relu($1)");
  return text.length <= longestText
    ? text
    : `${[...functionsOf(body)].join(", ")} of ${[...leavesOf(named)].join(", ")}`;
}

/** Plain arithmetic says nothing about which activation it is. */
const plain: ReadonlySet<string> = new Set([
  "add",
  "sub",
  "mul",
  "neg",
  "abs",
  "lt",
  "le",
  "eq",
  "and",
  "not",
  "select",
]);

function functionsOf(scalar: Scalar, into = new Set<string>()): ReadonlySet<string> {
  if (scalar.kind !== "call") return into;
  if (!plain.has(scalar.fn)) into.add(scalar.fn);
  for (const arg of scalar.args) functionsOf(arg, into);
  return into;
}

function leavesOf(text: string): ReadonlySet<string> {
  return new Set(text.match(/\bacc\b|\bbias\b|[$%]\d+/g) ?? []);
}
