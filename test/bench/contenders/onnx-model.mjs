/** A one-layer ONNX model ((Pad +) Conv or ConvTranspose + Relu) as bytes: just enough protobuf for onnxruntime to load. */

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

function message(...parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Length-delimited field. */
function field(number, content) {
  const body = bytes(content);
  return message([...varint(number * 8 + 2), ...varint(body.length)], body);
}

const integer = (number, value) => [...varint(number * 8), ...varint(value)];
const float32 = 1;
const int64 = 7;

function tensor(name, dims, data, type = float32) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(...dims.map((d) => integer(1, d)), integer(2, type), field(8, name), field(9, raw));
}

function valueInfo(name, dims) {
  const shape = message(...dims.map((d) => field(1, integer(1, d))));
  return message(field(1, name), field(2, field(1, message(integer(1, 1), field(2, shape)))));
}

const ints = (name, values) =>
  field(5, message(field(1, name), ...values.map((v) => integer(8, v)), integer(20, 7)));
const int = (name, value) => field(5, message(field(1, name), integer(3, value), integer(20, 2)));
const text = (name, value) => field(5, message(field(1, name), field(4, value), integer(20, 3)));

function node(op, inputs, output, attributes = []) {
  return field(
    1,
    message(...inputs.map((name) => field(1, name)), field(2, output), field(4, op), ...attributes),
  );
}

/**
 * op: "Conv", weights [out, in / groups, ...kernel], or "ConvTranspose", weights [in, out, ...kernel]. pads: [low, high]
 * of each dimension; wrap: put on by a Pad of their own.
 */
export function convModel(options) {
  const { op, inputShape, outputShape, weights, weightShape, bias, pads, wrap } = options;
  const sides = (pairs) => [...pairs.map(([low]) => low), ...pairs.map(([, high]) => high)];
  const attributes = [
    ints("strides", options.strides),
    ints("dilations", options.dilations),
    ints("pads", wrap ? sides(pads).map(() => 0) : sides(pads)),
    ints("kernel_shape", weightShape.slice(2)),
    int("group", options.groups),
  ];
  const all = sides([[0, 0], [0, 0], ...pads]);
  const graph = message(
    wrap ? node("Pad", ["x", "p"], "padded", [text("mode", "wrap")]) : [],
    node(op, [wrap ? "padded" : "x", "w", "b"], "c", attributes),
    node("Relu", ["c"], "y"),
    field(2, "g"),
    field(5, tensor("w", weightShape, weights)),
    field(5, tensor("b", [bias.length], bias)),
    wrap ? field(5, tensor("p", [all.length], BigInt64Array.from(all, BigInt), int64)) : [],
    field(11, valueInfo("x", inputShape)),
    field(12, valueInfo("y", outputShape)),
  );
  // IR version 9 with operator set 19, the first with Pad's "wrap".
  return message(integer(1, 9), field(8, integer(2, 19)), field(7, graph));
}
