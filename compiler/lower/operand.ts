/** What a lowering knows of a tensor: its shape, and where its elements lie in the buffer a kernel is given. */
import type { Affine, Parameter } from "../../ir/kernel.js";
import { addAffine, affine } from "../../ir/kernel.js";
import type { Layout, TensorType } from "../../ir/types.js";

export interface Operand {
  readonly name: string;
  readonly type: TensorType;
  /** Offset 0: the caller binds the address of element 0. */
  readonly layout: Layout;
  /** True where the values are the same in every run. */
  readonly constant: boolean;
}

/** Elements from the first to the last one a layout reaches. */
export function layoutSpan(shape: readonly number[], layout: Layout): number {
  if (shape.some((extent) => extent === 0)) return 0;
  return shape.reduce((span, extent, axis) => span + (extent - 1) * layout.strides[axis]!, 1);
}

export function readParameter(operand: Operand): Parameter {
  return {
    name: operand.name,
    element: operand.type.element,
    size: layoutSpan(operand.type.shape, operand.layout),
    access: operand.constant ? "constant" : "read",
  };
}

export function writeParameter(operand: Operand): Parameter {
  return { ...readParameter(operand), access: "write" };
}

/** Address of the element at the given index, one affine expression per axis. */
export function address(operand: Operand, index: readonly Affine[]): Affine {
  return index.reduce((at, axis, d) => addAffine(at, axis, operand.layout.strides[d]!), affine(0));
}

/** Address of the element that broadcasting (NumPy's rule, trailing axes aligned) reads for an index of any rank. */
export function broadcastAddress(operand: Operand, index: readonly Affine[]): Affine {
  const { shape } = operand.type;
  const trailing = index.slice(index.length - shape.length);
  return address(
    operand,
    trailing.map((axis, d) => (shape[d] === 1 ? affine(0) : axis)),
  );
}
