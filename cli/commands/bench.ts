/** `convsmith bench`: how long one run of a model takes on each backend. */
import type { AnyBackend } from "../../compiler/compile-options.js";
import { refuseMeasuring } from "../../compiler/compile-options.js";
import type { Executable } from "../../compiler/executable.js";
import { compile } from "../../compiler/executable.js";
import { count } from "../../compiler/explain.js";
import type { Result } from "../../runtime/binding.js";
import { dataLength, newArray } from "../../runtime/tensor.js";
import type { Times } from "../measure.js";
import { timesOf, timesOfAsync } from "../measure.js";
import type { BenchFlags } from "../options.js";
import { prepareOptions, userAsync } from "../prepare.js";
import { table } from "../table.js";
import type { Terminal } from "../terminal.js";

export async function benchCommand(path: string, flags: BenchFlags, terminal: Terminal): Promise<void> {
  if (flags.tune && flags.backend?.includes("wgsl")) refuseMeasuring("--tune");
  const rows: string[][] = [];
  for (const backend of flags.backend ?? ["js", "wasm"]) {
    const seeded = flags.weights === undefined ? { seed: 0 } : {};
    const { target: model, options } = await prepareOptions(path, { ...flags, backend }, terminal, seeded);
    const start = performance.now();
    const executable = await userAsync(path, () => compile(model, options));
    const compileMs = performance.now() - start;
    const { medianMs, minMs, runs } = await timesOn(executable, {
      runs: flags.runs ?? 20,
      leastMs: flags.runs === undefined ? 400 : 0,
    });
    const { macs, target } = executable.explain({ json: true });
    executable.dispose();
    if (flags.json)
      terminal.out(`${JSON.stringify({ backend, target, medianMs, minMs, runs, compileMs, macs })}\n`);
    const speed = `${(macs / medianMs / 1e6).toFixed(2)} GMAC/s`;
    rows.push([target, ms(medianMs), ms(minMs), speed, String(runs), ms(compileMs), count(macs)]);
  }
  if (flags.json) return;
  const head = ["target", "median", "fastest", "speed", "runs", "compile", "MACs"];
  const sides = ["left", "right", "right", "right", "right", "right", "right"] as const;
  terminal.out(`${table([head, ...rows], sides).join("\n")}\n`);
}

type Options = Parameters<typeof timesOf>[1];

/** On a GPU with inputs written and results read back each time, elsewhere without. */
async function timesOn(executable: Executable<AnyBackend, Result>, options: Options): Promise<Times> {
  if (executable.backend === "wgsl") {
    const given = executable.explain({ json: true }).inputs.map(({ shape, dtype }) => {
      const data = newArray(dtype, dataLength(shape, dtype));
      fill(data, dtype === "float32");
      return { data, shape, dtype };
    });
    return timesOfAsync(async () => void (await executable.run(...given)), options);
  }
  const host = executable as Executable;
  for (const { data, dtype } of host.inputs) fill(data, dtype === "float32");
  return timesOf(host.invoke, options);
}

function ms(value: number): string {
  return `${value.toPrecision(3)} ms`;
}

/** Numbers between -1 and 1, or small integers; the same each time. */
function fill(data: { length: number; [i: number]: number }, floating: boolean): void {
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = floating ? state / 2 ** 31 - 1 : state >>> 31;
  }
}
