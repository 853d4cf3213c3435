/** The small models these tests compile, and what they expect of errors. */
import type { Traced, Variables } from "../../compiler/index.js";
import { Conv, ConvsmithError, initializers, key, lax, Module, nn } from "../../compiler/index.js";
import type { Tensor } from "../../runtime/tensor.js";
import { random } from "../support/random.js";

export const backends = ["js", "wasm"] as const;

const biasInit = initializers.normal(1);
export const conv = new Conv({ features: 5, kernelSize: [3, 3], biasInit });
export const shape = [1, 5, 6, 2] as const;
export const outShape = [1, 5, 6, 5] as const;
export const variables = conv.init(key(0), shape);
export const otherVariables = conv.init(key(1), shape);

/** Two convolutions of one kernel shape, so that their parameters can be mistaken for each other's. */
export class Twice extends Module {
  static readonly moduleName: string = "Twice";
  override call(x: Traced): Traced {
    const y = nn.relu(new Conv({ features: 2, kernelSize: [3, 3], useBias: false }).call(x));
    return new Conv({ features: 2, kernelSize: [3, 3], useBias: false }).call(y);
  }
}

/** A function of two inputs that is not symmetric in them. */
export const convolve = (lhs: Traced, rhs: Traced): Traced =>
  lax.convGeneralDilated(lhs, rhs, {
    windowStrides: [1, 1],
    padding: "SAME",
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
  });
export const convolveInputs = { lhs: [1, 4, 4, 2], rhs: [3, 3, 2, 3] } as const;

export function normal(shapeOf: readonly number[], seed = 1): Tensor {
  const size = shapeOf.reduce((product, extent) => product * extent, 1);
  return { data: random(seed).normals(size), shape: shapeOf, dtype: "float32" };
}

/** The tensors of a variables tree as new objects with copied data. */
export function copyOf<T extends Variables>(tree: T): T {
  return structuredClone(tree);
}

export const kernelOf = (tree: Variables): Float32Array =>
  (tree.params.kernel as Tensor).data as Float32Array;

/** The error thrown or rejected with; it must be one of the user's, in one line. */
export async function refusal(run: () => unknown): Promise<ConvsmithError> {
  const error: unknown = await new Promise((resolve) => resolve(run())).then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConvsmithError)) throw error;
  if (error.message.includes("\n")) throw new Error(`several lines: ${error.message}`);
  return error;
}

/** The error a call throws before it returns. */
export function thrown(run: () => unknown): ConvsmithError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConvsmithError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** For calls whose types rule out what is being tested. */
export const wrong = <T>(value: unknown): T => value as T;
