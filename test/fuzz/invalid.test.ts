/** Configurations with one thing wrong are refused before anything is compiled, and say what is wrong. */
import { describe, expect, it } from "vitest";
import { Conv, compile } from "../../compiler/index.js";
import { modules } from "../differential/call.js";
import { attemptCode, tryOut } from "./attempt.js";
import { breakages, gaps } from "./breakages.js";
import type { NamedBroken } from "./invalid.js";
import { brokenAttempt, complaint, validAttempt } from "./invalid.js";

const count = Number(process.env.INVALID_COUNT ?? 1000);
const firstSeed = Number(process.env.INVALID_SEED ?? 1);

it(`${count} invalid configurations are refused`, { timeout: 600_000 }, async () => {
  const found: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + count && found.length < 5; seed++) {
    const wrong = await complaint(brokenAttempt(seed));
    if (wrong !== null) found.push(`seed ${seed}: ${wrong}`);
  }
  expect(found.join("\n")).toBe("");
});

it("each of them was valid before one thing was broken", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const valid = validAttempt(seed);
    seen.add(valid.module);
    const { error } = await tryOut({ ...valid, compile: { backend: "js" } });
    expect(error, attemptCode(valid)).toBeUndefined();
  }
  expect([...seen].sort()).toEqual([...modules].sort());
});

describe("gaps, to be taken off the list when closed", () => {
  it.fails.each(gaps)("%s", async (name) => {
    for (let seed = 1; seed <= 20; seed++) expect(await complaint(brokenAttempt(seed, [name]))).toBeNull();
  });

  it("are breakages", () => {
    expect(gaps.filter((name) => breakages[name] === undefined)).toEqual([]);
  });
});

describe("what the check complains about", () => {
  const valid = validAttempt(1);
  const broken = brokenAttempt(1, ["strides"]);
  const complaintAbout = (changes: Partial<NamedBroken>) => complaint({ ...broken, ...changes });

  it("a configuration that is accepted, with code to paste", async () => {
    const text = await complaintAbout({ attempt: valid });
    expect(text).toContain("strides: it was accepted");
    expect(text).toContain(`new ${valid.module}({ features: `);
  });

  it("another code, and a message that leaves something out", async () => {
    expect(await complaintAbout({})).toBeNull();
    expect(await complaintAbout({ codes: ["bad-padding"] })).toMatch(/"bad-strides" must be bad-padding/);
    expect(await complaintAbout({ mentions: ["padding"] })).toMatch(/must mention padding/);
  });

  it("an error of another class", async () => {
    const promoteDtype = () => {
      throw new TypeError("oops");
    };
    const attempt = { ...valid, options: { ...valid.options, promoteDtype } };
    expect(await complaintAbout({ attempt })).toMatch(/must throw a ConvsmithError, not TypeError: oops/);
  });

  it("a compiler that ran", async () => {
    const f = await compile(new Conv({ features: 2, kernelSize: [3] }), {
      inputs: [[1, 8, 2]],
      backend: "js",
      precision: "highest",
    });
    const schedules = (await f.emit("schedule")).replace(/@\w+/, "@elsewhere");
    f.dispose();
    const attempt = { ...valid, compile: { backend: "js", precision: "highest", schedules } };
    expect(await complaintAbout({ attempt, codes: ["schedule-kernel"], mentions: [] })).toMatch(
      /the compiler ran: trace, graph/,
    );
  });
});

describe("found by the generator", () => {
  const conv = (options: object, more: object = {}): NamedBroken["attempt"] => ({
    ...validAttempt(1),
    module: "Conv",
    options: { features: 2, kernelSize: [3], ...options },
    inputs: [[1, 8, 2]],
    variables: undefined,
    ...more,
  });
  const zeros = (length: number) => new Float32Array(length);
  it.each<[string, NamedBroken["attempt"], NamedBroken["codes"][number], RegExp]>([
    [
      "strides where there is no dimension",
      conv({ kernelSize: [], strides: NaN }),
      "bad-strides",
      /strides is NaN/,
    ],
    [
      "dilation where there is no dimension",
      conv({ kernelSize: [], kernelDilation: 0 }),
      "bad-dilation",
      /kernelDilation is 0/,
    ],
    [
      "two inputs",
      conv(
        {},
        {
          inputs: [
            [1, 8, 2],
            [1, 8, 2],
          ],
        },
      ),
      "input-count",
      /Conv: 2 inputs.*takes one/,
    ],
    [
      "two inputs of init",
      conv({}, { inputs: [[1, 8, 2], [4]], step: "init" }),
      "input-count",
      /Conv: 2 inputs/,
    ],
    ["no input", conv({}, { inputs: [] }), "input-count", /Conv: 0 inputs/],
    [
      "mask of bytes that says float32",
      conv({ mask: { data: new Uint8Array(12), shape: [3, 2, 2], dtype: "float32" } }),
      "bad-mask",
      /mask/,
    ],
    [
      "mask of floats that says bool",
      conv({ mask: { data: zeros(12), shape: [3, 2, 2], dtype: "bool" } }),
      "bad-mask",
      /mask/,
    ],
    [
      "mask with a shape of text",
      conv({ mask: { data: zeros(12), shape: ["3", "2", "2"], dtype: "float32" } }),
      "bad-mask",
      /mask/,
    ],
    [
      "Tensor spec with too little data",
      conv({}, { inputs: [{ data: zeros(3), shape: [1, 8, 2], dtype: "float32" }] }),
      "bad-inputs",
      /float32\[1,8,2\].*Float32Array of 3.*of 16/,
    ],
    [
      "Tensor spec with other data",
      conv({}, { inputs: [{ data: new Int8Array(16), shape: [1, 8, 2], dtype: "float32" }] }),
      "bad-inputs",
      /Int8Array/,
    ],
  ])("%s", async (_, attempt, code, message) => {
    const { error, stages } = await tryOut(attempt);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(stages.filter((stage) => stage !== "trace")).toEqual([]);
  });
});
