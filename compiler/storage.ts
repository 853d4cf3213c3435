/**
 * Where each value of a graph lies. Views cost nothing wherever strides can say them: a consumer reads through a
 * strided view of its operand, and a producer stores straight into its slice of a concat, an interleave or an output.
 * What strides cannot say is left to a copy.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { Graph, Node, NodeOf, ValueId } from "../ir/graph.js";
import { nodeAt, ops, phaseIndex, useCounts } from "../ir/graph.js";
import type { Layout, TensorType } from "../ir/types.js";
import { denseLayout, elementCount } from "../ir/types.js";

/** A buffer of the program before it has an address. */
export interface ProgramBuffer {
  readonly name: string;
  readonly kind: "input" | "output" | "weight" | "value";
  readonly element: Node["type"]["element"];
  /** In elements. */
  readonly size: number;
}

export interface Storage {
  readonly buffer: ProgramBuffer;
  readonly layout: Layout;
}

/** Work a value needs: computing it, or copying one operand to where it should be. */
export type Action =
  | {
      readonly kind: "compute";
      readonly node: NodeOf<"map" | "conv" | "pad">;
      readonly args: readonly Storage[];
      readonly argTypes: readonly TensorType[];
      readonly to: Storage;
    }
  | { readonly kind: "copy"; readonly type: Node["type"]; readonly from: Storage; readonly to: Storage };

export interface StoragePlan {
  readonly actions: readonly Action[];
  readonly inputs: readonly ProgramBuffer[];
  readonly outputs: readonly ProgramBuffer[];
  /** One per param and constant node, in graph order. */
  readonly weights: readonly {
    readonly node: NodeOf<"param"> | NodeOf<"constant">;
    readonly buffer: ProgramBuffer;
  }[];
}

/** The layout of a view of a stored operand; null where strides cannot say it. */
export function readView(node: Node, operand: Node["type"], from: Layout): Layout | null {
  switch (node.op) {
    case "transpose":
      return { offset: from.offset, strides: node.permutation.map((axis) => from.strides[axis]!) };
    case "slice":
      return {
        offset: node.start.reduce((at, start, axis) => at + start * from.strides[axis]!, from.offset),
        strides: from.strides.map((stride, axis) => stride * node.step[axis]!),
      };
    case "reshape":
      return reshapeLayout(operand.shape, from, node.shape);
    case "input":
    case "param":
    case "constant":
    case "concat":
    case "interleave":
    case "pad":
    case "map":
    case "conv":
      return null;
    default:
      return node satisfies never;
  }
}

/** The layout under which the same elements, in the same order, have another shape; null where there is none. */
export function reshapeLayout(
  shape: readonly number[],
  layout: Layout,
  to: readonly number[],
): Layout | null {
  if (elementCount(shape) === 0) return denseLayout(to);
  // Runs of old axes that are contiguous with each other, innermost first.
  const runs: { extent: number; stride: number }[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    if (extent === 1) continue;
    const stride = layout.strides[axis]!;
    const run = runs.at(-1);
    if (run !== undefined && stride === run.extent * run.stride) run.extent *= extent;
    else runs.push({ extent, stride });
  }
  const strides = new Array<number>(to.length).fill(0);
  let at = 0;
  let taken = 1;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const extent = to[axis]!;
    const run = runs[at];
    strides[axis] = run === undefined ? 1 : run.stride * taken;
    if (extent === 1) continue;
    if (run === undefined || run.extent % (taken * extent) !== 0) return null;
    taken *= extent;
    if (taken === run.extent) {
      at++;
      taken = 1;
    }
  }
  return { offset: layout.offset, strides };
}

/** Where operand number `index` of a view has to be written so that the view lies at `to`; null where it cannot. */
function writeView(node: Node, index: number, operands: readonly Node["type"][], to: Layout): Layout | null {
  switch (node.op) {
    case "transpose": {
      const strides = new Array<number>(node.permutation.length);
      node.permutation.forEach((axis, at) => {
        strides[axis] = to.strides[at]!;
      });
      return { offset: to.offset, strides };
    }
    case "reshape":
      return reshapeLayout(node.shape, to, operands[0]!.shape);
    case "concat": {
      const before = operands.slice(0, index).reduce((sum, type) => sum + type.shape[node.axis]!, 0);
      return { offset: to.offset + before * to.strides[node.axis]!, strides: to.strides };
    }
    case "interleave": {
      const phase = phaseIndex(node.steps, index);
      return {
        offset: phase.reduce((at, step, axis) => at + step * to.strides[axis]!, to.offset),
        strides: to.strides.map((stride, axis) => stride * node.steps[axis]!),
      };
    }
    case "slice":
    case "input":
    case "param":
    case "constant":
    case "pad":
    case "map":
    case "conv":
      return null;
    default:
      return node satisfies never;
  }
}

function isSource(node: Node): node is NodeOf<"input"> | NodeOf<"param"> | NodeOf<"constant"> {
  return node.op === "input" || node.op === "param" || node.op === "constant";
}

export function planStorage(graph: Graph): StoragePlan {
  return new StoragePlanner(graph).plan();
}

class StoragePlanner {
  private readonly uses: readonly number[];
  private readonly isOutput: ReadonlySet<ValueId>;
  /** Values that are written somewhere, and where. */
  private readonly written = new Map<ValueId, Storage>();
  /** Operands (node, position) that their producer writes straight into the node's storage. */
  private readonly direct = new Set<string>();
  private readonly stored = new Map<ValueId, Storage>();
  private readonly actions: Action[] = [];

  constructor(private readonly graph: Graph) {
    this.uses = useCounts(graph);
    this.isOutput = new Set(graph.outputs);
  }

  plan(): StoragePlan {
    const outputs = this.graph.outputs.map((id, index): ProgramBuffer => {
      const { type } = nodeAt(this.graph, id);
      return { name: `out${index}`, kind: "output", element: type.element, size: elementCount(type.shape) };
    });
    this.graph.outputs.forEach((id, index) => {
      const node = nodeAt(this.graph, id);
      if (!isSource(node) && !this.written.has(id))
        this.written.set(id, { buffer: outputs[index]!, layout: denseLayout(node.type.shape) });
    });
    for (let id = this.graph.nodes.length - 1; id >= 0; id--) this.placeOperands(id as ValueId);
    const inputs: ProgramBuffer[] = [];
    const weights: { node: NodeOf<"param"> | NodeOf<"constant">; buffer: ProgramBuffer }[] = [];
    this.graph.nodes.forEach((node, id) => {
      if (isSource(node)) {
        const { element, shape } = node.type;
        const name = node.op === "input" ? node.name : `%${id}`;
        const kind = node.op === "input" ? "input" : "weight";
        const buffer: ProgramBuffer = { name, kind, element, size: elementCount(shape) };
        this.stored.set(id as ValueId, { buffer, layout: denseLayout(shape) });
        if (node.op === "input") inputs.push(buffer);
        else weights.push({ node, buffer });
      } else this.store(node, id as ValueId);
    });
    this.copyOutputs(outputs);
    return { actions: this.actions, inputs, outputs, weights };
  }

  /** Decides where a node is written, then whether its operands can be written there directly. */
  private placeOperands(id: ValueId): void {
    const node = nodeAt(this.graph, id);
    if (isSource(node)) return;
    const joins = node.op === "concat" || node.op === "interleave";
    if (!this.written.has(id) && (!ops[node.op].view || joins)) this.written.set(id, this.newValue(id, node));
    const to = this.written.get(id);
    if (!ops[node.op].view || to === undefined) return;
    const types = node.args.map((arg) => nodeAt(this.graph, arg).type);
    node.args.forEach((arg, index) => {
      const producer = nodeAt(this.graph, arg);
      if (isSource(producer) || this.uses[arg] !== 1 || this.isOutput.has(arg) || this.written.has(arg))
        return;
      const layout = writeView(node, index, types, to.layout);
      if (layout === null) return;
      this.written.set(arg, { buffer: to.buffer, layout });
      this.direct.add(`${id}:${index}`);
    });
  }

  private newValue(id: ValueId, node: Node): Storage {
    const { element, shape } = node.type;
    const buffer: ProgramBuffer = { name: `%${id}`, kind: "value", element, size: elementCount(shape) };
    return { buffer, layout: denseLayout(shape) };
  }

  private at(id: ValueId): Storage {
    const found = this.stored.get(id);
    if (found === undefined) throw new InternalError(`%${id} is stored nowhere`);
    return found;
  }

  private store(node: Node, id: ValueId): void {
    let to = this.written.get(id);
    if (node.op === "map" || node.op === "conv" || node.op === "pad") {
      if (to === undefined) throw new InternalError(`%${id} is written nowhere`);
      this.stored.set(id, to);
      const argTypes = node.args.map((arg) => nodeAt(this.graph, arg).type);
      this.actions.push({ kind: "compute", node, args: node.args.map((arg) => this.at(arg)), argTypes, to });
      return;
    }
    if (to === undefined) {
      const [arg] = node.args as [ValueId];
      const from = this.at(arg);
      const layout = readView(node, nodeAt(this.graph, arg).type, from.layout);
      if (layout !== null) {
        this.stored.set(id, { buffer: from.buffer, layout });
        return;
      }
      to = this.newValue(id, node);
    }
    this.stored.set(id, to);
    const place = to;
    for (const [index, arg] of node.args.entries()) this.copyOperand(node, id, arg, index, place);
  }

  /** Brings one operand of a view to where the view lies, unless its producer wrote it there. */
  private copyOperand(node: Node, id: ValueId, arg: ValueId, index: number, to: Storage): void {
    if (this.direct.has(`${id}:${index}`)) return;
    const operand = nodeAt(this.graph, arg);
    const from = this.at(arg);
    const types = node.args.map((other) => nodeAt(this.graph, other).type);
    const into = writeView(node, index, types, to.layout);
    if (into !== null) {
      this.actions.push({ kind: "copy", type: operand.type, from, to: { buffer: to.buffer, layout: into } });
      return;
    }
    const layout = readView(node, operand.type, from.layout);
    if (layout !== null) {
      this.actions.push({ kind: "copy", type: node.type, from: { buffer: from.buffer, layout }, to });
      return;
    }
    // A reshape whose two sides have strides that no common shape describes: through a dense copy.
    const dense = this.newValue(id, operand);
    const between = { ...dense, buffer: { ...dense.buffer, name: `%${id}.dense` } };
    this.actions.push({ kind: "copy", type: operand.type, from, to: between });
    const view = readView(node, operand.type, between.layout);
    if (view === null) throw new InternalError(`${node.op} of a dense operand is not a view`);
    this.actions.push({ kind: "copy", type: node.type, from: { buffer: between.buffer, layout: view }, to });
  }

  /** Outputs that are inputs, weights, or values another output holds already. */
  private copyOutputs(outputs: readonly ProgramBuffer[]): void {
    this.graph.outputs.forEach((id, index) => {
      const from = this.at(id);
      if (from.buffer === outputs[index]) return;
      const { type } = nodeAt(this.graph, id);
      const to: Storage = { buffer: outputs[index]!, layout: denseLayout(type.shape) };
      this.actions.push({ kind: "copy", type, from, to });
    });
  }
}
