/** Configurations that are wrong in exactly one place, what each must be refused with, and whether it was. */
import { ConvsmithError } from "../../compiler/index.js";
import type { Code } from "../../compiler/refusal.js";
import { errorCodes } from "../../compiler/refusal.js";
import { shapesOf } from "../differential/call.js";
import type { ConvSpec } from "../differential/random-conv.js";
import { inputShapeOf, optionsOf, randomConv } from "../differential/random-conv.js";
import type { Random } from "../support/random.js";
import { random as seeded } from "../support/random.js";
import type { Attempt } from "./attempt.js";
import { attemptCode, tryOut } from "./attempt.js";
import { breakages, gaps } from "./breakages.js";

export interface Valid extends Attempt {
  readonly spec: ConvSpec;
  readonly options: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  /** Shapes of the parameters. */
  readonly kernel: readonly number[];
  readonly bias: readonly number[] | null;
}

export interface Broken {
  readonly attempt: Attempt;
  /** The codes it may be refused with. */
  readonly codes: readonly Code[];
  /** What the message has to contain. */
  readonly mentions: readonly string[];
}

/** Breaks one thing; null where the configuration has no such thing. */
export type Breakage = (valid: Valid, random: Random) => Broken | null;

/** A configuration that compiles. */
export function validAttempt(seed: number): Valid {
  const spec = randomConv(seed);
  const shape = inputShapeOf(spec);
  const options = optionsOf(spec);
  const { kernel, bias } = shapesOf(spec.module, options, { shape, dtype: "float32" });
  const zeros = (of: readonly number[]) => {
    const data = new Float32Array(of.reduce((a, b) => a * b, 1));
    return { data, shape: of, dtype: "float32" };
  };
  const params = { kernel: zeros(kernel), ...(bias === null ? {} : { bias: zeros(bias) }) };
  return {
    spec,
    module: spec.module,
    options,
    shape,
    kernel,
    bias,
    inputs: [shape],
    variables: { params },
    compile: { backend: "js" },
    step: "compile",
    given: [zeros(shape)],
  };
}

export interface NamedBroken extends Broken {
  readonly what: string;
}

const closed = Object.keys(breakages).filter((name) => !gaps.includes(name));

/** One thing of a valid configuration broken; every breakage has its turn. */
export function brokenAttempt(seed: number, names: readonly string[] = closed): NamedBroken {
  const random = seeded(seed ^ 0x2545f491);
  const what = names[seed % names.length]!;
  for (let tries = 0; tries < 500; tries++) {
    const broken = breakages[what]!(validAttempt(seed + tries * 7919), random);
    if (broken !== null) return { what, ...broken };
  }
  throw new Error(`no configuration can be broken by "${what}"`);
}

/** What is wrong with how it was refused, as text with code to paste; null where nothing is. */
export async function complaint(broken: NamedBroken): Promise<string | null> {
  const { error, accepted, stages } = await tryOut(broken.attempt);
  const reasons = accepted ? ["it was accepted"] : complaints(error, stages, broken);
  if (reasons.length === 0) return null;
  return `${broken.what}: ${reasons.join("; ")}\n\n${attemptCode(broken.attempt)}`;
}

function complaints(error: unknown, stages: readonly string[], { codes, mentions }: Broken): string[] {
  if (!(error instanceof ConvsmithError)) return [`it must throw a ConvsmithError, not ${String(error)}`];
  const { code, name, message } = error;
  const row: { readonly class: string } | undefined = errorCodes[code as Code];
  const forgotten = mentions.filter((text) => !message.includes(text));
  return [
    ...(row?.class === name ? [] : [`code "${code}" is not in the table as ${name}`]),
    ...((codes as readonly string[]).includes(code)
      ? []
      : [`code "${code}" must be ${codes.join(" or ")} ("${message}")`]),
    ...(/[\r\n]/.test(message) ? [`the message has several lines: ${message}`] : []),
    ...(message.length > 1000 ? [`the message is ${message.length} characters long`] : []),
    ...forgotten.map((text) => `the message must mention ${text}: "${message}"`),
    ...(stages.every((stage) => stage === "trace") ? [] : [`the compiler ran: ${stages.join(", ")}`]),
  ];
}
