/** What the types of the public surface promise; `npm run check` and types.test.ts read it, nothing runs it. */
import type { DType, Executable, Result, Tensor, Traced, TypedArray, View } from "convsmith";
import { Conv, compile, jit, key, lax, Module, nn, Sequential, tensor, trace } from "convsmith";

const conv = new Conv({ features: 8, kernelSize: [3, 3] });
const inputs = [[1, 28, 28, 3]];
const variables = conv.init(key(0), [1, 28, 28, 3]);
declare const x: Tensor;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Same<A, B> extends true ? [] : ["these types differ"]): void => undefined;

export async function backends(): Promise<void> {
  const js = await compile(conv, { inputs, variables, backend: "js" });
  same<typeof js.backend, "js">();
  const wasm: Executable<"wasm"> = await compile(conv, { inputs, backend: "wasm" });
  same<typeof wasm.backend, "wasm">();
  const auto = await compile(conv, { inputs, backend: "auto" });
  same<typeof auto.backend, "js" | "wasm" | "wgsl">();
  // @ts-expect-error: "auto" may be wgsl, which has no synchronous run
  auto.runSync(x);
  const plain = await compile(conv, { inputs });
  same<typeof plain.backend, "js" | "wasm">();
  const either: "js" | "wasm" = plain.backend;
  const chosen = await compile(conv, { inputs, backend: either });
  chosen.invoke();
  same<typeof chosen.inputs, readonly View[]>();

  const wgsl = await compile(conv, { inputs, backend: "wgsl" });
  same<Tensor, Awaited<ReturnType<typeof wgsl.run>>>();
  // @ts-expect-error: there is no synchronous run on a GPU
  wgsl.runSync(x);
  // @ts-expect-error: nor invoke
  wgsl.invoke();
  // @ts-expect-error: nor views
  void wgsl.outputs;
  // @ts-expect-error: an executable of another backend
  const wrong: Executable<"js"> = wasm;
  // @ts-expect-error: no such backend
  await compile(conv, { inputs, backend: "webgl" });
  // @ts-expect-error: no such option
  await compile(conv, { inputs, optimise: true });
  // @ts-expect-error: inputs are required
  await compile(conv, {});
  // @ts-expect-error: not a model
  await compile({ call: 3 }, { inputs });
  void wrong;
}

class Pair extends Module {
  override call(a: Traced): readonly [Traced, Traced] {
    return [a, nn.relu(a)];
  }
}

export async function results(): Promise<void> {
  const y = (await compile(conv, { inputs })).runSync(x);
  same<typeof y, Tensor>();
  const [data, dtype, shape]: [TypedArray, DType, readonly number[]] = [y.data, y.dtype, y.shape];
  const [up, down] = (await compile(new Pair(), { inputs })).runSync(x);
  same<typeof down, Tensor>();
  const record = (a: Traced, b: Traced) => ({ sum: lax.add(a, b), parts: [a, b] as const });
  const f = await compile(record, { inputs: { a: [2], b: [2] }, backend: "js" });
  const { sum, parts } = await f.run(x, x);
  same<typeof parts, readonly [Tensor, Tensor]>();
  // @ts-expect-error: there is no third
  void parts[2];
  const g = await jit(new Pair())(variables, x);
  same<typeof g, readonly [Tensor, Tensor]>();
  // A Module, or layers, of any kind: one Tensor unless said otherwise.
  const some: Module = conv;
  same<Awaited<ReturnType<Awaited<ReturnType<typeof ofSome>>["run"]>>, Tensor>();
  const ofSome = () => compile(some, { inputs });
  const chain = await compile(new Sequential([conv, nn.relu]), { inputs });
  same<ReturnType<typeof chain.runSync>, Tensor>();
  const said = await compile<"js", Result>(some, { inputs, backend: "js" });
  same<ReturnType<typeof said.runSync>, Result>();
  void [data, dtype, shape, up, sum, ofSome];
}

export async function calls(): Promise<void> {
  const f = await compile(conv, { inputs, variables });
  await f.run(x.data);
  await f.run({ x });
  f.runSync(x, new Float32Array(8));
  const { layers } = f.explain({ json: true });
  const text: string = f.explain();
  // @ts-expect-error: no such stage
  await f.emit("assembly");
  // @ts-expect-error: text is no input
  await f.run("pixels");
  // @ts-expect-error: variables are { params }
  await f.setVariables({ kernel: x });
  // @ts-expect-error: views are the program's
  f.inputs[0]!.data = new Float32Array(8);
  const g = jit(conv);
  await g(variables, tensor([1], [1]));
  // @ts-expect-error: shapes decide, and a bare array has none
  await g(variables, new Float32Array(1));
  const size: number = g.cacheSize();
  // @ts-expect-error: jit's inputs are those of each call
  jit(conv, { inputs });
  const graph: string = String(trace(conv, { inputs }));
  void [layers, text, size, graph];
}
