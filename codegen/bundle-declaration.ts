/** NAME.d.ts: the type of one bundle, with the exact shapes and dtypes of its program. */
import type { OutputTree, Program, Slot } from "../runtime/program.js";
import type { DType } from "../runtime/tensor.js";

const arrays: Readonly<Record<DType, string>> = {
  float32: "Float32Array",
  float16: "Uint16Array",
  bfloat16: "Uint16Array",
  float64: "Float32Array",
  int32: "Int32Array",
  uint32: "Uint32Array",
  int8: "Int8Array",
  uint8: "Uint8Array",
  bool: "Uint8Array",
  complex64: "Float32Array",
};

/** What the array holds, where its type alone does not say. */
const contents: Readonly<Partial<Record<DType, string>>> = {
  float16: "the bits of float16 numbers",
  bfloat16: "the bits of bfloat16 numbers",
  bool: "0 or 1 each",
  complex64: "real and imaginary parts in turn",
};

export function declarationText(
  name: string,
  program: Program,
  compilerVersion: string,
  images = false,
): string {
  const { inputs, outputs, outputTree, weights } = program;
  const inputTypes = inputs.map((_, index) => `Input${index}`);
  const parameters = inputs.map((_, index) => `input${index}: Input${index}`);
  const comma = (more: string): string => [...parameters, more].join(", ");
  const record = inputs.map((slot, index) => `readonly ${key(slot.name)}: Input${index}`).join("; ");
  const named = (method: string, result: (type: string) => string): readonly string[] =>
    inputs.length === 0
      ? []
      : [
          `  ${method}(inputs: { ${record} }): ${result("Result")};`,
          `  ${method}(inputs: { ${record} }, out: Out): ${result("Result")};`,
        ];
  const methods = (method: string, result: (type: string) => string): readonly string[] => [
    `  ${method}(${parameters.join(", ")}): ${result("Result")};`,
    `  ${method}(${comma("out: Out")}): ${result("Result")};`,
    ...named(method, result),
  ];
  const gpu = program.backend === "wgsl";
  const hostMethods = [
    "  /** Views on the program's memory, valid until dispose(). */",
    `  readonly inputs: readonly [${inputs.map(viewType).join(", ")}];`,
    `  readonly outputs: readonly [${outputs.map(viewType).join(", ")}];`,
    `  /** Inputs${inputTypes.length > 1 ? " in order or by name" : ""} are read before the call returns. */`,
    ...methods("run", (type) => `Promise<${type}>`),
    "  /** As run, at once. */",
    ...methods("runSync", (type) => type),
    "  /** Computes outputs[].data from inputs[].data; allocates nothing. */",
    "  invoke(): void;",
  ];
  const besides = images ? "GPUBuffer | ImageBitmap | VideoFrame | GPUTexture" : "GPUBuffer";
  const resident = inputs.map((_, index) => `input${index}: Input${index} | ${besides}`);
  const gpuMethods = [
    `  /** Inputs${inputTypes.length > 1 ? " in order or by name" : ""} are read before the call returns; buffers of the device are copied. */`,
    ...methods("run", (type) => `Promise<${type}>`),
    `  run(${resident.join(", ")}): Promise<Result>;`,
    "  /** The results stay on the device, this program's until its next run. */",
    `  run(${[...resident, 'options: { readonly output: "gpu" }'].join(", ")}): Promise<GpuResult>;`,
  ];
  return [
    `/** ${name}, ${program.backend}: made by convsmith ${compilerVersion}. */`,
    "",
    "/** A dense, row-major tensor. */",
    "export interface Tensor<Shape extends readonly number[], DType extends string, Data> {",
    "  readonly data: Data;",
    "  readonly shape: Shape;",
    "  readonly dtype: DType;",
    "}",
    "",
    "/** A tensor of the program, lying in its own memory. */",
    "export interface View<Name extends string, Shape extends readonly number[], DType extends string, Data>",
    "  extends Tensor<Shape, DType, Data> {",
    "  readonly name: Name;",
    "}",
    ...inputs.flatMap((slot, index) => [
      "",
      comment(`Input ${slot.name}: ${summary(slot)}`),
      `export type Input${index} = ${arrays[slot.dtype]}${accepts(slot.dtype)} | ${tensorType(slot)};`,
    ]),
    ...outputs.flatMap((slot, index) => [
      "",
      comment(`Output ${slot.name}: ${summary(slot)}`),
      `export type Output${index} = ${tensorType(slot)};`,
    ]),
    "",
    "/** What the model returns; the arrays are the caller's. */",
    `export type Result = ${tree(outputTree, (leaf) => `Output${leaf}`)};`,
    "",
    "/** Arrays to write results into; the tensors returned are then over these. */",
    `export type Out = ${tree(outputTree, (leaf) => arrays[outputs[leaf]!.dtype])};`,
    "",
    ...(gpu
      ? [
          "/** A tensor on the device. */",
          "export interface GpuTensor {",
          "  readonly buffer: GPUBuffer;",
          "  readonly shape: readonly number[];",
          "  readonly dtype: string;",
          "}",
          "",
          `export type GpuResult = ${tree(outputTree, () => "GpuTensor")};`,
          "",
        ]
      : []),
    `export interface ${interfaceName(name)} {`,
    `  readonly backend: "${program.backend}";`,
    "  /** What was decided while loading, one line each. */",
    "  readonly notes: readonly string[];",
    ...(gpu ? gpuMethods : hostMethods),
    "  /** Lets go of the memory; every method throws from then on. */",
    "  dispose(): void;",
    "}",
    "",
    "export interface CreateOptions {",
    ...(program.backend === "wasm"
      ? [
          "  /** The compiled .wasm, where code may not be compiled. */",
          "  readonly module?: WebAssembly.Module | undefined;",
        ]
      : []),
    ...(gpu
      ? [
          "  /** The device to run on; by default one is found. */",
          "  readonly device?: GPUDevice | undefined;",
        ]
      : []),
    ...(weights.length > 0
      ? [
          `  /** The contents of ${name}.weights.bin; not read then. */`,
          "  readonly weights?: ArrayBuffer | ArrayBufferView | undefined;",
        ]
      : []),
    "}",
    "",
    "/** Starts the program; each call makes one with memory of its own. */",
    `export declare function create(options?: CreateOptions): Promise<${interfaceName(name)}>;`,
    "",
  ].join("\n");
}

/** Other arrays an input of this dtype takes; Float16Array is left out, older compilers do not know it. */
function accepts(dtype: DType): string {
  if (dtype === "float64") return " | Float64Array";
  return dtype === "uint8" ? " | Uint8ClampedArray" : "";
}

function comment(text: string): string {
  return `/** ${text.replaceAll("*/", "* /").replaceAll(/\s+/g, " ")} */`;
}

function summary(slot: Slot): string {
  const numbers = slot.shape.reduce(
    (product, extent) => product * extent,
    slot.dtype === "complex64" ? 2 : 1,
  );
  const holds = contents[slot.dtype];
  return `${slot.dtype}[${slot.shape.join()}], ${arrays[slot.dtype]} of ${numbers}${holds === undefined ? "" : ` (${holds})`}.`;
}

function tensorParts(slot: Slot): string {
  return `readonly [${slot.shape.join(", ")}], "${slot.dtype}", ${arrays[slot.dtype]}`;
}

function tensorType(slot: Slot): string {
  return `Tensor<${tensorParts(slot)}>`;
}

function viewType(slot: Slot): string {
  return `View<${JSON.stringify(slot.name)}, ${tensorParts(slot)}>`;
}

function tree(of: OutputTree, leaf: (output: number) => string): string {
  if (typeof of === "number") return leaf(of);
  if (Array.isArray(of)) return `readonly [${of.map((each: OutputTree) => tree(each, leaf)).join(", ")}]`;
  return `{ ${Object.entries(of)
    .map(([name, each]) => `readonly ${key(name)}: ${tree(each, leaf)}`)
    .join("; ")} }`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** `my-net` is MyNet. */
function interfaceName(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  const taken =
    /^(Tensor|View|Result|Out|CreateOptions|Input\d+|Output\d+|Promise|WebAssembly|\w+Array|ArrayBuffer|ArrayBufferView)$/;
  return /^[A-Za-z]/.test(joined) && !taken.test(joined) ? joined : `Program${joined}`;
}
