/** Tensors whose numbers stay in the file's bytes until somebody asks for them. */
import type { DType, Tensor, TypedArray } from "../../runtime/tensor.js";

const unread = new WeakSet<object>();

/**
 * A tensor whose data is made when it is first read, once. `make` must not fail: whatever can be wrong with a file is
 * found before.
 */
export function lazyTensor(shape: readonly number[], dtype: DType, make: () => TypedArray): Tensor {
  const tensor: Tensor = {
    get data() {
      const value = make();
      Object.defineProperty(tensor, "data", { value, writable: true, enumerable: true, configurable: true });
      unread.delete(tensor);
      return value;
    },
    shape,
    dtype,
  };
  unread.add(tensor);
  return tensor;
}

/** Whether it is a tensor nobody has read yet; what asks for its data reads it. */
export function isUnread(value: object): boolean {
  return unread.has(value);
}
