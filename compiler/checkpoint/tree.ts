/** The tree of named parameters a checkpoint holds, and its flat form `a/b/kernel`. */
import type { Tensor } from "../../runtime/tensor.js";
import { isUnread } from "./file-tensor.js";

/** Modules' names down to tensors, as in flax: `{ Conv_0: { kernel, bias } }`. */
export type ParamTree = { readonly [name: string]: ParamTree | Tensor };

/** What init returns and apply takes: the params collection and any others the file has (`batch_stats`, …). */
export type Variables = { readonly params: ParamTree; readonly [collection: string]: ParamTree };

export function isTensor(value: unknown): value is Tensor {
  if (typeof value !== "object" || value === null) return false;
  if (isUnread(value)) return true;
  const { data, shape, dtype } = value as Partial<Tensor>;
  return ArrayBuffer.isView(data) && Array.isArray(shape) && typeof dtype === "string";
}

/** A name from a file as it may stand in a one-line message: no control characters, not endless. */
export function printable(name: string): string {
  const line = name.slice(0, 200).replace(/\p{C}/gu, "?");
  return name.length > 200 ? `${line}…` : line;
}

/** Every tensor under its path, names joined by "/", in the tree's order. Empty sub-trees vanish. */
export function flattenParams(tree: ParamTree): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  const visit = (node: ParamTree, prefix: string): void => {
    for (const [name, child] of Object.entries(node)) {
      if (isTensor(child)) out.set(prefix + name, child);
      // A tree that a user built may hold anything.
      else if (typeof child === "object" && child !== null) visit(child, `${prefix}${name}/`);
    }
  };
  visit(tree, "");
  return out;
}

/** A tree while it grows. */
export type Branch = Map<string, Branch | Tensor>;

/**
 * The inverse of {@link flattenParams}. Where one path is inside another ("a" and "a/b") the later one wins.
 * Built from maps, so that a name like `__proto__` in a file stays a name.
 */
export function unflattenParams(entries: Iterable<readonly [path: string, tensor: Tensor]>): ParamTree {
  const root: Branch = new Map();
  for (const [path, tensor] of entries) {
    const names = path.split("/");
    const last = names.pop()!;
    let branch = root;
    for (const name of names) {
      const known = branch.get(name);
      const next: Branch = known instanceof Map ? known : new Map();
      branch.set(name, next);
      branch = next;
    }
    branch.set(last, tensor);
  }
  return asTree(root);
}

export function asTree(branch: Branch): ParamTree {
  return Object.fromEntries(
    [...branch].map(([name, child]) => [name, child instanceof Map ? asTree(child) : child]),
  );
}
