/** init and apply together, through the default backend. */
import { expect, it } from "vitest";
import { Conv, initializers, key, nn, Sequential, tensor } from "../../compiler/index.js";

it("apply runs the module on Tensors", async () => {
  const kernelInit = initializers.ones;
  const net = new Sequential([
    new Conv({ features: 2, kernelSize: [3], padding: "VALID", kernelInit }),
    nn.relu,
  ]);
  const x = tensor([-1, 1, 2, -9, 3], [1, 5, 1]);
  const variables = net.init(key(0), x);
  const first = await net.apply(variables, x);
  expect(first).toEqual(tensor([2, 2, 0, 0, 0, 0], [1, 3, 2]));
  expect(await net.apply(variables, x)).toEqual(first);
});

it("apply of a record gives a record", async () => {
  class Both extends nn.Module {
    call(x: Parameters<typeof nn.relu>[0]) {
      return { up: nn.relu(x), both: [nn.relu(x), nn.identity(x)] };
    }
  }
  const x = tensor([-1, 2], [2]);
  expect(await new Both().apply({ params: {} }, x)).toEqual({
    up: tensor([0, 2], [2]),
    both: [tensor([0, 2], [2]), x],
  });
});
