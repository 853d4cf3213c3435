/** What flax's convolution modules have in common: batch axes, borders, masks, bias. */

import type { PadMode } from "../../ir/graph.js";
import { arg, call } from "../../ir/scalar.js";
import { broadcastShapes, elementCount } from "../../ir/types.js";
import type { InexactDType } from "../element-type.js";
import { commonInexact } from "../element-type.js";
import { complexBinary, mapComplex2 } from "../lax/complex.js";
import type { LaxPadding } from "../lax/padding.js";
import { reshape } from "../lax/shape.js";
import { refuse } from "../refusal.js";
import { classNameOf, here } from "../scope.js";
import {
  checkTraced,
  constantValue,
  convertInexact,
  emit,
  isTraced,
  mapAs,
  mapParts,
  type Traced,
} from "../traced.js";
import type { SharedConvConfig, SharedConvOptions } from "./conv-options.js";
import { Module } from "./module.js";

export abstract class ConvBase<Config extends SharedConvConfig> extends Module {
  protected readonly config: Config;

  constructor(options: SharedConvOptions, read: (owner: string) => Config) {
    super({ name: options?.name ?? null });
    this.config = read(classNameOf(this));
  }

  /** flax's signature: one input and nothing beside it, which would be ignored. */
  protected checkInput(input: Traced, others: readonly unknown[]): void {
    const given = input === undefined ? 0 : 1 + others.length;
    if (given !== 1) refuse("input-count", `${given} inputs are given; the module takes one input`, here());
    checkTraced(input, classNameOf(this));
  }

  /** All leading axes as one, and how to bring them back. */
  protected flattenBatch(inputs: Traced): { x: Traced; restore: (y: Traced) => Traced } {
    const rank = this.config.kernelSize.length + 1;
    const batchRank = inputs.shape.length - rank;
    if (batchRank < 0)
      refuse(
        "input-rank",
        `input ${inputs} has rank ${inputs.shape.length}; kernelSize [${this.config.kernelSize}] needs at least ` +
          `${rank}: ${rank - 1} spatial axes and features`,
        here(),
      );
    if (batchRank === 1) return { x: inputs, restore: (y) => y };
    const rest = inputs.shape.slice(batchRank);
    const batch = inputs.shape.slice(0, batchRank);
    if (elementCount(rest) === 0)
      refuse(
        "empty-batch-reshape",
        `input ${inputs} has an empty spatial or feature axis, and ${batchRank} batch axes; give it exactly one`,
        here(),
      );
    return {
      x: reshape(inputs, [elementCount(batch), ...rest]),
      restore: (y) => reshape(y, [...batch, ...y.shape.slice(1)]),
    };
  }

  /** CIRCULAR, REFLECT and CAUSAL become a padded input and VALID (spec 1.4). */
  protected padBorders(x: Traced): { x: Traced; padding: LaxPadding } {
    const { padding, kernelSize, kernelDilation } = this.config;
    const dilated = kernelSize.map((size, d) => (size - 1) * kernelDilation[d]! + 1);
    const pad = (mode: PadMode, low: readonly number[], high: readonly number[]) => ({
      x: padded(x, mode, [0, ...low, 0], [0, ...high, 0]),
      padding: "VALID",
    });
    const half = (extents: readonly number[]): number[] => extents.map((extent) => Math.floor(extent / 2));
    const before = half(dilated.map((extent) => extent - 1));
    if (padding === "CIRCULAR") return pad("wrap", before, half(dilated));
    if (padding === "REFLECT") return pad("reflect", before, half(dilated));
    if (padding === "CAUSAL") return pad("zero", [dilated[0]! - 1], [0]);
    return { x, padding };
  }

  /** The kernel, times the mask where there is one. */
  protected kernel(shape: readonly number[]): Traced {
    const { mask, kernelInit, paramDtype } = this.config;
    if (mask !== null && mask.shape.join() !== shape.join())
      refuse("mask-shape", `mask has shape [${mask.shape}]; it must have the kernel's, [${shape}]`, here());
    const kernel = this.param("kernel", kernelInit, shape, paramDtype);
    if (mask === null) return kernel;
    const factor = constantValue(mask);
    return mapInexact(commonInexact([kernel.dtype, factor.dtype]), "mul", kernel, factor);
  }

  protected bias(shape: readonly number[]): Traced | null {
    const { useBias, biasInit, paramDtype } = this.config;
    return useBias ? this.param("bias", biasInit, shape, paramDtype) : null;
  }

  /** Inputs, kernel and bias in one dtype: that of the options, else the one that holds them all (spec 1.8). */
  protected promote(
    inputs: Traced,
    kernel: Traced,
    bias: Traced | null,
  ): readonly [Traced, Traced, Traced | null] {
    const { promoteDtype, dtype } = this.config;
    if (promoteDtype === null) {
      const present = bias === null ? [inputs, kernel] : [inputs, kernel, bias];
      const common = dtype ?? commonInexact(present.map((value) => value.dtype));
      const promoted = (value: Traced): Traced => convertInexact(value, common);
      return [promoted(inputs), promoted(kernel), bias && promoted(bias)];
    }
    const promoted: unknown = promoteDtype(inputs, kernel, bias, { dtype });
    if (
      Array.isArray(promoted) &&
      promoted.length === 3 &&
      promoted.every((value, i) => isTraced(value) || (i === 2 && value === null))
    )
      return promoted as unknown as readonly [Traced, Traced, Traced | null];
    return refuse(
      "bad-hook",
      "promoteDtype must return [inputs, kernel, bias], traced values (bias may be null)",
      here(),
    );
  }

  protected addBias(y: Traced, bias: Traced | null): Traced {
    if (bias === null) return y;
    if (broadcastShapes(y.shape, bias.shape) === null)
      refuse("shape-mismatch", `bias ${bias} does not fit the convolution's result ${y}`, here());
    // A convolution with a preferred dtype, or a hook's, may differ from the bias.
    return mapInexact(commonInexact([y.dtype, bias.dtype]), "add", y, bias);
  }
}

/** A pad node, where there is anything to pad. */
export function padded(x: Traced, mode: PadMode, low: readonly number[], high: readonly number[]): Traced {
  const grows = x.shape.map((_, axis) => low[axis]! + high[axis]! > 0);
  if (mode !== "zero" && x.shape.some((extent, axis) => extent === 0 && grows[axis]!))
    refuse("empty-axis-padding", `input ${x} has an empty axis, which padding cannot ${mode}`, here());
  if (!grows.includes(true)) return x;
  return mapParts(x, (part) => emit({ op: "pad", mode, low, high }, [part]));
}

function mapInexact(dtype: InexactDType, fn: "add" | "mul", a: Traced, b: Traced): Traced {
  if (dtype === "complex64") return mapComplex2(complexBinary[fn], a, b);
  return mapAs(dtype, call(fn, arg(0), arg(1)), a, b);
}
