/** `convsmith weights`: what is in a checkpoint. */
import { flattenParams, printable } from "../../compiler/checkpoint/tree.js";
import { byteCount, count } from "../../compiler/explain.js";
import { dataLength, dtypeBytes } from "../../runtime/tensor.js";
import type { OutputFlags } from "../options.js";
import { weightsFrom } from "../prepare.js";
import { table } from "../table.js";
import type { Terminal } from "../terminal.js";

export function weightsCommand(path: string, flags: OutputFlags, terminal: Terminal): void {
  const variables = weightsFrom(path);
  const rows = Object.entries(variables).flatMap(([collection, tree]) =>
    [...flattenParams(tree)].map(([name, { shape, dtype }]) => ({
      collection,
      path: name,
      shape,
      dtype,
      elements: shape.reduce((product, extent) => product * extent, 1),
      // Of its data, which may not have been read from the file.
      bytes: dataLength(shape, dtype) * dtypeBytes(dtype),
    })),
  );
  if (flags.json) {
    for (const { elements: _, ...row } of rows) terminal.out(`${JSON.stringify(row)}\n`);
    return;
  }
  const several = Object.keys(variables).length > 1;
  const lines = rows.map(({ collection, path: name, shape, dtype, bytes }) => [
    printable(several ? `${collection}: ${name}` : name),
    `[${shape.join(",")}]`,
    dtype,
    byteCount(bytes),
  ]);
  const total = (of: "elements" | "bytes"): number => rows.reduce((sum, row) => sum + row[of], 0);
  terminal.out(
    [
      ...table([["path", "shape", "dtype", "bytes"], ...lines], ["left", "left", "left", "right"]),
      `${rows.length} tensors, ${count(total("elements"))} numbers, ${byteCount(total("bytes"))}`,
      "",
    ].join("\n"),
  );
}
