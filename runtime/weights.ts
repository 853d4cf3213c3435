/** The weights file: the data of a program's weights one after another, each starting at a multiple of 4 bytes. */
import { CheckpointError } from "./error.js";
import type { Slot } from "./program.js";
import type { TypedArray } from "./tensor.js";
import { arrayNames, dataLength } from "./tensor.js";

/** Bytes a weight takes in the file, without what aligns the next one. */
function weightBytes(slot: Slot): number {
  return dataLength(slot.shape, slot.dtype) * globalThis[arrayNames[slot.dtype]].BYTES_PER_ELEMENT;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** Where each weight starts in the file, and how long the file is. */
export function weightOffsets(weights: readonly Slot[]): {
  readonly offsets: readonly number[];
  readonly bytes: number;
} {
  let bytes = 0;
  const offsets = weights.map((slot) => {
    const offset = bytes;
    bytes += aligned(weightBytes(slot));
    return offset;
  });
  return { offsets, bytes };
}

/** The weights file for arrays in the order of the slots. */
export function weightsBlob(weights: readonly Slot[], arrays: readonly TypedArray[]): Uint8Array {
  const { offsets, bytes } = weightOffsets(weights);
  const out = new Uint8Array(bytes);
  weights.forEach((slot, index) => {
    const array = arrays[index];
    if (array === undefined || array.byteLength !== weightBytes(slot))
      throw new CheckpointError(
        "weights-shape",
        `weight ${slot.name} is ${slot.dtype}[${slot.shape}], ${weightBytes(slot)} bytes, given ${array?.byteLength ?? 0}`,
      );
    out.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offsets[index]!);
  });
  return out;
}

/**
 * The arrays in a weights file, in the order of the slots; views on it where its alignment allows.
 *
 * @throws CheckpointError where the file is not as long as the weights
 */
export function weightArrays(weights: readonly Slot[], blob: ArrayBuffer | ArrayBufferView): TypedArray[] {
  const { offsets, bytes } = weightOffsets(weights);
  const file = ArrayBuffer.isView(blob)
    ? new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength)
    : new Uint8Array(blob);
  if (file.length !== bytes)
    throw new CheckpointError(
      "weights-size",
      `the weights file has ${file.length} bytes, this program's has ${bytes}: it belongs to another program`,
    );
  const whole = file.byteOffset % 4 === 0 ? file : new Uint8Array(file);
  return weights.map((slot, index) => {
    const length = dataLength(slot.shape, slot.dtype);
    return new globalThis[arrayNames[slot.dtype]](
      whole.buffer as ArrayBuffer,
      whole.byteOffset + offsets[index]!,
      length,
    );
  });
}
