/** flax.linen.Sequential. */
import { show } from "../option.js";
import { refuse } from "../refusal.js";
import { isModule } from "../scope.js";
import type { Callable, TracedOutput } from "../trace.js";
import type { Traced } from "../traced.js";
import { isTraced } from "../traced.js";
import type { ModuleOptions } from "./module.js";
import { Module } from "./module.js";

/** A module, or a function of traced values such as nn.relu. */
export type Layer = Callable | ((...inputs: Traced[]) => TracedOutput);

/**
 * Layers called one after another. Source: flax.linen.Sequential.
 *
 * A list that a layer returns is spread over the next layer's inputs. Layers made outside a running `call` are named
 * `layers_0`, `layers_1` … (functions count); layers made inside one keep the names they have there.
 *
 * @throws ConfigError `bad-layers`, `empty-sequential`
 *
 * @example
 * const net = new Sequential([new Conv({ features: 8, kernelSize: [3, 3] }), nn.relu]);
 * const { params } = net.init(key(0), [1, 28, 28, 3]);     // params.layers_0.kernel
 */
export class Sequential extends Module {
  static readonly moduleName: string = "Sequential";
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[], options: ModuleOptions = {}) {
    super(options);
    if (!Array.isArray(layers))
      refuse("bad-layers", `Sequential: layers is ${show(layers)}; it must be a list`);
    layers.forEach((layer: unknown, i) => {
      if (!isModule(layer) && typeof layer !== "function")
        refuse("bad-layers", `Sequential: layer ${i} is ${show(layer)}; it must be a module or a function`);
    });
    if (layers.length === 0) refuse("empty-sequential", "Sequential: layers is empty; give at least one");
    this.layers = [...layers];
  }

  override call(...inputs: Traced[]): TracedOutput {
    let values: readonly TracedOutput[] = inputs;
    let output: TracedOutput = inputs;
    for (const layer of this.layers) {
      output = (
        isModule(layer) ? (layer as Callable).call(...(values as never[])) : layer(...(values as Traced[]))
      ) as TracedOutput;
      values = isTraced(output) || !Array.isArray(output) ? [output] : (output as readonly TracedOutput[]);
    }
    return output;
  }
}
