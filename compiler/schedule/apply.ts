/**
 * Applies a schedule to a lowered kernel, one small rewrite a step. Each function documents its step as before -> after
 * and checks that it is legal; a step that is not is the writer's mistake and becomes a ConfigError.
 *
 * Steps on pure axes never change a result bit. A reduction axis may be split exactly or cut (the order of its terms
 * stays ascending); reordering reduction axes against each other is refused.
 */
import type { Access, Affine, Expr, Kernel, LoopMode } from "../../ir/kernel.js";
import { addAffine, affine, allOf, coefficient, substituteAffine } from "../../ir/kernel.js";
import type { Schedule, Step } from "../../ir/schedule.js";
import { defaultLimits } from "../../ir/target.js";
import { freeNames } from "../../ir/visit.js";
import { ConfigError } from "../../runtime/error.js";
import type { LoweredKernel } from "../lower/lowered.js";
import { buildNests } from "../lower/lowered.js";
import type { Loop, LoopNest } from "./loop-nest.js";
import { findLoop, loadsOf, mapAccesses, mapNest, substituteAxis } from "./loop-nest.js";
import type { PackedOperand } from "./pack.js";
import { pack } from "./pack.js";
import { stage } from "./stage.js";
import { stageShared } from "./stage-shared.js";

/** A kernel with its loops arranged, and the kernels that prepare its packed operands once. */
export interface ScheduledKernel {
  readonly kernel: Kernel;
  readonly packed: readonly PackedOperand[];
}

/** What steps rewrite: the lowered kernel, its intermediate buffers, and what has been packed. */
export interface Draft extends LoweredKernel {
  readonly packed: readonly PackedOperand[];
}

export function illegal(step: string, because: string): ConfigError {
  return new ConfigError("schedule-illegal", `schedule step "${step}": ${because}`);
}

/** The kernel after some steps, its loops still data. */
export function draftOf(lowered: LoweredKernel, steps: readonly Step[]): Draft {
  return withSteps({ ...lowered, packed: [] }, steps);
}

/** A draft after some more steps. */
export function withSteps(draft: Draft, steps: readonly Step[]): Draft {
  return steps.reduce(applyStep, draft);
}

export function applySchedule(lowered: LoweredKernel, schedule: Schedule): ScheduledKernel {
  const draft = draftOf(lowered, schedule.steps);
  const nests = buildNests({ ...draft, nests: draft.nests.map(inlineIndexLets) });
  return {
    kernel: { name: draft.name, params: draft.params, locals: draft.locals, nests },
    packed: draft.packed,
  };
}

function applyStep(draft: Draft, step: Step): Draft {
  switch (step.do) {
    case "split":
      return onNest(draft, step.axis, (nest, axis) => split(nest, axis, step));
    case "fuse":
      return onNest(draft, step.axes[0], (nest, outer) =>
        fuse(nest, outer, localName(step.axes[1]), localName(step.into)),
      );
    case "reorder":
      return onNest(draft, step.axes[0] ?? "", (nest) => reorder(nest, step.axes.map(localName)));
    case "mode":
      if (isBlockLoop(draft, step.axis)) return setBlockMode(draft, step);
      return onNest(draft, step.axis, (nest, axis) => setMode(nest, axis, step));
    case "stage":
      return step.space === "arena"
        ? stage(draft, step)
        : stageShared(draft, step.operand, localName(step.at), mostShared);
    case "finish":
      return onNest(draft, `${step.nest}/`, (nest) => finishByLoop(nest, step));
    case "pack":
      return pack(draft, step.operand, step.axes.map(localName));
    default:
      throw illegal(String((step satisfies never as Step).do), "no such step");
  }
}

/** Every device has as much; what a target has besides is for the verifier. */
const mostShared = defaultLimits.sharedBytes;

function localName(axis: string): string {
  return axis.slice(axis.indexOf("/") + 1);
}

function nestName(qualified: string): string {
  const slash = qualified.indexOf("/");
  return slash < 0 ? "main" : qualified.slice(0, slash);
}

function onNest(draft: Draft, qualified: string, f: (nest: LoopNest, axis: string) => LoopNest): Draft {
  const name = nestName(qualified);
  if (!draft.nests.some((nest) => nest.name === name)) throw illegal(qualified, `there is no nest ${name}`);
  return {
    ...draft,
    nests: draft.nests.map((nest) => (nest.name === name ? f(nest, localName(qualified)) : nest)),
  };
}

function need(nest: LoopNest, axis: string, step: string): Loop {
  const found = findLoop(nest, axis);
  if (found !== null) return found;
  throw illegal(
    step,
    `nest ${nest.name} has no axis ${axis} (it has ${nest.loops.map((l) => l.axis).join(" ")})`,
  );
}

/** The last iteration of the loop, or of one around it, is shorter than the others. */
function hasTail(nest: LoopNest, { axis, cut }: Loop): boolean {
  return cut !== null || nest.loops.some((l) => l.cut?.inner === axis);
}

function isTaken(nest: LoopNest, name: string): boolean {
  return findLoop(nest, name) !== null || nest.lets.some((l) => l.name === name);
}

/**
 * for a in E -> for outer in E/f { for inner in f }, a = f*outer + inner; tail=cut adds one shorter last iteration,
 * tail=gate rounds E/f up and asks in every iteration whether a is inside E, tail=mask at every load and store.
 */
function split(nest: LoopNest, axis: string, step: Extract<Step, { do: "split" }>): LoopNest {
  const { factor, tail } = step;
  const [outer, inner] = step.into.map(localName) as [string, string];
  const text = `split ${step.axis} by ${factor}`;
  const old = need(nest, axis, text);
  if (!Number.isInteger(factor) || factor < 1) throw illegal(text, "the factor is a positive integer");
  const rest = old.extent % factor;
  if (tail === "exact" && rest !== 0)
    throw illegal(text, `${factor} does not divide ${old.extent}; use tail=cut`);
  if (hasTail(nest, old)) throw illegal(text, `${axis} has a tail already; split it once`);
  if ([outer, inner].some((name) => name !== axis && isTaken(nest, name)) || outer === inner)
    throw illegal(text, `${outer} or ${inner} is taken`);
  if (nest.finish === "loop" && tail === "cut" && rest !== 0)
    throw illegal(text, `${nest.name} is finished by a loop, which has no tail`);
  const gated = tail === "gate" && rest !== 0;
  const masked = tail === "mask" && rest !== 0;
  if ((gated || masked) && old.kind === "reduce")
    throw illegal(text, `a reduction axis has no ${tail}; use tail=cut`);
  if (masked && nest.lets.some(({ value }) => freeNames(value).has(axis)))
    throw illegal(text, `what ${axis} reads is found by ${axis} itself; stage it first, or use tail=cut`);
  const at = affine(0, { [outer]: factor, [inner]: 1 });
  const loops = nest.loops.flatMap((l): Loop[] =>
    l.axis !== axis
      ? [l]
      : [
          {
            ...l,
            axis: outer,
            extent: Math.floor(l.extent / factor) + (gated || masked ? 1 : 0),
            cut: rest === 0 || gated || masked ? null : { inner, extent: rest },
          },
          { ...l, axis: inner, extent: factor, cut: null },
        ],
  );
  const test: Expr = { kind: "test", fn: "inside", of: at, by: old.extent };
  const asked = masked ? mapAccesses(nest, (access) => maskedBy(test, axis, access)) : nest;
  const { within = [], ...others } = substituteAxis(asked, axis, at);
  const conditions = gated ? [...within, test] : within;
  return checkTile({ ...others, ...(conditions.length === 0 ? {} : { within: conditions }), loops }, text);
}

/** What an access is gated by besides, where it moves along the axis. */
function maskedBy(test: Expr, axis: string, access: Access): Access {
  if (coefficient(access.at, axis) === 0) return access;
  const { when, otherwise } = access.gate ?? { when: null, otherwise: 0 };
  return {
    ...access,
    gate: { when: allOf([...(when === null ? [] : [when]), test])!, otherwise },
  };
}

/** for a in A { for b in B } -> for into in A*B, where every address walks both as one (B*a + b). */
function fuse(nest: LoopNest, outer: string, inner: string, into: string): LoopNest {
  const text = `fuse ${outer} ${inner}`;
  const first = need(nest, outer, text);
  const second = need(nest, inner, text);
  const at = nest.loops.indexOf(first);
  if (nest.loops[at + 1] !== second) throw illegal(text, `${inner} is not directly inside ${outer}`);
  if (first.kind !== second.kind || hasTail(nest, first) || hasTail(nest, second))
    throw illegal(text, "both axes are pure or both are reduced, and neither has a tail");
  if (first.mode !== second.mode) throw illegal(text, `${outer} is ${first.mode}, ${inner} ${second.mode}`);
  if (into !== outer && into !== inner && isTaken(nest, into)) throw illegal(text, `${into} is taken`);
  if (!canFuse(nest, outer, inner)) throw illegal(text, "some address does not walk the two axes as one");
  const drop = (at: Affine): Affine =>
    addAffine(
      { offset: at.offset, terms: at.terms.filter((t) => t.of !== outer && t.of !== inner) },
      affine(0, { [into]: coefficient(at, inner) }),
    );
  const loops = nest.loops.flatMap((l) =>
    l === first ? [{ ...l, axis: into, extent: first.extent * second.extent }] : l === second ? [] : [l],
  );
  return { ...mapNest(nest, { at: drop }), loops };
}

/** True where every affine expression has coefficient(outer) = extent(inner) * coefficient(inner). */
export function canFuse(nest: LoopNest, outer: string, inner: string): boolean {
  const extent = findLoop(nest, inner)?.extent ?? 0;
  let fits = true;
  mapNest(nest, {
    at: (a) => {
      if (coefficient(a, outer) !== extent * coefficient(a, inner)) fits = false;
      return a;
    },
  });
  return fits;
}

/** The named axes take the places they hold together, in the order given. */
function reorder(nest: LoopNest, axes: readonly string[]): LoopNest {
  const text = `reorder ${axes.join(" ")}`;
  const chosen = axes.map((axis) => need(nest, axis, text));
  if (new Set(axes).size !== axes.length) throw illegal(text, "an axis is named twice");
  const queue = [...chosen];
  const loops = nest.loops.map((l) => (chosen.includes(l) ? queue.shift()! : l));
  const reduced = (list: readonly Loop[]): string =>
    list.flatMap((l) => (l.kind === "reduce" ? [l.axis] : [])).join(" ");
  if (reduced(loops) !== reduced(nest.loops))
    throw illegal(
      text,
      `reduction axes keep their order (${reduced(nest.loops)}), which fixes the order of the sum`,
    );
  for (const l of loops)
    if (l.cut !== null && loops.findIndex((o) => o.axis === l.cut!.inner) < loops.indexOf(l))
      throw illegal(text, `${l.axis} has a tail, so it stays outside ${l.cut.inner}`);
  return checkTile({ ...nest, loops }, text);
}

/** unroll r { unroll c { y[..] = f(acc[r,c]) } } -> for c { for r { y[..] = f(tile[r,c]) } }, the accumulators put into an array. */
function finishByLoop(nest: LoopNest, { nest: name }: Extract<Step, { do: "finish" }>): LoopNest {
  const text = `finish ${name} by loop`;
  if (nest.reduce === null) throw illegal(text, "there is no reduction whose results could be finished");
  if (nest.loops.some((l) => l.cut !== null)) throw illegal(text, "a loop of the nest has a tail");
  return { ...nest, finish: "loop" };
}

/** Changes how a loop runs. */
function setMode(nest: LoopNest, axis: string, step: Extract<Step, { do: "mode" }>): LoopNest {
  const text = `${step.mode} ${step.axis}`;
  const old = need(nest, axis, text);
  if (old.kind === "reduce" && step.mode !== "unroll" && step.mode !== "serial")
    throw illegal(text, "a reduction axis runs in order: unroll or serial");
  if (step.mode === "vector" && nest.loops.some((l) => l.mode === "vector"))
    throw illegal(text, "one axis is vectorised already");
  const loops = nest.loops.map((l) => (l === old ? { ...l, mode: step.mode } : l));
  return checkTile({ ...nest, loops }, text);
}

/** Whether it is the axis of a loop around nests that run together, and not one of the nest's own. */
function isBlockLoop({ together, nests }: Draft, qualified: string): boolean {
  const nest = nests.find(({ name }) => name === nestName(qualified));
  const axis = localName(qualified);
  return (
    together !== null &&
    nest !== undefined &&
    together.nests.includes(nest.name) &&
    findLoop(nest, axis) === null &&
    together.loops.some((l) => l.axis === axis)
  );
}

/**
 * for block { nest a; nest b } -> parallel block { nest a; nest b }; buffers that only these nests use become scratch, one
 * for each worker.
 */
function setBlockMode(draft: Draft, { axis: qualified, mode }: Extract<Step, { do: "mode" }>): Draft {
  const text = `${mode} ${qualified}`;
  if (mode !== "parallel" && mode !== "serial")
    throw illegal(text, "nests that run together run in order: parallel or serial");
  const axis = localName(qualified);
  const together = draft.together!;
  const loops = together.loops.map((l) => (l.axis === axis ? { ...l, mode } : l));
  const elsewhere = new Set(
    draft.nests.filter(({ name }) => !together.nests.includes(name)).flatMap(buffersOf),
  );
  const space = loops.some((l) => l.mode === "parallel") ? "scratch" : "arena";
  const locals = draft.locals.map((local) =>
    elsewhere.has(local.name) ? local : ({ ...local, space } as const),
  );
  return { ...draft, together: { ...together, loops }, locals };
}

function buffersOf(nest: LoopNest): readonly string[] {
  return [...loadsOf(nest), ...nest.stores.map(({ to }) => to)].map(({ buffer }) => buffer);
}

const concurrent: ReadonlySet<LoopMode> = new Set<LoopMode>(["parallel", "workgroup", "lane"]);

/** Loops inside a reduction share its registers, so they run in one worker. */
function checkTile(nest: LoopNest, text: string): LoopNest {
  const reduction = nest.loops.findIndex((l) => l.kind === "reduce");
  const inside = reduction < 0 ? [] : nest.loops.slice(reduction);
  const asked = inside.find((l) => nest.within?.some((when) => freeNames(when).has(l.axis)));
  if (asked !== undefined)
    throw illegal(text, `${asked.axis} has a gate, so it stays outside ${nest.loops[reduction]!.axis}`);
  const wrong = inside.find((l) => concurrent.has(l.mode));
  if (wrong === undefined) return nest;
  throw illegal(text, `a ${wrong.mode} loop stays outside ${nest.loops[reduction]!.axis}, which is reduced`);
}

/** Replaces each let that is merely affine by its value; the others stay. */
export function inlineIndexLets(nest: LoopNest): LoopNest {
  let out = nest;
  for (const { name } of nest.lets) {
    const value: Expr | undefined = out.lets.find((l) => l.name === name)?.value;
    if (value?.kind !== "index") continue;
    const { at } = value;
    out = mapNest(
      { ...out, lets: out.lets.filter((l) => l.name !== name) },
      { at: (a) => substituteAffine(a, name, at) },
    );
  }
  return out;
}
