/** flax.linen.Conv (spec section 1). */
import { convGeneralDilated } from "../lax/conv-general-dilated.js";
import { channelsLastNumbers } from "../lax/dimension-numbers.js";
import { refuse } from "../refusal.js";
import { here } from "../scope.js";
import { isTraced, type Traced } from "../traced.js";
import { ConvBase } from "./conv-base.js";
import type { ConvGeneralDilated } from "./conv-hooks.js";
import type { ConvConfig, ConvOptions } from "./conv-options.js";
import { readConvOptions } from "./conv-options.js";

/**
 * A convolution over channels-last inputs `(...batch, ...spatial, features)`. Source: flax.linen.Conv; every option has
 * flax's meaning and default ({@link ConvOptions}).
 *
 * Any number of batch axes; none is one that is added and taken away again. Integer inputs are read as float32. The
 * parameters are `kernel`, float32 `[...kernelSize, inputFeatures / featureGroupCount, features]`, and `bias`, `[features]`.
 *
 * @throws ConfigError from the constructor for an option wrong on its own, UnsupportedError `dtype-unsupported` for
 * parameters of an integer dtype, ShapeError from a trace for an input that does not fit
 *
 * @example
 * const conv = new Conv({ features: 8, kernelSize: [3, 3], strides: 2, padding: "CIRCULAR" });
 * const variables = conv.init(key(0), [1, 28, 28, 3]);
 * const f = await compile(conv, { inputs: [[1, 28, 28, 3]], variables });
 */
export class Conv extends ConvBase<ConvConfig> {
  static readonly moduleName: string = "Conv";

  constructor(options: ConvOptions) {
    super(options, (owner) => readConvOptions(owner, options));
  }

  override call(inputs: Traced, ...others: readonly never[]): Traced {
    this.checkInput(inputs, others);
    const { kernelSize, features, featureGroupCount } = this.config;
    const flat = this.flattenBatch(inputs);
    const { x, padding } = this.padBorders(flat.x);
    const inFeatures = x.shape.at(-1)!;
    if (inFeatures % featureGroupCount !== 0)
      refuse(
        "input-features",
        `input ${inputs} has ${inFeatures} features, which featureGroupCount ${featureGroupCount} does not divide`,
        here(),
      );
    const maskedKernel = this.kernel([...kernelSize, inFeatures / featureGroupCount, features]);
    const [lhs, rhs, bias] = this.promote(x, maskedKernel, this.bias([features]));
    const y = this.convolve()(lhs, rhs, this.config.strides, padding, {
      lhsDilation: this.config.inputDilation,
      rhsDilation: this.config.kernelDilation,
      dimensionNumbers: channelsLastNumbers(kernelSize.length),
      featureGroupCount,
      precision: this.config.precision,
    });
    if (!isTraced(y)) refuse("bad-hook", "convGeneralDilated must return a traced value", here());
    return flat.restore(this.addBias(y, bias));
  }

  private convolve(): ConvGeneralDilated {
    return (
      this.config.inject?.() ??
      ((lhs, rhs, windowStrides, padding, options) =>
        convGeneralDilated(lhs, rhs, { ...options, windowStrides, padding }))
    );
  }
}
