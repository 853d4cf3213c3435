/** Formats that keep tensors in a flat list, each under its path as one name, to a tree. */
import { CheckpointError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { checkPathLength, checkTensorCount, MAX_DEPTH } from "./limits.js";
import { type ParamTree, printable, unflattenParams } from "./tree.js";

/**
 * The tree that the names spell. People flatten with "/" or with "." (Hugging Face): if any name has a slash, slashes
 * separate and dots are part of names. Throws CheckpointError for names that make no tree.
 */
export function treeOfNames(tensors: readonly (readonly [name: string, tensor: Tensor])[]): ParamTree {
  checkTensorCount(tensors.length);
  for (const [name] of tensors) checkPathLength(name.length, name);
  const separator = tensors.some(([name]) => name.includes("/")) ? "/" : ".";
  const paths = tensors.map(([name]) => name.split(separator));
  const leaves = new Set(paths.map((parts) => parts.join("/")));
  if (leaves.size < paths.length) throw corrupt("two tensors have the same name");
  for (const parts of paths) {
    const path = printable(parts.join("/"));
    if (parts.includes("")) throw corrupt(`"${path}" has an empty name in it`);
    if (parts.length > MAX_DEPTH) throw corrupt(`"${path}" is nested more than ${MAX_DEPTH} deep`);
    for (let depth = 1; depth < parts.length; depth++) {
      const above = parts.slice(0, depth).join("/");
      if (leaves.has(above)) throw corrupt(`"${printable(above)}" is both a tensor and a tree of tensors`);
    }
  }
  return unflattenParams(paths.map((parts, i) => [parts.join("/"), tensors[i]![1]]));
}

function corrupt(problem: string): CheckpointError {
  return new CheckpointError("checkpoint-corrupt", `checkpoint: ${problem}; the file is damaged`);
}
