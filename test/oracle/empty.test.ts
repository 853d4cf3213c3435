/** Tensors without elements, on every way: nothing to load, sometimes something to compute. */
import { lax } from "../../compiler/lax/index.js";
import { Conv, nn } from "../../compiler/nn/index.js";
import { key } from "../../compiler/random/threefry.js";
import type { Traced } from "../../compiler/traced.js";
import { tensor } from "../../runtime/tensor.js";
import { differences } from "../conformance/every-way.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import type { Everywhere } from "../support/run-everywhere.js";

type Shape = readonly number[];

const count = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);
const ones = (shape: Shape) => tensor(new Array<number>(count(shape)).fill(1), shape);

function same(name: string, program: Everywhere, shape: Shape, fill: number): Case {
  const data = new Array<number>(count(shape)).fill(fill);
  const expected = { shape, dtype: "float32", data, tolerance: 0 } as const;
  return { name, check: () => differences(program, expected, ["highest", "default"]) };
}

function conv(options: ConstructorParameters<typeof Conv>[0], input: Shape, shape: Shape): Case {
  const target = new Conv(options);
  const inputs = [ones(input)];
  const variables = target.init(key(0), input);
  return same(`Conv ${JSON.stringify(options)} on [${input}]`, { target, inputs, variables }, shape, 0);
}

type Target = (x: Traced, kernel: Traced) => Traced;

const program = (target: Target, ...inputs: readonly Shape[]): Everywhere => ({
  target: (x, kernel) => target(x!, kernel!),
  inputs: inputs.map(ones),
});

const same2d = (x: Traced, kernel: Traced): Traced =>
  lax.convGeneralDilated(x, kernel, {
    windowStrides: [1, 1],
    padding: "SAME",
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
  });

const cropped = (x: Traced, kernel: Traced): Traced =>
  lax.convGeneralDilated(lax.slice(x, [0, 0, 0, 0], [1, 0, 3, 2]), kernel, {
    windowStrides: [1, 1],
    padding: [
      [2, 2],
      [0, 0],
    ],
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
  });

function emptyCases(): Case[] {
  const square = { features: 3, kernelSize: [3, 3] };
  return [
    conv({ ...square, padding: 2, strides: 2 }, [1, 0, 3, 2], [1, 1, 3, 3]),
    conv({ ...square, padding: 3, inputDilation: 2 }, [1, 0, 3, 2], [1, 4, 9, 3]),
    conv({ ...square, padding: 2 }, [0, 4, 3, 2], [0, 6, 5, 3]),
    conv({ features: 3, kernelSize: [3], padding: "CAUSAL" }, [1, 0, 2], [1, 0, 3]),
    same("no input features", program(same2d, [1, 3, 3, 0], [3, 3, 0, 4]), [1, 3, 3, 4], 0),
    same("no output features", program(same2d, [1, 3, 3, 2], [3, 3, 2, 0]), [1, 3, 3, 0], 0),
    same(
      "an epilogue on no input features",
      program((x, kernel) => nn.relu(lax.add(same2d(x, kernel), 2)), [1, 3, 3, 0], [3, 3, 0, 4]),
      [1, 3, 3, 4],
      2,
    ),
    same("a slice of nothing", program(cropped, [1, 3, 3, 2], [3, 3, 2, 2]), [1, 2, 1, 2], 0),
    same(
      "concatenate with nothing",
      program((a, b) => lax.concatenate([a, b], 0), [0, 3], [2, 3]),
      [2, 3],
      1,
    ),
    same(
      "an activation of nothing",
      program((x) => nn.relu(x), [0, 3]),
      [0, 3],
      0,
    ),
  ];
}

suiteTest("ours: empty tensors", emptyCases);
