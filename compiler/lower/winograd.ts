/**
 * A stride-1 convolution (1-D or 2-D) of r taps, three or five, by Winograd's F(m, r): each tile of m outputs an axis is
 * computed from m + r - 1 inputs with as many products a channel instead of r * m.
 *
 * Three nests run block by block, so that what is between them stays in cache: `transform-lhs` (tiles to V), `multiply`
 * (M = V * U, one small matrix product for each of the (m + r - 1)^n points) and `transform-out` (M to outputs, with the
 * epilogue). U, the transformed weights, is prepared once. The lhs is first copied with its border made real
 * (`stage-x`), unless every tile lies inside it, or a grid asks at each load. A dilation of d is d interleaved grids an axis, each tiled for itself.
 * Not exact: other products are rounded than in the definition.
 */
import type { NodeOf } from "../../ir/graph.js";
import { convAxes } from "../../ir/graph.js";
import type { Affine, Buffer, Expr, Parameter } from "../../ir/kernel.js";
import { addAffine, affine, allOf } from "../../ir/kernel.js";
import { weightIndex } from "../../ir/window.js";
import type { Loop, LoopNest, Store } from "../schedule/loop-nest.js";
import { accumulator, loop } from "../schedule/loop-nest.js";
import { spatialNames } from "./conv.js";
import type { LoweredKernel, PreparedOperand } from "./lowered.js";
import { singleNest } from "./lowered.js";
import type { Operand } from "./operand.js";
import { address, broadcastAddress, readParameter, writeParameter } from "./operand.js";
import { lowerScalar } from "./scalar.js";
import type { Tiling, Workers } from "./winograd-tiling.js";
import { tilingOf } from "./winograd-tiling.js";
import type { OutputTile } from "./winograd-transform.js";
import { transformAll, transformInput, transformOutput, transformTaps } from "./winograd-transform.js";

/** Of a conv that lowerings.ts has found fit for it. */
export function lowerWinograd(
  m: OutputTile,
  node: NodeOf<"conv">,
  operands: readonly Operand[],
  out: Operand,
  workers: Workers,
): LoweredKernel {
  const build = new WinogradLowering(m, node, operands, out, workers);
  return build.lower();
}

class WinogradLowering {
  private readonly axes;
  private readonly rank: number;
  private readonly tiling: Tiling;
  private readonly names;
  private readonly lhs: Operand;
  private readonly rhs: Operand;
  private readonly batch: number;
  private readonly taps: number;
  private readonly depth: number;
  private readonly features: number;
  private readonly outSpatial: readonly number[];

  constructor(
    m: OutputTile,
    private readonly node: NodeOf<"conv">,
    private readonly operands: readonly Operand[],
    private readonly out: Operand,
    private readonly workers: Workers,
  ) {
    this.axes = convAxes(node.dims);
    this.rank = node.window.length;
    [this.lhs, this.rhs] = operands as [Operand, Operand];
    this.names = spatialNames(this.rank);
    this.batch = node.type.shape[this.axes.out.batch]!;
    this.features = node.type.shape[this.axes.out.feature]!;
    this.depth = this.rhs.type.shape[this.axes.rhs.in]!;
    this.outSpatial = this.axes.out.spatial.map((axis) => node.type.shape[axis]!);
    const grids = node.window.map((dim) => dim.rhsDilation);
    this.taps = node.window[0]!.size;
    const { batch, outSpatial, taps, depth, features } = this;
    this.tiling = tilingOf(m, { batch, outSpatial, taps, grids, depth, features, workers });
  }

  lower(): LoweredKernel {
    const { points, lhsPlane, outPlane } = this.tiling;
    const v: Buffer = this.local("v", points * lhsPlane);
    const products: Buffer = this.local("m", points * outPlane);
    const staged = this.stage();
    const weights: Parameter = {
      name: "u",
      element: "f32",
      size: points * this.depth * this.features,
      access: "constant",
    };
    const params = [...this.operands.map(readParameter), writeParameter(this.out), weights];
    const nests = [
      this.transformLhs(staged.source, v),
      this.multiply(v, products),
      this.transformOut(products),
    ];
    return {
      name: `conv_${this.node.window.map((dim) => dim.size).join("x")}_winograd${this.tiling.m}`,
      algorithm: "winograd",
      params,
      prepared: [this.prepareWeights(weights)],
      locals: [...staged.locals, v, products],
      nests: [...staged.nests, ...nests],
      together: this.together(nests),
      macs:
        this.batch *
        this.features *
        this.depth *
        this.outSpatial.reduce((a, b) => a * b, 1) *
        this.taps ** this.rank,
    };
  }

  /** Workers share the blocks; without any they share each nest, one after another. */
  private together(nests: readonly LoopNest[]): LoweredKernel["together"] {
    const loops = this.blockLoops();
    if (loops.length === 0 && this.workers !== 1) return null;
    return { loops, nests: nests.map((nest) => nest.name) };
  }

  private local(name: string, size: number): Buffer {
    return { name, element: "f32", size, space: "arena" };
  }

  /** n and the blocks of tile rows, where there is more than one; on a grid n is a loop of each nest. */
  private blockLoops(): Loop[] {
    const blocks = this.tiling.tiles[0]! / this.tiling.rows;
    return [
      ...(this.workers === "grid" ? [] : this.channelLoop("n", this.batch)),
      ...(blocks > 1 ? [loop("block", blocks, "pure")] : []),
    ];
  }

  /** Tiles along axis d that one block holds. */
  private blockExtent(d: number): number {
    return d === 0 ? this.tiling.rows : this.tiling.tiles[d]!;
  }

  /** Loops over the tiles of a block: `n th gh tw gw` in 2-D (g the grid, n on one), without axes of extent 1. */
  private tileLoops(): Loop[] {
    return [
      ...(this.workers === "grid" ? this.channelLoop("n", this.batch) : []),
      ...this.tiling.grids.flatMap((grid, d) => [
        ...this.channelLoop(this.axisName(d, "t"), this.blockExtent(d)),
        ...this.channelLoop(this.axisName(d, "g"), grid),
      ]),
    ];
  }

  private axisName(d: number, letter: "t" | "g"): string {
    return this.names[d]!.out.replace("o", letter);
  }

  /** First output of the tile along axis d. */
  private tileOrigin(d: number): Affine {
    const grid = this.tiling.grids[d]!;
    const step = grid * this.tiling.m;
    let at = affine(0);
    at = addAffine(at, this.channel(this.axisName(d, "t"), this.blockExtent(d)), step);
    at = addAffine(at, this.channel(this.axisName(d, "g"), grid));
    const blocks = this.tiling.tiles[0]! / this.tiling.rows;
    return d === 0 && blocks > 1 ? addAffine(at, affine(0, { block: this.tiling.rows * step })) : at;
  }

  /** Number of the tile in its block: row-major over the tile loops. */
  private tileInBlock(): Affine {
    let at = affine(0);
    let stride = 1;
    for (const { axis, extent } of this.tileLoops().reverse()) {
      at = addAffine(at, affine(0, { [axis]: stride }));
      stride *= extent;
    }
    return at;
  }

  private channelLoop(name: string, extent: number): Loop[] {
    return extent > 1 ? [loop(name, extent, "pure")] : [];
  }

  private channel(name: string, extent: number): Affine {
    return extent > 1 ? affine(0, { [name]: 1 }) : affine(0);
  }

  private batchIndex(): Affine {
    return this.channel("n", this.batch);
  }

  /** Every point (or position) of a tile, as one index an axis. */
  private positions(size: number): readonly (readonly number[])[] {
    let out: number[][] = [[]];
    for (let d = 0; d < this.rank; d++)
      out = out.flatMap((prefix) => Array.from({ length: size }, (_, i) => [...prefix, i]));
    return out;
  }

  /** The lhs with its border made real, or the lhs itself where no tile leaves it. */
  private stage(): { source: StagedSource; nests: readonly LoopNest[]; locals: readonly Buffer[] } {
    const { m, tiles, grids } = this.tiling;
    const extents = tiles.map((count, d) => grids[d]! * (count * m + this.taps - 1));
    const spatial = this.axes.lhs.spatial;
    const lows = this.node.window.map((dim) => dim.low);
    const inside = spatial.every(
      (axis, d) => lows[d]! <= 0 && extents[d]! - lows[d]! <= this.lhs.type.shape[axis]!,
    );
    const zero = this.node.window.every(({ border }) => border === "zero");
    // A grid would have to wait for the copy to be done.
    if (!inside && !(zero && this.workers === "grid")) return this.copyWithBorder(extents, lows);
    const { strides } = this.lhs.layout;
    const offset = spatial.reduce((at, axis, d) => at - lows[d]! * strides[axis]!, 0);
    const source: StagedSource = {
      buffer: this.lhs.name,
      offset,
      batch: strides[this.axes.lhs.batch]!,
      channel: strides[this.axes.lhs.feature]!,
      spatial: spatial.map((axis) => strides[axis]!),
      within: spatial.map((axis, d) => {
        const extent = this.lhs.type.shape[axis]!;
        return lows[d]! <= 0 && extents[d]! - lows[d]! <= extent ? null : { low: lows[d]!, extent };
      }),
    };
    return { source, nests: [], locals: [] };
  }

  private copyWithBorder(extents: readonly number[], lows: readonly number[]) {
    const strides: number[] = [];
    let stride = this.depth;
    for (let d = this.rank - 1; d >= 0; d--) {
      strides[d] = stride;
      stride *= extents[d]!;
    }
    const source: StagedSource = {
      buffer: "x.staged",
      offset: 0,
      batch: stride,
      channel: 1,
      spatial: strides,
      within: extents.map(() => null),
    };
    const index: Affine[] = [];
    index[this.axes.lhs.batch] = this.batchIndex();
    index[this.axes.lhs.feature] = this.channel("ic", this.depth);
    const gates: Expr[] = [];
    const lets: { name: string; value: Expr }[] = [];
    let to = addAffine(this.channel("ic", this.depth), this.batchIndex(), source.batch);
    this.node.window.forEach((dim, d) => {
      const axis = `${this.names[d]!.position}.at`;
      const position = affine(0, { [this.names[d]!.position]: 1 });
      const extent = this.lhs.type.shape[this.axes.lhs.spatial[d]!]!;
      const at = affine(-lows[d]!, { [axis]: 1 });
      lets.push({
        name: this.names[d]!.position,
        value:
          dim.border === "zero"
            ? { kind: "index", at }
            : { kind: "integer", fn: dim.border, of: at, by: extent },
      });
      // Beyond a wrapped or mirrored border lies only what no output needs, so any element will do there.
      if (dim.border === "zero") gates.push({ kind: "test", fn: "inside", of: position, by: extent });
      index[this.axes.lhs.spatial[d]!] = position;
      to = addAffine(to, affine(0, { [axis]: strides[d]! }));
    });
    const when = allOf(gates);
    const from = {
      buffer: this.lhs.name,
      at: address(this.lhs, index),
      lanes: 1,
      gate: when && { when, otherwise: 0 },
    } as const;
    const nest: LoopNest = {
      name: "stage-x",
      loops: [
        ...this.channelLoop("n", this.batch),
        ...extents.map((extent, d) => loop(`${this.names[d]!.position}.at`, extent, "pure")),
        ...this.channelLoop("ic", this.depth),
      ],
      lets,
      reduce: null,
      stores: [{ to: { buffer: "x.staged", at: to, lanes: 1, gate: null }, value: { kind: "load", from } }],
    };
    return { source, nests: [nest], locals: [this.local("x.staged", stride * this.batch)] };
  }

  /** V[point][tile][ic] = the transform of the tile's inputs. */
  private transformLhs(source: StagedSource, v: Buffer): LoopNest {
    const { size, lhsPlane } = this.tiling;
    const ic = this.channel("ic", this.depth);
    const tests = source.within.map((range, d) =>
      Array.from({ length: size }, (_, p) => (range === null ? null : this.isInside(d, p, range))),
    );
    const values = this.positions(size).map((position): Expr => {
      const when = allOf(position.flatMap((p, d) => tests[d]![p] ?? []));
      let at = addAffine(affine(source.offset), this.batchIndex(), source.batch);
      at = addAffine(at, ic, source.channel);
      position.forEach((p, d) => {
        at = addAffine(
          at,
          addAffine(this.tileOrigin(d), affine(p * this.tiling.grids[d]!)),
          source.spatial[d]!,
        );
      });
      const gate = when && { when, otherwise: 0 };
      return { kind: "load", from: { buffer: source.buffer, at, lanes: 1, gate } };
    });
    const transformed = transformAll(this.rank, size, values, transformInput);
    const stores = transformed.map((value, point): Store => {
      const at = addAffine(addAffine(affine(point * lhsPlane), this.tileInBlock(), this.depth), ic);
      return { to: { buffer: v.name, at, lanes: 1, gate: null }, value };
    });
    return {
      name: "transform-lhs",
      loops: [...this.tileLoops(), ...this.channelLoop("ic", this.depth)],
      lets: [],
      reduce: null,
      stores,
    };
  }

  /** Whether input p of a tile along axis d is one of the lhs. */
  private isInside(d: number, p: number, { low, extent }: { low: number; extent: number }): Expr {
    const of = addAffine(this.tileOrigin(d), affine(p * this.tiling.grids[d]! - low));
    return { kind: "test", fn: "inside", of, by: extent };
  }

  /** M[point][tile][oc] = the sum over ic of V[point][tile][ic] * U[point][ic][oc]. */
  private multiply(v: Buffer, products: Buffer): LoopNest {
    const { points, blockTiles, lhsPlane, outPlane } = this.tiling;
    const tile = blockTiles > 1 ? affine(0, { t: 1 }) : affine(0);
    const point = affine(0, { point: 1 });
    const ic = this.channel("ic", this.depth);
    const oc = this.channel("oc", this.features);
    const at = (stride: number, plane: number, inner: Affine): Affine =>
      addAffine(addAffine(inner, tile, stride), point, plane);
    const read = (buffer: string, place: Affine): Expr => ({
      kind: "load",
      from: { buffer, at: place, lanes: 1, gate: null },
    });
    const weight = addAffine(addAffine(oc, ic, this.features), point, this.depth * this.features);
    return {
      name: "multiply",
      loops: [
        loop("point", points, "pure"),
        ...(blockTiles > 1 ? [loop("t", blockTiles, "pure")] : []),
        ...this.channelLoop("oc", this.features),
        ...(this.depth > 1 ? [loop("ic", this.depth, "reduce")] : []),
      ],
      lets: [],
      reduce: {
        fn: "add",
        init: 0,
        value: {
          kind: "call",
          fn: "mul",
          args: [read(v.name, at(this.depth, lhsPlane, ic)), read("u", weight)],
        },
        guard: null,
      },
      stores: [
        {
          to: { buffer: products.name, at: at(this.features, outPlane, oc), lanes: 1, gate: null },
          value: accumulator,
        },
      ],
    };
  }

  /** The outputs of each tile, through the epilogue; what lies outside the output is not written. */
  private transformOut(products: Buffer): LoopNest {
    const { m, size, outPlane } = this.tiling;
    const oc = this.channel("oc", this.features);
    const values = this.positions(size).map((_, point): Expr => {
      const at = addAffine(addAffine(affine(point * outPlane), this.tileInBlock(), this.features), oc);
      return { kind: "load", from: { buffer: products.name, at, lanes: 1, gate: null } };
    });
    const outputs = transformAll(this.rank, size, values, (line) => transformOutput(m, line));
    const stores = this.positions(m).map((position, i): Store => {
      const index: Affine[] = [];
      index[this.axes.out.batch] = this.batchIndex();
      index[this.axes.out.feature] = oc;
      const gates: Expr[] = [];
      position.forEach((p, d) => {
        const grid = this.tiling.grids[d]!;
        const at = addAffine(this.tileOrigin(d), affine(p * grid));
        index[this.axes.out.spatial[d]!] = at;
        const extent = this.outSpatial[d]!;
        if (extent % (m * grid) !== 0) gates.push({ kind: "test", fn: "inside", of: at, by: extent });
      });
      const when = allOf(gates);
      const gate = when && { when, otherwise: 0 };
      const value = lowerScalar(this.node.fused.out, (of) => {
        if (of === "acc") return outputs[i]!;
        const operand = this.operands[of as number]!;
        const from = { buffer: operand.name, at: broadcastAddress(operand, index), lanes: 1, gate } as const;
        return { kind: "load", from };
      });
      return { to: { buffer: this.out.name, at: address(this.out, index), lanes: 1, gate }, value };
    });
    return {
      name: "transform-out",
      loops: [...this.tileLoops(), ...this.channelLoop("oc", this.features)],
      lets: [],
      reduce: null,
      stores,
    };
  }

  /** U[point][ic][oc], with the weight mask multiplied in. */
  private prepareWeights(weights: Parameter): PreparedOperand {
    const { size, points } = this.tiling;
    const ic = this.channel("ic", this.depth);
    const oc = this.channel("oc", this.features);
    const taps = this.positions(this.taps).map((position): Expr => {
      const index: Affine[] = [];
      index[this.axes.rhs.in] = ic;
      index[this.axes.rhs.out] = oc;
      position.forEach((tap, d) => {
        index[this.axes.rhs.spatial[d]!] = affine(weightIndex(tap, this.node.window[d]!));
      });
      return lowerScalar(this.node.fused.rhs, (of) => {
        const operand = of === "rhs" ? this.rhs : this.operands[of as number]!;
        const at = of === "rhs" ? address(operand, index) : broadcastAddress(operand, index);
        return { kind: "load", from: { buffer: operand.name, at, lanes: 1, gate: null } };
      });
    });
    const transformed = transformAll(this.rank, this.taps, taps, (line) => transformTaps(size, line));
    const stores = Array.from({ length: points }, (_, point): Store => {
      const at = addAffine(addAffine(affine(point * this.depth * this.features), ic, this.features), oc);
      return { to: { buffer: weights.name, at, lanes: 1, gate: null }, value: transformed[point]! };
    });
    const nest: LoopNest = {
      name: "main",
      loops: [...this.channelLoop("ic", this.depth), ...this.channelLoop("oc", this.features)],
      lets: [],
      reduce: null,
      stores,
    };
    const params: Parameter[] = [
      ...this.operands.filter((operand) => operand.constant).map(readParameter),
      { ...weights, access: "write" },
    ];
    return { name: weights.name, lowered: singleNest("transform_weights", "map", params, nest) };
  }
}

/** Where a tile's inputs are read: strides of a buffer, and along each axis which positions exist, if not all do. */
interface StagedSource {
  readonly buffer: string;
  readonly offset: number;
  readonly batch: number;
  readonly channel: number;
  readonly spatial: readonly number[];
  readonly within: readonly ({ readonly low: number; readonly extent: number } | null)[];
}
