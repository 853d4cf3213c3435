/** conformance/tfjs.json: the expected values in tfjs-core's convolution tests, through lax on traced values. */
import { lax } from "../../compiler/lax/index.js";
import { nn } from "../../compiler/nn/index.js";
import type { Traced } from "../../compiler/traced.js";
import type { NestedArray, Tensor } from "../../runtime/tensor.js";
import { tensor } from "../../runtime/tensor.js";
import type { RecordedTensor } from "../oracle/vectors.js";
import type { Everywhere } from "../support/run-everywhere.js";
import { asTensor, differences } from "./every-way.js";
import type { Case } from "./suite.js";
import { transposedPads } from "./transposed.js";

type Values = RecordedTensor | NestedArray;
type Pads = readonly (readonly [number, number])[];
type Factors = number | readonly number[];

interface Args {
  readonly x: Values;
  readonly filter?: Values;
  readonly depthwiseFilter?: Values;
  readonly pointwiseFilter?: Values;
  readonly stride?: number;
  readonly strides?: Factors;
  /** One number for every side, or pairs of every axis of x with its batch. */
  readonly pad: "same" | "valid" | number | Pads;
  readonly dataFormat?: string;
  readonly dilation?: Factors;
  readonly dilations?: Factors;
  readonly bias?: Values;
  readonly activation?: string;
  readonly preluActivationWeights?: Values;
  readonly leakyreluAlpha?: number;
  readonly outputShape?: readonly number[];
}

export interface Tfjs {
  readonly cases: readonly {
    readonly name: string;
    readonly op: string;
    readonly args: Args;
    readonly expected: { readonly shape: readonly number[]; readonly data: readonly number[] };
    /** How far tfjs's own CPU backend is from its authors' literals. */
    readonly tfjsCpuMaxRel: number;
  }[];
}

/** What an op is made of: how it reads its kernels and how many axes they run along. */
const ops: Readonly<
  Record<string, { spatial: number; kind: "full" | "depthwise" | "separable" | "transposed" }>
> = {
  conv1d: { spatial: 1, kind: "full" },
  conv2d: { spatial: 2, kind: "full" },
  conv3d: { spatial: 3, kind: "full" },
  "fused.conv2d": { spatial: 2, kind: "full" },
  depthwiseConv2d: { spatial: 2, kind: "depthwise" },
  "fused.depthwiseConv2d": { spatial: 2, kind: "depthwise" },
  separableConv2d: { spatial: 2, kind: "separable" },
  conv2dTranspose: { spatial: 2, kind: "transposed" },
  conv3dTranspose: { spatial: 3, kind: "transposed" },
};

export function tfjsCases({ cases }: Tfjs, op: string): Case[] {
  return cases
    .filter((each) => each.op === op)
    .map(({ name, args, expected, tfjsCpuMaxRel }) => ({
      name: `${name} ${describeArgs(args)}`,
      check: () =>
        differences(
          program(op, args),
          { ...expected, dtype: "float32", tolerance: Math.max(1e-5, 2 * tfjsCpuMaxRel) },
          ["highest", "default"],
        ),
    }));
}

function describeArgs({ activation = "", dataFormat = "" }: Args): string {
  return [dataFormat, activation].filter((word) => word !== "").join(" ");
}

function read(values: Values): Tensor {
  if (!Array.isArray(values)) return asTensor(values as RecordedTensor);
  const shape: number[] = [];
  for (let row: unknown = values; Array.isArray(row); row = row[0]) shape.push(row.length);
  return tensor(values as NestedArray, shape);
}

function program(op: string, args: Args): Everywhere {
  const { spatial, kind } = ops[op]!;
  const given = read(args.x);
  const batched = given.shape.length === spatial + 2;
  const x = batched ? given : { ...given, shape: [1, ...given.shape] };
  const first = args.dataFormat?.startsWith("NC") ?? false;
  const letters = "DHW".slice(3 - spatial);
  const layout = first ? `NC${letters}` : `N${letters}C`;
  const features = x.shape[layout.indexOf("C")]!;
  const convolve = (lhs: Traced, rhs: Traced, groups: number, window: Window): Traced =>
    lax.convGeneralDilated(lhs, rhs, {
      ...window,
      dimensionNumbers: [layout, `${letters}IO`, layout],
      featureGroupCount: groups,
    });
  const operands = [args.bias, args.preluActivationWeights].filter((each) => each !== undefined).map(read);
  const finish = (y: Traced, rest: readonly Traced[]): Traced => {
    const z = epilogue(args, y, rest, layout);
    return batched ? z : lax.reshape(z, z.shape.slice(1));
  };
  const window = directWindow(args, layout, spatial);
  const pointwise = { windowStrides: new Array<number>(spatial).fill(1), padding: "VALID" };
  const start = (lhs: Traced): Traced => (batched ? lhs : lax.reshape(lhs, x.shape));
  if (kind === "separable") {
    const [depthwise, point] = [asGroups(read(args.depthwiseFilter!)), read(args.pointwiseFilter!)];
    return {
      target: (lhs, a, b) =>
        finish(convolve(convolve(start(lhs), a!, features, window), b!, 1, pointwise), []),
      inputs: [given, depthwise, point],
    };
  }
  const filter = read(args.filter!);
  if (kind === "transposed") {
    const extents = transposedExtents(args, x.shape, spatial);
    const options = {
      strides: each(args.strides, spatial),
      padding: transposedPadding(args, extents, filter, spatial),
      dimensionNumbers: [layout, `${letters}IO`, layout] as const,
      transposeKernel: true,
    };
    const cropped = (lhs: Traced): Traced =>
      lax.slice(
        lhs,
        lhs.shape.map(() => 0),
        extents,
      );
    return {
      target: (lhs, a) => finish(lax.convTranspose(cropped(start(lhs)), a!, options), []),
      inputs: [given, filter],
    };
  }
  const rhs = kind === "depthwise" ? asGroups(filter) : filter;
  const groups = kind === "depthwise" ? features : 1;
  return {
    target: (lhs, a, ...rest) => finish(convolve(start(lhs), a!, groups, window), rest),
    inputs: [given, rhs, ...operands],
  };
}

/** HWIM, a multiplier of M for each input feature, as HWIO with one input feature a group. */
function asGroups({ data, shape, dtype }: Tensor): Tensor {
  const [inputs, multiplier] = shape.slice(-2) as [number, number];
  return tensor(data, [...shape.slice(0, -2), 1, inputs * multiplier], dtype);
}

type Window = Pick<Parameters<typeof lax.convGeneralDilated>[2], "windowStrides" | "padding" | "rhsDilation">;

const each = (factors: Factors | undefined, spatial: number): readonly number[] =>
  typeof factors === "object" ? factors : new Array<number>(spatial).fill(factors ?? 1);

function directWindow(args: Args, layout: string, spatial: number): Window {
  const { pad } = args;
  return {
    windowStrides: each(args.strides ?? args.stride, spatial),
    rhsDilation: each(args.dilations ?? args.dilation, spatial),
    padding: typeof pad === "string" ? pad.toUpperCase() : pairs(pad, layout, spatial),
  };
}

/** tfjs runs 1-D convolutions as 2-D ones, and wants the pads of those. */
function pairs(pad: number | Pads, layout: string, spatial: number): Pads {
  if (typeof pad === "number") return new Array<readonly [number, number]>(spatial).fill([pad, pad]);
  const axes = spatial === 1 ? [2] : [...layout.matchAll(/[DHW]/g)].map((letter) => letter.index);
  return axes.map((axis) => pad[axis]!);
}

/** tfjs reads no more of x than the convolution from outputShape would have made. */
function transposedExtents(args: Args, shape: readonly number[], spatial: number): readonly number[] {
  if (args.pad !== "same") return shape;
  const strides = each(args.strides, spatial);
  return shape.map((extent, axis) => {
    const out = args.outputShape!.at(axis - spatial - 2)!;
    return axis === 0 || axis > spatial ? extent : Math.min(extent, Math.ceil(out / strides[axis - 1]!));
  });
}

/** The pads are those of the convolution this is the gradient of, from outputShape to x. */
function transposedPadding(args: Args, shape: readonly number[], rhs: Tensor, spatial: number): Pads {
  return each(args.strides, spatial).map((stride, d) => {
    const [extent, out, tap] = [shape[d + 1]!, args.outputShape!.at(d - spatial - 1)!, rhs.shape[d]!];
    const total = Math.max((Math.ceil(out / stride) - 1) * stride + tap - out, 0);
    const same = args.pad === "same" ? Math.floor(total / 2) : 0;
    const begin = typeof args.pad === "object" ? args.pad[d + 1]![0] : same;
    return transposedPads(extent, tap, stride, begin, out);
  });
}

/** Bias and activation; the operands come in that order. */
function epilogue(args: Args, y: Traced, operands: readonly Traced[], layout: string): Traced {
  const rest = [...operands];
  const fitted = (): Traced => asLayout(rest.shift()!, layout);
  const sum = args.bias === undefined ? y : lax.add(y, fitted());
  switch (args.activation) {
    case undefined:
    case "linear":
      return sum;
    case "prelu":
      return lax.add(lax.max(sum, 0), lax.mul(fitted(), lax.min(sum, 0)));
    case "leakyrelu":
      return nn.leakyRelu(sum, args.leakyreluAlpha ?? 0.2);
    case "relu":
    case "relu6":
    case "elu":
    case "sigmoid":
      return nn[args.activation](sum);
    default:
      throw new Error(`no activation ${args.activation}`);
  }
}

/** One value per feature lies along C; fewer axes than y's are its last. */
function asLayout(value: Traced, layout: string): Traced {
  const { shape } = value;
  if (shape.length === 0) return value;
  if (shape.length === 1)
    return lax.reshape(
      value,
      [...layout].map((axis) => (axis === "C" ? shape[0]! : 1)),
    );
  return lax.reshape(value, [...new Array<number>(layout.length - shape.length).fill(1), ...shape]);
}
