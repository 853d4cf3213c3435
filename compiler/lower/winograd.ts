/**
 * A stride-1 convolution of r taps, three or five, along one or two axes by Winograd's F(m, r): each tile of m outputs an axis
 * is computed from m + r - 1 inputs with as many products a channel instead of r * m. In 3-D the last two axes are transformed,
 * slice by slice; the taps along the first are summed like channels.
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
import { accumulator, loop, loopsOver } from "../schedule/loop-nest.js";
import { axisOf, spatialNames } from "./conv.js";
import type { LoweredKernel, PreparedOperand } from "./lowered.js";
import { singleNest } from "./lowered.js";
import type { Operand } from "./operand.js";
import { address, broadcastAddress, readParameter, writeParameter } from "./operand.js";
import { lowerScalar } from "./scalar.js";
import type { StagedSource } from "./winograd-stage.js";
import { stageLhs } from "./winograd-stage.js";
import type { Slices, Tiling, Workers } from "./winograd-tiling.js";
import { oneSlice, slicesOf, tilingOf } from "./winograd-tiling.js";
import type { OutputTile } from "./winograd-transform.js";
import { transformAll, transformInput, transformOutput, transformTaps } from "./winograd-transform.js";

const sliceNames = { lhs: "id", out: "od" } as const;

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

/** What a position along an axis has to be, to be one of the lhs. */
function isInside(at: Affine, { low, extent }: NonNullable<StagedSource["within"][number]>): Expr {
  return { kind: "test", fn: "inside", of: addAffine(at, affine(-low)), by: extent };
}

class WinogradLowering {
  private readonly axes;
  /** Spatial axes that are transformed, the last ones, and how many come before them: one in 3-D. */
  private readonly rank: number;
  private readonly skip: number;
  private readonly slices: Slices;
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
    this.rank = Math.min(node.window.length, 2);
    this.skip = node.window.length - this.rank;
    [this.lhs, this.rhs] = operands as [Operand, Operand];
    this.names = spatialNames(node.window.length).slice(this.skip);
    this.batch = node.type.shape[this.axes.out.batch]!;
    this.features = node.type.shape[this.axes.out.feature]!;
    this.depth = this.rhs.type.shape[this.axes.rhs.in]!;
    const outSpatial = this.axes.out.spatial.map((axis) => node.type.shape[axis]!);
    this.outSpatial = outSpatial.slice(this.skip);
    this.slices = this.skip === 0 ? oneSlice : slicesOf(node.window[0]!, outSpatial[0]!);
    const grids = node.window.slice(this.skip).map((dim) => dim.rhsDilation);
    this.taps = node.window.at(-1)!.size;
    const { batch, taps, depth, features, slices } = this;
    this.tiling = tilingOf(m, {
      batch,
      outSpatial: this.outSpatial,
      taps,
      grids,
      depth,
      features,
      slices,
      workers,
    });
  }

  lower(): LoweredKernel {
    const { points, lhsPlane, outPlane } = this.tiling;
    const v: Buffer = this.local("v", points * lhsPlane);
    const products: Buffer = this.local("m", points * outPlane);
    const staged = stageLhs(this.node, this.lhs, this.lhsExtents(), this.workers === "grid");
    const weights: Parameter = {
      name: "u",
      element: "f32",
      size: points * this.slices.taps * this.depth * this.features,
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
        this.outSpatial.reduce((a, b) => a * b, this.slices.out) *
        this.taps ** this.rank *
        this.slices.taps,
    };
  }

  /** Positions that tiles reach along each spatial axis of the lhs. */
  private lhsExtents(): readonly number[] {
    const { m, tiles, grids } = this.tiling;
    const tiled = tiles.map((count, d) => grids[d]! * (count * m + this.taps - 1));
    return this.skip === 0 ? tiled : [this.slices.lhs, ...tiled];
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
      ...(this.workers === "grid" ? [] : loopsOver(["n", this.batch])),
      ...(blocks > 1 ? [loop("block", blocks, "pure")] : []),
    ];
  }

  /** Tiles along axis d that one block holds. */
  private blockExtent(d: number): number {
    return d === 0 ? this.tiling.rows : this.tiling.tiles[d]!;
  }

  /**
   * Loops over the tiles of a block: `n th gh tw gw` in 2-D (g the grid, n on one), without axes of extent 1; in 3-D those of
   * each slice of the lhs (`id`) or the result (`od`).
   */
  private tileLoops(of: "lhs" | "out"): Loop[] {
    return [
      ...(this.workers === "grid" ? loopsOver(["n", this.batch]) : []),
      ...loopsOver([sliceNames[of], this.slices[of]]),
      ...this.tiling.grids.flatMap((grid, d) => [
        ...loopsOver([this.axisName(d, "t"), this.blockExtent(d)]),
        ...loopsOver([this.axisName(d, "g"), grid]),
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
    at = addAffine(at, axisOf(this.axisName(d, "t"), this.blockExtent(d)), step);
    at = addAffine(at, axisOf(this.axisName(d, "g"), grid));
    const blocks = this.tiling.tiles[0]! / this.tiling.rows;
    return d === 0 && blocks > 1 ? addAffine(at, affine(0, { block: this.tiling.rows * step })) : at;
  }

  /** Number of the tile in its block: row-major over the tile loops. */
  private tileInBlock(of: "lhs" | "out"): Affine {
    let at = affine(0);
    let stride = 1;
    for (const { axis, extent } of this.tileLoops(of).reverse()) {
      at = addAffine(at, affine(0, { [axis]: stride }));
      stride *= extent;
    }
    return at;
  }

  private batchIndex(): Affine {
    return axisOf("n", this.batch);
  }

  /** Every point (or position) of a tile, as one index an axis. */
  private positions(size: number): readonly (readonly number[])[] {
    let out: number[][] = [[]];
    for (let d = 0; d < this.rank; d++)
      out = out.flatMap((prefix) => Array.from({ length: size }, (_, i) => [...prefix, i]));
    return out;
  }

  /** V[point][tile][ic] = the transform of the tile's inputs. */
  private transformLhs(source: StagedSource, v: Buffer): LoopNest {
    const { size, lhsPlane } = this.tiling;
    const ic = axisOf("ic", this.depth);
    const slice = axisOf(sliceNames.lhs, this.slices.lhs);
    const sliceRange = this.skip === 0 ? null : source.within[0]!;
    const sliceTest = sliceRange === null ? [] : [isInside(slice, sliceRange)];
    const tests = source.within.slice(this.skip).map((range, d) =>
      Array.from({ length: size }, (_, p) => {
        const at = addAffine(this.tileOrigin(d), affine(p * this.tiling.grids[d]!));
        return range === null ? null : isInside(at, range);
      }),
    );
    const spatial = source.spatial.slice(this.skip);
    const values = this.positions(size).map((position): Expr => {
      const when = allOf([...sliceTest, ...position.flatMap((p, d) => tests[d]![p] ?? [])]);
      let at = addAffine(affine(source.offset), this.batchIndex(), source.batch);
      at = addAffine(at, ic, source.channel);
      if (this.skip > 0) at = addAffine(at, slice, source.spatial[0]!);
      position.forEach((p, d) => {
        at = addAffine(at, addAffine(this.tileOrigin(d), affine(p * this.tiling.grids[d]!)), spatial[d]!);
      });
      const gate = when && { when, otherwise: 0 };
      return { kind: "load", from: { buffer: source.buffer, at, lanes: 1, gate } };
    });
    const transformed = transformAll(this.rank, size, values, transformInput);
    const stores = transformed.map((value, point): Store => {
      const at = addAffine(addAffine(affine(point * lhsPlane), this.tileInBlock("lhs"), this.depth), ic);
      return { to: { buffer: v.name, at, lanes: 1, gate: null }, value };
    });
    return {
      name: "transform-lhs",
      loops: [...this.tileLoops("lhs"), ...loopsOver(["ic", this.depth])],
      lets: [],
      reduce: null,
      stores,
    };
  }

  /** M[point][tile][oc] = the sum over ic of V[point][tile][ic] * U[point][ic][oc]; in 3-D over the taps `kd` too. */
  private multiply(v: Buffer, products: Buffer): LoopNest {
    const { points, sliceTiles, lhsPlane, outPlane } = this.tiling;
    const { slices, depth, features } = this;
    // All tiles are one loop, unless images of a grid are more slices apart in V than in M.
    const apart = this.workers === "grid" && this.skip > 0 ? this.batch : 1;
    const images = this.workers === "grid" ? this.batch / apart : 1;
    const tiles = images * slices.out * sliceTiles;
    const point = affine(0, { point: 1 });
    const tile = axisOf("t", tiles);
    const ic = axisOf("ic", depth);
    const oc = axisOf("oc", features);
    const kd = axisOf("kd", slices.taps);
    const at = (of: "lhs" | "out", channels: number, plane: number, inner: Affine): Affine => {
      const within = addAffine(addAffine(inner, tile, channels), point, plane);
      return addAffine(within, axisOf("n", apart), slices[of] * sliceTiles * channels);
    };
    const read = (buffer: string, place: Affine): Expr => ({
      kind: "load",
      from: { buffer, at: place, lanes: 1, gate: null },
    });
    const lhs = addAffine(at("lhs", depth, lhsPlane, ic), kd, slices.step * sliceTiles * depth);
    const weight = addAffine(addAffine(oc, ic, features), kd, depth * features);
    return {
      name: "multiply",
      loops: [
        loop("point", points, "pure"),
        ...loopsOver(["n", apart], ["t", tiles], ["oc", features]),
        ...(slices.taps > 1 ? [loop("kd", slices.taps, "reduce")] : []),
        ...(depth > 1 ? [loop("ic", depth, "reduce")] : []),
      ],
      lets: [],
      reduce: {
        fn: "add",
        init: 0,
        value: {
          kind: "call",
          fn: "mul",
          args: [read(v.name, lhs), read("u", addAffine(weight, point, slices.taps * depth * features))],
        },
        guard: null,
      },
      stores: [
        {
          to: { buffer: products.name, at: at("out", features, outPlane, oc), lanes: 1, gate: null },
          value: accumulator,
        },
      ],
    };
  }

  /** The outputs of each tile, through the epilogue; what lies outside the output is not written. */
  private transformOut(products: Buffer): LoopNest {
    const { m, size, outPlane } = this.tiling;
    const oc = axisOf("oc", this.features);
    const values = this.positions(size).map((_, point): Expr => {
      const at = addAffine(addAffine(affine(point * outPlane), this.tileInBlock("out"), this.features), oc);
      return { kind: "load", from: { buffer: products.name, at, lanes: 1, gate: null } };
    });
    const outputs = transformAll(this.rank, size, values, (line) => transformOutput(m, line));
    const stores = this.positions(m).map((position, i): Store => {
      const index: Affine[] = [];
      index[this.axes.out.batch] = this.batchIndex();
      index[this.axes.out.feature] = oc;
      const gates: Expr[] = [];
      if (this.skip > 0) index[this.axes.out.spatial[0]!] = axisOf(sliceNames.out, this.slices.out);
      position.forEach((p, d) => {
        const grid = this.tiling.grids[d]!;
        const at = addAffine(this.tileOrigin(d), affine(p * grid));
        index[this.axes.out.spatial[d + this.skip]!] = at;
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
      loops: [...this.tileLoops("out"), ...loopsOver(["oc", this.features])],
      lets: [],
      reduce: null,
      stores,
    };
  }

  /** U[point][kd][ic][oc], with the weight mask multiplied in. */
  private prepareWeights(weights: Parameter): PreparedOperand {
    const { size, points } = this.tiling;
    const ic = axisOf("ic", this.depth);
    const oc = axisOf("oc", this.features);
    const kd = axisOf("kd", this.slices.taps);
    const [first] = this.node.window;
    const sliceWeight = addAffine(affine(weightIndex(0, first!)), kd, first!.reversal ? -1 : 1);
    const taps = this.positions(this.taps).map((position): Expr => {
      const index: Affine[] = [];
      index[this.axes.rhs.in] = ic;
      index[this.axes.rhs.out] = oc;
      if (this.skip > 0) index[this.axes.rhs.spatial[0]!] = sliceWeight;
      position.forEach((tap, d) => {
        const window = this.node.window[d + this.skip]!;
        index[this.axes.rhs.spatial[d + this.skip]!] = affine(weightIndex(tap, window));
      });
      return lowerScalar(this.node.fused.rhs, (of) => {
        const operand = of === "rhs" ? this.rhs : this.operands[of as number]!;
        const at = of === "rhs" ? address(operand, index) : broadcastAddress(operand, index);
        return { kind: "load", from: { buffer: operand.name, at, lanes: 1, gate: null } };
      });
    });
    const transformed = transformAll(this.rank, this.taps, taps, (line) => transformTaps(size, line));
    const stores = Array.from({ length: points }, (_, point): Store => {
      const plane = affine(point * this.slices.taps * this.depth * this.features);
      const at = addAffine(
        addAffine(addAffine(plane, kd, this.depth * this.features), ic, this.features),
        oc,
      );
      return { to: { buffer: weights.name, at, lanes: 1, gate: null }, value: transformed[point]! };
    });
    const nest: LoopNest = {
      name: "main",
      loops: loopsOver(["kd", this.slices.taps], ["ic", this.depth], ["oc", this.features]),
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
