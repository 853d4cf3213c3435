/** Compares the parameters a model asks for with those it was given (spec section 1.10). */
import { CheckpointError } from "../../runtime/error.js";
import type { DType, Tensor } from "../../runtime/tensor.js";
import { arrayTypeName, describeTensor, toFloat32 } from "../../runtime/tensor.js";
import { isWholeTensor } from "../option.js";
import { flattenParams, isTensor, printable, type Variables } from "./tree.js";

/** A parameter a model creates; `path` is inside the params collection, `Conv_0/kernel`. */
export interface ExpectedParam {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface CheckParamsOptions {
  /** Called at most once, about parameters the model does not use. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Refuses parameters the model does not use. */
  readonly strict?: boolean | undefined;
}

/**
 * The tensor for every expected path. Only shapes must agree, as in flax: a tensor keeps its own dtype (float64 is
 * narrowed to float32, as jax does it). One CheckpointError lists everything missing or mis-shaped.
 */
export function checkParams(
  expected: readonly ExpectedParam[],
  variables: Variables,
  options: CheckParamsOptions = {},
): Map<string, Tensor> {
  const { params } = variables;
  if (typeof params !== "object" || params === null || isTensor(params))
    throw new CheckpointError("params-missing", `variables: expected { params: { … } } as init returns it`);
  const found = flattenParams(params);
  const problems: string[] = [];
  let missing = 0;
  for (const { path, shape, dtype } of expected) {
    const tensor = found.get(path);
    if (tensor === undefined) missing++;
    if (tensor === undefined) problems.push(`${path} is missing, expected ${describeTensor(dtype, shape)}`);
    else if (!vouched(tensor) && !isWholeTensor(tensor)) problems.push(`${path} ${contradiction(tensor)}`);
    else if (tensor.shape.join() !== shape.join())
      problems.push(
        `${path} is ${describeTensor(tensor.dtype, tensor.shape)}, expected shape [${shape}]${hint(tensor.shape, shape)}`,
      );
  }
  const wanted = new Set(expected.map(({ path }) => path));
  const extra = [...found.keys()].filter((path) => !wanted.has(path));
  if (problems.length > 0) {
    if (missing > 0 && extra.length > 0 && extra.every((path) => path.startsWith("params/")))
      throw new CheckpointError(
        "params-in-params",
        `variables: "params" holds another "params"; pass its contents, { params: variables.params.params }`,
      );
    const others = missing > 0 && extra.length > 0 ? `; not used by the model: ${some(extra)}` : "";
    throw new CheckpointError(
      missing > 0 ? "params-missing" : "params-shape",
      `parameters do not fit the model: ${problems.join("; ")}${others}`,
    );
  }
  if (extra.length > 0) reportExtra(extra, options);
  return new Map(expected.map(({ path }) => [path, narrowed(found.get(path)!)]));
}

/** Made by readWeights, which has checked it and only decodes what is read: reading `data` here would decode all. */
function vouched(tensor: Tensor): boolean {
  return Object.getOwnPropertyDescriptor(tensor, "data")?.get !== undefined;
}

/** What is wrong with a tensor whose array is not what its dtype and shape say. */
function contradiction({ data, shape, dtype }: Tensor): string {
  return `says ${describeTensor(dtype, shape)} but holds ${arrayTypeName(data)}[${data.length}]; make it with tensor(data, shape, dtype)`;
}

/** PyTorch keeps a kernel as (out, in, …window), flax as (…window, in, out). */
function hint(found: readonly number[], expected: readonly number[]): string {
  const torch = [...expected.slice(-2).reverse(), ...expected.slice(0, -2)];
  const isTorch = expected.length > 2 && found.join() === torch.join();
  return isTorch ? " (PyTorch's order of axes: move the first two to the end, swapped)" : "";
}

function reportExtra(extra: readonly string[], { onWarning, strict = false }: CheckParamsOptions): void {
  const message = `${extra.length} parameter${extra.length === 1 ? " is" : "s are"} not used by the model: ${some(extra)}`;
  if (strict) throw new CheckpointError("params-extra", message);
  onWarning?.(message);
}

function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).map(printable).join(", ");
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown;
}

function narrowed(tensor: Tensor): Tensor {
  if (tensor.dtype !== "float64") return tensor;
  return { data: toFloat32(tensor), shape: tensor.shape, dtype: "float32" };
}
