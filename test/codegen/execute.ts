/** Runs kernels written as text on a backend, each buffer at a place of its own in memory. */
import { emitJs } from "../../codegen/js.js";
import { emitWasm } from "../../codegen/wasm.js";
import type { Kernel } from "../../ir/kernel.js";
import { parseKernel } from "../../ir/parse.js";
import type { KernelProgram } from "../../ir/program.js";
import { type Target, type TargetName, targets } from "../../ir/target.js";
import { type ElementType, elementBytes } from "../../ir/types.js";

export type View = Float32Array | Uint16Array | Int32Array | Uint32Array | Int8Array | Uint8Array;
export type Buffers = Readonly<Record<string, View>>;

/** One call of one kernel; the first buffer does not lie at 0, so that a lost pointer shows. */
export function programOf(kernel: Kernel, first = 64): KernelProgram {
  let at = first;
  const args = [...kernel.params, ...kernel.locals].map(({ element, size }) => {
    const offset = at;
    at += Math.ceil((size * elementBytes(element)) / 16) * 16;
    return offset;
  });
  return {
    name: "test",
    kernels: [kernel],
    setup: [],
    run: [{ kernel: kernel.name, args }],
    memoryBytes: at,
  };
}

function viewOf(element: ElementType, memory: ArrayBuffer, offset: number, size: number): View {
  const views = {
    f32: Float32Array,
    i32: Int32Array,
    u32: Uint32Array,
    i8: Int8Array,
    u8: Uint8Array,
    bool: Uint8Array,
    f16: Uint16Array,
    bf16: Uint16Array,
  } as const;
  return new views[element](memory, offset, size);
}

export interface Loaded {
  readonly memory: ArrayBuffer;
  setup(): void;
  run(): void;
}

export async function load(program: KernelProgram, target: Target): Promise<Loaded> {
  const artifact = target.backend === "js" ? await emitJs(program, target) : await emitWasm(program, target);
  if (artifact.kind === "js") {
    const memory = new ArrayBuffer(program.memoryBytes);
    const make = new Function(`return ${artifact.source}`)() as (
      memory: ArrayBuffer,
    ) => Omit<Loaded, "memory">;
    return { memory, ...make(memory) };
  }
  if (artifact.kind !== "wasm") throw new Error(`${artifact.kind} does not run here`);
  const { instance } = await WebAssembly.instantiate(artifact.bytes as Uint8Array<ArrayBuffer>);
  const { memory, setup, run } = instance.exports as unknown as Omit<Loaded, "memory"> & {
    memory: WebAssembly.Memory;
  };
  return { memory: memory.buffer as ArrayBuffer, setup, run };
}

/** The parameters' contents after one run. */
export async function execute(
  target: TargetName,
  kernel: Kernel | string,
  given: Buffers,
  first?: number,
): Promise<Record<string, View>> {
  const parsed = typeof kernel === "string" ? parseKernel(kernel) : kernel;
  const program = programOf(parsed, first);
  const loaded = await load(program, targets[target]);
  const views: Record<string, View> = {};
  parsed.params.forEach(({ name, element, size }, index) => {
    const view = viewOf(element, loaded.memory, program.run[0]!.args[index]!, size);
    const data = given[name];
    if (data !== undefined) view.set(data);
    views[name] = view;
  });
  loaded.setup();
  loaded.run();
  return Object.fromEntries(Object.entries(views).map(([name, view]) => [name, view.slice()]));
}

/** The same on js and wasm-simd: the results must be equal, NaN by NaN and -0 by -0. */
export async function executeBoth(
  kernel: Kernel | string,
  given: Buffers,
  first?: number,
): Promise<Record<string, View>> {
  const [js, wasm] = [
    await execute("js", kernel, given, first),
    await execute("wasm-simd", kernel, given, first),
  ];
  for (const [name, view] of Object.entries(js)) {
    const other = wasm[name]!;
    view.forEach((value, index) => {
      if (!Object.is(value, other[index]))
        throw new Error(`${name}[${index}]: js ${value}, wasm ${other[index]}`);
    });
  }
  return js;
}
