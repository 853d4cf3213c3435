/** Formats that keep tensors in a flat list, each under its path as one name, to a tree. */
import { CheckpointError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { checkPathLength, checkTensorCount, MAX_DEPTH } from "./limits.js";
import { asTree, type Branch, type ParamTree, printable } from "./tree.js";

/**
 * The tree that the names spell. People flatten with "/" or with "." (Hugging Face): if any name has a slash, slashes
 * separate and dots are part of names. Throws CheckpointError for names that make no tree.
 */
export function treeOfNames(tensors: readonly (readonly [name: string, tensor: Tensor])[]): ParamTree {
  checkTensorCount(tensors.length);
  for (const [name] of tensors) checkPathLength(name.length, name);
  const separator = tensors.some(([name]) => name.includes("/")) ? "/" : ".";
  const root: Branch = new Map();
  for (const [name, tensor] of tensors) {
    const parts = name.split(separator);
    if (parts.includes("")) throw corrupt(name, "has an empty name in it");
    if (parts.length > MAX_DEPTH) throw corrupt(name, `is nested more than ${MAX_DEPTH} deep`);
    const last = parts.pop()!;
    const branch = parts.reduce((above, part) => branchIn(above, part, name), root);
    if (branch.has(last)) throw corrupt(name, "is there twice, or both a tensor and a tree of tensors");
    branch.set(last, tensor);
  }
  return asTree(root);
}

function branchIn(above: Branch, part: string, name: string): Branch {
  const known = above.get(part);
  if (known instanceof Map) return known;
  if (known !== undefined) throw corrupt(name, "is inside another tensor");
  const branch: Branch = new Map();
  above.set(part, branch);
  return branch;
}

function corrupt(name: string, problem: string): CheckpointError {
  const message = `checkpoint: the name "${printable(name)}" ${problem}; the file is damaged`;
  return new CheckpointError("checkpoint-corrupt", message);
}
