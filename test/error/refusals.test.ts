/** What is refused besides flax's own list: class, code, path, and that the message says what to do. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import {
  Conv,
  ConvsmithError,
  key,
  lax,
  Module,
  nn,
  Sequential,
  tensor,
  trace,
} from "../../compiler/index.js";
import { type Code, errorCodes } from "../../compiler/refusal.js";
import { traceProgram } from "../../compiler/trace.js";
import { Traced as TracedClass } from "../../compiler/traced.js";

type Options = ConstructorParameters<typeof Conv>[0];
/** Lets a test say what the types forbid. */
const wrong = <T>(value: unknown): T => value as T;

const small: Options = { features: 2, kernelSize: [3, 3] };
const conv = (options: object) => () => new Conv(wrong<Options>({ ...small, ...options }));
const onShape = (options: object, shape: readonly number[]) => () =>
  traceProgram(new Conv(wrong<Options>({ ...small, ...options })), { inputs: [shape] });
const inTrace =
  (
    body: (x: Traced, y: Traced) => unknown,
    specs: readonly unknown[] = [
      [2, 3],
      [2, 3],
    ],
  ) =>
  () =>
    trace(wrong<(...xs: Traced[]) => Traced>(body), wrong({ inputs: specs }));
const withInputs = (inputs: unknown) => () => trace(new Conv(small), wrong({ inputs }));

function net(body: (this: Module, x: Traced) => unknown): Module {
  class Net extends Module {
    static moduleName = "Net";
    call(x: Traced): unknown {
      return body.call(this, x);
    }
  }
  return new Net();
}
const inNet = (body: (this: Module, x: Traced) => unknown) => () =>
  traceProgram(net(body), { inputs: [[1, 4, 4, 2]] });

let leaked: Traced | undefined;
const t = class extends Module {
  call(x: Traced): Traced {
    return x;
  }
};

const rows: readonly (readonly [what: string, code: Code, message: RegExp, run: () => unknown])[] = [
  ["unknown option", "unknown-option", /"stride" is unknown; did you mean "strides"/, conv({ stride: 2 })],
  ["snake case option", "unknown-option", /did you mean "kernelDilation"/, conv({ kernel_dilation: 2 })],
  ["no options", "bad-option", /expected an object/, () => new Conv(wrong(undefined))],
  ["no features", "missing-option", /"features"/, () => new Conv(wrong({ kernelSize: 3 }))],
  ["features as text", "bad-features", /"8"/, conv({ features: "8" })],
  ["NaN kernel", "bad-kernel-size", /kernelSize is \[3,NaN\]/, conv({ kernelSize: [3, Number.NaN] })],
  ["text kernel", "bad-kernel-size", /"33"/, conv({ kernelSize: "33" })],
  ["strides length", "bad-strides", /has 3 entries; kernelSize has 2/, conv({ strides: [1, 1, 1] })],
  ["strides Infinity", "bad-strides", /positive integer/, conv({ strides: Infinity })],
  [
    "pair padding of 1-D",
    "bad-padding",
    /1 integers or \(low, high\) pairs/,
    conv({ kernelSize: 3, padding: [2, 3] }),
  ],
  ["typed padding", "bad-padding", /Int32Array/, conv({ padding: new Int32Array([1, 1]) })],
  [
    "padding name",
    "unknown-padding",
    /SAME_LOWER, CIRCULAR, REFLECT, CAUSAL or/,
    conv({ padding: "reflect" }),
  ],
  ["causal 2-D", "causal-rank", /CAUSAL/, conv({ padding: "CAUSAL" })],
  ["dilated default", "string-padding-dilated", /inputDilation \[2,2\]/, conv({ inputDilation: 2 })],
  [
    "group of three",
    "features-not-divisible",
    /features 2.*featureGroupCount 3/,
    conv({ featureGroupCount: 3 }),
  ],
  ["bias by number", "bad-option", /useBias is 1/, conv({ useBias: 1 })],
  ["dtype misspelt", "unknown-dtype", /did you mean "float32"/, conv({ dtype: "flaot32" })],
  [
    "gelu of complex numbers",
    "dtype-unsupported",
    /complex64\[2,3\] is complex.*products do/,
    () => trace((x) => nn.gelu(x), { inputs: [{ shape: [2, 3], dtype: "complex64" }] }),
  ],
  ["dtype int", "dtype-not-inexact", /floating/, conv({ dtype: "uint8" })],
  ["paramDtype int", "dtype-not-inexact", /paramDtype/, conv({ paramDtype: "int32" })],
  [
    "paramDtype int, own init",
    "dtype-unsupported",
    /paramDtype/,
    conv({ paramDtype: "int32", kernelInit: nn.initializers.ones }),
  ],
  ["precision", "bad-precision", /highest, float32/, conv({ precision: "exact" })],
  ["precision triple", "bad-precision", /pair/, conv({ precision: ["high", "high", "high"] })],
  ["mask as list", "bad-mask", /tensor\(data, shape\)/, conv({ mask: [[1]] })],
  [
    "mask of wrong length",
    "bad-mask",
    /Tensor/,
    conv({ mask: { data: new Float32Array(3), shape: [2], dtype: "float32" } }),
  ],
  [
    "mask shape",
    "mask-shape",
    /\[3,3,2\].*\[3,3,3,2\]/,
    onShape({ mask: tensor(new Float32Array(18), [3, 3, 2]) }, [1, 5, 5, 3]),
  ],
  ["init by name", "bad-initializer", /"zeros"/, conv({ kernelInit: "zeros" })],
  [
    "init maker not called",
    "bad-initializer",
    /lecunNormal\(\)/,
    () =>
      new Conv(wrong({ ...small, kernelInit: () => nn.initializers.lecunNormal })).init(key(0), [1, 4, 4, 1]),
  ],
  [
    "init of other shape",
    "bad-initializer",
    /\[3,3,1,2\]/,
    () => new Conv({ ...small, kernelInit: () => tensor([1], [1]) }).init(key(0), [1, 4, 4, 1]),
  ],
  ["hook", "bad-hook", /must be a function/, conv({ promoteDtype: "float32" })],
  ["hook result", "bad-hook", /\[inputs, kernel, bias\]/, onShape({ promoteDtype: () => [] }, [1, 5, 5, 3])],
  ["injected result", "bad-hook", /traced value/, onShape({ convGeneralDilated: () => 3 }, [1, 5, 5, 3])],
  [
    "injected class",
    "bad-hook",
    /must make a function/,
    onShape({ convGeneralDilatedCls: () => 3 }, [1, 5, 5, 3]),
  ],
  ["too few axes", "input-rank", /Conv: input float32\[5,3\].*at least 3/, onShape({}, [5, 3])],
  ["groups of input", "input-features", /3 features/, onShape({ featureGroupCount: 2 }, [1, 5, 5, 3])],
  ["no features in", "zero-fan", /Conv: /, onShape({}, [1, 5, 5, 0])],
  ["empty axis unbatched", "empty-batch-reshape", /exactly one/, onShape({}, [0, 5, 3])],
  ["wrap nothing", "empty-axis-padding", /wrap/, onShape({ padding: "CIRCULAR" }, [1, 0, 5, 3])],
  ["crop too much", "negative-padding", /\(-4, -4\)/, onShape({ padding: -4 }, [1, 5, 5, 3])],
  ["Sequential of nothing", "empty-sequential", /at least one/, () => new Sequential([])],
  ["Sequential of one", "bad-layers", /must be a list/, () => new Sequential(wrong(nn.relu))],
  ["Sequential of text", "bad-layers", /layer 1 is "relu"/, () => new Sequential([nn.relu, wrong("relu")])],
  ["seed as key", "bad-key", /key\(0\)/, () => new Conv(small).init(wrong(0), [1, 4, 4, 1])],

  [
    "same name twice",
    "name-in-use",
    /"a"/,
    inNet((x) =>
      lax.add(new Conv({ ...small, name: "a" }).call(x), new Conv({ ...small, name: "a" }).call(x)),
    ),
  ],
  [
    "explicit before auto",
    "name-in-use",
    /"Conv_0"/,
    inNet((x) => new Conv(small).call(new Conv({ ...small, name: "Conv_0" }).call(x))),
  ],
  [
    "parameter and child",
    "name-in-use",
    /"w"/,
    inNet(function (x) {
      this.param("w", nn.initializers.zeros, [2]);
      return new Conv({ ...small, name: "w" }).call(x);
    }),
  ],
  ["slash in name", "bad-name", /"a\/b"/, inNet((x) => new Conv({ ...small, name: "a/b" }).call(x))],
  ["number as name", "bad-name", /must be a string/, conv({ name: 3 })],
  ["minified", "minified-name", /static moduleName/, inNet((x) => new t().call(x))],
  [
    "closure",
    "module-unbound",
    /hold it in a field/,
    (() => {
      const outside = new Conv(small);
      return inNet((x) => outside.call(x));
    })(),
  ],
  ["call by hand", "call-outside-trace", /module\.apply/, () => new Conv(small).call(wrong({}))],
  ["function by hand", "call-outside-trace", /while a model is traced/, () => nn.relu(wrong({}))],
  [
    "parameter by hand",
    "call-outside-trace",
    /inside call/,
    () => net((x) => x).param("w", nn.initializers.zeros, [2]),
  ],
  [
    "leaked value",
    "foreign-traced",
    /another trace/,
    () => {
      trace((x) => (leaked = x!), { inputs: [[2]] });
      return trace((x) => lax.add(x!, leaked!), { inputs: [[2]] });
    },
  ],
  [
    "tensor as operand",
    "not-traced",
    /make it an input or a parameter/,
    inTrace((x) => lax.add(x, wrong(tensor([1], [1])))),
  ],
  ["only numbers", "not-traced", /at least one/, inTrace(() => lax.add(1, 2))],
  ["plus", "traced-as-number", /use nn\.add/, inTrace((x, y) => wrong<number>(x) + wrong<number>(y))],
  ["no result", "bad-output", /undefined/, inTrace(() => undefined)],
  ["async", "bad-output", /async/, inTrace(async (x) => x)],
  ["class as target", "not-a-target", /new Conv\(/, () => trace(wrong(Conv), { inputs: [[1]] })],
  ["text as target", "not-a-target", /"Conv"/, () => trace(wrong("Conv"), { inputs: [[1]] })],
  ["target of options", "missing-option", /"inputs"/, () => trace(new Conv(small), wrong({}))],
  ["one shape", "bad-inputs", /\[\[1,28,28,3\]\]/, withInputs([1, 28, 28, 3])],
  ["NaN extent", "bad-inputs", /NaN/, withInputs([[1, Number.NaN, 3, 3]])],
  ["negative extent", "bad-inputs", />= 0/, withInputs([[1, -5, 3, 3]])],
  ["fractional extent", "bad-inputs", /2\.5/, withInputs([[1, 2.5, 3, 3]])],
  ["text extent", "bad-inputs", /"5"/, withInputs([[1, "5", 3, 3]])],
  ["huge", "bad-inputs", /too large/, withInputs([[2e9, 2e9, 2e9, 3]])],
  ["null spec", "bad-inputs", /null/, withInputs([null])],
  ["spec option", "unknown-option", /did you mean "shape"/, withInputs([{ shap: [1] }])],
  ["spec dtype", "unknown-dtype", /did you mean "float32"/, withInputs([{ shape: [1], dtype: "f32" }])],
  ["empty input name", "input-names", /empty/, withInputs({ "": [1] })],

  [
    "shared with other features",
    "shared-param-shape",
    /\[3,3,2,3\].*\[3,3,3,3\]/,
    inNet((x) => {
      const shared = new Conv({ features: 3, kernelSize: [3, 3] });
      return shared.call(shared.call(x));
    }),
  ],
  [
    "lax ranks",
    "rank-mismatch",
    /float32\[2,3,3\].*float32\[2,3\]/,
    inTrace(
      (x, y) => lax.convGeneralDilated(x, y, { windowStrides: [1], padding: "SAME" }),
      [
        [2, 3, 3],
        [2, 3],
      ],
    ),
  ],
  [
    "lax without strides",
    "missing-option",
    /windowStrides/,
    inTrace((x, y) => lax.convGeneralDilated(x, y, wrong({ padding: "SAME" }))),
  ],
  [
    "lax rank 1",
    "input-rank",
    /at least 2/,
    inTrace((x, y) => lax.convGeneralDilated(x, y, { windowStrides: [], padding: "SAME" }), [[2], [2]]),
  ],
  [
    "lax 11-D",
    "too-many-dimensions",
    /at most 10/,
    inTrace(
      (x, y) => lax.convGeneralDilated(x, y, { windowStrides: [], padding: "SAME" }),
      [new Array(13).fill(1), new Array(13).fill(1)],
    ),
  ],
  [
    "lax taps",
    "empty-window",
    /no taps/,
    inTrace(
      (x, y) => lax.convGeneralDilated(x, y, { windowStrides: [1], padding: "SAME" }),
      [
        [1, 2, 3],
        [2, 2, 0],
      ],
    ),
  ],
  [
    "lax dtypes",
    "dtype-mismatch",
    /int32/,
    inTrace(
      (x, y) => lax.convGeneralDilated(x, y, { windowStrides: [], padding: "SAME" }),
      [[2, 3], { shape: [2, 3], dtype: "int32" }],
    ),
  ],
  [
    "lax integers",
    "integer-unsupported",
    /convert to float32/,
    inTrace(
      (x) => lax.convGeneralDilated(x, x, { windowStrides: [], padding: "SAME" }),
      [{ shape: [2, 3], dtype: "int8" }],
    ),
  ],
  [
    "lax result dtype",
    "preferred-element-type",
    /no wider floating dtype/,
    inTrace((x) =>
      lax.convGeneralDilated(x, x, { windowStrides: [], padding: "SAME", preferredElementType: "bfloat16" }),
    ),
  ],
  [
    "lax numbers",
    "bad-dimension-numbers",
    /0 to 1 once/,
    inTrace((x) =>
      lax.convGeneralDilated(x, x, {
        windowStrides: [],
        padding: "SAME",
        dimensionNumbers: { lhsSpec: [0, 0], rhsSpec: [0, 1], outSpec: [0, 1] },
      }),
    ),
  ],
  [
    "add of shapes",
    "shape-mismatch",
    /float32\[2,3\].*float32\[3,2\]/,
    inTrace(
      (x, y) => lax.add(x, y),
      [
        [2, 3],
        [3, 2],
      ],
    ),
  ],
  ["add of ranks", "shape-mismatch", /must be equal/, inTrace((x, y) => lax.add(x, y), [[2, 3], [3]])],
  [
    "add of dtypes",
    "dtype-mismatch",
    /convert one/,
    inTrace((x, y) => lax.add(x, y), [[2], { shape: [2], dtype: "uint8" }]),
  ],
  [
    "add of integers",
    "integer-unsupported",
    /stays integer/,
    inTrace((x) => lax.add(x, 1), [{ shape: [2], dtype: "uint8" }]),
  ],
  [
    "exp of integers",
    "dtype-not-floating",
    /convertElementType/,
    inTrace((x) => lax.exp(x), [{ shape: [2], dtype: "int32" }]),
  ],
  [
    "neg of integers",
    "integer-unsupported",
    /convertElementType/,
    inTrace((x) => lax.neg(x), [{ shape: [2], dtype: "int32" }]),
  ],
  [
    "relu of integers",
    "integer-unsupported",
    /convertElementType/,
    inTrace((x) => nn.relu(x), [{ shape: [2], dtype: "int32" }]),
  ],
  [
    "sigmoid of integers",
    "dtype-not-floating",
    /convertElementType/,
    inTrace((x) => nn.sigmoid(x), [{ shape: [2], dtype: "int32" }]),
  ],
  [
    "activation option",
    "unknown-option",
    /"approximate"/,
    inTrace((x) => nn.gelu(x, wrong({ approximat: true }))),
  ],
  ["activation option type", "bad-option", /number/, inTrace((x) => nn.leakyRelu(x, wrong("0.1")))],
  [
    "activation of two",
    "bad-option",
    /one traced value/,
    inTrace((x, y) => wrong<(a: Traced, b: Traced) => Traced>(nn.relu)(x, y)),
  ],
  ["reshape", "bad-axes", /6 elements/, inTrace((x) => lax.reshape(x, [4, 2]))],
  ["reshape of two holes", "bad-axes", /-1,-1/, inTrace((x) => lax.reshape(x, [-1, -1]))],
  ["transpose", "bad-axes", /each axis/, inTrace((x) => lax.transpose(x, [0, 0]))],
  ["slice", "bad-axes", /does not lie in/, inTrace((x) => lax.slice(x, [0, 0], [2, 4]))],
  ["concatenate axis", "bad-axes", /no axis/, inTrace((x, y) => lax.concatenate([x, y], 2))],
  [
    "concatenate shapes",
    "shape-mismatch",
    /off axis 0/,
    inTrace(
      (x, y) => lax.concatenate([x, y], 0),
      [
        [2, 3],
        [2, 4],
      ],
    ),
  ],
  ["concatenate nothing", "not-traced", /list/, inTrace(() => lax.concatenate([], 0))],
  ["convert to int", "dtype-unsupported", /int32/, inTrace((x) => lax.convertElementType(x, "int32"))],
];

describe("refusals", () => {
  it.each(rows)("%s: %s", (_, code, message, run) => {
    let thrown: unknown;
    try {
      run();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConvsmithError);
    const error = thrown as ConvsmithError;
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
    expect(error.name).toBe(errorCodes[code].class);
    expect(error.message).not.toContain("\n");
  });

  it("names the path of a nested module", () => {
    class Block extends Module {
      static moduleName = "Block";
      call(x: Traced): Traced {
        return new Conv({ features: 4, kernelSize: [1], featureGroupCount: 2 }).call(x);
      }
    }
    const run = inNet((x) => new Block().call(new Conv({ features: 3, kernelSize: [1] }).call(x)));
    expect(run).toThrow(expect.objectContaining({ path: "Net/Block_0/Conv_0", code: "input-features" }));
    expect(run).toThrow(/^Net\/Block_0\/Conv_0: /);
  });

  it("reads a traced value as text, but not as a number", () => {
    let text = "";
    trace(
      (x) => {
        text = `${x}`;
        expect(x).toBeInstanceOf(TracedClass);
        return x!;
      },
      { inputs: [[2, 3]] },
    );
    expect(text).toBe("float32[2,3]");
  });
});
