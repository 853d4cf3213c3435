/** Types of browser.mjs, which a test uses too. */

export class PageGone extends Error {
  readonly hung: boolean;
}

export interface Browser {
  generation(): number;
  version(): Promise<string>;
  add(bundle: ReadonlyMap<string, Uint8Array>): void;
  ask(ms: number, step: string, ...args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

export function openBrowser(entry?: string): Promise<Browser>;
