/**
 * Reads the text that print.ts writes. A file holds any number of graphs, schedules and kernels; `;` starts a comment
 * (except inside an expression block), line breaks count only in schedules.
 *
 *   graph     `graph @NAME(%0 "x": TYPE, …) -> TYPE { NODE… return %n, … }`      (several results: `-> (TYPE, TYPE)`)
 *   NODE      `%n = OP(%a, %b) ATTRIBUTES : TYPE`, then `@"module path"` where it has one
 *   TYPE      `f32[1,28,28,8]`
 *   OP        input "name" | param "path" | constant "path" [1, 2] | constant "path" base64"…" | reshape(%a)
 *             | transpose(%a) permutation=[…] | slice(%a) start=[…] step=[…] | concat(%a, …) axis=1
 *             | interleave(%a, …) steps=[…] | pad(%a) mode=zero low=[…] high=[…] | map(%a, …) { EXPR }
 *             | conv(%lhs, %rhs, …) window={size=3x3 stride=2x2 pad=1_1x0_0 lhs_dilate=1x2 rhs_dilate=1x2
 *               border=zeroxwrap} dim_labels=b01f_01io->b01f feature_group_count=2 batch_group_count=2
 *               precision=highest skipped_taps=[0,2] fused={lhs: EXPR, rhs: EXPR, out: EXPR}
 *             of which what equals the default is left out, `size` and `dim_labels` excepted
 *   schedule  `schedule @KERNEL for TARGET {` (`for TARGET reassociates`), then one step a line:
 *             split ow by 4 -> ow.o ow.i tail=exact (or cut, gate, mask) | fuse oh ow -> p | reorder n oh kh | MODE oh
 *             | stage x at oh in arena (or shared) | finish main by loop | pack w as oc.o kh kw ic oc.i; an axis of a nest
 *             not called main is `nest/axis`
 *   kernel    `kernel @NAME(x: f32[784] read, …) { LOCAL… nest main { STMT… } … }`
 *             where a parameter is read, constant, write or read-write
 *   LOCAL     `arena t: f32[900]`, or scratch
 *   STMT      `MODE oh in 28 { STMT… }`, or `in 3..28` from 3 to below 28 | `let v = EXPR` | `register acc: f32[8] = 0`,
 *             also private and shared
 *             | `y[AT] = EXPR`, also `+=`, `max=`, `min=`, also with ` when (EXPR)` behind | `if (EXPR) { STMT… }`
 *             | `barrier`
 *   MODE      serial | parallel | unroll | vector | workgroup | lane
 *   AT        `28*ih + iw - 1`; a let of that form, with a name in it, is an integer. `index(3)` is one without.
 *   EXPR      numbers (also inf, nan), `+ - * / &`, calls `max(a, b)`, parentheses;
 *             in graphs `$lhs $rhs $acc $0`; in kernels names, loads `x[AT]`, `x[AT : 4]`,
 *             `x[AT] when (EXPR) else 0`, tests `inside(AT, 28)`, `divides(AT, 2)`, integers `div mod clamp wrap
 *             reflect(AT, 28)`, `splat(e)`, `vector(a, b, c, d)`, `lane(e, 2)`;
 *             a block `{ let t0 = EXPR; EXPR }`, in which every `t0` is one and the same node
 *   names     letters, digits, `_` and `.`; others in backticks
 */
import type { Graph } from "./graph.js";
import type { Kernel } from "./kernel.js";
import { Cursor } from "./lex.js";
import { parseGraphBody } from "./parse-graph.js";
import { loopModes, parseKernelBody } from "./parse-kernel.js";
import type { Schedule, Step, Tail } from "./schedule.js";

export { ParseError } from "./lex.js";

export interface Module {
  readonly graphs: readonly Graph[];
  readonly schedules: readonly Schedule[];
  readonly kernels: readonly Kernel[];
}

/** Throws ParseError, as all of these do. */
export function parseModule(text: string): Module {
  const cursor = new Cursor(text);
  const graphs: Graph[] = [];
  const schedules: Schedule[] = [];
  const kernels: Kernel[] = [];
  while (!cursor.atEnd()) {
    if (cursor.accept("graph")) graphs.push(parseGraphBody(cursor));
    else if (cursor.accept("schedule")) schedules.push(parseScheduleBody(cursor));
    else if (cursor.accept("kernel")) kernels.push(parseKernelBody(cursor));
    else cursor.fail("expected graph, schedule or kernel");
  }
  return { graphs, schedules, kernels };
}

/** The one item the text holds. */
function parseOnly<T>(text: string, word: string, body: (cursor: Cursor) => T): T {
  const cursor = new Cursor(text);
  cursor.expect(word);
  const item = body(cursor);
  if (!cursor.atEnd()) cursor.fail(`expected nothing after the ${word}`);
  return item;
}

export function parseGraph(text: string): Graph {
  return parseOnly(text, "graph", parseGraphBody);
}

export function parseKernel(text: string): Kernel {
  return parseOnly(text, "kernel", parseKernelBody);
}

export function parseSchedule(text: string): Schedule {
  return parseOnly(text, "schedule", parseScheduleBody);
}

function parseScheduleBody(cursor: Cursor): Schedule {
  const kernel = cursor.globalName();
  cursor.expect("for");
  const target = cursor.symbol("a target");
  const reassociates = cursor.accept("reassociates");
  cursor.expect("{");
  const steps: Step[] = [];
  while (!cursor.accept("}")) {
    steps.push(parseStep(cursor));
    if (!cursor.atLineEnd()) cursor.fail("expected the end of the line");
  }
  return { kernel, target, steps, reassociates };
}

function parseStep(cursor: Cursor): Step {
  const axis = (): string => cursor.symbol("an axis");
  const rest = (): string[] => {
    const axes: string[] = [];
    while (!cursor.atLineEnd()) axes.push(axis());
    return axes;
  };
  const mode = cursor.acceptOne(loopModes);
  if (mode !== null) return { do: "mode", axis: axis(), mode };
  if (cursor.accept("reorder")) return { do: "reorder", axes: rest() };
  if (cursor.accept("split")) return parseSplit(cursor, axis);
  if (cursor.accept("fuse")) {
    const axes = [axis(), axis()] as const;
    cursor.expect("->");
    return { do: "fuse", axes, into: axis() };
  }
  if (cursor.accept("stage")) {
    const operand = cursor.symbol("a buffer");
    const at = cursor.accept("at") ? axis() : null;
    cursor.expect("in");
    const space = cursor.expectOne(["arena", "shared"], "a space");
    if (space === "arena") return { do: "stage", operand, at, space };
    if (at === null) return cursor.fail("a shared buffer is staged at an axis");
    return { do: "stage", operand, at, space };
  }
  if (cursor.accept("finish")) {
    const nest = cursor.symbol("a nest");
    cursor.expect("by");
    cursor.expect("loop");
    return { do: "finish", nest, by: "loop" };
  }
  if (!cursor.accept("pack"))
    return cursor.fail("expected a step: split, fuse, reorder, stage, finish, pack or a loop mode");
  const operand = cursor.symbol("a buffer");
  cursor.expect("as");
  return { do: "pack", operand, axes: rest() };
}

function parseSplit(cursor: Cursor, name: () => string): Step {
  const axis = name();
  cursor.expect("by");
  const factor = cursor.integer();
  cursor.expect("->");
  const into = [name(), name()] as const;
  cursor.expect("tail");
  cursor.expect("=");
  const tails: readonly Tail[] = ["exact", "cut", "gate", "mask"];
  return { do: "split", axis, factor, into, tail: cursor.expectOne(tails, "a tail") };
}
