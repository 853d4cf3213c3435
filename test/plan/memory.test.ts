/** Offsets: nothing alive together overlaps, and space that is free is used. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Lifetime } from "../../compiler/memory.js";
import { alignUp, assignOffsets } from "../../compiler/memory.js";
import type { Planned } from "../../compiler/plan.js";
import { nodeAt } from "../../ir/graph.js";
import { parseGraph } from "../../ir/parse.js";
import type { TensorType } from "../../ir/types.js";
import { elementBytes, elementCount } from "../../ir/types.js";
import { random } from "../support/random.js";
import { randomGraph } from "./random-graph.js";
import { numbers, planned, Running, randomValues } from "./run-planned.js";

const lifetime: fc.Arbitrary<Lifetime> = fc
  .tuple(fc.nat({ max: 700 }), fc.nat({ max: 12 }), fc.option(fc.nat({ max: 6 })))
  .map(([bytes, from, length]) => ({
    bytes,
    from,
    to: length === null ? Number.POSITIVE_INFINITY : from + length,
  }));

function named(lifetimes: readonly Lifetime[], prefix: string) {
  return lifetimes.map((life, i) => [`${prefix}${i}`, life] as const);
}

describe("assignOffsets", () => {
  it("never lets two buffers that are alive together overlap", () => {
    fc.assert(
      fc.property(fc.array(lifetime), fc.array(lifetime), (fixed, others) => {
        const all = [...named(fixed, "f"), ...named(others, "o")];
        const { offsets, bytes } = assignOffsets(named(fixed, "f"), named(others, "o"));
        all.forEach(([a, one], i) => {
          expect(offsets.get(a)! % 64).toBe(0);
          expect(offsets.get(a)! + one.bytes).toBeLessThanOrEqual(bytes);
          for (const [b, two] of all.slice(i + 1)) {
            const together = one.from <= two.to && two.from <= one.to && one.bytes * two.bytes > 0;
            const apart =
              offsets.get(a)! + one.bytes <= offsets.get(b)! ||
              offsets.get(b)! + two.bytes <= offsets.get(a)!;
            if (together) expect(apart, `${a} ${b}`).toBe(true);
          }
        });
      }),
    );
  });

  it("puts the fixed ones first, in order, whatever their lifetimes", () => {
    const life = (bytes: number, from: number, to: number): Lifetime => ({ bytes, from, to });
    const { offsets, bytes } = assignOffsets(
      [
        ["a", life(10, 0, 0)],
        ["b", life(100, 5, 5)],
      ],
      [
        ["c", life(8, 1, 2)],
        ["d", life(60, 3, 4)],
        ["e", life(60, 4, 9)],
      ],
    );
    expect(Object.fromEntries(offsets)).toEqual({ a: 0, b: 64, d: 0, e: 192, c: 0 });
    expect(bytes).toBe(252);
  });
});

interface Span {
  readonly start: number;
  readonly end: number;
}

function meet(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

function spanOf({ element, shape }: TensorType, start: number): Span {
  return { start, end: start + elementCount(shape) * elementBytes(element) };
}

/** The bytes every call writes, setup first. */
function writes({ program }: Planned): readonly Span[] {
  const kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
  return [...program.setup, ...program.run].flatMap(({ kernel: name, args }) => {
    const kernel = kernels.get(name)!;
    const written = [
      ...kernel.params.map(({ access }) => access === "write" || access === "read-write"),
      ...kernel.locals.map(() => true),
    ];
    return [...kernel.params, ...kernel.locals].flatMap(({ size, element }, i): Span[] =>
      written[i] ? [{ start: args[i]!, end: args[i]! + size * elementBytes(element) }] : [],
    );
  });
}

const seeds = fc.nat({ max: 1e6 });

describe("a program's memory", () => {
  it("keeps inputs as they are and outputs to themselves, run after run and with new weights", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const source = random(seed);
        const graph = randomGraph(source);
        const program = planned(graph);
        const inputs = graph.nodes
          .filter((node) => node.op === "input")
          .map(({ type }, i) => spanOf(type, program.inputOffsets[i]!));
        const outputs = graph.outputs.map((id, i) =>
          spanOf(nodeAt(graph, id).type, program.outputOffsets[i]!),
        );
        for (const span of writes(program)) expect(inputs.some((input) => meet(input, span))).toBe(false);
        const bound = [...inputs, ...outputs];
        bound.forEach((a, i) => {
          for (const b of bound.slice(i + 1)) expect(meet(a, b)).toBe(false);
        });
        // A write that touches an output lies inside it.
        for (const span of writes(program))
          for (const output of outputs)
            if (meet(output, span)) expect(output.start <= span.start && span.end <= output.end).toBe(true);

        const [first, second] = [randomValues(graph, source), randomValues(graph, source)];
        const running = new Running(graph, program);
        running.setVariables(first.params);
        const once = numbers(running.run(first.inputs));
        running.run(second.inputs);
        expect(numbers(running.run(first.inputs))).toEqual(once);
        running.setVariables(second.params);
        running.run(second.inputs);
        running.setVariables(first.params);
        expect(numbers(running.run(first.inputs))).toEqual(once);
      }),
      { numRuns: 50 },
    );
  });

  it("is inputs, outputs, what is packed and temporaries, and nothing else", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { memory, program, inputOffsets, outputOffsets, weights } = planned(randomGraph(random(seed)));
        const { inputs, outputs, packed, temporaries } = memory;
        const padding =
          64 * (inputOffsets.length + outputOffsets.length + weights.length + program.setup.length);
        expect(Math.max(inputs + outputs + packed + temporaries, 1)).toBeGreaterThanOrEqual(
          program.memoryBytes,
        );
        expect(program.memoryBytes).toBeLessThanOrEqual(inputs + outputs + packed + temporaries + padding);
      }),
      { numRuns: 50 },
    );
  });

  it("gives temporaries the space of weights that only setup reads", () => {
    const program = planned(
      parseGraph(`graph @g(%0: f32[1,8,4]) -> f32[1,8,4] {
        %1 = param "a" : f32[3,4,64]
        %2 = param "b" : f32[1,64,4]
        %3 = conv(%0, %1) window={size=3 pad=1_1} dim_labels=b0f_0io->b0f : f32[1,8,64]
        %4 = conv(%3, %2) window={size=1} dim_labels=b0f_0io->b0f : f32[1,8,4]
        return %4
      }`),
    );
    const weightSpan = { start: program.weights[0]!.offset, end: program.weights[1]!.offset + 64 * 4 * 4 };
    const first = program.program.run[0]!;
    const kernel = program.program.kernels.find(({ name }) => name === first.kernel)!;
    const temporary = first.args[kernel.params.findIndex(({ access }) => access === "write")]!;
    expect(meet(weightSpan, { start: temporary, end: temporary + 8 * 64 * 4 })).toBe(true);
    const { inputs, outputs, weights, packed } = program.memory;
    expect(program.program.memoryBytes).toBeLessThan(inputs + outputs + weights + packed + 8 * 64 * 4);
  });

  it("does not grow with the length of a chain", () => {
    const chain = (length: number): Planned => {
      const nodes = Array.from({ length }, (_, i) => `%${i + 1} = map(%${i}) { $0 + 1 } : f32[1000]`);
      return planned(`graph @g(%0: f32[1000]) -> f32[1000] { ${nodes.join("\n")} return %${length} }`);
    };
    expect(chain(9).program.memoryBytes).toBe(chain(3).program.memoryBytes);
    expect(chain(9).program.memoryBytes).toBeLessThanOrEqual(4 * alignUp(4000));
  });
});
