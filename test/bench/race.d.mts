/** Types of race.mjs, which a test uses too. */

export interface Entry {
  readonly name: string;
  readonly contender: { readonly time?: () => Promise<number>; readonly run?: () => unknown };
  readonly timings: number;
  readonly ceiling?: (() => number) | null;
}

export function time(contender: Entry["contender"]): Promise<number>;
export function timingsOf(ms: number, rounds: number): number;
export function race(
  entries: readonly Entry[],
  rounds: number,
  dropped: Record<string, string>,
): Promise<{
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly beside: ReadonlyMap<string, readonly number[]>;
}>;
