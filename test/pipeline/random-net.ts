/** Random conv nets as a trace makes them, for the properties of the pipeline: every pass finds work in some of them. */
import type { Graph, PadMode, ValueId } from "../../ir/graph.js";
import { channelsLast, GraphBuilder, identityFused } from "../../ir/graph.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import type { FloatElement } from "../../ir/types.js";
import { elementCount } from "../../ir/types.js";
import type { WindowDim } from "../../ir/window.js";
import { dilatedExtent, outputExtent, windowDim } from "../../ir/window.js";
import type { Random } from "../support/random.js";
import { random } from "../support/random.js";

export function randomNet(seed: number): Graph {
  return new Net(random(seed)).build();
}

const add = call("add", arg(0), arg(1));
const multiply = call("mul", arg(0), arg(1));
const activations: readonly Scalar[] = [
  call("max", arg(0), lit(0)),
  call("div", arg(0), call("add", call("abs", arg(0)), lit(1))),
  call("select", call("lt", arg(0), lit(0)), call("mul", arg(0), lit(0.01)), arg(0)),
];

class Net {
  private readonly builder = new GraphBuilder();
  private readonly r: Random;
  private params = 0;

  constructor(r: Random) {
    this.r = r;
  }

  build(): Graph {
    const { builder, r } = this;
    const rank = r.pick([1, 1, 2]);
    const batch = r.pick([[], [1], [2], [2, 2]]);
    const spatial = Array.from({ length: rank }, () => r.int(1, 5));
    const shape = [...batch, ...spatial, r.pick([1, 2, 4])];
    const element = r.pick(["f32", "f32", "u8", "i32"] as const);
    let x = builder.add({ op: "input", name: "x" }, [], { element, shape });
    const outputs: ValueId[] = [];
    const layers = r.int(1, 3);
    for (let layer = 0; layer < layers; layer++) {
      const y = this.layer(x, rank);
      if (r.chance(0.2)) outputs.push(y);
      x = r.chance(0.2) ? this.twice(y) : y;
    }
    return builder.finish("net", [...outputs, x]);
  }

  private shape(id: ValueId): readonly number[] {
    return this.builder.type(id).shape;
  }

  private element(): FloatElement {
    return this.r.pick(["f32", "f32", "f32", "f16", "bf16"]);
  }

  private map(body: Scalar, args: readonly ValueId[]): ValueId {
    return this.builder.add({ op: "map", body, element: this.element() }, args);
  }

  /** Two activations of a value, added: different ones, or the same one built twice. */
  private twice(y: ValueId): ValueId {
    const { r } = this;
    return this.map(add, [this.map(r.pick(activations), [y]), this.map(r.pick(activations), [y])]);
  }

  /** A parameter, a constant that was one, or something computed from either. */
  private weight(shape: readonly number[]): ValueId {
    const { builder, r } = this;
    const path = `p${this.params++}`;
    const type = { element: "f32", shape } as const;
    const weight = r.chance(0.5)
      ? builder.add({ op: "param", path }, [], type)
      : builder.add({ op: "constant", path, data: r.normals(elementCount(shape)) }, [], type);
    return r.chance(0.2) ? this.map(call("mul", arg(0), lit(0.5)), [weight]) : weight;
  }

  /** pad, flatten the batch, convolve, add the bias, restore the batch, and what may follow; in flax's order. */
  private layer(input: ValueId, rank: number): ValueId {
    const { builder, r } = this;
    const convert = (id: ValueId): ValueId =>
      builder.type(id).element === "f32" ? id : this.map(arg(0), [id]);
    let x = r.chance(0.5) ? convert(input) : input;
    const batch = this.shape(x).slice(0, -rank - 1);
    const rest = this.shape(x).slice(-rank - 1);
    if (batch.length !== 1) x = builder.add({ op: "reshape", shape: [elementCount(batch), ...rest] }, [x]);
    x = convert(this.pad(x, rank));
    let y = this.conv(x, rank);
    const features = this.shape(y).at(-1)!;
    if (r.chance(0.7)) y = this.map(add, [y, this.weight([features])]);
    const restore = (id: ValueId): ValueId =>
      batch.length === 1
        ? id
        : builder.add({ op: "reshape", shape: [...batch, ...this.shape(id).slice(1)] }, [id]);
    const early = r.chance(0.3);
    if (early) y = this.map(r.pick(activations), [y]);
    y = restore(y);
    if (r.chance(0.2)) y = this.map(multiply, [y, this.weight(this.shape(y))]);
    if (r.chance(0.2)) y = this.viewed(y);
    if (r.chance(0.4)) y = this.residual(input, x, y, restore, rank);
    return early ? y : this.map(r.pick(activations), [y]);
  }

  /** A map over a view of a value, some of whose axes the other operand is broadcast along; then the view undone. */
  private viewed(y: ValueId): ValueId {
    const { builder, r } = this;
    const shape = this.shape(y);
    const operand = (view: ValueId): ValueId =>
      this.weight(this.shape(view).map((extent) => (r.chance(0.5) ? extent : 1)));
    if (r.chance(0.5)) {
      const permutation = r.shuffle(shape.map((_, axis) => axis));
      const view = builder.add({ op: "transpose", permutation }, [y]);
      const back = permutation.map((_, axis) => permutation.indexOf(axis));
      return builder.add({ op: "transpose", permutation: back }, [this.map(add, [view, operand(view)])]);
    }
    const joined = r.int(0, shape.length - 2);
    const merged = [
      ...shape.slice(0, joined),
      shape[joined]! * shape[joined + 1]!,
      ...(r.chance(0.5) ? [1] : []),
      ...shape.slice(joined + 2),
    ];
    const view = builder.add({ op: "reshape", shape: merged }, [y]);
    return builder.add({ op: "reshape", shape }, [this.map(add, [operand(view), view])]);
  }

  /** The layer's input added where it fits, else a 1 x 1 conv of it, else a conv of its own shape. */
  private residual(
    input: ValueId,
    flat: ValueId,
    y: ValueId,
    restore: (id: ValueId) => ValueId,
    rank: number,
  ): ValueId {
    if (this.shape(input).join() === this.shape(y).join()) return this.map(add, [y, input]);
    const channels = this.shape(flat).at(-1)!;
    const kernel = this.weight([...new Array<number>(rank).fill(1), channels, this.shape(y).at(-1)!]);
    const window = new Array<WindowDim>(rank).fill(plainWindow);
    const shortcut = restore(this.addConv(flat, kernel, window, rank, 1));
    return this.shape(shortcut).join() === this.shape(y).join() ? this.map(add, [shortcut, y]) : y;
  }

  private pad(x: ValueId, rank: number): ValueId {
    const { r } = this;
    if (r.chance(0.4)) return x;
    const mode: PadMode = r.pick(["zero", "wrap", "reflect"]);
    const extents = (): number[] => [0, ...Array.from({ length: rank }, () => r.int(0, 2)), 0];
    return this.builder.add({ op: "pad", mode, low: extents(), high: extents() }, [x]);
  }

  private conv(x: ValueId, rank: number): ValueId {
    const { r } = this;
    const shape = this.shape(x);
    const channels = shape.at(-1)!;
    const groups = channels % 2 === 0 && r.chance(0.3) ? 2 : 1;
    const window = shape.slice(1, -1).map((extent) => this.window(extent));
    const sizes = window.map((dim) => dim.size);
    const local = groups === 1 && r.chance(0.15);
    const outputs = window.map((dim, d) => outputExtent(shape[d + 1]!, dim));
    const kernel = this.weight(
      local
        ? [...outputs, elementCount(sizes) * channels, r.pick([2, 4])]
        : [...sizes, channels / groups, r.pick([2, 4])],
    );
    return this.addConv(x, this.masked(kernel), window, rank, groups, local);
  }

  private addConv(
    x: ValueId,
    kernel: ValueId,
    window: readonly WindowDim[],
    rank: number,
    groups: number,
    local = false,
  ): ValueId {
    return this.builder.add(
      {
        op: "conv",
        window,
        dims: channelsLast(rank),
        groups,
        batchGroups: 1,
        local,
        precision: "default",
        element: this.element(),
        skippedTaps: [],
        fused: identityFused,
      },
      [x, kernel],
    );
  }

  private masked(kernel: ValueId): ValueId {
    const { r } = this;
    if (r.chance(0.6)) return kernel;
    const shape = this.shape(kernel);
    if (r.chance(0.3)) return this.map(multiply, [kernel, this.weight(shape)]);
    const features = shape.at(-1)! * shape.at(-2)!;
    const taps = elementCount(shape) / features;
    const kept = Array.from({ length: taps }, () => r.chance(0.6));
    const data = Float32Array.from({ length: elementCount(shape) }, (_, at) =>
      kept[Math.floor(at / features)] && r.chance(0.8) ? 1 : 0,
    );
    const mask = this.builder.add({ op: "constant", path: "", data }, [], { element: "f32", shape });
    return this.map(multiply, r.chance(0.5) ? [kernel, mask] : [mask, kernel]);
  }

  private window(extent: number): WindowDim {
    const { r } = this;
    const dim: WindowDim = {
      size: r.int(1, 3),
      stride: r.int(1, 3),
      low: r.int(-1, 3),
      high: r.int(-1, 3),
      lhsDilation: r.pick([1, 1, 1, 2, 3, 4]),
      rhsDilation: r.pick([1, 1, 2, 3]),
      reversal: r.chance(0.3),
      border: "zero",
    };
    const fits = dilatedExtent(extent, dim.lhsDilation) + dim.low + dim.high >= 0;
    return fits && outputExtent(extent, dim) > 0 ? dim : plainWindow;
  }
}

const plainWindow = windowDim(1);
