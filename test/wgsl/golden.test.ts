/** The shaders of ten shapes, as text; UPDATE them with `vitest run test/wgsl/golden.test.ts -u`. */
import { expect, it } from "vitest";
import { Compilation } from "../../compiler/compile.js";
import { emitStage } from "../../compiler/emit-stage.js";
import { Conv, ConvTranspose, key, nn, Sequential } from "../../compiler/index.js";
import type { TraceTarget } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import type { AdapterClass } from "../../ir/target.js";

const small = new Conv({ features: 8, kernelSize: [3, 3] });

const shapes: readonly (readonly [string, AdapterClass, TraceTarget, readonly number[]])[] = [
  ["3x3-56x64-gpu", "gpu", new Conv({ features: 64, kernelSize: [3, 3] }), [1, 56, 56, 64]],
  ["3x3-56x64-software", "software", new Conv({ features: 64, kernelSize: [3, 3] }), [1, 56, 56, 64]],
  ["1x1-56x64-gpu", "gpu", new Conv({ features: 256, kernelSize: [1, 1] }), [1, 56, 56, 64]],
  ["stem-gpu", "gpu", new Conv({ features: 32, kernelSize: [3, 3], strides: 2 }), [1, 224, 224, 3]],
  [
    "depthwise",
    "software",
    new Conv({ features: 32, kernelSize: [3, 3], featureGroupCount: 32 }),
    [1, 28, 28, 32],
  ],
  [
    "grouped-gpu",
    "gpu",
    new Conv({ features: 64, kernelSize: [3, 3], featureGroupCount: 4 }),
    [1, 16, 16, 64],
  ],
  ["circular", "software", new Conv({ features: 4, kernelSize: 3, padding: "CIRCULAR" }), [2, 19, 3]],
  [
    "transposed",
    "software",
    new ConvTranspose({ features: 4, kernelSize: [3, 3], strides: [2, 2] }),
    [1, 6, 6, 4],
  ],
  ["bfloat16", "software", new Conv({ features: 4, kernelSize: [3, 3], dtype: "bfloat16" }), [1, 6, 6, 4]],
  ["activations", "software", new Sequential([small, (x: Traced) => nn.gelu(x)]), [1, 8, 8, 4]],
];

it.each(shapes)("%s", async (name, adapter, model, shape) => {
  const variables = (model as typeof small).init(key(0), shape);
  const compilation = new Compilation(model, { inputs: [shape], variables, backend: "wgsl", adapter });
  const built = await compilation.build(compilation.targets[0]!);
  const text = `${await emitStage(compilation, built, "wgsl")}\n`;
  await expect(text).toMatchFileSnapshot(`golden/${name}.wgsl`);
});
