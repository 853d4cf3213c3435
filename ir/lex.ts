/**
 * A cursor over IR text: what the parsers read tokens with, and the error they stop with.
 *
 * There is no token list: each place in the grammar asks for what it can use, so that `3x3`, `b01f_01io->b01f` and
 * `ow.o` need no rules of their own.
 */
import type { Diagnostic } from "./diagnostic.js";

/** The text is not IR. The message shows the line with a caret under the place. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[]) {
    super(message);
    this.diagnostics = diagnostics;
  }
}

const blank = /[ \t\r\n]+/y;
const comment = /;[^\n]*/y;
const spaces = /[ \t]+/y;
const bareName = /[A-Za-z_][\w.]*/y;
const quotedName = /`([^`\n]+)`/y;
const symbol = /[A-Za-z_](?:[\w./]|-(?!>))*/y;
const string = /"(?:[^"\\\n]|\\.)*"/y;
const integer = /-?\d+/y;
const number = /-?(?:inf(?![\w.])|nan(?![\w.])|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/y;

export class Cursor {
  readonly text: string;
  /** Where the next token, or the blank before it, begins. */
  at = 0;
  /** Above 0 inside an expression block, where `;` separates. */
  private blocks = 0;

  constructor(text: string) {
    this.text = text;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text);
  }

  private skip(): void {
    for (;;) {
      const found = this.match(blank) ?? (this.blocks === 0 ? this.match(comment) : null);
      if (found === null) return;
      this.at += found[0].length;
    }
  }

  /** Takes what the (sticky) pattern matches next, or nothing. */
  take(pattern: RegExp): RegExpExecArray | null {
    this.skip();
    const found = this.match(pattern);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  expectPattern(pattern: RegExp, what: string): RegExpExecArray {
    return this.take(pattern) ?? this.fail(`expected ${what}`);
  }

  /** Takes punctuation or a whole word. */
  accept(token: string): boolean {
    this.skip();
    if (!this.text.startsWith(token, this.at)) return false;
    const end = this.at + token.length;
    if (/\w$/.test(token) && /[\w.]/.test(this.text[end] ?? "")) return false;
    this.at = end;
    return true;
  }

  expect(token: string): void {
    if (!this.accept(token)) this.fail(`expected ${token}`);
  }

  /** The one of the words that comes next; null where none does. */
  acceptOne<W extends string>(words: readonly W[]): W | null {
    return words.find((word) => this.accept(word)) ?? null;
  }

  expectOne<W extends string>(words: readonly W[], what: string): W {
    return this.acceptOne(words) ?? this.fail(`expected ${what}: ${words.join(", ")}`);
  }

  /** The next token stays where it is. */
  next(): string {
    this.skip();
    return this.text[this.at] ?? "";
  }

  /** An axis, let or buffer; null where none comes next. */
  tryName(): string | null {
    return this.take(quotedName)?.[1] ?? this.take(bareName)?.[0] ?? null;
  }

  name(what: string): string {
    return this.tryName() ?? this.fail(`expected ${what}`);
  }

  /** A name that may hold `-` and `/`: nests, targets, axes of schedules. */
  symbol(what: string): string {
    const quoted = this.take(quotedName);
    return quoted === null ? this.expectPattern(symbol, what)[0] : quoted[1]!;
  }

  /** `@conv4`, or `@"any text"`. */
  globalName(): string {
    this.expect("@");
    return this.text[this.at] === '"' ? this.string() : this.symbol("a name");
  }

  string(): string {
    const [quoted] = this.expectPattern(string, "a string");
    try {
      return JSON.parse(quoted) as string;
    } catch {
      return this.fail("bad escape in a string");
    }
  }

  integer(): number {
    return Number(this.expectPattern(integer, "an integer")[0]);
  }

  /** A number as written; null where none comes next. */
  number(): number | null {
    const found = this.take(number);
    return found === null ? null : Number(found[0].replace("inf", "Infinity").replace("nan", "NaN"));
  }

  expectNumber(): number {
    return this.number() ?? this.fail("expected a number");
  }

  /** Items up to `close`, separated by commas. */
  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.accept(close)) return items;
    do items.push(item());
    while (this.accept(","));
    this.expect(close);
    return items;
  }

  integers(): number[] {
    this.expect("[");
    return this.list("]", () => this.integer());
  }

  /** Runs `inside` with `;` as a separator, not a comment. */
  block<T>(inside: () => T): T {
    this.blocks++;
    const result = inside();
    this.blocks--;
    return result;
  }

  /** Whether nothing but a comment is left on this line. */
  atLineEnd(): boolean {
    const gap = this.match(spaces);
    if (gap !== null) this.at += gap[0].length;
    return /[;\n\r]/.test(this.text[this.at] ?? "\n");
  }

  atEnd(): boolean {
    return this.next() === "";
  }

  fail(message: string): never {
    this.skip();
    const before = this.text.slice(0, this.at).split("\n");
    const line = before.length - 1;
    const column = before[line]!.length;
    const shown = this.text.split("\n")[line]!;
    throw new ParseError(`line ${line + 1}: ${message}\n${shown}\n${" ".repeat(column)}^`, [
      { line, message },
    ]);
  }
}
