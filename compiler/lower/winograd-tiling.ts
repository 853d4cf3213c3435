/** How a Winograd convolution cuts its outputs: tiles of m outputs an axis, and blocks of tile rows computed together. */

import type { WindowDim } from "../../ir/window.js";
import { nearBytes, trafficCycles } from "../schedule/cost.js";
import { divisorsOf } from "../schedule/divisors.js";
import { largestPart } from "../schedule/share-work.js";
import type { OutputTile } from "./winograd-transform.js";

/** How the outputs are cut into tiles and blocks. */
export interface Tiling {
  readonly m: OutputTile;
  /** Inputs a tile an axis: those of m outputs. */
  readonly size: number;
  /** Interleaved grids along each spatial axis: the dilation of the taps. */
  readonly grids: readonly number[];
  /** Tiles of one grid along each spatial axis. */
  readonly tiles: readonly number[];
  /** Rows of tiles computed together. */
  readonly rows: number;
  /** Tiles of a slice in a block. */
  readonly sliceTiles: number;
  readonly points: number;
  /** Elements from one point's plane to the next, in V and in M. */
  readonly lhsPlane: number;
  readonly outPlane: number;
}

/**
 * Positions along the axis of a 3-D convolution that is not transformed: those of the lhs, padding included, and of the
 * result; the taps along it, and positions from one to the next.
 */
export interface Slices {
  readonly lhs: number;
  readonly out: number;
  readonly taps: number;
  readonly step: number;
}

/** Of a convolution all of whose axes are transformed. */
export const oneSlice: Slices = { lhs: 1, out: 1, taps: 1, step: 0 };

export function slicesOf({ size, rhsDilation }: WindowDim, out: number): Slices {
  return { lhs: out + (size - 1) * rhsDilation, out, taps: size, step: rhsDilation };
}

/** How many share the blocks; a grid runs each nest at once, so that all tiles of all images are one block. */
export type Workers = number | "grid";

/** The sizes a tiling depends on, and how many workers there are. */
export interface TilingProblem {
  readonly batch: number;
  readonly outSpatial: readonly number[];
  /** Of the window, along each axis. */
  readonly taps: number;
  readonly grids: readonly number[];
  readonly depth: number;
  readonly features: number;
  readonly slices: Slices;
  readonly workers: Workers;
}

export function tilingOf(m: OutputTile, problem: TilingProblem): Tiling {
  const { outSpatial, taps, grids, depth, features, slices } = problem;
  const size = m + taps - 1;
  const tiles = outSpatial.map((extent, d) => Math.ceil(Math.ceil(extent / grids[d]!) / m));
  const points = size ** tiles.length;
  const perRow = grids[0]! * (tiles.length === 1 ? 1 : tiles[1]! * grids[1]!);
  const work: BlockWork = {
    rows: tiles[0]!,
    rowBytes: 4 * points * perRow * (slices.lhs * depth + slices.out * features),
    weightBytes: 4 * points * slices.taps * depth * features,
    rowProducts: points * perRow * slices.out * slices.taps * depth * features,
  };
  // With fewer features than lanes the tiles of a block may lie along the lanes, and their number decides how they round.
  const { batch, workers } = problem;
  const rows =
    workers === "grid"
      ? work.rows
      : workers === 1 || features < 4
        ? rowsOfBlock(work)
        : rowsOfSharedBlock(work, batch, workers);
  const sliceTiles = rows * perRow;
  const images = workers === "grid" ? batch : 1;
  const lhsPlane = planeOf(images * slices.lhs * sliceTiles * depth);
  const outPlane = planeOf(images * slices.out * sliceTiles * features);
  return { m, size, grids, tiles, rows, sliceTiles, points, lhsPlane, outPlane };
}

/**
 * Elements from plane to plane: an odd number of cache lines. A transform touches one place in every plane; with a power of
 * two between them they would all fall into one set of the cache and drive each other out.
 */
function planeOf(elements: number): number {
  const lineFloats = 16;
  const lines = Math.ceil(elements / lineFloats);
  return (lines % 2 === 0 ? lines + 1 : lines) * lineFloats;
}

interface BlockWork {
  /** Rows of tiles of an image, and of each what V and M hold and the products it takes. */
  readonly rows: number;
  readonly rowBytes: number;
  readonly rowProducts: number;
  readonly weightBytes: number;
}

/**
 * Rows of tiles a block takes so that least passes through memory: every block reads the transformed weights again,
 * unless they stay near; V and M of a block that is too large to stay near are written and read once.
 */
function rowsOfBlock(work: BlockWork): number {
  const traffic = (count: number): number => trafficOf(work, count);
  return divisorsOf(work.rows).reduce((best, count) => (traffic(count) <= traffic(best) ? count : best));
}

function trafficOf({ rows, rowBytes, weightBytes }: BlockWork, count: number): number {
  const blocks = rows / count;
  const near = count * rowBytes + Math.min(weightBytes, nearBytes / 4) <= nearBytes;
  return (weightBytes <= nearBytes / 2 ? 0 : blocks * weightBytes) + (near ? 0 : 2 * rows * rowBytes);
}

/**
 * Workers share the images or the blocks, whichever are cut more equally; or each of the nests, where one block is all
 * there is. Then V and M change hands, and each worker reads its part of the weights only.
 */
function rowsOfSharedBlock(work: BlockWork, batch: number, workers: number): number {
  const { rows, rowBytes, rowProducts, weightBytes } = work;
  const products = (batch * rows * rowProducts) / productsACycle;
  const cycles = (count: number): number => {
    if (count === rows && batch === 1)
      return (products + trafficCycles(weightBytes) + trafficCycles(2 * rows * rowBytes)) / workers;
    const part = Math.min(largestPart(batch, 0, workers), largestPart(rows / count, 0, workers));
    return part * (products + batch * trafficCycles(trafficOf(work, count)));
  };
  return divisorsOf(rows).reduce((best, count) => (cycles(count) <= cycles(best) ? count : best));
}

/** Of four lanes and the loads between them, as cost.ts has it. */
const productsACycle = 6;
