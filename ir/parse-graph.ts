/** Reads graphs (grammar: parse.ts). */
import type { ConvFused, Graph, Node, NodeBody, PadMode, ValueId } from "./graph.js";
import { identityFused } from "./graph.js";
import type { Cursor } from "./lex.js";
import { parseScalar, parseType } from "./parse-expr.js";
import type { ElementArray, ElementType, FloatElement, TensorType } from "./types.js";
import { isFloat, sameShape } from "./types.js";
import type { Border, WindowDim } from "./window.js";

/** What follows the word `graph`. */
export function parseGraphBody(cursor: Cursor): Graph {
  const name = cursor.globalName();
  const nodes: Node[] = [];
  cursor.expect("(");
  cursor.list(")", () => nodes.push(parseHeadInput(cursor, nodes.length)));
  cursor.expect("->");
  const results = cursor.accept("(") ? cursor.list(")", () => parseType(cursor)) : [parseType(cursor)];
  cursor.expect("{");
  while (!cursor.accept("return")) nodes.push(parseNode(cursor, nodes.length));
  const outputs: ValueId[] = [];
  if (cursor.next() === "%")
    do outputs.push(parseValue(cursor));
    while (cursor.accept(","));
  checkResults(cursor, outputs, nodes, results);
  cursor.expect("}");
  return { name, nodes, outputs };
}

/** The types after `->` must be those of the outputs (of those that are defined). */
function checkResults(
  cursor: Cursor,
  outputs: readonly ValueId[],
  nodes: readonly Node[],
  results: readonly TensorType[],
): void {
  if (results.length !== outputs.length)
    cursor.fail(`the graph returns ${outputs.length} values, its header says ${results.length}`);
  outputs.forEach((id, index) => {
    const type = nodes[id]?.type;
    const result = results[index]!;
    if (type !== undefined && (type.element !== result.element || !sameShape(type.shape, result.shape)))
      cursor.fail(`%${id} has not the type the header says`);
  });
}

function parseValue(cursor: Cursor): ValueId {
  return Number(cursor.expectPattern(/%(\d+)/y, "a value such as %0")[1]) as ValueId;
}

function parseDefined(cursor: Cursor, id: number): void {
  const before = cursor.at;
  const found = parseValue(cursor);
  if (found === id) return;
  cursor.at = before;
  cursor.fail(`values are numbered in order: expected %${id}, not %${found}`);
}

function parseWhere(cursor: Cursor): string {
  return cursor.accept("@") ? cursor.string() : "";
}

function parseHeadInput(cursor: Cursor, id: number): Node {
  parseDefined(cursor, id);
  const name = cursor.next() === '"' ? cursor.string() : "";
  cursor.expect(":");
  const type = parseType(cursor);
  return { op: "input", name, type, args: [], where: parseWhere(cursor) };
}

function parseNode(cursor: Cursor, id: number): Node {
  parseDefined(cursor, id);
  cursor.expect("=");
  const op = cursor.expectPattern(/[a-z]+/y, "an operation")[0];
  if (!Object.hasOwn(readers, op)) cursor.fail(`there is no operation ${op}`);
  const args = cursor.accept("(") ? cursor.list(")", () => parseValue(cursor)) : [];
  const typed = readers[op as keyof typeof readers](cursor);
  cursor.expect(":");
  const type = parseType(cursor);
  return { ...typed(type), type, args, where: parseWhere(cursor) };
}

function attribute<T>(cursor: Cursor, name: string, value: () => T): T {
  cursor.expect(name);
  cursor.expect("=");
  return value();
}

function integers(cursor: Cursor, name: string): number[] {
  return attribute(cursor, name, () => cursor.integers());
}

type Reader = (cursor: Cursor) => (type: TensorType) => NodeBody;

/** Reads what stands between an operation's arguments and its type, which some bodies take their shape from. */
const readers: Readonly<Record<NodeBody["op"], Reader>> = {
  input: (cursor) => {
    const name = cursor.string();
    return () => ({ op: "input", name });
  },
  param: (cursor) => {
    const path = cursor.string();
    return () => ({ op: "param", path });
  },
  constant: (cursor) => {
    const path = cursor.string();
    const data = readData(cursor);
    return (type) => ({ op: "constant", path, data: data(type.element) });
  },
  reshape: () => (type) => ({ op: "reshape", shape: type.shape }),
  transpose: (cursor) => {
    const permutation = integers(cursor, "permutation");
    return () => ({ op: "transpose", permutation });
  },
  slice: (cursor) => {
    const start = integers(cursor, "start");
    const step = integers(cursor, "step");
    return (type) => ({ op: "slice", start, step, shape: type.shape });
  },
  concat: (cursor) => {
    const axis = attribute(cursor, "axis", () => cursor.integer());
    return () => ({ op: "concat", axis });
  },
  interleave: (cursor) => {
    const steps = integers(cursor, "steps");
    return (type) => ({ op: "interleave", steps, shape: type.shape });
  },
  pad: (cursor) => {
    const modes: readonly PadMode[] = ["zero", "wrap", "reflect"];
    const mode = attribute(cursor, "mode", () => cursor.expectOne(modes, "a pad mode"));
    const low = integers(cursor, "low");
    const high = integers(cursor, "high");
    return () => ({ op: "pad", mode, low, high });
  },
  map: (cursor) => {
    if (cursor.next() !== "{") cursor.fail("expected the body of the map in braces");
    const body = parseScalar(cursor);
    return (type) => ({ op: "map", body, element: floatOf(type) });
  },
  conv: (cursor) => {
    const body = readConv(cursor);
    return (type) => ({ ...body, element: floatOf(type) });
  },
};

/** What arithmetic gives where the type says so; of another type the verifier reports what is wrong. */
function floatOf({ element }: TensorType): FloatElement {
  return isFloat(element) ? element : "f32";
}

function readConv(cursor: Cursor): Omit<Extract<NodeBody, { readonly op: "conv" }>, "element"> {
  const window = attribute(cursor, "window", () => readWindow(cursor));
  const dims = attribute(
    cursor,
    "dim_labels",
    () => cursor.expectPattern(/[bf\d]+_[io\d]+->[bf\d]+/y, "dimension labels such as b01f_01io->b01f")[0],
  );
  const optional = <T>(name: string, standard: T, value: () => T): T => {
    if (!cursor.accept(name)) return standard;
    cursor.expect("=");
    return value();
  };
  return {
    op: "conv",
    window,
    dims,
    groups: optional("feature_group_count", 1, () => cursor.integer()),
    batchGroups: optional("batch_group_count", 1, () => cursor.integer()),
    local: optional("local", false, () => cursor.expectOne(["true", "false"], "true or false") === "true"),
    precision: optional<"default" | "highest">("precision", "default", () =>
      cursor.expectOne(["default", "highest"], "a precision"),
    ),
    skippedTaps: optional<readonly number[]>("skipped_taps", [], () => cursor.integers()),
    fused: optional("fused", identityFused, () => readFused(cursor)),
  };
}

function readFused(cursor: Cursor): ConvFused {
  const parts: { -readonly [place in keyof ConvFused]: ConvFused[place] } = { ...identityFused };
  cursor.expect("{");
  cursor.list("}", () => {
    const place = cursor.expectOne(["lhs", "rhs", "out"], "lhs, rhs or out");
    cursor.expect(":");
    parts[place] = parseScalar(cursor);
  });
  return parts;
}

/** `{size=3x3 stride=2x2 pad=1_1x0_0 …}`; every attribute has as many parts as size. */
function readWindow(cursor: Cursor): WindowDim[] {
  cursor.expect("{");
  const parts = <T>(name: string, standard: T, rank: number, part: () => T): T[] => {
    if (!cursor.accept(name)) return new Array<T>(rank).fill(standard);
    cursor.expect("=");
    const values = [part()];
    while (cursor.take(/x/y)) values.push(part());
    if (values.length !== rank) cursor.fail(`${name} has ${values.length} parts, size has ${rank}`);
    return values;
  };
  const integer = (): number => cursor.integer();
  const sizes: number[] = [];
  if (cursor.accept("size="))
    do sizes.push(integer());
    while (cursor.take(/x/y));
  const rank = sizes.length;
  const strides = parts("stride", 1, rank, integer);
  const pads = parts("pad", [0, 0], rank, () => {
    const [, low, high] = cursor.expectPattern(/(-?\d+)_(-?\d+)/y, "low_high");
    return [Number(low), Number(high)];
  });
  const lhsDilations = parts("lhs_dilate", 1, rank, integer);
  const rhsDilations = parts("rhs_dilate", 1, rank, integer);
  const reversals = parts(
    "rhs_reversal",
    false,
    rank,
    () => cursor.expectPattern(/[01]/y, "0 or 1")[0] === "1",
  );
  const borders = parts<Border>(
    "border",
    "zero",
    rank,
    () => cursor.expectPattern(/zero|wrap|reflect/y, "zero, wrap or reflect")[0] as Border,
  );
  cursor.expect("}");
  return sizes.map((size, d) => ({
    size,
    stride: strides[d]!,
    low: pads[d]![0]!,
    high: pads[d]![1]!,
    lhsDilation: lhsDilations[d]!,
    rhsDilation: rhsDilations[d]!,
    reversal: reversals[d]!,
    border: borders[d]!,
  }));
}

type ArrayMaker = new (source: ArrayBuffer | readonly number[]) => ElementArray;

const arrays: Readonly<Record<ElementType, ArrayMaker>> = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

/** Elements in brackets, or the base64 of their bytes. */
function readData(cursor: Cursor): (element: ElementType) => ElementArray {
  if (cursor.accept("[")) {
    const values = cursor.list("]", () => cursor.expectNumber());
    return (element) => new arrays[element](values);
  }
  cursor.expect("base64");
  const text = cursor.string();
  return (element) => {
    try {
      return new arrays[element](Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer);
    } catch {
      return cursor.fail(`this is not the base64 of ${element} elements`);
    }
  };
}
