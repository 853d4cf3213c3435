/** convsmith on one backend: how it prepares a layer, and a call that runs it once. */
import { biasShape, inputShape, kernelShape, pads } from "../layers.mjs";

export function moduleOf({ Conv, ConvLocal }, layer, data) {
  const options = {
    features: layer.features,
    kernelSize: layer.kernel,
    strides: layer.strides,
    inputDilation: layer.lhsDilation,
    kernelDilation: layer.dilation,
    padding: layer.padding === "pairs" ? pads(layer) : layer.padding,
  };
  if (layer.kind === "local") return new ConvLocal(options);
  const mask = data.mask === null ? null : { data: data.mask, shape: kernelShape(layer), dtype: "float32" };
  return new Conv({ ...options, featureGroupCount: layer.groups, mask });
}

/** The arguments of compile() for a layer. `settings` are compile options: precision, algorithm. */
export function compileArguments(convsmith, backend, layer, data, settings) {
  const { Sequential, nn } = convsmith;
  const model = new Sequential([moduleOf(convsmith, layer, data), nn.relu]);
  const kernel = { data: data.kernel, shape: kernelShape(layer), dtype: "float32" };
  const bias = { data: data.bias, shape: biasShape(layer), dtype: "float32" };
  const variables = { params: { layers_0: { kernel, bias } } };
  return [model, { inputs: [inputShape(layer)], variables, backend, ...settings }];
}

export async function prepareConvsmith(convsmith, backend, layer, data, settings) {
  const executable = await convsmith.compile(...compileArguments(convsmith, backend, layer, data, settings));
  executable.inputs[0].data.set(data.input);
  const explained = executable.explain({ json: true });
  const main = explained.layers
    .filter(({ phase }) => phase === "run")
    .reduce((a, b) => (b.predictedMs > a.predictedMs ? b : a));
  return {
    run: () => executable.invoke(),
    output: () => {
      executable.invoke();
      return executable.outputs[0].data.slice();
    },
    about: {
      target: explained.target,
      algorithm: main.algorithm,
      why: main.why,
      notes: executable.notes,
      predictedMs: explained.layers
        .filter(({ phase }) => phase === "run")
        .reduce((ms, { predictedMs }) => ms + predictedMs, 0),
    },
    dispose: () => executable.dispose(),
  };
}
