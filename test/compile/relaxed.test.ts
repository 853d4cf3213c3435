/** The relaxed artifact runs where the engine has relaxed SIMD; Node 20 has it behind a flag. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const flag = Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-wasm-relaxed-simd"] : [];

/** What a program in an engine with relaxed SIMD prints, as JSON. */
function inRelaxedEngine(program: string): unknown {
  const index = new URL("../../dist/compiler/index.js", import.meta.url).href;
  const source = `import * as c from ${JSON.stringify(index)};\n${program}`;
  return JSON.parse(
    execFileSync(process.execPath, [...flag, "--input-type=module", "-e", source]).toString(),
  );
}

it("compile() chooses and runs it, within the error contract of the exact one", () => {
  const found = inRelaxedEngine(`
    const net = new c.Sequential([new c.Conv({ features: 8, kernelSize: [3, 3] }), c.nn.gelu, new c.Conv({ features: 5, kernelSize: [3, 3], kernelDilation: 2 })]);
    const shape = [1, 11, 9, 6];
    const x = Float32Array.from({ length: 594 }, (_, i) => Math.sin(i));
    const results = [];
    for (const options of [{ precision: "highest" }, {}, { algorithm: "direct" }, { algorithm: "winograd" }]) {
      const f = await c.compile(net, { inputs: [shape], variables: net.init(c.key(1), shape), backend: "wasm", ...options });
      results.push({ notes: f.notes.join(), data: [...f.runSync(x).data] });
    }
    console.log(JSON.stringify(results));`) as { notes: string; data: number[] }[];
  const [exact, ...others] = found;
  expect(exact!.notes).toContain("runs wasm-simd");
  const largest = Math.max(...exact!.data.map(Math.abs));
  for (const { notes, data } of others) {
    expect(notes).toContain("runs wasm-relaxed");
    const off = Math.max(...data.map((value, i) => Math.abs(value - exact!.data[i]!)));
    expect(off / largest).toBeLessThan(2e-5);
  }
});
