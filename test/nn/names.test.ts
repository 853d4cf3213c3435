/** Names of modules and parameters; every expectation was checked against flax. */
import { describe, expect, it, vi } from "vitest";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import type { Traced } from "../../compiler/index.js";
import { Conv, initializers, key, lax, Module, nn, Sequential, trace } from "../../compiler/index.js";
import { traceProgram } from "../../compiler/trace.js";

const conv = (name?: string): Conv =>
  new Conv({ features: 3, kernelSize: [1], ...(name === undefined ? {} : { name }) });

/** The modules with parameters, in order of creation. */
function modulesOf(model: Module): string[] {
  const { params } = traceProgram(model, { inputs: [[1, 4, 3]] });
  return params
    .filter(({ path }) => path.endsWith("kernel"))
    .map(({ path }) => path.replace(/\/?kernel$/, ""));
}

function compact(call: (x: Traced) => Traced, moduleName = "Net"): Module {
  class Made extends Module {
    static moduleName = moduleName;
    call(x: Traced): Traced {
      return call(x);
    }
  }
  return new Made();
}

class Pair extends Module {
  constructor(
    readonly inner: Conv,
    readonly other: Conv,
  ) {
    super();
  }
  call(x: Traced): Traced {
    return this.other.call(this.inner.call(x));
  }
}

class Fields extends Module {
  static moduleName = "Fields";
  body = new Sequential([conv(), nn.relu, conv()]);
  heads = { a: conv(), b: [conv()] };
  list = [conv(), [conv(), conv()]] as const;
  call(x: Traced): Traced {
    const y = this.heads.b[0]!.call(this.heads.a.call(this.body.call(x) as Traced));
    return this.list[1][1].call(this.list[1][0].call(this.list[0].call(y)));
  }
}
const fieldNames = [
  "body/layers_0",
  "body/layers_2",
  "heads_a",
  "heads_b_0",
  "list_0",
  "list_1_0",
  "list_1_1",
];

describe("names", () => {
  it("a lone module has no name, and its name option does not show", () => {
    expect(modulesOf(conv("ignored"))).toEqual([""]);
  });

  it("compact children are named in order of construction, not of use", () => {
    const reversed = compact((x) => {
      const [a, b] = [conv(), conv()];
      return a.call(b.call(x));
    });
    expect(modulesOf(reversed)).toEqual(["Conv_1", "Conv_0"]);
  });

  it("counters are per class, and an explicit name does not advance them", () => {
    const block = (): Module => compact((x) => conv().call(x), "Block");
    const model = compact((x) => {
      const y = conv("stem").call(block().call(x as never) as Traced);
      return block().call(conv().call(y) as never) as Traced;
    });
    expect(modulesOf(model)).toEqual(["Block_0/Conv_0", "stem", "Conv_0", "Block_1/Conv_0"]);
  });

  it("fields, lists and records are named by the field, wherever the holder is made", () => {
    expect(modulesOf(new Fields())).toEqual(fieldNames);
    const inCompact = compact((x) => conv().call(new Fields().call(x)));
    expect(modulesOf(inCompact)).toEqual([...fieldNames.map((name) => `Fields_0/${name}`), "Conv_0"]);
  });

  it("modules made outside and passed in are named by the field that takes them", () => {
    expect(modulesOf(new Pair(conv(), conv("dropped")))).toEqual(["inner", "other"]);
  });

  it("modules made in a call and passed on keep their names there", () => {
    const model = compact((x) => {
      const inner = conv();
      const y = new Pair(inner, conv()).call(x);
      return conv().call(y);
    });
    expect(modulesOf(model)).toEqual(["Conv_0", "Conv_1", "Conv_2"]);
  });

  it("an explicit name of a field counts where the holder's constructor made it", () => {
    class Net extends Module {
      head = conv("foo");
      tail = new Sequential([conv("zz"), conv()]);
      call(x: Traced): Traced {
        return this.tail.call(this.head.call(x)) as Traced;
      }
    }
    expect(modulesOf(new Net())).toEqual(["foo", "zz", "tail/layers_1"]);
  });

  it("Sequential names its layers outside compact calls, and overwrites their names", () => {
    const nested = new Sequential([new Sequential([conv()]), nn.relu, conv("zz")]);
    expect(modulesOf(nested)).toEqual(["layers_0/layers_0", "layers_2"]);
  });

  it("Sequential in a compact call leaves its layers where they are", () => {
    const model = compact((x) => {
      const y = new Sequential([conv(), nn.relu, conv()]).call(x) as Traced;
      return conv().call(y);
    });
    expect(modulesOf(model)).toEqual(["Conv_0", "Conv_1", "Conv_2"]);
  });

  it("a module called twice has one set of parameters", () => {
    const twice = compact((x) => {
      const shared = conv();
      return shared.call(shared.call(x));
    }, "Twice");
    expect(modulesOf(twice)).toEqual(["Conv_0"]);
    expect(modulesOf(compact((x) => twice2(x)))).toEqual(["Block_0/Conv_0"]);
    const shared = conv();
    expect(modulesOf(new Pair(shared, shared))).toEqual(["inner"]);
  });

  it("the counter of keys does not move for parameters there already", () => {
    const model = compact((x) => {
      const shared = conv();
      return shared.call(shared.call(x));
    });
    const { params } = traceProgram(model, { inputs: [[1, 4, 3]] });
    expect(params.map(({ path, scopePath, count }) => [path, scopePath, count])).toEqual([
      ["Conv_0/kernel", ["Conv_0"], 1],
      ["Conv_0/bias", ["Conv_0"], 2],
    ]);
  });

  it("own parameters lie beside the children", () => {
    class Scaled extends Module {
      inner = conv();
      call(x: Traced): Traced {
        return lax.mul(this.inner.call(x), this.param("scale", initializers.ones, [1, 1, 3]));
      }
    }
    expect([...flattenParams(new Scaled().init(key(0), [1, 4, 3]).params).keys()]).toEqual([
      "inner/kernel",
      "inner/bias",
      "scale",
    ]);
  });

  it("a subclass of ours is named after itself, and super.call stays in its scope", () => {
    class Padded extends Conv {
      override call(x: Traced): Traced {
        return super.call(nn.relu(x));
      }
    }
    expect(modulesOf(compact((x) => new Padded({ features: 3, kernelSize: [1] }).call(x)))).toEqual([
      "Padded_0",
    ]);
  });

  it("one module can be traced again and again", () => {
    const model = new Fields();
    expect(modulesOf(model)).toEqual(modulesOf(model));
    expect(String(trace(model, { inputs: [[1, 4, 3]] }))).toBe(String(trace(model, { inputs: [[1, 4, 3]] })));
  });

  it("modules made in a plain function are named as in a compact call", () => {
    const { params } = traceProgram((x) => [conv().call(x!), conv().call(x!)], { inputs: [[1, 4, 3]] });
    expect(params.map(({ path }) => path)).toEqual([
      "Conv_0/kernel",
      "Conv_0/bias",
      "Conv_1/kernel",
      "Conv_1/bias",
    ]);
  });

  it("a throwing call leaves nothing behind", () => {
    const broken = compact(() => {
      conv();
      throw new Error("mine");
    });
    expect(() => broken.init(key(0), [1, 4, 3])).toThrow("mine");
    expect(modulesOf(compact((x) => conv().call(x)))).toEqual(["Conv_0"]);
  });

  it("modules of two copies of the package mix", async () => {
    vi.resetModules();
    const other = await import("../../compiler/index.js");
    expect(other.Conv).not.toBe(Conv);
    const foreign = (): Conv => new other.Conv({ features: 3, kernelSize: [1] }) as unknown as Conv;
    expect(modulesOf(new Sequential([foreign(), other.nn.relu as never, conv()]))).toEqual([
      "layers_0",
      "layers_2",
    ]);
    expect(modulesOf(compact((x) => foreign().call(conv().call(x))))).toEqual(["Conv_1", "Conv_0"]);
  });

  it("init without parameters is an empty tree", () => {
    expect(new Sequential([nn.relu]).init(key(0), [2])).toEqual({ params: {} });
  });
});

function twice2(x: Traced): Traced {
  const block = compact((y) => conv().call(y), "Block");
  return block.call(block.call(x as never) as never) as Traced;
}
