/** The weights file: the data of a program's weights one after another, each starting at a multiple of 4 bytes. */
import { CheckpointError } from "./error.js";
import type { Slot } from "./program.js";
import type { TypedArray } from "./tensor.js";
import { arrayOn, arrayTypeName, dataLength, describeTensor, dtypeBytes } from "./tensor.js";

/** Where each weight starts in the file, and at the end how long the file is. float64 is stored as float32. */
export function weightOffsets(weights: readonly Slot[]): readonly number[] {
  const offsets = [0];
  for (const [index, { dtype, shape }] of weights.entries()) {
    const bytes = dataLength(shape, dtype) * Math.min(dtypeBytes(dtype), 4);
    offsets.push(offsets[index]! + Math.ceil(bytes / 4) * 4);
  }
  return offsets;
}

/** The weights file for arrays in the order of the slots. */
export function weightsBlob(weights: readonly Slot[], arrays: readonly TypedArray[]): Uint8Array {
  const offsets = weightOffsets(weights);
  const out = new Uint8Array(offsets[weights.length]!);
  for (const [index, slot] of weights.entries()) {
    const place = arrayOn(out.buffer, offsets[index]!, slot.dtype, slot.shape);
    checkWeight(slot, place, arrays[index]);
    place.set(arrays[index]!);
  }
  return out;
}

/** @throws CheckpointError where an array is not what a weight needs */
export function checkWeight(slot: Slot, place: TypedArray, array: TypedArray | undefined): void {
  const given = `${arrayTypeName(array)}[${array?.length}]`;
  const wanted = `${arrayTypeName(place)}[${place.length}]`;
  if (given !== wanted)
    throw new CheckpointError(
      "weights-shape",
      `weight ${slot.name} is ${describeTensor(slot.dtype, slot.shape)}, ${wanted}, given ${given}`,
    );
}

/** The bytes of a file, wherever they lie. */
export function bytesOf(file: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  const { buffer = file, byteOffset, byteLength } = file as ArrayBufferView;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/**
 * The arrays in a weights file, in the order of the slots; views on it where its alignment allows.
 *
 * @throws CheckpointError where the file is not as long as the weights
 */
export function weightArrays(weights: readonly Slot[], blob: ArrayBuffer | ArrayBufferView): TypedArray[] {
  const offsets = weightOffsets(weights);
  const file = bytesOf(blob);
  const bytes = offsets[weights.length]!;
  if (file.length !== bytes)
    throw new CheckpointError(
      "weights-size",
      `the weights have ${file.length} bytes, this program's ${bytes}: those of another program`,
    );
  const { buffer, byteOffset } = file.byteOffset % 4 === 0 ? file : new Uint8Array(file);
  return weights.map(({ dtype, shape }, index) =>
    arrayOn(buffer, byteOffset + offsets[index]!, dtype, shape),
  );
}
