/**
 * Models as JSON: nested modules, or a graph of named nodes (API.md section 3).
 *
 * zod checks the form, one level at a time so that every message can name its place; the modules check the rest.
 */
import { z } from "zod";
import { ConfigError, ConvsmithError, ShapeError, UnsupportedError } from "../runtime/error.js";
import { dtypes } from "./element-type.js";
import type { InputSpec } from "./input-spec.js";
import { GraphModel, type GraphNode } from "./nn/graph.js";
import type { Module } from "./nn/module.js";
import { type Layer, Sequential } from "./nn/sequential.js";
import { didYouMean, show } from "./option.js";
import { refuse } from "./refusal.js";
import { isModule } from "./scope.js";
import { type Options, specEntry, specTable } from "./spec-table.js";

const inputSpec = z.union([
  z.array(z.int().nonnegative()),
  z.strictObject({
    shape: z.array(z.int().nonnegative()),
    dtype: z.enum(dtypes as [string, ...string[]]).optional(),
  }),
]);
const nodeSchema = z.strictObject({
  id: z.string().min(1),
  op: z.string(),
  inputs: z.array(z.string()),
  params: z.string().min(1).optional(),
  options: z.record(z.string(), z.unknown()).optional(),
});
const graphSchema = z.strictObject({
  inputs: z.record(z.string(), inputSpec),
  nodes: z.array(nodeSchema),
  outputs: z.array(z.string()).min(1),
  name: z.string().optional(),
});
const sequentialSchema = z.strictObject({ layers: z.array(z.unknown()).min(1), name: z.string().optional() });
const containers = { Sequential: sequentialSchema, Graph: graphSchema } as const;
const containerNames = Object.keys(containers);

/**
 * Builds the module a JSON spec describes.
 *
 * @param json `{ type: "Sequential", layers: [...] }`, `{ type: "Conv", features, kernelSize, … }`, or
 * `{ type: "Graph", inputs, nodes, outputs }`; functions may be given by name alone: `"relu"`
 * @returns the Module; a Graph's also has `inputNames`, and {@link inputSpecsOf} gives its shapes
 * @throws ConfigError `model-spec`, `unknown-type`, `unknown-option`, `graph-cycle`, `graph-reference`, and what the
 * modules themselves refuse; every message names its place, as in `layers[1].features`
 *
 * @example
 * const net = modelFromSpec({ type: "Sequential", layers: [{ type: "Conv", features: 16, kernelSize: [3, 3] }, "relu"] });
 * const { params } = net.init(key(0), [1, 28, 28, 3]);      // params.layers_0.kernel
 */
export function modelFromSpec(json: unknown): Module {
  const layer = buildLayer("", json);
  if (isModule(layer)) return layer as unknown as Module;
  return new Sequential([layer]);
}

/** The input specs a Graph spec declares, by name; undefined for other models. */
export function inputSpecsOf(json: unknown): Readonly<Record<string, InputSpec>> | undefined {
  if (!isRecord(json) || json.type !== "Graph") return undefined;
  const { type: _, ...options } = json;
  return parse("", graphSchema, options).inputs as Readonly<Record<string, InputSpec>>;
}

/** The JSON schema of model specs (draft 2020-12). */
export function modelSpecJsonSchema(): object {
  const model: z.ZodType = z.lazy(() =>
    z.union([z.enum(functionNames()), ...objects] as unknown as [z.ZodType, z.ZodType]),
  );
  const named = (name: string, options: z.ZodObject): z.ZodObject =>
    options.extend({ type: z.literal(name) });
  const objects: readonly z.ZodType[] = [
    named("Sequential", sequentialSchema.extend({ layers: z.array(model).min(1) })),
    named("Graph", graphSchema),
    ...Object.entries(specTable).map(([name, { options }]) => named(name, options)),
  ];
  const schema = z.toJSONSchema(model, { target: "draft-2020-12", io: "input" });
  return { title: "convsmith model", ...schema };
}

function functionNames(): [string, ...string[]] {
  const names = Object.keys(specTable).filter((name) => specTable[name]!.options.safeParse({}).success);
  return names as [string, ...string[]];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `layers[1]` of "" and `.options` of it. */
function join(place: string, path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
  return `${place}${steps}`.replace(/^\./, "");
}

function parse<S extends z.ZodObject>(place: string, schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const at = place === "" ? "model" : place;
  // A misspelt option is more likely the mistake than the one missing in its place.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue === undefined) return refuse("model-spec", `${at}: not a model spec`);
  const where = join(place, issue.path);
  if (issue.code === "unrecognized_keys")
    return refuse(
      "unknown-option",
      `${where === "" ? at : where}: option ${didYouMean(issue.keys[0]!, issue.path.length === 0 ? Object.keys(schema.shape) : Object.keys(nodeSchema.shape))}`,
    );
  return refuse("model-spec", `${where === "" ? at : where}: ${reason(issue, value)}`);
}

function reason(issue: z.core.$ZodIssue, value: unknown): string {
  let given: unknown = value;
  for (const step of issue.path)
    given = (given as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step];
  if (given === undefined) return "is required";
  return `${show(given)} does not fit: ${issue.message.replace(/^Invalid input: /, "")}`;
}

function buildLayer(place: string, spec: unknown): Layer {
  const at = place === "" ? "model" : place;
  if (typeof spec === "string") return build(place, spec, {});
  if (!isRecord(spec) || typeof spec.type !== "string")
    return refuse(
      "model-spec",
      `${at}: ${show(spec)} is no model spec; give a name, or an object with a "type"`,
    );
  const { type, ...options } = spec;
  return build(place, type, options);
}

function build(place: string, type: string, options: Options): Layer {
  if (type === "Sequential") {
    const { layers, name } = parse(place, sequentialSchema, options);
    const built = layers.map((layer, i) => buildLayer(join(place, ["layers", i]), layer));
    return new Sequential(built, { name });
  }
  if (type === "Graph") return buildGraph(place, parse(place, graphSchema, options));
  const entry = specEntry(place === "" ? "model" : place, type, containerNames);
  const checked = parse(place, entry.options, options);
  return placed(place, () => entry.build(checked));
}

/** Adds the place to whatever a constructor refuses. */
function placed<R>(place: string, body: () => R): R {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof ConvsmithError) || place === "") throw error;
    const message = `${place}: ${error.message}`;
    if (error instanceof ShapeError) throw new ShapeError(error.code, message);
    if (error instanceof UnsupportedError) throw new UnsupportedError(error.code, message);
    throw new ConfigError(error.code, message);
  }
}

type GraphSpec = z.infer<typeof graphSchema>;
type NodeSpec = z.infer<typeof nodeSchema>;

function buildGraph(place: string, spec: GraphSpec): Layer {
  const inputs = Object.keys(spec.inputs);
  const known = new Set(inputs);
  for (const [i, { id }] of spec.nodes.entries()) {
    if (known.has(id)) refuse("model-spec", `${join(place, ["nodes", i, "id"])}: "${id}" is used twice`);
    known.add(id);
  }
  const check = (where: readonly PropertyKey[], name: string): void => {
    if (!known.has(name)) refuse("graph-reference", `${join(place, where)}: ${didYouMean(name, [...known])}`);
  };
  spec.nodes.forEach((node, i) => {
    node.inputs.forEach((name, k) => {
      check(["nodes", i, "inputs", k], name);
    });
  });
  spec.outputs.forEach((name, i) => {
    check(["outputs", i], name);
  });
  const nodes = spec.nodes.map((node, i) => buildNode(join(place, ["nodes", i]), node));
  return new GraphModel(inputs, sorted(place, nodes, inputs), spec.outputs, { name: spec.name });
}

function buildNode(place: string, { id, op, inputs, params, options = {} }: NodeSpec): GraphNode {
  const layer = build(join(place, ["options"]), opName(place, op), options);
  const wanted = op in containers ? "any" : specTable[op]!.inputs;
  if (wanted === "any" ? inputs.length === 0 : inputs.length !== wanted)
    refuse(
      "model-spec",
      `${place}: ${op} takes ${wanted === "any" ? "at least one input" : `${wanted} inputs`}, not ${inputs.length}`,
    );
  if (params !== undefined && !isModule(layer))
    refuse("model-spec", `${place}.params: ${op} has no parameters`);
  return { id, layer, inputs, params };
}

function opName(place: string, op: string): string {
  if (!(op in containers)) specEntry(`${place}.op`, op, containerNames);
  return op;
}

/** Nodes after everything they read, otherwise in the order written. */
function sorted(place: string, nodes: readonly GraphNode[], inputs: readonly string[]): readonly GraphNode[] {
  const done = new Set(inputs);
  const out: GraphNode[] = [];
  let waiting = nodes;
  while (waiting.length > 0) {
    const rest: GraphNode[] = [];
    for (const node of waiting) {
      if (!node.inputs.every((name) => done.has(name))) rest.push(node);
      else {
        done.add(node.id);
        out.push(node);
      }
    }
    if (rest.length === waiting.length)
      refuse(
        "graph-cycle",
        `${join(place, ["nodes"])}: ${rest.map(({ id }) => `"${id}"`).join(", ")} need each other`,
      );
    waiting = rest;
  }
  return out;
}
