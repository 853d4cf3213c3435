/** What inputs a program has: the specs users write, as names, dtypes and shapes. */
import type { DType, Tensor } from "../runtime/tensor.js";
import { arrayNames, arrayTypeName, dataLength, describeTensor } from "../runtime/tensor.js";
import type { InputDType } from "./element-type.js";
import { dtypes, isDType, narrowed } from "./element-type.js";
import { checkOptions, didYouMean, holdsDType, intOf, isTensor, show } from "./option.js";
import { refuse } from "./refusal.js";

/** A shape (of float32), a shape and a dtype, or a Tensor to take both from. */
export type InputSpec =
  | readonly number[]
  | { readonly shape: readonly number[]; readonly dtype?: DType | undefined }
  | Tensor;

/** One spec per input in order, or by name. */
export type InputSpecs = readonly InputSpec[] | Readonly<Record<string, InputSpec>>;

export interface ProgramInput {
  readonly name: string;
  readonly dtype: InputDType;
  readonly shape: readonly number[];
}

/** `order`: the model's own input names, where it has some (a Graph); records may then list them in any order. */
export function readInputSpecs(specs: unknown, order: readonly string[] | undefined): ProgramInput[] {
  if (typeof specs !== "object" || specs === null || isTensor(specs) || ArrayBuffer.isView(specs))
    return refuse(
      "bad-inputs",
      `inputs is ${show(specs)}; give one spec per input: { inputs: [[1, 28, 28, 3]] }`,
    );
  if (Array.isArray(specs)) {
    const name = (i: number): string => order?.[i] ?? (specs.length === 1 ? "x" : `x${i}`);
    return specs.map((spec: unknown, i) => readSpec(name(i), spec, specs));
  }
  const record = specs as Readonly<Record<string, unknown>>;
  const names = Object.keys(record);
  for (const name of names) {
    if (name === "") refuse("input-names", "inputs: a name is empty");
    if (order !== undefined && !order.includes(name))
      refuse("input-names", `inputs: ${didYouMean(name, order)}`);
  }
  const missing = order?.find((name) => !names.includes(name));
  if (missing !== undefined) refuse("input-names", `inputs: the model's input "${missing}" has no spec`);
  return (order ?? names).map((name) => readSpec(name, record[name], specs));
}

function readSpec(name: string, spec: unknown, all: object): ProgramInput {
  if (typeof spec === "number" && Array.isArray(all))
    return refuse("bad-inputs", `inputs is ${show(all)}, one shape; give a list of specs: [${show(all)}]`);
  if (Array.isArray(spec)) return { name, dtype: "float32", shape: readShape(name, spec) };
  if (typeof spec !== "object" || spec === null)
    return refuse(
      "bad-inputs",
      `input "${name}" is ${show(spec)}; give a shape, { shape, dtype } or a Tensor`,
    );
  if (!isTensor(spec)) checkOptions(`input "${name}"`, spec, ["shape", "dtype", "data"], ["shape"]);
  const { shape, dtype = "float32" } = spec as { readonly shape: unknown; readonly dtype?: unknown };
  const input: ProgramInput = { name, dtype: readDType(name, dtype), shape: readShape(name, shape) };
  if (isTensor(spec)) checkData(name, spec);
  return input;
}

/** A Tensor given for its shape is mostly run on next: it must be what it says. */
function checkData(name: string, { data, dtype, shape }: Tensor): void {
  const [found, wanted] = [arrayTypeName(data), dataLength(shape, dtype)];
  const holds = holdsDType(found, dtype) || (found === "Float16Array" && dtype === "float16");
  if (!holds || data.length !== wanted)
    refuse(
      "bad-inputs",
      `input "${name}" is ${describeTensor(dtype, shape)}, but its data a ${found} of ${data.length}; ` +
        `it must be a ${arrayNames[dtype]} of ${wanted}: tensor(data, shape, dtype)`,
    );
}

function readShape(name: string, shape: unknown): readonly number[] {
  const bad =
    !Array.isArray(shape) || shape.some((e: unknown) => typeof e !== "number" || (intOf(e) ?? -1) < 0);
  if (bad)
    return refuse(
      "bad-inputs",
      `input "${name}" has shape ${showShape(shape)}; every extent must be an integer >= 0`,
    );
  const extents = shape as readonly number[];
  if (!Number.isSafeInteger(extents.reduce((product, extent) => product * extent, 1)))
    refuse("bad-inputs", `input "${name}" has shape ${showShape(shape)}, which is too large`);
  return [...extents];
}

/** NaN and Infinity as they are, which JSON would hide. */
function showShape(shape: unknown): string {
  return Array.isArray(shape)
    ? `[${shape.map((e: unknown) => (typeof e === "number" ? e : show(e))).join()}]`
    : show(shape);
}

function readDType(name: string, dtype: unknown): InputDType {
  if (!isDType(dtype))
    return refuse("unknown-dtype", `input "${name}": dtype ${didYouMean(String(dtype), dtypes)}`);
  return narrowed(dtype);
}
