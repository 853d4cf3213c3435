/** Plans graphs and runs the programs on the interpreter, with seeded data. */
import type { Planned } from "../../compiler/plan.js";
import { plan } from "../../compiler/plan.js";
import type { PassOptions } from "../../compiler/run-passes.js";
import { runGraphPasses } from "../../compiler/run-passes.js";
import { elementArrays } from "../../ir/float16.js";
import type { Graph } from "../../ir/graph.js";
import { nodeAt } from "../../ir/graph.js";
import { interpretGraph } from "../../ir/interpret-graph.js";
import { interpretProgram } from "../../ir/interpret-kernel.js";
import { parseGraph } from "../../ir/parse.js";
import type { TargetName } from "../../ir/target.js";
import { targets } from "../../ir/target.js";
import type { ElementArray, TensorType } from "../../ir/types.js";
import { elementCount } from "../../ir/types.js";
import type { Random } from "../support/random.js";

export interface Values {
  readonly inputs: readonly ElementArray[];
  readonly params: ReadonlyMap<string, ElementArray>;
}

/** The plan of a graph as it is: only kernel passes run. */
export function planned(graph: Graph | string, target: TargetName = "js", passes: PassOptions = {}): Planned {
  return plan(typeof graph === "string" ? parseGraph(graph) : graph, {
    target: targets[target],
    precision: "highest",
    algorithm: "direct",
    handSchedules: new Map(),
    passes: { verifyEach: true, ...passes },
  });
}

/** The whole line from a traced graph on. */
export function compiled(graph: Graph, target: TargetName, passes: PassOptions = {}): Planned {
  const context = { target: targets[target], precision: "highest" } as const;
  return planned(runGraphPasses(graph, context, { verifyEach: true, ...passes }).graph, target, passes);
}

export function randomValues(graph: Graph, random: Random): Values {
  const inputs: ElementArray[] = [];
  const params = new Map<string, ElementArray>();
  for (const node of graph.nodes) {
    if (node.op === "input") inputs.push(randomData(node.type, random));
    if (node.op === "param") params.set(node.path, randomData(node.type, random));
  }
  return { inputs, params };
}

function randomData({ element, shape }: TensorType, random: Random): ElementArray {
  const length = elementCount(shape);
  if (element === "f32") return random.normals(length);
  const data = new elementArrays[element](length);
  const [low, high] =
    element === "bool" ? [0, 1] : element === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 0x3c00];
  for (let i = 0; i < length; i++) data[i] = random.int(low, high);
  return data;
}

/** A program in a memory of its own, everything in it NaN (or 255) before the weights are written. */
export class Running {
  private readonly memory: ArrayBuffer;
  private readonly program: { setup(): void; run(): void };

  constructor(
    private readonly graph: Graph,
    private readonly planned: Planned,
    target: TargetName = "js",
  ) {
    this.memory = new ArrayBuffer(planned.program.memoryBytes);
    new Uint8Array(this.memory).fill(255);
    this.program = interpretProgram(planned.program, this.memory, targets[target]);
  }

  private view({ element, shape }: TensorType, offset: number): ElementArray {
    return new elementArrays[element](this.memory, offset, elementCount(shape));
  }

  /** Writes every weight and runs setup, as setVariables does. */
  setVariables(params: ReadonlyMap<string, ElementArray>): void {
    for (const { node, offset } of this.planned.weights)
      this.view(node.type, offset).set(node.op === "constant" ? node.data : params.get(node.path)!);
    this.program.setup();
  }

  run(inputs: readonly ElementArray[]): ElementArray[] {
    const nodes = this.graph.nodes.filter((node) => node.op === "input");
    nodes.forEach((node, i) => {
      this.view(node.type, this.planned.inputOffsets[i]!).set(inputs[i]!);
    });
    this.program.run();
    return this.graph.outputs.map((id, i) =>
      this.view(nodeAt(this.graph, id).type, this.planned.outputOffsets[i]!).slice(),
    );
  }
}

/** What the program makes of the values, and what the graph means. */
export function bothWays(
  graph: Graph,
  values: Values,
  target: TargetName = "js",
  passes: PassOptions = {},
): { readonly found: number[][]; readonly expected: number[][] } {
  const running = new Running(graph, planned(graph, target, passes), target);
  running.setVariables(values.params);
  return { found: numbers(running.run(values.inputs)), expected: numbers(interpretGraph(graph, values)) };
}

export function numbers(arrays: readonly ElementArray[]): number[][] {
  return arrays.map((data) => [...data]);
}
