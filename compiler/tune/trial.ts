/** One way to compute a layer as a program of its own, so that it can be timed: kernel, what it needs prepared, memory. */
import { backends } from "../../codegen/backend.js";
import type { Buffer, Kernel } from "../../ir/kernel.js";
import type { KernelCall, KernelProgram } from "../../ir/program.js";
import { elementBytes } from "../../ir/types.js";
import { UnsupportedError } from "../../runtime/error.js";
import type { JsFactory } from "../../runtime/run-js.js";
import { instantiateWasm } from "../../runtime/run-wasm.js";
import { alignUp } from "../memory.js";
import type { PassContext } from "../pass.js";
import type { PassOptions } from "../run-passes.js";
import { runKernelPasses } from "../run-passes.js";
import { applySchedule } from "../schedule/apply.js";
import type { Choice } from "../schedule/choose.js";
import { scheduleFor } from "../schedule/choose.js";

export interface TrialContext extends PassContext {
  readonly passes: PassOptions;
}

/** A program of one layer, and where its operands lie. */
export interface Trial {
  readonly program: KernelProgram;
  readonly operands: readonly { readonly buffer: Buffer; readonly offset: number }[];
}

/** Operands one after another, then what setup makes of the constant ones, then intermediate buffers. */
export function trialOf({ lowered, schedule }: Choice, context: TrialContext): Trial {
  const { kernel, packed } = applySchedule(lowered, schedule);
  const legal = (from: Kernel, name: string): Kernel => ({
    ...runKernelPasses(from, context, context.passes).kernel,
    name,
  });
  const prepared = lowered.prepared.map(({ lowered: other }) => {
    const way = scheduleFor(other, context.target);
    return applySchedule(other, way.schedule).kernel;
  });
  const setup = [...prepared, ...packed.map((each) => each.kernel)].map((each, i) =>
    legal(each, `setup_${i}`),
  );
  const main = legal(kernel, "trial");
  const offsets = new Map<string, number>();
  let end = 0;
  const place = (buffer: Buffer | Kernel["params"][number], name = buffer.name): number => {
    const known = offsets.get(name);
    if (known !== undefined) return known;
    const at = end;
    offsets.set(name, at);
    end = alignUp(at + buffer.size * elementBytes(buffer.element));
    return at;
  };
  const prepares = new Set(lowered.prepared.map(({ name }) => name));
  const operands = lowered.params
    .filter(({ name }) => !prepares.has(name))
    .map(({ name, element, size }) => {
      const buffer: Buffer = { name, element, size, space: "arena" };
      return { buffer, offset: place(buffer) };
    });
  const call = (from: Kernel): KernelCall => ({
    kernel: from.name,
    args: [
      ...from.params.map((param) => place(param)),
      ...from.locals.map((local) => place(local, `${from.name}/${local.name}`)),
    ],
  });
  const calls = { setup: setup.map(call), run: [call(main)] };
  const program = { name: "trial", kernels: [...setup, main], ...calls, memoryBytes: end };
  return { program, operands };
}

/** A program on memory of its own, on one thread. */
export interface Started {
  readonly memory: ArrayBuffer | SharedArrayBuffer;
  setup(): void;
  run(): void;
}

export async function startProgram(program: KernelProgram, target: PassContext["target"]): Promise<Started> {
  const emit = await backends[target.backend]();
  const artifact = await emit(program, target);
  if (artifact.kind === "wasm") return instantiateWasm(artifact.bytes);
  if (artifact.kind === "wgsl")
    throw new UnsupportedError("stage-unsupported", "kernels of wgsl are not measured one by one");
  const memory = new ArrayBuffer(program.memoryBytes);
  return { memory, ...(new Function(`return ${artifact.source}`)() as JsFactory)(memory) };
}
