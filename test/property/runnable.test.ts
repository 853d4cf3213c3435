/** Counter-examples are code that runs, and gives what the example gave. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as convsmith from "../../compiler/index.js";
import type { Call } from "../differential/call.js";
import { run } from "../differential/call.js";
import { check } from "../differential/check.js";
import { callOf, randomConv } from "../differential/random-conv.js";
import { numberSource, runnable, source } from "../differential/runnable.js";
import { attemptCode, tryOut } from "../fuzz/attempt.js";
import { brokenAttempt } from "../fuzz/invalid.js";
import { convOf, holds, type Runs } from "./plan.js";

/** Runs pasted code on this copy of the library; gives what it printed. */
async function paste(code: string): Promise<unknown[]> {
  const imported = /^import \{ (.*) \} from "convsmith";\n/.exec(code);
  expect(imported, code).not.toBeNull();
  for (const name of imported![1]!.split(", ")) expect(convsmith).toHaveProperty(name);
  const lines: unknown[] = [];
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const body = code.replace(imported![0], `const { ${imported![1]} } = convsmith;\n`);
  await new AsyncFunction("convsmith", "console", body)(convsmith, {
    log: (...items: unknown[]) => lines.push(...items),
  });
  return lines;
}

describe("a value as source", () => {
  const same = (value: unknown) => expect(new Function(`return ${source(value)}`)()).toEqual(value);

  it("is the value again", () => {
    for (const value of [
      0,
      -0,
      NaN,
      -Infinity,
      1e-7,
      3n,
      'a"b\n',
      null,
      undefined,
      true,
      [],
      [[1, -2], "x"],
      {},
      { "a-b": [{ c: 1 }] },
    ])
      same(value);
    same(Float32Array.of(0.1, -0, NaN, Infinity, 1e-45, 3e38));
    same(new Uint8Array(9));
    same(new Float32Array(5).fill(-0));
    same({ data: Int32Array.of(-5), shape: [1], dtype: "int32" });
    expect(source((x: number) => x)).toMatch(/=>/);
  });

  it("is any float32, in few digits", () => {
    expect(numberSource(Math.fround(0.1), true)).toBe("0.1");
    fc.assert(
      fc.property(fc.float(), (x) => {
        const text = numberSource(x, true);
        expect(text.length).toBeLessThanOrEqual(22);
        expect(Math.fround(Number(text))).toBe(x);
      }),
    );
  });
});

describe("a call as code", () => {
  const printed = async (call: Call, backend = "js") => {
    const compile = { backend, precision: "highest" };
    const [shape, data] = await paste(runnable(call, { compile, expected: "a comment" }));
    return { shape, data: [...(data as Float32Array)] };
  };

  it("gives what the call gave", async () => {
    for (const seed of [2, 3, 5, 8, 13, 21, 34, 55]) {
      const call = callOf(randomConv(seed));
      const { shape, data } = await run(call, "js");
      expect(await printed(call), `seed ${seed}`).toEqual({ shape, data: [...data] });
    }
  });

  it("names the module, its options and the data", () => {
    const call: Call = {
      module: "Conv",
      options: { features: 1, kernelSize: [2], padding: [[1, 0]], useBias: false },
      input: convsmith.tensor([1, -2, 0.1], [1, 3, 1]),
      kernel: convsmith.tensor([3, 4], [2, 1, 1]),
      activation: "relu",
      residual: true,
      baked: false,
    };
    expect(
      runnable(call, { compile: { backend: "wasm" }, expected: "3 instead of 4" }),
    ).toBe(`import { Conv, compile, lax, nn } from "convsmith";

const model = (x) => {
  const y = new Conv({ features: 1, kernelSize: [2], padding: [[1, 0]], useBias: false }).call(x);
  return lax.add(nn.relu(y), y);
};
const x = { data: Float32Array.of(1, -2, 0.1), shape: [1, 3, 1], dtype: "float32" };
const variables = { params: { Conv_0: { kernel: { data: Float32Array.of(3, 4), shape: [2, 1, 1], dtype: "float32" } } } };
const f = await compile(model, { inputs: [x], backend: "wasm" });
await f.setVariables(variables);
const y = f.runSync(x);
console.log(y.shape, y.data);
// 3 instead of 4
`);
  });
});

/** A function of no name gets one where it is written as an option. */
const said = (error: unknown): string => (error as Error).message.replace(/the function \w+/, "a function");

it("a broken configuration as code is refused in the same way", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { attempt } = brokenAttempt(seed);
    const { error } = await tryOut(attempt);
    const code = attemptCode(attempt);
    const again: unknown = await paste(code).then(
      () => "accepted",
      (reason: unknown) => reason,
    );
    expect(said(again), code).toBe(said(error));
  }
});

it("a broken property shows the code of the smallest example", async () => {
  const property = holds({ ranks: [1, 1] }, async (plan, runs: Runs) => {
    const call = convOf({ ...plan, how: { way: "js", precision: "highest" } });
    const y = await runs.run(call);
    if (plan.extents[0]! > 1) runs.same(y, { ...y, data: y.data.map((value) => value + 1) });
  });
  const message = await property.then(
    () => "",
    (error: Error & { cause?: Error }) => `${error.message}\n${error.cause?.message ?? ""}`,
  );
  expect(message).toMatch(/element 0 is (-?\d+), the property gives/);
  const code = message.slice(
    message.indexOf("import {"),
    message.indexOf("console.log(y.shape, y.data);") + 30,
  );
  expect(code).toContain("new Conv({ features: 1, kernelSize: [1], strides: [1]");
  const [shape, data] = await paste(code);
  expect(shape).toEqual([...(shape as number[])]);
  expect(message).toContain(`gave [${shape}] ${data}`);
});

it("a configuration that holds has no counter-example", async () => {
  expect(await check(randomConv(4))).toBeNull();
});
