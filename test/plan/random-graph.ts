/** Random graphs made for the planner: every view over and into everything else, values read twice, odd outputs. */
import type { Graph, ValueId } from "../../ir/graph.js";
import { channelsLast, GraphBuilder, identityFused, phaseShape } from "../../ir/graph.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import { elementCount } from "../../ir/types.js";
import { outputExtent, windowDim } from "../../ir/window.js";
import type { Random } from "../support/random.js";

export function randomGraph(random: Random): Graph {
  return new Maker(random).graph();
}

const bodies: readonly Scalar[] = [
  call("add", arg(0), arg(1)),
  call("mul", arg(0), arg(1)),
  call("max", arg(0), call("mul", arg(1), lit(0.5))),
];

class Maker {
  private readonly builder = new GraphBuilder();
  private readonly values: ValueId[] = [];

  constructor(private readonly r: Random) {}

  graph(): Graph {
    const { r, values, builder } = this;
    for (let i = r.int(1, 2); i > 0; i--) values.push(this.input());
    for (let i = r.int(0, 3); i > 0; i--) values.push(this.weight(this.anyShape()));
    for (let i = r.int(1, 8); i > 0; i--) {
      const made = this.node();
      if (made !== null && elementCount(this.shape(made)) <= 600) values.push(made);
    }
    const last = values.at(-1)!;
    const outputs = [last, ...(r.chance(0.4) ? [r.pick(values)] : []), ...(r.chance(0.2) ? [last] : [])];
    return builder.finish("random", r.shuffle(outputs));
  }

  private shape(id: ValueId): readonly number[] {
    return this.builder.type(id).shape;
  }

  private anyShape(): number[] {
    const { r } = this;
    return Array.from({ length: r.int(0, 3) }, () => (r.chance(0.03) ? 0 : r.int(1, 4)));
  }

  private input(): ValueId {
    const { r, builder } = this;
    const element = r.pick(["f32", "f32", "f32", "u8", "i32", "bf16"] as const);
    return builder.add({ op: "input", name: `x${this.values.length}` }, [], {
      element,
      shape: r.chance(0.5) ? [r.int(1, 2), r.int(1, 5), r.int(1, 4)] : this.anyShape(),
    });
  }

  private weight(shape: readonly number[]): ValueId {
    const { r, builder } = this;
    const path = `p${builder.nodes.length}`;
    const type = { element: "f32", shape } as const;
    return r.chance(0.6)
      ? builder.add({ op: "param", path }, [], type)
      : builder.add({ op: "constant", path: "", data: r.normals(elementCount(shape)) }, [], type);
  }

  /** Recent values more often, so that chains grow. */
  private value(): ValueId {
    const { r, values } = this;
    return r.chance(0.6) ? values.at(-1)! : r.pick(values);
  }

  private node(): ValueId | null {
    const from = this.value();
    const kinds = [
      "reshape",
      "transpose",
      "slice",
      "concat",
      "concat",
      "interleave",
      "pad",
      "map",
      "map",
      "conv",
    ];
    switch (this.r.pick(kinds)) {
      case "reshape":
        return this.reshape(from);
      case "transpose": {
        const permutation = this.r.shuffle(this.shape(from).map((_, axis) => axis));
        return this.builder.add({ op: "transpose", permutation }, [from]);
      }
      case "slice":
        return this.slice(from);
      case "concat":
        return this.concat(from);
      case "interleave":
        return this.interleave(from);
      case "pad":
        return this.pad(from);
      case "map":
        return this.map(from);
      default:
        return this.conv(from);
    }
  }

  private reshape(from: ValueId): ValueId {
    const { r } = this;
    let shape = [...this.shape(from)];
    for (let i = r.int(0, 3); i > 0; i--) {
      const at = r.int(0, shape.length);
      const extent = shape[at];
      if (r.chance(0.3)) shape.splice(at, 0, 1);
      else if (extent !== undefined && extent % 2 === 0 && r.chance(0.5)) shape.splice(at, 1, extent / 2, 2);
      else if (at > 0 && extent !== undefined) shape.splice(at - 1, 2, shape[at - 1]! * extent);
    }
    if (r.chance(0.2)) shape = [elementCount(shape)];
    return this.builder.add({ op: "reshape", shape }, [from]);
  }

  private slice(from: ValueId): ValueId {
    const { r } = this;
    const old = this.shape(from);
    const step = old.map(() => r.pick([1, 1, 2]));
    const start = old.map((extent) => (extent > 1 ? r.int(0, 1) : 0));
    const shape = old.map((extent, axis) => {
      const most = Math.max(Math.ceil((extent - start[axis]!) / step[axis]!), 0);
      return r.chance(0.3) && most > 1 ? most - 1 : most;
    });
    return this.builder.add({ op: "slice", start, step, shape }, [from]);
  }

  /** Something of the same element and shape as a value: the value, a weight, or a map of either. */
  private similar(to: ValueId): ValueId {
    const { r, builder } = this;
    const { element, shape } = builder.type(to);
    if (element !== "f32" || r.chance(0.15)) return to;
    const other = r.chance(0.4) ? this.weight(shape) : to;
    return r.chance(0.7) ? this.mapOf(other, this.weight(shape)) : other;
  }

  private concat(from: ValueId): ValueId | null {
    const rank = this.shape(from).length;
    if (rank === 0) return null;
    const parts = Array.from({ length: this.r.int(1, 3) }, () => this.similar(from));
    return this.builder.add({ op: "concat", axis: this.r.int(0, rank - 1) }, parts);
  }

  private interleave(from: ValueId): ValueId | null {
    const { r } = this;
    const old = this.shape(from);
    const steps = old.map(() => r.pick([1, 1, 2, 3]));
    const phases = elementCount(steps);
    if (phases > 6) return null;
    const shape = old.map((extent, axis) => extent * steps[axis]!);
    if (phaseShape(shape, steps, 0).join() !== old.join()) return null;
    const parts = Array.from({ length: phases }, () => this.similar(from));
    return this.builder.add({ op: "interleave", steps, shape }, parts);
  }

  private pad(from: ValueId): ValueId {
    const { r } = this;
    const shape = this.shape(from);
    const mode = shape.includes(0) ? "zero" : r.pick(["zero", "wrap", "reflect"] as const);
    const extents = (): number[] => shape.map(() => (r.chance(0.5) ? 0 : r.int(0, 2)));
    return this.builder.add({ op: "pad", mode, low: extents(), high: extents() }, [from]);
  }

  private mapOf(a: ValueId, b: ValueId, element: "f32" | "f16" | "bf16" = "f32"): ValueId {
    return this.builder.add({ op: "map", body: this.r.pick(bodies), element }, [a, b]);
  }

  private map(from: ValueId): ValueId {
    const { r } = this;
    const shape = this.shape(from);
    const same = this.values.filter((id) => this.shape(id).join() === shape.join());
    const other = r.chance(0.5) ? r.pick(same) : this.weight(shape.map((e) => (r.chance(0.5) ? e : 1)));
    return this.mapOf(from, other, r.pick(["f32", "f32", "f32", "f32", "f16", "bf16"]));
  }

  /** Over [n, spatial, features]; the kernel is a weight or, now and then, computed from one. */
  private conv(from: ValueId): ValueId | null {
    const { r, builder } = this;
    const shape = this.shape(from);
    if (shape.length !== 3) return null;
    const dim = windowDim(r.int(1, 3), {
      stride: r.pick([1, 1, 2]),
      low: r.int(0, 2),
      high: r.int(0, 2),
      border: shape.includes(0) ? "zero" : r.pick(["zero", "zero", "wrap", "reflect"] as const),
    });
    const kernelShape = [dim.size, shape[2]!, r.pick([1, 2, 4, 5])];
    const plain = this.weight(kernelShape);
    const kernel = r.chance(0.3) ? this.mapOf(plain, this.weight(kernelShape)) : plain;
    if (outputExtent(shape[1]!, dim) === 0 && r.chance(0.9)) return null;
    return builder.add(
      {
        op: "conv",
        window: [dim],
        dims: channelsLast(1),
        groups: 1,
        batchGroups: 1,
        local: false,
        element: "f32",
        precision: "highest",
        skippedTaps: [],
        fused: r.chance(0.5) ? identityFused : { ...identityFused, out: call("max", arg("acc"), lit(0)) },
      },
      [from, kernel],
    );
  }
}
