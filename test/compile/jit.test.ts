/** jit and apply: what is compiled when, which packed weights are kept, and calls that overlap. */
import { describe, expect, it } from "vitest";
import type { Traced } from "../../compiler/index.js";
import { Conv, compile, initializers, jit, key, lax, nn, Sequential, tensor } from "../../compiler/index.js";
import { firstDifference } from "../support/run-everywhere.js";
import {
  backends,
  conv,
  convolve,
  convolveInputs,
  copyOf,
  kernelOf,
  normal,
  otherVariables,
  refusal,
  shape,
  Twice,
  thrown,
  variables,
  wrong,
} from "./models.js";

const x = normal(shape);

/** A jit that counts what it compiles. */
function counted(target: Parameters<typeof jit>[0] = conv) {
  const stages: string[] = [];
  const onProgress = ({ stage }: { readonly stage: string }): void => void stages.push(stage);
  const g = jit(target, { backend: "js", onProgress });
  return { g, compiled: () => stages.filter((stage) => stage === "trace").length };
}

async function expected(of: typeof variables, input = x) {
  const f = await compile(conv, { inputs: [input], variables: of, backend: "js" });
  return f.runSync(input);
}

it.each(backends)("on %s it gives what compile gives", async (backend) => {
  const g = jit(conv, { backend });
  const f = await compile(conv, { inputs: [shape], backend });
  await f.setVariables(variables);
  expect(firstDifference(await g(variables, x), f.runSync(x))).toBe(-1);
});

describe("the cache", () => {
  it("holds one program per shape and dtype", async () => {
    const { g, compiled } = counted();
    expect(g.cacheSize()).toBe(0);
    await g(variables, x);
    await g(variables, normal(shape, 2));
    await g(otherVariables, tensor(x.data, [...shape]));
    expect([g.cacheSize(), compiled()]).toEqual([1, 1]);
    await g(variables, normal([2, 5, 6, 2]));
    await g(variables, tensor(new Uint8Array(60), shape));
    expect([g.cacheSize(), compiled()]).toEqual([3, 3]);
    await g(variables, x);
    expect(compiled()).toBe(3);
  });

  it("compiles once for calls that overlap", async () => {
    const { g, compiled } = counted();
    const results = await Promise.all([g(variables, x), g(variables, x), g(variables, x)]);
    expect([g.cacheSize(), compiled()]).toEqual([1, 1]);
    for (const y of results) expect(firstDifference(y, await expected(variables))).toBe(-1);
  });

  it("does not keep what could not be compiled", async () => {
    const { g } = counted(new Conv({ features: 4, kernelSize: [3], featureGroupCount: 4 }));
    const odd = normal([1, 5, 3]);
    expect((await refusal(() => g({ params: {} }, odd))).code).toBe("input-features");
    expect((await refusal(() => g({ params: {} }, odd))).code).toBe("input-features");
    expect(g.cacheSize()).toBe(0);
  });

  it("is emptied by clear, and filled again", async () => {
    const { g, compiled } = counted();
    await g(variables, x);
    g.clear();
    expect(g.cacheSize()).toBe(0);
    expect(firstDifference(await g(variables, x), await expected(variables))).toBe(-1);
    expect([g.cacheSize(), compiled()]).toEqual([1, 2]);
  });

  it("may be cleared while calls are under way", async () => {
    const { g } = counted();
    const calls = [g(variables, x), g(otherVariables, x)];
    g.clear();
    const [first, second] = await Promise.all([...calls]);
    expect(firstDifference(first!, await expected(variables))).toBe(-1);
    expect(firstDifference(second!, await expected(otherVariables))).toBe(-1);
  });
});

describe("packed weights", () => {
  it("are kept per Tensor object: writing in place shows after clear", async () => {
    const g = jit(conv, { backend: "js" });
    const own = copyOf(variables);
    const before = await g(own, x);
    kernelOf(own).fill(0);
    expect(firstDifference(await g(own, x), before)).toBe(-1);
    // Another tree of the same Tensors is the same parameters.
    expect(firstDifference(await g({ params: { ...own.params } }, x), before)).toBe(-1);
    g.clear();
    const after = await g(own, x);
    expect(firstDifference(after, await expected(own))).toBe(-1);
    expect(firstDifference(after, before)).toBeGreaterThanOrEqual(0);
  });

  it("are packed again for new Tensor objects", async () => {
    const g = jit(conv, { backend: "js" });
    const before = await g(variables, x);
    const own = copyOf(variables);
    kernelOf(own).fill(1);
    expect(firstDifference(await g(own, x), await expected(own))).toBe(-1);
    expect(firstDifference(await g(variables, x), before)).toBe(-1);
  });

  it("belong to their names, not to their order", async () => {
    const net = new Twice();
    const g = jit(net, { backend: "js" });
    const of = { params: { ...net.init(key(0), shape).params } };
    const { Conv_0, Conv_1 } = of.params;
    const swapped = { params: { Conv_0: Conv_1!, Conv_1: Conv_0! } };
    const swappedInOrder = { params: { Conv_1: Conv_0!, Conv_0: Conv_1! } };
    const first = await g(of, x);
    const second = await g(swapped, x);
    expect(firstDifference(first, second)).toBeGreaterThanOrEqual(0);
    expect(firstDifference(await g(of, x), first)).toBe(-1);
    expect(firstDifference(await g(swappedInOrder, x), second)).toBe(-1);
  });

  it("are right for each of two calls that overlap", async () => {
    const g = jit(conv, { backend: "js" });
    const all = [variables, otherVariables, variables, otherVariables];
    const found = await Promise.all(all.map((of) => g(of, x)));
    for (const [i, of] of all.entries()) expect(firstDifference(found[i]!, await expected(of))).toBe(-1);
  });

  it("that do not fit are refused, and the next call is right", async () => {
    const g = jit(conv, { backend: "js" });
    await g(variables, x);
    const bad = { params: { kernel: normal([1, 1, 2, 5]), bias: normal([5]) } };
    const calls = [refusal(() => g(bad, x)), g(variables, x)] as const;
    expect(await calls[0]).toMatchObject({ name: "CheckpointError", code: "params-shape" });
    expect(firstDifference(await calls[1], await expected(variables))).toBe(-1);
    expect((await refusal(() => g(wrong({}), x))).code).toBe("params-missing");
    expect((await refusal(() => g(wrong(null), x))).code).toBe("params-missing");
  });
});

describe("calls", () => {
  it("take Tensors, whose shapes decide", async () => {
    const g = jit(conv);
    const error = await refusal(() => g(variables, wrong(x.data)));
    expect(error).toMatchObject({ name: "ConfigError", code: "bad-inputs" });
    expect(error.message).toMatch(/tensor\(data, shape\)/);
  });

  it("are of functions too, with several inputs and the form of their results", async () => {
    const [lhs, rhs] = [normal(convolveInputs.lhs), normal(convolveInputs.rhs, 2)];
    const f = await compile(convolve, { inputs: convolveInputs, backend: "js" });
    const none = { params: {} };
    expect(firstDifference(await jit(convolve, { backend: "js" })(none, lhs, rhs), f.runSync(lhs, rhs))).toBe(
      -1,
    );
    const g = jit((a: Traced) => [nn.relu(a), { n: lax.neg(a) }] as const, { backend: "js" });
    const [up, { n }] = await g(none, tensor([-1, 2], [2]));
    expect([[...up.data], [...n.data]]).toEqual([
      [0, 2],
      [1, -2],
    ]);
  });

  it("leave their arguments as they were, and own their results", async () => {
    const g = jit(conv, { backend: "js" });
    const [own, input] = [copyOf(variables), normal(shape)];
    const first = await g(own, input);
    const kept = first.data.slice();
    await g(own, normal(shape, 9));
    expect([own, input, first.data]).toEqual([variables, x, kept]);
  });

  it("of what is no model are refused when the first one compiles", async () => {
    expect((await refusal(() => jit(wrong<typeof conv>(3))({ params: {} }, x))).code).toBe("not-a-target");
    expect(thrown(() => jit(conv, wrong(5))).code).toBe("bad-option");
  });
});

describe("apply", () => {
  it("is a jit that a module keeps", async () => {
    const own = copyOf(variables);
    const before = await conv.apply(own, x);
    kernelOf(own).fill(0);
    expect(await conv.apply(own, x)).toEqual(before);
    expect(await conv.apply(copyOf(own), x)).not.toEqual(before);
  });

  it("runs any module, on any shape", async () => {
    const kernelInit = initializers.ones;
    const net = new Sequential([
      new Conv({ features: 1, kernelSize: [2], padding: "VALID", kernelInit }),
      nn.relu,
    ]);
    const of = net.init(key(0), [1, 3, 1]);
    expect(await net.apply(of, tensor([1, 2, 3], [1, 3, 1]))).toEqual(tensor([3, 5], [1, 2, 1]));
    expect(await net.apply(of, tensor([1, -2], [1, 2, 1]))).toEqual(tensor([0], [1, 1, 1]));
  });
});
