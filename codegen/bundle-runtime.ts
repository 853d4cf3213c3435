/** The runtime as a bundle carries it: what it reaches, without what its program has no need of. */
import { InternalError } from "../ir/diagnostic.js";
import type { Features } from "../runtime/features.js";
import type { Program } from "../runtime/program.js";
import type { DType } from "../runtime/tensor.js";
import type { Artifact } from "./backend.js";
import { freeNames, reference, runtimeChunks } from "./runtime-chunks.js";

/** What every device binds: the default limit of WebGPU. */
const boundAnywhere = 128 * 2 ** 20;

/** What a program needs of the runtime, `images` besides where that was asked for. */
export function featuresOf(
  { program, images = false }: { readonly program: Program; readonly images?: boolean | undefined },
  artifacts: readonly Artifact[],
): Features {
  const { inputs, outputs, outputTree, weights } = program;
  const gpu = artifacts.flatMap((artifact) => (artifact.kind === "wgsl" ? [artifact.program] : []));
  const dtypes = (slots: Program["inputs"]): readonly DType[] => slots.map(({ dtype }) => dtype);
  const both = dtypes([...inputs, ...outputs]);
  return {
    severalInputs: inputs.length !== 1,
    trees: typeof outputTree !== "number",
    weights: weights.length > 0,
    lateWeights: false,
    float16: dtypes(inputs).includes("float16"),
    uint8: both.includes("uint8"),
    complex64: [...both, ...dtypes(weights)].includes("complex64"),
    paths: false,
    partWords: inputs.some(({ dtype, shape }) => shape.reduce((a, b) => a * b, bytesOf(dtype)) % 4 !== 0),
    adapters: gpu.length > 1,
    largeBuffers: gpu.some(({ sizes }) => sizes.some((bytes) => bytes > boundAnywhere)),
    shaderF16: gpu.some(({ shaders }) => shaders.some((text) => text.includes("enable f16"))),
    images,
  };
}

function bytesOf(dtype: DType): number {
  switch (dtype) {
    case "int8":
    case "uint8":
    case "bool":
      return 1;
    case "float16":
    case "bfloat16":
      return 2;
    case "float32":
    case "float64":
    case "int32":
    case "uint32":
    case "complex64":
      return 4;
    default:
      return dtype satisfies never;
  }
}

/** The dtypes whose arrays a program meets: those of its tensors, and float64, which float32 inputs take besides. */
export function dtypesOf({ inputs, outputs, weights }: Program): readonly DType[] {
  const found = new Set([...inputs, ...outputs, ...weights].map(({ dtype }) => dtype));
  return found.has("float32") ? [...found, "float64"] : [...found];
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** The declarations reachable from the roots, in the order they must stand in, with the names they have in a bundle. */
export function runtimeTexts(
  roots: readonly string[],
  features: Features,
  dtypes: readonly DType[],
): readonly NamedText[] {
  const byName = new Map(runtimeChunks.map((chunk) => [chunk.name, chunk]));
  const reached = new Map<string, string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    const chunk = byName.get(name);
    if (chunk === undefined) throw new InternalError(`bundle: the runtime has no ${name}; run npm run build`);
    const bits = chunk.asks.reduce((sum, feature, bit) => sum + (features[feature] ? 2 ** bit : 0), 0);
    const { needs, text } = chunk.variants[bits]!;
    const rows = dtypes.flatMap((dtype) => chunk.rows?.[dtype] ?? []);
    reached.set(name, chunk.rows === undefined ? text : text.replace("{}", `{${rows.join()}}`));
    needs.forEach(visit);
  };
  roots.forEach(visit);
  const short = new Map<string, string>();
  const shortName = (number: string): string => {
    const known = short.get(number) ?? freeNames[short.size]!;
    short.set(number, known);
    return known;
  };
  return runtimeChunks.flatMap(({ name }) => {
    const text = reached.get(name);
    return text === undefined
      ? []
      : [{ name, text: text.replace(reference, (_, number) => shortName(number)) }];
  });
}

export function runtimeText(roots: readonly string[], features: Features, dtypes: readonly DType[]): string {
  return runtimeTexts(roots, features, dtypes)
    .map(({ text }) => text)
    .join("\n");
}
