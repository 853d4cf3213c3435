/** NumPy's .npz, `np.savez` and `np.savez_compressed`: a zip archive of .npy arrays. */
import { CheckpointError } from "../../runtime/error.js";
import type { Tensor } from "../../runtime/tensor.js";
import { unpack } from "./inflate.js";
import { checkPathLength } from "./limits.js";
import { treeOfNames } from "./named-tensors.js";
import { readNpy } from "./npy.js";
import { type ParamTree, printable } from "./tree.js";
import { type ZipMember, zipMembers } from "./zip.js";

/** Parameters compress little. All members together may unpack to this many times the file, or to MAX_SMALL bytes. */
const MAX_TIMES = 100;
const MAX_SMALL = 64 * 2 ** 20;

/**
 * The arrays of an archive. Those stored as they are stay views of the bytes where aligned; compressed ones are
 * unpacked here, since only that shows whether they are whole. Throws CheckpointError or UnsupportedError.
 */
export function readNpz(bytes: Uint8Array): ParamTree {
  const all = zipMembers(bytes);
  const members = all.filter(({ name }) => name.endsWith(".npy"));
  if (members.length === 0 && all.length > 0)
    throw new CheckpointError(
      "not-a-checkpoint",
      `checkpoint: ${strangerAmong(all)}; expected an .npz of arrays, np.savez(file, **flax.traverse_util.flatten_dict(variables, sep="/"))`,
    );
  const total = members.reduce((sum, { size }) => sum + size, 0);
  const most = Math.max(MAX_SMALL, MAX_TIMES * bytes.length);
  if (total > most)
    throw new CheckpointError(
      "checkpoint-size",
      `checkpoint: the archive would unpack to ${total} bytes, the limit for its ${bytes.length} is ${most}; save it with np.savez`,
    );
  return treeOfNames(
    members.map((member): [string, Tensor] => {
      const name = member.name.slice(0, -".npy".length);
      checkPathLength(name.length, name);
      return [name, readNpy(unpack(member), printable(name))];
    }),
  );
}

function strangerAmong(members: readonly ZipMember[]): string {
  const names = members.map(({ name }) => name);
  if (names.some((name) => name.endsWith("/data.pkl") || name === "data.pkl"))
    return "this is a PyTorch file, not a checkpoint that is read";
  if (names.includes("model.weights.h5")) return "this is a Keras file, not a checkpoint that is read";
  return `this is a zip archive without .npy arrays (its first member is ${printable(names[0]!)})`;
}
