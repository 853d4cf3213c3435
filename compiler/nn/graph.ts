/** A model as a graph of named nodes: what importers write. */
import { show } from "../option.js";
import { refuse } from "../refusal.js";
import type { ModuleLike, PlacedChild } from "../scope.js";
import { childrenSymbol, here, isModule } from "../scope.js";
import type { Callable, TracedOutput } from "../trace.js";
import type { Traced } from "../traced.js";
import { isTraced } from "../traced.js";
import { Module, type ModuleOptions } from "./module.js";
import type { Layer } from "./sequential.js";

export interface GraphNode {
  readonly id: string;
  readonly layer: Layer;
  /** Ids of nodes and names of inputs. */
  readonly inputs: readonly string[];
  /** Path of a module's parameters; the id where it is left out. Two nodes may share one. */
  readonly params?: string | undefined;
}

/** Runs its nodes in the order given, which must be topological. Parameters lie where each node says. */
export class GraphModel extends Module {
  static readonly moduleName: string = "Graph";

  constructor(
    readonly inputNames: readonly string[],
    readonly nodes: readonly GraphNode[],
    /** One value, or a list of them. */
    readonly outputs: readonly string[],
    options: ModuleOptions = {},
  ) {
    super(options);
  }

  [childrenSymbol](): readonly PlacedChild[] {
    return this.nodes.flatMap(({ layer, id, params }) =>
      isModule(layer) ? [{ module: layer as ModuleLike, path: (params ?? id).split("/") }] : [],
    );
  }

  override call(...inputs: Traced[]): TracedOutput {
    if (inputs.length !== this.inputNames.length)
      refuse(
        "input-names",
        `Graph takes ${this.inputNames.length} inputs (${this.inputNames}), not ${inputs.length}`,
        here(),
      );
    const values = new Map<string, TracedOutput>(this.inputNames.map((name, i) => [name, inputs[i]!]));
    for (const { id, layer, inputs: names } of this.nodes) {
      const args = names.map((name) => values.get(name));
      const wrong = args.findIndex((value) => !isTraced(value));
      if (wrong >= 0)
        refuse(
          "not-traced",
          `node "${id}": "${names[wrong]}" is ${show(args[wrong])}, not one value`,
          here(),
        );
      const output: unknown = isModule(layer)
        ? (layer as Callable).call(...(args as never[]))
        : layer(...(args as Traced[]));
      values.set(id, output as TracedOutput);
    }
    const outputs = this.outputs.map((id) => values.get(id)!);
    return outputs.length === 1 ? outputs[0]! : outputs;
  }
}
