/** lax's padding argument: a name, in any case, or one (low, high) pair per spatial dimension (spec 2.3). */
import type { PaddingName } from "../../ir/window.js";
import { intOf, show } from "../option.js";
import { refuse } from "../refusal.js";

export type PaddingPair = readonly [low: number, high: number];

/** What lax takes: flax's own names (CIRCULAR, …) are gone by then. */
export type LaxPadding = string | readonly PaddingPair[];

const names: readonly PaddingName[] = ["VALID", "SAME", "SAME_LOWER"];

/** The name lax reads a string as; `own` names are those the owner takes besides. @throws ConfigError `unknown-padding` */
export function readPaddingName(owner: string, padding: string, own: readonly string[] = []): PaddingName {
  const upper = padding.toUpperCase();
  const name = names.find((known) => known === upper);
  if (name !== undefined) return name;
  return refuse(
    "unknown-padding",
    `${owner}: padding ${show(padding)} is unknown; give ${[...names, ...own].join(", ")} or (low, high) pairs`,
  );
}

/** Integer pairs, however many. @throws ConfigError `bad-padding` */
export function readPaddingPairs(owner: string, padding: unknown): readonly PaddingPair[] {
  const bad = (): never =>
    refuse(
      "bad-padding",
      `${owner}: padding is ${show(padding)}; give a name or a list of (low, high) integer pairs`,
    );
  if (!Array.isArray(padding)) return bad();
  return padding.map((pair: unknown): PaddingPair => {
    if (!Array.isArray(pair) || pair.length !== 2) return bad();
    const [low, high] = [intOf(pair[0]), intOf(pair[1])];
    return low === undefined || high === undefined ? bad() : [low, high];
  });
}
