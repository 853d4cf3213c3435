/** Parameters as modules ask for them: their paths, and what flax's random key for each is made from (spec 4.8). */
import { ShapeError } from "../runtime/error.js";
import type { DType } from "../runtime/tensor.js";
import type { Initializer } from "./random/initializers.js";
import { key } from "./random/threefry.js";
import { refuse } from "./refusal.js";
import type { ModuleLike, ParamRequest } from "./scope.js";
import { running, settle } from "./scope.js";

/** Registers a parameter of a module. The second call of a shared module gets the first one's back. */
export function requestParam(
  module: ModuleLike,
  name: string,
  initializer: Initializer,
  shape: readonly number[],
  dtype: DType,
): ParamRequest {
  const call = running();
  const scope = call?.trace.scopes.get(module);
  if (call === undefined || scope === undefined)
    return refuse("call-outside-trace", `parameter "${name}" can be made only inside call`);
  settle(call);
  scope.reserve(name, "param");
  const path = [...scope.path, name].join("/");
  const known = call.trace.params.get(path);
  if (known !== undefined) {
    if (known.shape.join() === shape.join()) return known;
    refuse(
      "shared-param-shape",
      `parameter "${name}" has shape [${known.shape}] from an earlier call of this module; this input needs [${shape}]`,
      scope.title,
    );
  }
  probe(initializer, shape, dtype, scope.title);
  const prefix = scope.path.join("/");
  const count = (call.trace.counts.get(prefix) ?? 0) + 1;
  call.trace.counts.set(prefix, count);
  const request: ParamRequest = { path, shape, dtype, initializer, scopePath: scope.path, count };
  call.trace.params.set(path, request);
  return request;
}

/**
 * flax evaluates the initialiser abstractly here, which finds shapes without a fan. Where there are no or few elements
 * we simply run it; the shapes it refuses are among those.
 */
function probe(initializer: Initializer, shape: readonly number[], dtype: DType, title: string): void {
  if (shape.length > 1 && !shape.includes(0)) return;
  try {
    initializer(key(0), shape, dtype);
  } catch (error) {
    if (!(error instanceof ShapeError) || error.path !== undefined) throw error;
    throw new ShapeError(error.code, error.message, title);
  }
}
