/** Everything that must hold of a valid configuration, and the smallest configuration of which it does not. */
import { compile } from "../../compiler/index.js";
import type { Tensor } from "../../runtime/tensor.js";
import { firstDifference } from "../support/run-everywhere.js";
import type { Call } from "./call.js";
import { programOf, run, targetOf, variablesOf } from "./call.js";
import type { ConvSpec } from "./random-conv.js";
import { callOf, inputShapeOf, legal, optionsOf } from "./random-conv.js";
import type { Expected } from "./reference.js";
import { outsideContract, reference } from "./reference.js";
import { runnable, source } from "./runnable.js";

export interface Failure {
  /** Which promise is broken, the same for all examples of it. */
  readonly promise: string;
  readonly detail: string;
  /** Code to paste. */
  readonly code: string;
}

/** null where all is well. `contract` false leaves out precision "default" and the float64 reference. */
export async function check(spec: ConvSpec, { contract = true } = {}): Promise<Failure | null> {
  let call: Call;
  try {
    call = callOf(spec);
  } catch (error) {
    const shape = `${spec.inputDType}[${inputShapeOf(spec)}]`;
    const code = `new ${spec.module}(${source(optionsOf(spec))}); // on ${shape}`;
    return { promise: `a valid configuration is accepted (${nameOf(error)})`, detail: text(error), code };
  }
  const failure = await sameBits(call);
  return failure === null && contract && hasReference(spec) ? withinContract(spec, call) : failure;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.constructor.name : typeof error);
const text = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message.slice(0, 600)}` : String(error);

async function guarded(
  call: Call,
  compile: Readonly<Record<string, unknown>>,
  body: () => Promise<Failure | null>,
): Promise<Failure | null> {
  try {
    return await body();
  } catch (error) {
    const promise = `a valid configuration runs: ${source(compile)} (${nameOf(error)})`;
    return {
      promise,
      detail: text(error),
      code: runnable(call, { compile, expected: "this must not throw" }),
    };
  }
}

/** js, wasm and the interpreter give the same bits at "highest". */
function sameBits(call: Call): Promise<Failure | null> {
  return guarded(call, { backend: "js", precision: "highest" }, async () => {
    const expected = await run(call, "interpreter");
    for (const backend of ["js", "wasm"] as const) {
      const compile = { backend, precision: "highest" };
      const failure = await guarded(call, compile, async () => {
        const found = await run(call, backend);
        const at = firstDifference(found, expected);
        if (at < 0 && found.shape.join() === expected.shape.join() && found.dtype === expected.dtype)
          return null;
        const detail = describe(found, expected, Math.max(at, 0));
        return {
          promise: `${backend} = interpreter`,
          detail,
          code: runnable(call, { compile, expected: detail }),
        };
      });
      if (failure !== null) return failure;
    }
    return null;
  });
}

const head = ({ dtype, shape }: Tensor): string => `${dtype}[${shape}]`;
const describe = (found: Tensor, expected: Tensor, at: number): string =>
  `element ${at} of ${head(found)} is ${found.data[at]}, of ${head(expected)} it must be ${expected.data[at]}`;

const float32s = ["float32", "float64"];

/** Sums of finite float32 numbers, and nothing after them but relu. */
function hasReference(spec: ConvSpec): boolean {
  const wide = float32s.includes(spec.paramDType) && !spec.inputDType.includes("float16");
  return spec.data !== "special" && wide && (spec.dtype === null || float32s.includes(spec.dtype));
}

/** Windows Winograd is made for; it is then also asked for, whatever it should cost. */
const suitsWinograd = ({ kernelSize, baked }: ConvSpec): boolean =>
  baked &&
  kernelSize.length >= 1 &&
  kernelSize.length <= 3 &&
  kernelSize.slice(-2).every((size) => size === 3);

/** Each way to run at "default", and the interpreter, against float64. */
async function withinContract(spec: ConvSpec, given: Call): Promise<Failure | null> {
  const call: Call = { ...given, residual: false, activation: given.activation === "relu" ? "relu" : "none" };
  const expected = reference(spec, call);
  const highest = { backend: "wasm", precision: "highest" };
  const interpreted = await guarded(call, highest, async () => {
    const found = await run(call, "interpreter");
    return outside(call, highest, found, expected, "the interpreter");
  });
  if (interpreted !== null) return interpreted;
  for (const backend of ["js", "wasm"] as const)
    for (const algorithm of suitsWinograd(spec) ? (["auto", "winograd"] as const) : (["auto"] as const)) {
      const options = { backend, precision: "default", algorithm } as const;
      const failure = await guarded(call, options, async () => {
        const { found, winograd } = await runDefault(call, options);
        return outside(call, options, found, expected, winograd ? `winograd on ${backend}` : backend);
      });
      if (failure !== null) return failure;
    }
  return null;
}

async function runDefault(
  call: Call,
  options: { readonly backend: "js" | "wasm"; readonly algorithm: "auto" | "winograd" },
) {
  const { inputs, baked } = programOf(call);
  const variables = variablesOf(call);
  const f = await compile(targetOf(call), { inputs, ...options, ...(baked ? { variables } : {}) });
  if (!baked) await f.setVariables(variables);
  try {
    const { layers } = f.explain({ json: true });
    return {
      found: f.runSync(...inputs),
      winograd: layers.some((layer) => layer.algorithm.includes("winograd")),
    };
  } finally {
    f.dispose();
  }
}

function outside(
  call: Call,
  compile: { readonly backend: string; readonly precision: string },
  found: Tensor,
  expected: Expected,
  what: string,
): Failure | null {
  const promise = `${what} is within the contract of "${compile.precision}"`;
  const failure = (detail: string): Failure => ({
    promise,
    detail,
    code: runnable(call, { compile, expected: detail }),
  });
  if (found.shape.join() !== expected.shape.join())
    return failure(`the shape is [${found.shape}], it must be [${expected.shape}]`);
  const wrong = outsideContract(found, expected, what.startsWith("winograd"));
  if (wrong === null) return null;
  const { at, allowed } = wrong;
  return failure(
    `element ${at} is ${found.data[at]}, float64 gives ${expected.data[at]}, allowed are ${allowed} more or less`,
  );
}

/** Specs a step smaller or simpler; the boldest first. */
function* smaller(spec: ConvSpec): Generator<ConvSpec> {
  const change = (changes: Partial<ConvSpec>): ConvSpec => legal({ ...spec, ...changes });
  if (spec.residual) yield change({ residual: false });
  if (spec.activation !== "none") yield change({ activation: "none" });
  if (spec.mask) yield change({ mask: false });
  if (spec.useBias) yield change({ useBias: false });
  if (spec.transposeKernel) yield change({ transposeKernel: false });
  if (spec.dtype !== null) yield change({ dtype: null });
  if (spec.paramDType !== "float32") yield change({ paramDType: "float32" });
  if (spec.inputDType !== "float32") yield change({ inputDType: "float32" });
  if (spec.module !== "Conv") yield change({ module: "Conv", transposeKernel: false });
  for (const batch of [[1], []])
    if (batch.length < spec.batch.length || batch[0]! < spec.batch[0]!) yield change({ batch });
  const rank = spec.extents.length;
  for (let d = 0; d < rank && rank > 1; d++) yield change(without(spec, d));
  for (const name of ["groups", "depth", "perGroup"] as const)
    for (const value of less(spec[name], 1)) yield change({ [name]: value });
  for (const name of ["inputDilation", "kernelDilation", "strides", "kernelSize", "extents"] as const)
    for (let d = 0; d < rank; d++)
      for (const value of less(spec[name][d]!, name === "extents" ? 0 : 1))
        yield change({ [name]: spec[name].with(d, value) });
  yield* simplerPadding(spec).map((padding) => change({ padding }));
  for (const data of ["constant", "integers", "normal"] as const) {
    if (data === spec.data) break;
    yield change({ data });
  }
}

/** Halfway down, and one less. */
function less(value: number, least: number): number[] {
  if (value <= least) return [];
  const half = Math.max(least, Math.floor(value / 2));
  return half === value - 1 ? [half] : [half, value - 1];
}

function without(spec: ConvSpec, d: number): Partial<ConvSpec> {
  const drop = <T>(list: readonly T[]): T[] => list.filter((_, at) => at !== d);
  const { padding } = spec;
  return {
    extents: drop(spec.extents),
    kernelSize: drop(spec.kernelSize),
    strides: drop(spec.strides),
    inputDilation: drop(spec.inputDilation),
    kernelDilation: drop(spec.kernelDilation),
    padding: typeof padding === "object" ? drop(padding) : padding,
  };
}

function simplerPadding({ padding, inputDilation }: ConvSpec): ConvSpec["padding"][] {
  if (padding === "VALID") return [];
  const named: ConvSpec["padding"][] = inputDilation.some((l) => l > 1) ? [] : ["VALID"];
  if (typeof padding !== "object") return padding === 0 ? named : [...named, 0];
  const towardsZero = padding.flatMap(([low, high], d) => [
    ...(low === 0 ? [] : [padding.with(d, [low - Math.sign(low), high])]),
    ...(high === 0 ? [] : [padding.with(d, [low, high - Math.sign(high)])]),
  ]);
  return [...named, 0, ...towardsZero];
}

export interface Shrunk {
  readonly spec: ConvSpec;
  readonly failure: Failure;
  readonly steps: number;
}

/** Takes smaller specs that break the same promise for as long as there are some. */
export async function shrink(
  spec: ConvSpec,
  failure: Failure,
  {
    tries = 500,
    examine = check,
  }: { readonly tries?: number; readonly examine?: (spec: ConvSpec) => Promise<Failure | null> } = {},
): Promise<Shrunk> {
  let best: Shrunk = { spec, failure, steps: 0 };
  let left = tries;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(best.spec)) {
      // Making it legal may have taken the change back.
      if (JSON.stringify(candidate) === JSON.stringify(best.spec)) continue;
      if (left-- <= 0) return best;
      const next = await examine(candidate);
      if (next?.promise !== failure.promise) continue;
      best = { spec: candidate, failure: next, steps: best.steps + 1 };
      found = true;
      break;
    }
  }
  return best;
}
