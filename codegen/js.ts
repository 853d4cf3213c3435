/**
 * The js backend: a program as the text of `(memory) => ({ setup, run })`.
 *
 * Every kernel is a function over typed-array views, made once when the text is evaluated; running allocates nothing.
 * The text uses no global but Math, Float32Array and its siblings.
 */
import { InternalError } from "../ir/diagnostic.js";
import type { KernelProgram } from "../ir/program.js";
import type { Target } from "../ir/target.js";
import { elementBytes } from "../ir/types.js";
import type { Artifact } from "./backend.js";
import { type Argument, type CallOf, kernelArguments, resolveCalls } from "./calls.js";
import { type DerivedFn, derivedFns } from "./derived.js";
import { type Support, viewOf } from "./js-expr.js";
import { jsNames, writeKernel, writeSubroutine } from "./js-stmt.js";
import { createWriter, type Names, type Writer } from "./text.js";

export async function emitJs(program: KernelProgram, target: Target): Promise<Artifact> {
  const calls = resolveCalls(program);
  const names = jsNames();
  const uses = new Set<Support>();
  const writer = createWriter();
  writer.block("(memory) =>", () => {
    writer.line('"use strict";');
    const support = writer.mark();
    for (const kernel of calls.kernels)
      writeKernel(writer, kernel, functionName(names, kernel), target, uses);
    writer.insert(support, supportLines(uses, target));
    const view = viewWriter(writer, names);
    const [setup, run] = [calls.setup, calls.run].map((list) =>
      list.map((call) => callText(call, functionName(names, call.kernel), view)),
    );
    writer.block(
      "return",
      () => {
        writer.block("setup()", () => setup!.forEach(writer.line), "},");
        writer.block("run()", () => run!.forEach(writer.line), "},");
      },
      "};",
    );
  });
  return { kind: "js", target, source: writer.text() };
}

function functionName(names: Names, kernel: { readonly name: string }): string {
  return names.of(`kernel ${kernel.name}`, kernel.name);
}

function callText({ kernel, args }: CallOf, name: string, view: ViewOf): string {
  return `${name}(${kernelArguments(kernel)
    .map((argument, index) => view(argument, args[index]!))
    .join(", ")});`;
}

type ViewOf = (argument: Argument, offset: number) => string;

/** Names the view of a buffer at a place of memory; writes its definition the first time. */
function viewWriter(writer: Writer, names: Names): ViewOf {
  const written = new Set<string>();
  return ({ name, element, size }, offset) => {
    if (offset % elementBytes(element) !== 0)
      throw new InternalError(`${name} lies at ${offset}, not a multiple of ${elementBytes(element)}`);
    const made = `new ${viewOf(element)}(memory, ${offset}, ${size})`;
    const identifier = names.of(made, element);
    if (!written.has(made)) writer.line(`const ${identifier} = ${made};`);
    written.add(made);
    return identifier;
  };
}

/** Support functions that are the same text in every program. */
type FixedSupport = Exclude<Support, DerivedFn>;

const needs: Readonly<Partial<Record<Support, readonly Support[]>>> = {
  pow2: ["bits"],
  mantissa: ["bits"],
  exponent: ["bits"],
  fromF16: ["bits"],
  toF16: ["bits"],
  roundF16: ["fromF16", "toF16", "bits"],
  fromBf16: ["bits"],
  toBf16: ["bits"],
  roundBf16: ["fromBf16", "toBf16", "bits"],
  reflect: ["mod"],
};

/**
 * pow2, mantissa and exponent give what the wasm backend gives for every argument, NaN and infinities included. The bits
 * of a float16, moved to where a float32 has them, are a number 2^112 times too small; below its normal numbers, adding
 * 0.5 makes the adder round to its last place, 2^-24.
 */
const definitions: Readonly<Record<FixedSupport, readonly string[]>> = {
  fround: ["const fround = Math.fround;"],
  bits: ["const bits32 = new Int32Array(1);", "const bitsF32 = new Float32Array(bits32.buffer);"],
  pow2: [
    "const pow2 = (n) => {",
    "  bits32[0] = ((Math.max(-2147483648, Math.min(n, 2147483647)) | 0) + 127) << 23;",
    "  return bitsF32[0];",
    "};",
  ],
  mantissa: [
    "const mantissa = (x) => {",
    "  bitsF32[0] = x;",
    "  bits32[0] = (bits32[0] & 0x7fffff) | 0x3f000000;",
    "  return bitsF32[0];",
    "};",
  ],
  exponent: [
    "const exponent = (x) => {",
    "  bitsF32[0] = x;",
    "  return ((bits32[0] >> 23) & 255) - 126;",
    "};",
  ],
  fromF16: [
    "const fromF16 = (h) => {",
    "  const size = h & 0x7fff;",
    "  bits32[0] = size << 13;",
    "  const x = size < 0x7c00 ? bitsF32[0] * 2 ** 112 : size === 0x7c00 ? Infinity : NaN;",
    "  return h & 0x8000 ? -x : x;",
    "};",
  ],
  toF16: [
    "const toF16 = (x) => {",
    "  if (x !== x) return 0x7e00;",
    "  bitsF32[0] = x;",
    "  const sign = (bits32[0] >>> 16) & 0x8000;",
    "  const size = bits32[0] & 0x7fffffff;",
    "  if (size >= 0x47800000) return sign | 0x7c00;",
    "  if (size >= 0x38800000) return sign | ((size - 0x37fff001 + ((size >>> 13) & 1)) >>> 13);",
    "  bits32[0] = size;",
    "  bitsF32[0] += 0.5;",
    "  return sign | (bits32[0] - 0x3f000000);",
    "};",
  ],
  roundF16: ["const roundF16 = (x) => fromF16(toF16(x));"],
  fromBf16: ["const fromBf16 = (h) => {", "  bits32[0] = h << 16;", "  return bitsF32[0];", "};"],
  toBf16: [
    "const toBf16 = (x) => {",
    "  if (x !== x) return 0x7fc0;",
    "  bitsF32[0] = x;",
    "  return (bits32[0] + 0x7fff + ((bits32[0] >>> 16) & 1)) >>> 16;",
    "};",
  ],
  roundBf16: ["const roundBf16 = (x) => fromBf16(toBf16(x));"],
  mod: ["const mod = (of, by) => ((of % by) + by) % by;"],
  reflect: [
    "const reflect = (of, by) => {",
    "  if (by === 1) return 0;",
    "  const at = mod(of, 2 * by - 2);",
    "  return at < by ? at : 2 * by - 2 - at;",
    "};",
  ],
};

function supportLines(uses: ReadonlySet<Support>, target: Target): string[] {
  const all = new Set(uses);
  const subroutines = createWriter();
  for (const fn of derivedFns) if (uses.has(fn)) writeSubroutine(subroutines, fn, target, all);
  for (const use of [...all]) for (const need of needs[use] ?? []) all.add(need);
  const fixed = (Object.keys(definitions) as FixedSupport[])
    .filter((support) => all.has(support))
    .flatMap((support) => definitions[support]);
  return [...fixed, ...subroutines.lines()];
}
