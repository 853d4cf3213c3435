/** What shows only in a process of its own: what a call allocates, and a page that forbids making code from text. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Conv, compile, key } from "../../compiler/index.js";
import type { BuiltCopy } from "./built-copy.js";
import { buildCopy } from "./built-copy.js";

let copy: BuiltCopy;
beforeAll(async () => {
  copy = await buildCopy({ convsmith: "compiler/index.ts" });
});
afterAll(() => copy.remove());

/** What a script prints, as JSON. */
async function run<T>(name: string, text: string, ...flags: readonly string[]): Promise<T> {
  const path = copy.script(name, text);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path], { cwd: copy.folder });
  return JSON.parse(stdout) as T;
}

const model = `
  import { Conv, ConvsmithError, UnsupportedError, compile, key } from "./convsmith.mjs";
  const conv = new Conv({ features: 2, kernelSize: [3] });
  const options = { inputs: [[1, 4, 2]], variables: conv.init(key(0), [1, 4, 2]) };
  const x = new Float32Array(8).fill(1);
`;

it.concurrent("runSync(x, out) and invoke allocate nothing", async () => {
  const grown = await run<Record<string, Record<string, number>>>(
    "allocate.mjs",
    `${model}
    // The least of several rounds: the engine itself allocates now and then, when it optimises.
    function grownBy(call) {
      let least = Infinity;
      for (let round = 0; round < 8; round++) {
        gc();
        const before = process.memoryUsage().heapUsed;
        for (let i = 0; i < 10000; i++) call();
        least = Math.min(least, process.memoryUsage().heapUsed - before);
      }
      return least;
    }
    const out = new Float32Array(8);
    const grown = {};
    for (const backend of ["js", "wasm"]) {
      const f = await compile(conv, { ...options, backend });
      grown[backend] = {
        out: grownBy(() => f.runSync(x, out)),
        invoke: grownBy(() => f.invoke()),
        result: grownBy(() => f.runSync(x)),
      };
    }
    console.log(JSON.stringify(grown));`,
    "--expose-gc",
    // So that what is allocated stays until gc() is called.
    "--min-semi-space-size=64",
    "--max-semi-space-size=64",
  );
  for (const backend of ["js", "wasm"]) {
    const { out, invoke, result } = grown[backend]!;
    // Less than a byte a call: no object is that small. A call that returns a fresh Tensor shows that it would be seen.
    expect([backend, "out", out! < 10_000, out]).toEqual([backend, "out", true, out]);
    expect([backend, "invoke", invoke! < 10_000, invoke]).toEqual([backend, "invoke", true, invoke]);
    expect([backend, "result", result! > 1_000_000, result]).toEqual([backend, "result", true, result]);
  }
});

it.concurrent("where code may not be made from text, js is refused and bundles run", async () => {
  const conv = new Conv({ features: 2, kernelSize: [3] });
  const options = { inputs: [[1, 4, 2]], variables: conv.init(key(0), [1, 4, 2]) };
  const f = await compile(conv, { ...options, backend: "js" });
  for (const [name, bytes] of await f.bundle({ name: "js" })) copy.script(name, bytes);
  const found = await run<Record<string, unknown>>(
    "blocked.mjs",
    `${model}
    import { writeFileSync } from "node:fs";
    import { create as createJs } from "./js.mjs";
    const error = await compile(conv, { ...options, backend: "js" }).catch((reason) => reason);
    const f = await compile(conv, { ...options, precision: "highest" });
    for (const [name, bytes] of await f.bundle({ name: "wasm" })) writeFileSync(name, bytes);
    const { create: createWasm } = await import("./wasm.mjs");
    const [js, wasm, own] = [(await createJs()).runSync(x), (await createWasm()).runSync(x), f.runSync(x)];
    console.log(JSON.stringify({
      unsupported: error instanceof UnsupportedError, code: error.code, message: error.message,
      backend: f.backend, js: [...js.data], wasm: [...wasm.data], own: [...own.data],
    }));`,
    "--disallow-code-generation-from-strings",
  );
  const expected = [...f.runSync(new Float32Array(8).fill(1)).data];
  expect(found).toMatchObject({ unsupported: true, code: "code-generation-blocked", backend: "wasm" });
  expect(found.js).toEqual(expected);
  expect(found.wasm).toEqual(found.own);
  expect(found.message).toMatch(/bundle/);
});
