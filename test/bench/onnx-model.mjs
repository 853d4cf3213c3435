/** A one-layer ONNX model (Conv + Relu, NCHW) as bytes: just enough protobuf for onnxruntime to load. */

function varint(value) {
  const out = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...out, rest];
}

const encoder = new TextEncoder();
const bytes = (content) => (typeof content === "string" ? encoder.encode(content) : content);

/** Length-delimited field. */
function field(number, content) {
  const body = bytes(content);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(body.length)]), body]);
}

const integer = (number, value) => Buffer.from([...varint(number * 8), ...varint(value)]);
const message = (...parts) => Buffer.concat(parts);

function tensor(name, dims, data) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(...dims.map((d) => integer(1, d)), integer(2, 1), field(8, name), field(9, raw));
}

function valueInfo(name, dims) {
  const shape = message(...dims.map((d) => field(1, integer(1, d))));
  return message(field(1, name), field(2, field(1, message(integer(1, 1), field(2, shape)))));
}

const ints = (name, values) => message(field(1, name), ...values.map((v) => integer(8, v)), integer(20, 7));

/** weights OIHW; pads [top, left, bottom, right]. */
export function convModel({
  inputShape,
  outputShape,
  weights,
  weightShape,
  bias,
  strides,
  dilations,
  groups,
  pads,
}) {
  const attributes = [
    ints("strides", strides),
    ints("dilations", dilations),
    ints("pads", pads),
    ints("kernel_shape", weightShape.slice(2)),
    message(field(1, "group"), integer(3, groups), integer(20, 2)),
  ];
  const conv = message(
    ...["x", "w", "b"].map((name) => field(1, name)),
    field(2, "c"),
    field(4, "Conv"),
    ...attributes.map((a) => field(5, a)),
  );
  const relu = message(field(1, "c"), field(2, "y"), field(4, "Relu"));
  const graph = message(
    field(1, conv),
    field(1, relu),
    field(2, "g"),
    field(5, tensor("w", weightShape, weights)),
    field(5, tensor("b", [bias.length], bias)),
    field(11, valueInfo("x", inputShape)),
    field(12, valueInfo("y", outputShape)),
  );
  return message(integer(1, 8), field(8, integer(2, 17)), field(7, graph));
}
