/**
 * Random schedules, grown a step at a time. Most steps proposed are legal; those that are not must be refused with a
 * ConfigError and are left out.
 */
import type { LoweredKernel } from "../../compiler/lower/lowered.js";
import type { Draft } from "../../compiler/schedule/apply.js";
import { draftOf } from "../../compiler/schedule/apply.js";
import type { LoopNest } from "../../compiler/schedule/loop-nest.js";
import { findRead } from "../../compiler/schedule/stage.js";
import type { LoopMode } from "../../ir/kernel.js";
import type { Step } from "../../ir/schedule.js";
import { freeNames } from "../../ir/visit.js";
import { ConfigError } from "../../runtime/error.js";
import type { Random } from "../support/random.js";

export interface RandomSchedule {
  readonly steps: readonly Step[];
  readonly refused: readonly { readonly step: Step; readonly error: ConfigError }[];
}

/** `wild`: the share of steps whose names and numbers are drawn without looking at the kernel. */
export function randomSchedule(lowered: LoweredKernel, random: Random, wild: number): RandomSchedule {
  const steps: Step[] = [];
  const refused: { step: Step; error: ConfigError }[] = [];
  const count = random.int(1, 10);
  for (let i = 0; i < count; i++) {
    const draft = draftOf(lowered, steps);
    const step = random.chance(wild) ? wildStep(draft, random) : soundStep(draft, random, i === 0);
    if (step === null) continue;
    try {
      if (codeSize(draftOf(lowered, [...steps, step])) <= 400) steps.push(step);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      refused.push({ step, error });
    }
  }
  return { steps, refused };
}

/** Statements that unrolling makes of the largest nest, roughly. */
function codeSize(draft: Draft): number {
  const sizes = draft.nests.map((nest) => {
    const firstReduce = nest.loops.findIndex((l) => l.kind === "reduce");
    return nest.loops.reduce((size, l, at) => {
      const inTile = nest.reduce !== null && firstReduce >= 0 && at > firstReduce && l.kind === "pure";
      const copies = inTile || l.mode === "unroll" || l.mode === "vector" ? l.extent : 1;
      return size * Math.max(copies, 1) * (l.cut === null ? 1 : 2);
    }, 1);
  });
  return Math.max(...sizes);
}

function qualified(nest: LoopNest, axis: string): string {
  return nest.name === "main" ? axis : `${nest.name}/${axis}`;
}

/** At one of the loops outside the reduction, or before all of them. */
function randomStage(random: Random, draft: Draft): Step {
  const operand = draft.params[0]!.name;
  const nest = draft.nests.find((candidate) => findRead(candidate, operand) !== null);
  const outside =
    nest?.loops.slice(
      0,
      Math.max(
        0,
        nest.loops.findIndex((l) => l.kind === "reduce"),
      ),
    ) ?? [];
  const at =
    nest === undefined || draft.together !== null || outside.length === 0 || random.chance(0.5)
      ? null
      : qualified(nest, random.pick(outside).axis);
  return { do: "stage", operand, at, space: "arena" };
}

function soundStep(draft: Draft, random: Random, first: boolean): Step | null {
  if (first && random.chance(0.4)) return randomStage(random, draft);
  const nest = random.pick(draft.nests);
  if (nest.loops.length === 0) return null;
  switch (
    random.pick(["split", "split", "fuse", "reorder", "reorder", "mode", "mode", "pack", "finish"] as const)
  ) {
    case "split": {
      const { axis, extent, kind } = random.pick(nest.loops);
      const factor = random.int(1, Math.max(1, Math.min(extent, 6)));
      const left = kind === "pure" && random.chance(0.4) ? "mask" : "cut";
      const tail = extent % factor === 0 && random.chance(0.5) ? "exact" : left;
      return {
        do: "split",
        axis: qualified(nest, axis),
        factor,
        into: [`${qualified(nest, axis)}.o`, `${qualified(nest, axis)}.i`],
        tail,
      };
    }
    case "fuse": {
      const at = random.int(0, nest.loops.length - 1);
      const [outer, inner] = nest.loops.slice(at);
      if (outer === undefined || inner === undefined) return null;
      return {
        do: "fuse",
        axes: [qualified(nest, outer.axis), qualified(nest, inner.axis)],
        into: `${qualified(nest, outer.axis)}${inner.axis}`,
      };
    }
    case "reorder":
      return { do: "reorder", axes: legalOrder(nest, random).map((axis) => qualified(nest, axis)) };
    case "mode": {
      const { axis, kind } = random.pick(nest.loops);
      const modes: readonly LoopMode[] =
        kind === "reduce" ? ["unroll", "serial"] : ["unroll", "vector", "vector", "parallel", "lane"];
      return { do: "mode", axis: qualified(nest, axis), mode: random.pick(modes) };
    }
    case "pack":
      return packStep(draft, random);
    case "finish":
      return { do: "finish", nest: nest.name, by: "loop" };
  }
}

/** All loops shuffled, then the reduction axes put into their order and each tail's inner loop behind its outer one. */
function legalOrder(nest: LoopNest, random: Random): string[] {
  const shuffled = random.shuffle(nest.loops);
  const reduced = nest.loops.filter((l) => l.kind === "reduce");
  const order = shuffled.map((l) => (l.kind === "reduce" ? reduced.shift()! : l));
  for (const outer of nest.loops) {
    const at = order.indexOf(outer);
    const inner = order.findIndex((l) => l.axis === outer.cut?.inner);
    if (inner >= 0 && inner < at) [order[at], order[inner]] = [order[inner]!, order[at]!];
  }
  return order.map((l) => l.axis);
}

function packStep(draft: Draft, random: Random): Step | null {
  const nest = draft.nests.find((candidate) => candidate.name === "main");
  const operand = draft.params.find((param) => param.access === "constant");
  if (nest?.reduce == null || operand === undefined) return null;
  const used = freeNames(nest.reduce.value);
  const kept = legalOrder(nest, random).filter((axis) => used.has(axis) || random.chance(0.2));
  return { do: "pack", operand: operand.name, axes: kept };
}

/** Names and numbers that need not fit. */
function wildStep(draft: Draft, random: Random): Step {
  const nest = random.pick(draft.nests);
  const names = [
    ...nest.loops.map((l) => l.axis),
    ...nest.lets.map((l) => l.name),
    ...draft.nests.flatMap((other) => other.loops.map((l) => qualified(other, l.axis))),
    "none",
    "nowhere/oc",
  ];
  const axis = (): string => random.pick(names);
  const axes = (): string[] => Array.from({ length: random.int(0, 4) }, axis);
  const operand = random.pick([...draft.params, ...draft.locals, { name: "z" }]).name;
  switch (random.pick(["split", "fuse", "reorder", "mode", "stage", "pack", "finish"] as const)) {
    case "split":
      return {
        do: "split",
        axis: axis(),
        factor: random.pick([-1, 0, 0.5, 1, 2, 3, 100]),
        into: [axis(), random.chance(0.5) ? "fresh" : axis()],
        tail: random.pick(["exact", "cut", "gate", "mask"]),
      };
    case "fuse":
      return { do: "fuse", axes: [axis(), axis()], into: random.chance(0.5) ? "fresh" : axis() };
    case "reorder":
      return { do: "reorder", axes: axes() };
    case "mode":
      return {
        do: "mode",
        axis: axis(),
        mode: random.pick(["serial", "parallel", "unroll", "vector", "workgroup", "lane"]),
      };
    case "stage":
      return { do: "stage", operand, at: random.chance(0.5) ? axis() : null, space: "arena" };
    case "pack":
      return { do: "pack", operand, axes: axes() };
    case "finish":
      return { do: "finish", nest: random.pick([nest.name, "none", "nowhere/oc"]), by: "loop" };
  }
}
