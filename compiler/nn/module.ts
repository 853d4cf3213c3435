/** The base class of modules: names, parameters, init and apply. */
import type { DType, Tensor, TypedArray } from "../../runtime/tensor.js";
import { unflattenParams, type Variables } from "../checkpoint/tree.js";
import type { InputSpec } from "../input-spec.js";
import { checkOptions, isWholeTensor, show } from "../option.js";
import { requestParam } from "../param-request.js";
import type { Initializer } from "../random/initializers.js";
import { parameterKey } from "../random/parameter-key.js";
import type { Key } from "../random/threefry.js";
import { refuse } from "../refusal.js";
import type { ModuleLike, Origin, ParamRequest } from "../scope.js";
import { callModule, classNameOf, moduleSymbol, originOf } from "../scope.js";
import { traceProgram } from "../trace.js";
import type { Traced } from "../traced.js";
import { paramValue } from "../traced.js";

export interface ModuleOptions {
  /** Name in the params tree; given automatically where it is left out. */
  readonly name?: string | null | undefined;
}

/**
 * The base class of models. A subclass says what it computes in `call`; modules made inside `call` are named after
 * their class (`Conv_0`, `Conv_1` …), modules held in fields after the field, as in flax. Source: flax.linen.Module.
 *
 * `static moduleName` sets the name auto-names use; give one to classes that a minifier will rename.
 *
 * @example
 * class Net extends Module {
 *   head = new Conv({ features: 10, kernelSize: [1, 1] });                        // params/head
 *   call(x: Traced) {
 *     x = nn.relu(new Conv({ features: 16, kernelSize: [3, 3] }).call(x));        // params/Conv_0
 *     return this.head.call(x);
 *   }
 * }
 * const variables = new Net().init(key(0), [1, 28, 28, 3]);
 */
export abstract class Module implements ModuleLike {
  declare readonly [moduleSymbol]: Origin;

  constructor(options: ModuleOptions = {}) {
    const own = classNameOf(this);
    checkOptions(own, options, ["name"]);
    const { name = null } = options;
    if (name !== null && typeof name !== "string")
      refuse("bad-name", `${own}: name is ${show(name)}; it must be a string`);
    Object.defineProperty(this, moduleSymbol, { value: originOf(this, name) });
    // `call` runs in a scope of its own, whoever calls it; super.call reaches the method itself and stays in the scope.
    const body = this.call as (...inputs: unknown[]) => unknown;
    const scoped = (...inputs: unknown[]): unknown => callModule(this, () => body.apply(this, inputs));
    Object.defineProperty(this, "call", { value: scoped, configurable: true, writable: true });
  }

  /**
   * What the module computes, on traced values. Runs only while the module is traced.
   *
   * @throws ConfigError `call-outside-trace` anywhere else
   */
  abstract call(...inputs: never[]): unknown;

  /** Asks for a parameter of this module: what flax's `self.param(name, init, shape, dtype)` does. */
  param(name: string, initializer: Initializer, shape: readonly number[], dtype: DType = "float32"): Traced {
    return paramValue(requestParam(this, name, initializer, shape, dtype));
  }

  /**
   * Makes the module's parameters: flax's names and flax's numbers, bit for bit (spec section 4).
   *
   * @param root `key(seed)`
   * @param specs one per input of `call`: a shape, `{ shape, dtype }` or a Tensor
   * @returns `{ params }`, a tree of float32 Tensors
   * @throws ConfigError, ShapeError or UnsupportedError, whatever a trace refuses
   *
   * @example
   * const conv = new Conv({ features: 8, kernelSize: [3, 3] });
   * const { params } = conv.init(key(0), [1, 28, 28, 3]);    // params.kernel: float32[3,3,3,8], params.bias: float32[8]
   */
  init(root: Key, ...specs: readonly InputSpec[]): Variables {
    if (typeof root !== "object" || root === null || !Number.isInteger(root.k0) || !Number.isInteger(root.k1))
      refuse("bad-key", `init: the first argument is ${show(root)}; it must be a key: key(0)`);
    const { params } = traceProgram(this, { inputs: specs });
    return { params: unflattenParams(params.map((request) => [request.path, initialValue(root, request)])) };
  }

  /**
   * Runs the module once on the default backend: `jit`, kept per module.
   *
   * @param variables from `init` or a checkpoint
   * @param inputs one Tensor per input of `call`; a bare Float32Array has no shape and is refused
   * @returns the Tensor, or the list or record of Tensors, that `call` returns
   *
   * @example
   * const y = await conv.apply(variables, tensor(pixels, [1, 28, 28, 3]));
   */
  async apply(variables: Variables, ...inputs: readonly (Tensor | TypedArray)[]): Promise<AppliedOutput> {
    const { jit } = await import("../jit.js");
    let run = applied.get(this) as
      | ((variables: Variables, ...inputs: readonly (Tensor | TypedArray)[]) => Promise<AppliedOutput>)
      | undefined;
    if (run === undefined) {
      run = jit(this) as unknown as NonNullable<typeof run>;
      applied.set(this, run);
    }
    return run(variables, ...inputs);
  }
}

/** What `apply` resolves to: the form of what `call` returns. */
export type AppliedOutput = Tensor | readonly AppliedOutput[] | { readonly [name: string]: AppliedOutput };

const applied = new WeakMap<Module, unknown>();

function initialValue(
  root: Key,
  { path, shape, dtype, initializer, scopePath, count }: ParamRequest,
): Tensor {
  const value: unknown = initializer(parameterKey(root, scopePath, count), shape, dtype);
  if (!isWholeTensor(value))
    return refuse(
      "bad-initializer",
      `the initialiser of "${path}" returned ${show(value)}; it must return a Tensor (call makers: lecunNormal())`,
    );
  if (value.shape.join() !== shape.join())
    refuse(
      "bad-initializer",
      `the initialiser of "${path}" made shape [${value.shape}]; [${shape}] was asked for`,
    );
  return value;
}
