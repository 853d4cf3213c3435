/** How a Winograd convolution cuts its outputs: tiles of m outputs an axis, and blocks of tile rows computed together. */
import { nearBytes } from "../schedule/cost.js";
import type { OutputTile } from "./winograd-transform.js";

/** How the outputs are cut into tiles and blocks. */
export interface Tiling {
  readonly m: OutputTile;
  /** Inputs a tile an axis: m + 2. */
  readonly size: number;
  /** Interleaved grids along each spatial axis: the dilation of the taps. */
  readonly grids: readonly number[];
  /** Tiles of one grid along each spatial axis. */
  readonly tiles: readonly number[];
  /** Rows of tiles computed together. */
  readonly rows: number;
  /** Tiles of a block. */
  readonly blockTiles: number;
  readonly points: number;
}

export function tilingOf(
  m: OutputTile,
  outSpatial: readonly number[],
  grids: readonly number[],
  depth: number,
  features: number,
): Tiling {
  const size = m + 2;
  const tiles = outSpatial.map((extent, d) => Math.ceil(Math.ceil(extent / grids[d]!) / m));
  const points = size ** tiles.length;
  const perRow = grids[0]! * (tiles.length === 1 ? 1 : tiles[1]! * grids[1]!);
  const rows = rowsOfBlock(
    tiles[0]!,
    4 * points * perRow * (depth + features),
    4 * points * depth * features,
  );
  return { m, size, grids, tiles, rows, blockTiles: rows * perRow, points };
}

/**
 * Rows of tiles a block takes so that least passes through memory: every block reads the transformed weights again,
 * unless they stay near; V and M of a block that is too large to stay near are written and read once.
 */
function rowsOfBlock(rows: number, rowBytes: number, weightBytes: number): number {
  const traffic = (count: number): number => {
    const blocks = rows / count;
    const near = count * rowBytes + Math.min(weightBytes, nearBytes / 4) <= nearBytes;
    return (weightBytes <= nearBytes / 2 ? 0 : blocks * weightBytes) + (near ? 0 : 2 * rows * rowBytes);
  };
  const divisors = Array.from({ length: rows }, (_, i) => i + 1).filter((count) => rows % count === 0);
  return divisors.reduce((best, count) => (traffic(count) <= traffic(best) ? count : best));
}
