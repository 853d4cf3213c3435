/**
 * conformance/webnn.json: web-platform-tests' WebNN convolutions, through lax.convGeneralDilated and lax.convTranspose.
 * The latter has no groups; grouped ones are convolutions of the dilated input with the kernel turned round beforehand.
 */
import { lax } from "../../compiler/lax/index.js";
import type { Traced } from "../../compiler/traced.js";
import type { DType } from "../../runtime/tensor.js";
import type { RecordedTensor } from "../oracle/vectors.js";
import { asTensor, differences, expectedOf } from "./every-way.js";
import type { Case } from "./suite.js";
import { transposedPads, transposedRhs } from "./transposed.js";

type Pair = readonly [number, number];

interface Options {
  readonly padding?: readonly [beginH: number, endH: number, beginW: number, endW: number];
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly groups?: number;
  readonly inputLayout?: "nchw" | "nhwc";
  readonly filterLayout?: string;
  readonly outputPadding?: Pair;
  readonly outputSizes?: Pair;
}

export interface WebNN {
  readonly cases: readonly {
    readonly name: string;
    readonly op: "conv2d" | "convTranspose2d";
    readonly dtype: DType;
    readonly input: RecordedTensor;
    readonly filter: RecordedTensor;
    readonly bias?: RecordedTensor;
    readonly options: Options;
    readonly expected: RecordedTensor;
  }[];
}

type WebNNCase = WebNN["cases"][number];

/** Of one op and dtype. 16-bit outputs are compared to a few units of theirs, as web-platform-tests does. */
export function webnnCases({ cases }: WebNN, op: WebNNCase["op"], dtype: DType): Case[] {
  return cases
    .filter((each) => each.op === op && each.dtype === dtype)
    .map((each) => ({
      name: each.name,
      check: () => differences(...program(each), ["highest", "default"]),
    }));
}

function program(each: WebNNCase): [Parameters<typeof differences>[0], Parameters<typeof differences>[1]] {
  const { inputLayout = "nchw", groups = 1 } = each.options;
  const layout = inputLayout.toUpperCase().replace("B", "N");
  const shape = layout.indexOf("C") === 1 ? [1, -1, 1, 1] : [1, 1, 1, -1];
  const convolve =
    each.op === "conv2d" ? direct(each) : groups === 1 ? transposed(each) : groupedTransposed(each);
  const bias = each.bias === undefined ? [] : [asTensor(each.bias)];
  return [
    {
      target: (x: Traced, filter: Traced, added?: Traced) => {
        const y = convolve.call(x, filter, layout);
        return added === undefined ? y : lax.add(y, lax.reshape(added, shape));
      },
      inputs: [asTensor(each.input), convolve.rhs, ...bias],
    },
    expectedOf(each.expected, each.dtype === "float16" ? 2 ** -9 : 1e-5),
  ];
}

interface Convolve {
  readonly rhs: ReturnType<typeof asTensor>;
  readonly call: (x: Traced, filter: Traced, layout: string) => Traced;
}

function direct({ filter, options }: WebNNCase): Convolve {
  const { padding = [0, 0, 0, 0], strides = [1, 1], dilations = [1, 1], filterLayout = "oihw" } = options;
  const pads = [padding.slice(0, 2) as unknown as Pair, padding.slice(2) as unknown as Pair];
  return {
    rhs: asTensor(filter),
    call: (x, rhs, layout) =>
      lax.convGeneralDilated(x, rhs, {
        windowStrides: strides,
        padding: pads,
        rhsDilation: dilations,
        dimensionNumbers: [layout, filterLayout.toUpperCase(), layout],
        featureGroupCount: options.groups ?? 1,
      }),
  };
}

/** The gradient of a convolution, whose kernel's outputs are the inputs here. */
function transposed(each: WebNNCase): Convolve {
  const { strides = [1, 1], dilations = [1, 1], filterLayout = "iohw" } = each.options;
  const exchanged = filterLayout.replace(/[io]/g, (axis) => (axis === "i" ? "o" : "i")).toUpperCase();
  return {
    rhs: asTensor(each.filter),
    call: (x, rhs, layout) =>
      lax.convTranspose(x, rhs, {
        strides,
        padding: padsOfTransposed(each),
        rhsDilation: dilations,
        dimensionNumbers: [layout, exchanged, layout],
        transposeKernel: true,
      }),
  };
}

/** The same by hand: input dilated by the strides, kernel flipped with its channels exchanged. */
function groupedTransposed(each: WebNNCase): Convolve {
  const { strides = [1, 1], dilations = [1, 1], groups = 1, filterLayout = "iohw" } = each.options;
  return {
    rhs: transposedRhs(asTensor(each.filter), filterLayout, groups),
    call: (x, rhs, layout) =>
      lax.convGeneralDilated(x, rhs, {
        windowStrides: [1, 1],
        padding: padsOfTransposed(each),
        lhsDilation: strides,
        rhsDilation: dilations,
        dimensionNumbers: [layout, "HWIO", layout],
        featureGroupCount: groups,
      }),
  };
}

function padsOfTransposed({ filter, options, input }: WebNNCase) {
  const { padding = [0, 0, 0, 0], strides = [1, 1], dilations = [1, 1] } = options;
  const { filterLayout = "iohw", inputLayout = "nchw" } = options;
  return [0, 1].map((d) => {
    const tap = (filter.shape[filterLayout.indexOf("hw"[d]!)]! - 1) * dilations[d]! + 1;
    const extent = input.shape[inputLayout.indexOf("hw"[d]!)]!;
    const [begin, end] = [padding[2 * d]!, padding[2 * d + 1]!];
    const plain = (extent - 1) * strides[d]! + tap - begin - end;
    const out = options.outputSizes?.[d] ?? plain + (options.outputPadding?.[d] ?? 0);
    return transposedPads(extent, tap, strides[d]!, begin, out);
  });
}
