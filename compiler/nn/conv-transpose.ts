/** flax.linen.ConvTranspose (spec sections 1.9 and 2.6). */
import { arg, call } from "../../ir/scalar.js";
import { wrapIndex } from "../../ir/window.js";
import { commonFloat } from "../element-type.js";
import { convTranspose } from "../lax/conv-transpose.js";
import type { LaxPadding, PaddingPair } from "../lax/padding.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import { emit, mapAs, type Traced } from "../traced.js";
import { ConvBase, padded } from "./conv-base.js";
import type { ConvTransposeConfig, ConvTransposeOptions } from "./conv-transpose-options.js";
import { readConvTransposeOptions } from "./conv-transpose-options.js";

/**
 * A transposed convolution over channels-last inputs `(...batch, ...spatial, features)`: strides make the result larger.
 * Source: flax.linen.ConvTranspose; every option has flax's meaning and default ({@link ConvTransposeOptions}). The
 * zeros between input elements are multiplied with nothing in the compiled program.
 *
 * The parameters are `kernel`, float32 `[...kernelSize, inputFeatures, features]` (`[...kernelSize, features,
 * inputFeatures]` with transposeKernel), and `bias`, `[features]`. Each spatial extent of the result is, with "SAME" and
 * "CIRCULAR", extent times stride; with "VALID", that and `max(dilated kernel - stride, 0)`; with (low, high) pairs,
 * which pad the input after its dilation, `(extent - 1) * stride + 2 + low + high - dilated kernel`.
 *
 * @throws ConfigError from the constructor for an option wrong on its own, UnsupportedError `dtype-unsupported` for
 * parameters of an integer dtype, ShapeError from a trace for an input that does not fit
 *
 * @example
 * const up = new ConvTranspose({ features: 8, kernelSize: [4, 4], strides: 2, transposeKernel: true });
 * const variables = up.init(key(0), [1, 14, 14, 3]);         // params.kernel: float32[4,4,8,3]
 * const f = await compile(up, { inputs: [[1, 14, 14, 3]], variables });      // f.run: float32[1,28,28,8]
 */
export class ConvTranspose extends ConvBase<ConvTransposeConfig> {
  static readonly moduleName: string = "ConvTranspose";

  constructor(options: ConvTransposeOptions) {
    super(options, (owner) => readConvTransposeOptions(owner, options));
  }

  override call(inputs: Traced, ...others: readonly never[]): Traced {
    this.checkInput(inputs, others);
    const { kernelSize, features, strides, transposeKernel } = this.config;
    const flat = this.flattenBatch(inputs);
    const inFeatures = flat.x.shape.at(-1)!;
    const stored = transposeKernel ? [features, inFeatures] : [inFeatures, features];
    const kernel = this.kernel([...kernelSize, ...stored]);
    const [x, rhs, bias] = this.promote(flat.x, kernel, this.bias([features]));
    const transposed = (lhs: Traced, padding: LaxPadding): Traced =>
      convTranspose(lhs, rhs, {
        strides,
        padding,
        rhsDilation: this.config.kernelDilation,
        transposeKernel,
        precision: this.config.precision,
        preferredElementType: this.config.preferredElementType,
      });
    return flat.restore(this.addBias(this.circular(x, transposed), bias));
  }

  /** CIRCULAR one way or the other; any other padding as it is. */
  private circular(x: Traced, transposed: (lhs: Traced, padding: LaxPadding) => Traced): Traced {
    const { padding, preferredElementType } = this.config;
    if (padding !== "CIRCULAR") return transposed(x, padding);
    if (x.shape.slice(1, -1).includes(0))
      refuse("empty-axis-padding", `input ${x} has an empty axis, which padding cannot wrap`, here());
    // In 16 bits each element is rounded before it is folded, which the wrapped form would not do.
    const dtype = preferredElementType ?? x.dtype;
    if (dtype === "float16" || dtype === "bfloat16") return this.folded(x, transposed(x, "VALID"));
    return transposed(...this.wrapped(x));
  }

  /** flax's own way: zeros around the VALID result y make whole periods of it, which are added up, axis by axis. */
  private folded(x: Traced, y: Traced): Traced {
    const { strides, transposeKernel } = this.config;
    const periods = [1, ...strides, 1].map((stride, axis) => x.shape[axis]! * stride);
    const spatial = (axis: number): boolean => axis > 0 && axis < x.shape.length - 1;
    const missing = y.shape.map((extent, axis) => {
      const period = periods[axis]!;
      return spatial(axis) ? wrapIndex(period - extent, 2 * period) : 0;
    });
    const less = missing.map((count) => Math.floor(count / 2));
    const more = missing.map((count, axis) => count - less[axis]!);
    const [low, high] = transposeKernel ? [less, more] : [more, less];
    let sum = padded(y, "zero", low, high);
    for (let axis = 1; axis < x.shape.length - 1; axis++) sum = addPeriods(sum, axis, periods[axis]!);
    return sum;
  }

  /**
   * CIRCULAR as a convolution of the wrapped input. flax folds the VALID result instead: of its elements, all that lie
   * a multiple of the period P = extent * stride apart are added up. With `taps` the reach of the kernel and
   * `extra = max(taps - stride, 0)`, the period before the first element of its result begins `taps - 1 - extra / 2`
   * elements (mod P) before the first input element, rounded as flax rounds it. The sum over all periods is that of the
   * periodic input, of which only the part that the windows reach is made here.
   */
  private wrapped(x: Traced): readonly [lhs: Traced, padding: readonly PaddingPair[]] {
    const { kernelSize, kernelDilation, strides, transposeKernel } = this.config;
    const round = transposeKernel ? Math.ceil : Math.floor;
    const low: number[] = [];
    const high: number[] = [];
    const pairs = kernelSize.map((size, d): PaddingPair => {
      const [extent, stride] = [x.shape[d + 1]!, strides[d]!];
      const reach = (size - 1) * kernelDilation[d]!;
      const before = reach - round(Math.max(reach + 1 - stride, 0) / 2);
      const last = extent * stride - 1 + reach - before;
      low.push(Math.ceil(before / stride));
      high.push(Math.floor(last / stride) - (extent - 1));
      return [before - low[d]! * stride, last - (extent - 1 + high[d]!) * stride];
    });
    return [padded(x, "wrap", [0, ...low, 0], [0, ...high, 0]), pairs];
  }
}

/** The sum of the stretches of `period` elements that an axis consists of, rounded once. */
function addPeriods(y: Traced, axis: number, period: number): Traced {
  const shape = y.shape.map((extent, a) => (a === axis ? period : extent));
  const step = y.shape.map(() => 1);
  const parts = Array.from({ length: y.shape[axis]! / period }, (_, k) => {
    const start = y.shape.map((_, a) => (a === axis ? k * period : 0));
    return emit({ op: "slice", start, step, shape }, [y]);
  });
  if (parts.length === 1) return y;
  const sum = parts.map((_, k) => arg(k)).reduce((a, b) => call("add", a, b));
  return mapAs(commonFloat([y.dtype]), sum, ...parts);
}
