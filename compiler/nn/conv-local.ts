/** flax.linen.ConvLocal (spec section 1). */
import { elementCount } from "../../ir/types.js";
import { convGeneralDilatedLocal, localPositions } from "../lax/conv-general-dilated-local.js";
import { channelsLastNumbers } from "../lax/dimension-numbers.js";
import type { LaxPadding } from "../lax/padding.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import { constantValue, convertInexact, isTraced, type Traced } from "../traced.js";
import { ConvBase } from "./conv-base.js";
import type { ConvConfig, ConvOptions } from "./conv-options.js";
import { readConvLocalOptions } from "./conv-options.js";

/**
 * A convolution with a kernel and a bias of its own for every output position. Source: flax.linen.ConvLocal; the options
 * are Conv's ({@link ConvOptions}), but there are no feature groups.
 *
 * The parameters are `kernel`, float32 `[...positions, taps * inputFeatures, features]`, the taps of one input feature
 * next to each other and row-major over the window, and `bias`, `[...positions, features]`, where `positions` are the
 * spatial extents of the result. They hold for one input shape only.
 *
 * @throws ConfigError from the constructor for an option wrong on its own, UnsupportedError `local-groups` for a
 * featureGroupCount other than 1, ShapeError from a trace for an input that does not fit
 *
 * @example
 * const local = new ConvLocal({ features: 4, kernelSize: [3, 3] });
 * const { params } = local.init(key(0), [1, 28, 28, 2]);    // kernel: float32[28,28,18,4], bias: float32[28,28,4]
 */
export class ConvLocal extends ConvBase<ConvConfig> {
  static readonly moduleName: string = "ConvLocal";

  constructor(options: ConvOptions) {
    super(options, (owner) => readConvLocalOptions(owner, options));
  }

  override call(inputs: Traced, ...others: readonly never[]): Traced {
    this.checkInput(inputs, others);
    const { kernelSize, features, precision } = this.config;
    const flat = this.flattenBatch(inputs);
    const { x, padding } = this.padBorders(flat.x);
    const lax = {
      windowStrides: this.config.strides,
      padding,
      filterShape: kernelSize,
      lhsDilation: this.config.inputDilation,
      rhsDilation: this.config.kernelDilation,
      dimensionNumbers: channelsLastNumbers(kernelSize.length),
      precision,
    };
    const positions = this.injectedPositions(x, padding) ?? localPositions(x, lax);
    const kernel = this.kernel([...positions, elementCount(kernelSize) * x.shape.at(-1)!, features]);
    const [lhs, rhs, bias] = this.promote(x, kernel, this.bias([...positions, features]));
    return flat.restore(this.addBias(convGeneralDilatedLocal(lhs, rhs, lax), bias));
  }

  /** flax asks an injected convolution for the shape of its result, and for nothing else. */
  private injectedPositions(x: Traced, padding: LaxPadding): readonly number[] | null {
    const { inject, kernelSize, features } = this.config;
    if (inject === null) return null;
    const shape = [...kernelSize, x.shape.at(-1)!, features];
    const kernel = constantValue({ data: new Float32Array(elementCount(shape)), shape, dtype: "float32" });
    const y: unknown = inject()(convertInexact(x, "float32"), kernel, this.config.strides, padding, {
      lhsDilation: this.config.inputDilation,
      rhsDilation: this.config.kernelDilation,
      dimensionNumbers: channelsLastNumbers(kernelSize.length),
      featureGroupCount: 1,
      precision: null,
    });
    if (!isTraced(y)) return refuse("bad-hook", "convGeneralDilated must return a traced value", here());
    return y.shape.slice(1, -1);
  }
}
