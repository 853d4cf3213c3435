/** The digits classifier of train.py: four convolutions, 5,450 parameters, named as flax names them. */
import { Conv, lax, Module, nn, type Traced } from "convsmith";

class DigitsNet extends Module {
  override call(x: Traced): Traced {
    // pixels / 16 come in as [n, 8, 8, 1]
    x = nn.relu(new Conv({ features: 16, kernelSize: [3, 3] }).call(x));
    x = nn.relu(new Conv({ features: 16, kernelSize: [3, 3], strides: [2, 2] }).call(x));
    x = nn.relu(new Conv({ features: 16, kernelSize: [3, 3], strides: [2, 2] }).call(x));
    x = new Conv({ features: 10, kernelSize: [2, 2], padding: "VALID" }).call(x);
    return lax.reshape(x, [x.shape[0]!, 10]);
  }
}

export default new DigitsNet();
