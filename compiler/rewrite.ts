/**
 * Rebuilding a graph node by node. Every graph pass is a visitor of `rewriteGraph`.
 *
 * A rebuilt graph has no two equal nodes and no dead ones, whichever pass rebuilt it. Otherwise what one pass sees
 * would depend on the left-overs of another, and a second run of the pipeline would find work the first had missed.
 */
import type { Graph, Node, NodeBody, ValueId } from "../ir/graph.js";
import { GraphBuilder, nodeAt } from "../ir/graph.js";
import type { Scalar } from "../ir/scalar.js";
import type { ElementArray, TensorType } from "../ir/types.js";

/** Stands for the graph's outputs among the users of a value. */
export const outputUser = -1;

export interface Rewriting {
  /** The graph being read. */
  readonly graph: Graph;
  /** The graph being written. */
  readonly builder: GraphBuilder;
  /** Of each value of `graph`, the live nodes that use it. */
  readonly users: readonly ReadonlySet<number>[];
  /** The new value of one already visited. */
  rename(id: ValueId): ValueId;
}

/** Returns the new value of a node, or null to copy the node as it is. */
export type Visit = (node: Node, id: ValueId, rewriting: Rewriting) => ValueId | null;

/** The graph with every live node visited once, in order; the same object where every visit returned null. */
export function rewriteGraph(graph: Graph, visit: Visit): Graph {
  const rebuilt = rebuild(graph, visit);
  return rebuilt.changed ? rebuilt.graph : graph;
}

/** As rewriteGraph, but also counts as a change that equal nodes became one. */
export function shareNodes(graph: Graph): Graph {
  const rebuilt = rebuild(graph, () => null);
  return rebuilt.shared ? rebuilt.graph : graph;
}

function rebuild(
  graph: Graph,
  visit: Visit,
): { readonly graph: Graph; readonly changed: boolean; readonly shared: boolean } {
  const builder = new SharingBuilder();
  const live = liveValues(graph);
  const renamed: ValueId[] = [];
  const rewriting: Rewriting = {
    graph,
    builder,
    users: liveUsers(graph, live),
    rename: (id) => renamed[id]!,
  };
  let changed = false;
  graph.nodes.forEach((node, index) => {
    if (!live[index]) return;
    builder.where = node.where;
    const value = visit(node, index as ValueId, rewriting);
    if (value !== null) changed = true;
    renamed[index] =
      value ??
      builder.copy(
        node,
        node.args.map((id) => renamed[id]!),
      );
  });
  const out = builder.finish(
    graph.name,
    graph.outputs.map((id) => renamed[id]!),
  );
  return { graph: removeDead(out), changed, shared: builder.shared };
}

/** Which values an output depends on; inputs always count, as they are the graph's signature. */
function liveValues(graph: Graph): boolean[] {
  const live = graph.nodes.map((node) => node.op === "input");
  for (const id of graph.outputs) live[id] = true;
  for (let index = graph.nodes.length - 1; index >= 0; index--)
    if (live[index]) for (const id of graph.nodes[index]!.args) live[id] = true;
  return live;
}

function liveUsers(graph: Graph, live: readonly boolean[]): ReadonlySet<number>[] {
  const users = graph.nodes.map(() => new Set<number>());
  graph.nodes.forEach((node, index) => {
    if (live[index]) for (const id of node.args) users[id]!.add(index);
  });
  for (const id of graph.outputs) users[id]!.add(outputUser);
  return users;
}

/** The graph without the nodes no output depends on; inputs stay. */
export function removeDead(graph: Graph): Graph {
  const live = liveValues(graph);
  return live.every(Boolean)
    ? graph
    : reorder(
        graph,
        graph.nodes.flatMap((_, index) => (live[index] ? [index as ValueId] : [])),
      );
}

/** The graph with the given nodes, in the given (topological) order. */
export function reorder(graph: Graph, order: readonly ValueId[]): Graph {
  const renamed: ValueId[] = [];
  order.forEach((id, index) => {
    renamed[id] = index as ValueId;
  });
  const nodes = order.map((id) => {
    const node = nodeAt(graph, id);
    return { ...node, args: node.args.map((operand) => renamed[operand]!) };
  });
  return { name: graph.name, nodes, outputs: graph.outputs.map((id) => renamed[id]!) };
}

/** Gives a node that is already there instead of adding an equal one. Nodes differ only by `where`? They are equal. */
class SharingBuilder extends GraphBuilder {
  /** True once a node was not added because an equal one was there. */
  shared = false;
  private readonly scalars = new ScalarNumbers();
  private readonly known = new Map<string, ValueId[]>();

  override add(body: NodeBody, args: readonly ValueId[] = [], declared: TensorType | null = null): ValueId {
    if (body.op === "input") return super.add(body, args, declared);
    const type = declared === null ? "" : `${declared.element}[${declared.shape}]`;
    const key = `${bodyKey(body, this.scalars)} ${type} ${args}`;
    const equal = this.known.get(key)?.find((id) => sameData(body, this.nodes[id]!));
    if (equal !== undefined) {
      this.shared = true;
      return equal;
    }
    const id = super.add(body, args, declared);
    const list = this.known.get(key);
    if (list === undefined) this.known.set(key, [id]);
    else list.push(id);
    return id;
  }

  /** The declared type is part of the key only where it says something the operands do not. */
  override copy(node: Node, args: readonly ValueId[]): ValueId {
    const { type, args: _, where, ...body } = node;
    this.where = where;
    return this.add(body as NodeBody, args, body.op === "input" || ownsType(body.op) ? type : null);
  }
}

function ownsType(op: Node["op"]): boolean {
  return op === "param" || op === "constant";
}

/** Equal for bodies that are equal, but for the data of constants, of which it holds only a hash. */
function bodyKey(body: NodeBody, scalars: ScalarNumbers): string {
  switch (body.op) {
    case "input":
      return `input ${JSON.stringify(body.name)}`;
    case "param":
      return `param ${JSON.stringify(body.path)}`;
    case "constant":
      return `constant ${JSON.stringify(body.path)} ${dataHash(body.data)}`;
    case "reshape":
      return `reshape ${body.shape}`;
    case "transpose":
      return `transpose ${body.permutation}`;
    case "slice":
      return `slice ${body.start};${body.step};${body.shape}`;
    case "concat":
      return `concat ${body.axis}`;
    case "interleave":
      return `interleave ${body.steps};${body.shape}`;
    case "pad":
      return `pad ${body.mode};${body.low};${body.high}`;
    case "map":
      return `map ${body.element} ${scalars.of(body.body)}`;
    case "conv": {
      const { fused, ...rest } = body;
      const functions = [fused.lhs, fused.rhs, fused.out].map((scalar) => scalars.of(scalar));
      return `conv ${JSON.stringify([rest, functions])}`;
    }
    default:
      return body satisfies never;
  }
}

/** As bodyKey, of all that a node does to its operands. */
export function nodeKey({ type: _, args: __, where: ___, ...body }: Node, scalars: ScalarNumbers): string {
  return bodyKey(body as NodeBody, scalars);
}

/** Numbers scalars so that equal trees have equal numbers, in time linear in their shared size. */
export class ScalarNumbers {
  private readonly numbers = new Map<string, number>();
  private readonly seen = new Map<Scalar, number>();

  of(scalar: Scalar): number {
    const known = this.seen.get(scalar);
    if (known !== undefined) return known;
    const key = this.key(scalar);
    const number = this.numbers.get(key) ?? this.numbers.size;
    this.numbers.set(key, number);
    this.seen.set(scalar, number);
    return number;
  }

  private key(scalar: Scalar): string {
    switch (scalar.kind) {
      case "lit":
        return Object.is(scalar.value, -0) ? "lit -0" : `lit ${scalar.value}`;
      case "arg":
        return `arg ${scalar.of}`;
      case "call":
        return `${scalar.fn} ${scalar.args.map((arg) => this.of(arg))}`;
      default:
        return scalar satisfies never;
    }
  }
}

const hashes = new WeakMap<ElementArray, number>();

/** FNV-1a over the elements' bytes. */
function dataHash(data: ElementArray): number {
  const known = hashes.get(data);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const byte of bytesOf(data)) hash = Math.imul(hash ^ byte, 0x01000193);
  hashes.set(data, hash >>> 0);
  return hash >>> 0;
}

function bytesOf(data: ElementArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function sameData(body: NodeBody, node: Node): boolean {
  if (body.op !== "constant" || node.op !== "constant" || body.data === node.data) return true;
  const [a, b] = [bytesOf(body.data), bytesOf(node.data)];
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
