/** The fuzzer runs, stops at what is wrong, and shows it small and as code that shows it again. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { Failure } from "../differential/check.js";
import { shrink } from "../differential/check.js";
import type { ConvSpec } from "../differential/random-conv.js";
import { callOf, randomConv } from "../differential/random-conv.js";
import { runnable } from "../differential/runnable.js";
import { fuzz } from "./run.js";

const start = fileURLToPath(new URL("start.mjs", import.meta.url));

async function command(...args: string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [start, ...args]);
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

/** As if strides with a mask gave something else. */
const wrongWhere =
  (holds: (spec: ConvSpec) => boolean) =>
  async (spec: ConvSpec): Promise<Failure | null> =>
    holds(spec)
      ? {
          promise: "p",
          detail: "1 instead of 2",
          code: runnable(callOf(spec), { compile: { backend: "js" } }),
        }
      : null;

describe("the command", () => {
  it("holds", async () => {
    const { code, text } = await command("--seed", "3", "--count", "2", "--invalid", "60");
    expect(text).toMatch(/60 invalid configurations refused, 2 valid ones hold, in \d+ s; seed 3/);
    expect(code).toBe(0);
  });

  it("says how it is used", async () => {
    const { code, text } = await command("--sed", "3");
    expect(code).toBe(2);
    expect(text).toMatch(/--sed[\s\S]*npm run fuzz -- \[--seed N\]/);
    expect((await command("--seed", "x")).code).toBe(2);
  });
});

describe("a run", () => {
  const options = { seed: 1, minutes: 1, count: 500, invalid: 0 };

  it("stops at the first failure and shrinks it", async () => {
    const lines: string[] = [];
    const examine = wrongWhere(({ mask, strides }) => mask && strides.some((stride) => stride > 1));
    expect(await fuzz(options, { log: (line) => lines.push(line), examine })).toBe(1);
    const text = lines.join("\n");
    const [, seed] = /FAILED, seed (\d+)/.exec(text)!;
    expect(await examine(randomConv(Number(seed)))).not.toBeNull();
    expect(text).toContain(`npm run fuzz -- --seed ${seed} --invalid 0 --count 1`);
    expect(text).toMatch(
      /new Conv\({ features: 1, kernelSize: \[1\], strides: \[2\], (padding: "VALID", )?useBias: false, mask: /,
    );
  });

  it("stops at an invalid configuration that is not refused", async () => {
    const lines: string[] = [];
    const complaint = async () => "strides: it was accepted";
    expect(await fuzz({ ...options, invalid: 9 }, { log: (line) => lines.push(line), complaint })).toBe(1);
    expect(lines.join("\n")).toMatch(/seed 1: strides: it was accepted\n.*--seed 1 --invalid 1 --count 0/);
  });

  it("reports every few seconds and ends in time", async () => {
    const lines: string[] = [];
    let time = 0;
    const now = () => (time += 400);
    expect(await fuzz(options, { log: (line) => lines.push(line), now, examine: async () => null })).toBe(0);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines[0]).toMatch(/^\d+ s: \d+ configurations hold/);
    expect(lines.at(-1)).toMatch(/^0 invalid configurations refused, \d+ valid ones hold, in \d+ s; seed 1$/);
  });
});

it("a shrunk example breaks the same promise, and nothing smaller does", async () => {
  const examine = wrongWhere(({ extents, depth }) => extents.length > 0 && extents[0]! >= 3 && depth >= 2);
  const found = Array.from({ length: 50 }, (_, seed) => randomConv(seed)).find(
    ({ extents, depth }) => extents[0]! >= 5 && depth >= 4,
  )!;
  const { spec } = await shrink(found, (await examine(found))!, { examine });
  expect(spec).toMatchObject({
    extents: [3],
    depth: 2,
    groups: 1,
    perGroup: 1,
    kernelSize: [1],
    batch: [],
    mask: false,
  });
});
