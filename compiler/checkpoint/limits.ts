/** How large a tree a checkpoint may hold: far beyond any model, and small enough that a hostile file costs little. */
import { CheckpointError } from "../../runtime/error.js";
import { printable } from "./tree.js";

/** Deeper trees than this are not models. */
export const MAX_DEPTH = 64;

/** Tensors in one file. */
export const MAX_TENSORS = 100_000;

/** Characters in a path; every tensor's is kept, so long ones would multiply. */
export const MAX_PATH = 500;

/** Refuses a path that is too long, before it is printed or joined to anything. */
export function checkPathLength(length: number, start: string): void {
  if (length > MAX_PATH)
    throw new CheckpointError(
      "checkpoint-size",
      `checkpoint: the name ${printable(start.slice(0, 60))}… has ${length} characters, the limit is ${MAX_PATH}; this is not a model`,
    );
}

export function checkTensorCount(count: number): void {
  if (count > MAX_TENSORS)
    throw new CheckpointError(
      "checkpoint-size",
      `checkpoint: it holds ${count} tensors, the limit is ${MAX_TENSORS}; this is not a model`,
    );
}
