/** Random lowered kernels: convolutions with everything fused that can be, and data for their parameters. */
import { lowerConv } from "../../compiler/lower/conv.js";
import type { LoweredKernel } from "../../compiler/lower/lowered.js";
import type { Operand } from "../../compiler/lower/operand.js";
import type { NodeOf } from "../../ir/graph.js";
import { convAxes, GraphBuilder, identityFused, nodeAt } from "../../ir/graph.js";
import type { Kernel } from "../../ir/kernel.js";
import type { Scalar } from "../../ir/scalar.js";
import { arg, call, lit } from "../../ir/scalar.js";
import type { ElementArray, ElementType } from "../../ir/types.js";
import { denseLayout, elementCount } from "../../ir/types.js";
import { windowDim } from "../../ir/window.js";
import type { Random } from "../support/random.js";
import type { RandomConv } from "../support/random-conv.js";
import { randomConv } from "../support/random-conv.js";

const relu = (x: Scalar): Scalar => call("max", x, lit(0));

/** Small enough to be interpreted often; no axis is empty. */
function smallConv(random: Random): RandomConv {
  for (;;) {
    const config = randomConv(random);
    const kept = config.window.map((dim) => ({ ...dim, rhsDilation: Math.min(dim.rhsDilation, 2) }));
    const small = config.local ? config : { ...config, window: kept };
    if ([...small.lhsShape, ...small.rhsShape].includes(0)) continue;
    if (elementCount(outShape(small)) * elementCount(small.rhsShape) <= 4000) return small;
  }
}

function outShape(config: RandomConv): readonly number[] {
  const { graph } = convGraph(config, { ...identityFused, extras: [] }, "f32");
  return nodeAt(graph, graph.outputs[0]!).type.shape;
}

interface Fused {
  readonly lhs: Scalar;
  readonly rhs: Scalar;
  readonly out: Scalar;
  /** Shapes of $2, $3 … */
  readonly extras: readonly (readonly number[])[];
}

function convGraph(config: RandomConv, { extras, ...fused }: Fused, element: ElementType) {
  const builder = new GraphBuilder();
  const { window, dims, groups, batchGroups, local, skippedTaps } = config;
  const x = builder.add({ op: "input", name: "x" }, [], { element, shape: config.lhsShape });
  const w = builder.add({ op: "param", path: "w" }, [], { element: "f32", shape: config.rhsShape });
  const rest = extras.map((shape, i) =>
    builder.add({ op: "param", path: `a${i + 2}` }, [], { element: "f32", shape }),
  );
  const node = builder.add(
    {
      op: "conv",
      window,
      dims,
      groups,
      batchGroups,
      local,
      skippedTaps,
      precision: "highest",
      element: "f32",
      fused,
    },
    [x, w, ...rest],
  );
  return { graph: builder.finish("conv", [node]), node };
}

/** A weight mask is $2, a bias $3 (along whichever axis is the features), a factor of the lhs $4. */
export function randomLowered(random: Random): LoweredKernel {
  const config = smallConv(random);
  const axes = convAxes(config.dims);
  const out = outShape(config);
  if (elementCount(out) === 0) return randomLowered(random);
  const bias = out.map((extent, axis) => (axis === axes.out.feature ? extent : 1));
  const fused: Fused = {
    lhs: random.pick([
      arg("lhs"),
      arg("lhs"),
      arg("lhs"),
      call("add", arg("lhs"), lit(1)),
      call("mul", arg("lhs"), arg(4)),
    ]),
    rhs: random.chance(0.3) ? call("mul", arg("rhs"), arg(2)) : arg("rhs"),
    out: random.pick([arg("acc"), call("add", arg("acc"), arg(3)), relu(call("add", arg("acc"), arg(3)))]),
    extras: [config.rhsShape, bias, config.lhsShape],
  };
  const { graph, node } = convGraph(config, fused, random.pick(["f32", "f32", "u8"] as const));
  const conv = nodeAt(graph, node) as NodeOf<"conv">;
  const names = ["x", "w", "a2", "a3", "a4"];
  const operands = conv.args.map((id, i): Operand => {
    const { type } = nodeAt(graph, id);
    const constant = i > 0 && random.chance(0.9);
    return { name: names[i]!, type, layout: denseLayout(type.shape), constant };
  });
  return lowerConv(conv, operands, {
    name: "y",
    type: conv.type,
    layout: denseLayout(conv.type.shape),
    constant: false,
  });
}

/** A 3 x 3 conv of [1, 6, 7, 3] to 5 features, padded by 1; for tests that need one certain kernel. */
export function plainLowered(border: "zero" | "wrap" | "reflect" = "zero"): LoweredKernel {
  const dim = windowDim(3, { low: 1, high: 1, border });
  const { graph, node } = convGraph(
    {
      lhsShape: [1, 6, 7, 3],
      rhsShape: [3, 3, 3, 5],
      window: [dim, dim],
      dims: "b01f_01io->b01f",
      groups: 1,
      batchGroups: 1,
      local: false,
      skippedTaps: [],
    },
    { ...identityFused, extras: [] },
    "f32",
  );
  const conv = nodeAt(graph, node) as NodeOf<"conv">;
  const operand = (name: string, type: Operand["type"], constant: boolean): Operand => ({
    name,
    type,
    layout: denseLayout(type.shape),
    constant,
  });
  const [x, w] = conv.args.map((id) => nodeAt(graph, id).type);
  return lowerConv(conv, [operand("x", x!, false), operand("w", w!, true)], operand("y", conv.type, false));
}

/** Contents of a kernel's parameters; what it writes starts as NaN. */
export function randomBuffers(kernel: Kernel, random: Random): Map<string, ElementArray> {
  return new Map(
    kernel.params.map(({ name, element, size, access }): [string, ElementArray] => {
      if (element === "u8") return [name, Uint8Array.from({ length: size }, () => random.int(0, 255))];
      return [name, access === "write" ? new Float32Array(size).fill(Number.NaN) : random.normals(size)];
    }),
  );
}
