/** The counting itself: what fails, what is listed with a reason, and that a failing case cannot hide. */
import { describe, expect, it } from "vitest";
import { lax } from "../../compiler/lax/index.js";
import { ConfigError, UnsupportedError } from "../../runtime/error.js";
import { tensor } from "../../runtime/tensor.js";
import { recordedSuites } from "../oracle/all-recorded.js";
import { ways } from "../support/run-everywhere.js";
import { takeWays } from "../support/take-ways.js";
import { difference, differences } from "./every-way.js";
import { covering, traitsOf } from "./subset.js";
import { type Case, formatTallies, runSuite } from "./suite.js";
import { transposedPads, transposedRhs } from "./transposed.js";

const throws = (error: Error) => () => {
  throw error;
};
const unsupported = new UnsupportedError("dtype-unsupported", "no float16");

it("counts passed, failed and refused cases", async () => {
  const cases: Case[] = [
    { name: "right", check: () => [], note: () => "counted 3" },
    { name: "wrong", check: () => ["js: differs", "wasm: differs"] },
    { name: "thrown", check: throws(new ConfigError("bad-padding", "no such padding")) },
    { name: "allowed", check: throws(unsupported), mayRefuse: "dtype-unsupported" },
    { name: "other code", check: throws(unsupported), mayRefuse: "integer-unsupported" },
    { name: "not allowed", check: throws(unsupported) },
    { name: "later", check: () => [], notYet: "avgPool" },
  ];
  const tally = await runSuite("some", cases);
  expect(tally).toEqual({
    suite: "some",
    cases: 7,
    passed: 1,
    refused: { "refused: dtype-unsupported": 1, "not yet: avgPool": 1 },
    failures: [
      "wrong: js: differs",
      "wrong: wasm: differs",
      "thrown: ConfigError [bad-padding]: no such padding",
      "other code: UnsupportedError [dtype-unsupported]: no float16",
      "not allowed: UnsupportedError [dtype-unsupported]: no float16",
    ],
    notes: ["counted 3"],
  });
  const table = formatTallies([tally]).split("\n");
  expect(table[1]).toMatch(/^some +7 +1 +2 +4$/);
  expect(table.at(-1)).toMatch(/^total +7 +1 +2 +4$/);
  expect(table).toContain("        counted 3");
  expect(table).toContain("      1 not yet: avgPool");
});

it("finds the element that misses its bound by most", () => {
  const y = { shape: [3], dtype: "float32", tolerance: 1e-3 } as const;
  const x = tensor([1, 2.1, 3.5], [3]);
  expect(difference(x, { ...y, data: [1, 2, 3] })).toMatch(/^element 2 is 3.5, not 3: /);
  expect(difference(x, { ...y, data: [1, 2.1, 3.501] })).toBeUndefined();
  expect(difference(x, { ...y, data: [1, 2.1, 3.501], tolerance: 0 })).toMatch(/^element 2/);
  expect(difference(x, { ...y, data: [1, 2.1], shape: [2] })).toBe("is float32[3], not float32[2]");
  expect(difference(tensor([Number.NaN], [1]), { ...y, data: [1], shape: [1] })).toMatch(/^element 0/);
  expect(difference(tensor([1], [1]), { ...y, data: [Number.NaN], shape: [1] })).toMatch(/^element 0/);
  expect(difference(tensor([Infinity], [1]), { ...y, data: [Infinity], shape: [1] })).toBeUndefined();
});

it("names the ways that differ", async () => {
  const program = { target: lax.neg, inputs: [tensor([1, 2], [2])] } as Parameters<typeof differences>[0];
  const expected = { shape: [2], dtype: "float32", data: [-1, -2], tolerance: 0 } as const;
  expect(await differences(program, expected)).toEqual([]);
  const wrong = await differences(program, { ...expected, data: [-1, 2] }, ["highest", "default"]);
  expect(wrong.map((line) => line.split(":")[0])).toEqual([
    "interpreter",
    "js",
    "wasm",
    "js (default)",
    "wasm (default)",
  ]);
});

it("turns kernels of transposed convolutions round", () => {
  const kernel = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]); // w, o, i
  expect([...transposedRhs(kernel, "woi", 1).data]).toEqual([5, 7, 6, 8, 1, 3, 2, 4]); // w, i, o
  expect(transposedRhs(kernel, "woi", 2).shape).toEqual([2, 1, 4]);
  expect([...transposedRhs(kernel, "woi", 2).data]).toEqual([5, 7, 6, 8, 1, 3, 2, 4]);
  // 3 elements by a stride of 2 under 3 taps: 7, of which 6 are wanted.
  expect(transposedPads(3, 3, 2, 1, 6)).toEqual([1, 2]);
});

it("a part of our recordings has everything there is in them", () => {
  const names = Object.entries(recordedSuites).flatMap(([suite, cases]) =>
    covering(cases()).map(({ name }) => `${suite}: ${name}`),
  );
  for (const name of ["Conv", "ConvTranspose", "ConvLocal"]) {
    const paddings = [
      "SAME",
      "VALID",
      "CIRCULAR",
      ...(name === "ConvTranspose" ? [] : ["SAME_LOWER", "REFLECT", "CAUSAL"]),
    ];
    const wanted = [
      ...paddings.map((padding) => `"padding":"${padding}"`),
      ...[
        '"padding":\\d',
        '"padding":-1',
        '"padding":\\[\\[-\\d',
        '"strides":(\\[.*)?[23]',
        '"kernelDilation":(\\[.*)?[23]',
      ],
      ...[
        '"useBias":false',
        "masked",
        "on int8",
        "on bool",
        "\\[\\d,\\d,\\d\\]$",
        "\\[\\d,\\d,\\d,\\d,\\d\\]$",
      ],
      ...(name === "ConvTranspose" ? ['"transposeKernel":true'] : ['"inputDilation":(\\[.*)?[23]']),
    ];
    const own = names.filter((each) => each.startsWith(`flax: ${name}: `));
    expect(wanted.filter((each) => !own.some((one) => new RegExp(each).test(one)))).toEqual([]);
    const narrow = names.filter((each) => each.startsWith(`flax dtypes: modules: ${name} `)).join("\n");
    for (const dtype of ["float16", "bfloat16", "complex64"]) expect(narrow).toContain(dtype);
  }
  expect(names.join("\n")).toMatch(/flax: Conv: .*"featureGroupCount":[23]/);
  expect(names.length).toBeLessThan(300);
});

it("traits are options, how many numbers they are and of what kind, and words", () => {
  expect(traitsOf('Conv {"padding":[[-1,2]],"strides":1,"useBias":false} masked on int8[1,4,2]')).toEqual([
    "padding 1 negative",
    "strides number small",
    "useBias false",
    "Conv",
    "masked",
    "on",
    "int8:3",
  ]);
});

describe("other ways", () => {
  takeWays(["tint"]);
  it("are taken where they are asked for", () => expect(ways).toEqual(["tint"]));
});

it("and not by the tests that come after", () => expect(ways).toEqual(["interpreter", "js", "wasm"]));
