/** A shader as bundles carry it: the same program in as few characters as one gets by names and spaces alone. */

/** Words of one or two letters that the language keeps. */
const kept = ["as", "do", "fn", "if", "of"];

const declared = /\b(?:let|var(?:<[^>]*>)?|fn) (\w+)|[(,] ?(?:@\w+\(\w+\) )?(\w+): /g;

export function shortenWgsl(text: string): string {
  // Functions before it have names of their own.
  const body = text.indexOf("fn main(");
  const code = text.slice(0, body) + withoutSteps(withoutZeros(text.slice(body)));
  return withoutBrackets(withShortNames(code))
    .replace(/\((\w+ \/ \d+)\)(?= %)/g, "$1")
    .replace(/\bvec([234])<([fiu])32>/g, "vec$1$2")
    .replace(/\s+/g, " ")
    .replace(/ ?([^\w\s-]) ?/g, "$1")
    .replace(/ (-) (?!-)|(?<!-) (-)|(-) (?!-)/g, "-")
    .trim();
}

/** What is always 0, as the number of the only block along an axis is, adds nothing to a sum. */
function withoutZeros(code: string): string {
  // Other blocks may call something else so.
  const found = [...code.matchAll(/^ *let (?!v\d)(\w+) = 0;\n/gm)].find(([, name]) =>
    isDeclaredOnce(code, name!),
  );
  if (found === undefined) return code;
  const [line, name] = found;
  const product = `(?:\\d+ \\* )?\\b${name}\\b(?! \\*)`;
  return withoutZeros(
    code
      .replace(line, "")
      .replace(new RegExp(` \\+ ${product}`, "g"), "")
      .replace(new RegExp(`(?<=(?:= |\\(|\\[))${product} \\+ `, "g"), "")
      .replace(new RegExp(`(?<== )${product}(?=;)`, "g"), "0")
      .replace(new RegExp(`(?<!\\.)\\b${name}\\b`, "g"), "0"),
  );
}

/** A value that only numbers make, which nothing writes to, stands where it is used if that is one place of the same block. */
function withoutSteps(code: string): string {
  const written = new Set([...code.matchAll(/^ *var (\w+)/gm)].map(([, name]) => name));
  let out = code;
  for (const [, name = ""] of code.matchAll(/^ *let (\w+) = [\w +*/%().-]+;$/gm)) {
    const [line, value = ""] = out.match(new RegExp(`^ *let ${name} = (.*);\n`, "m"))!;
    // A constant is checked where it stands, also where it is not reached.
    if (/^[a-z_]\w*$/i.test(value) && !written.has(value) && isDeclaredOnce(out, name)) {
      out = out.replace(line, "").replace(new RegExp(`(?<!\\.)\\b${name}\\b`, "g"), value);
      continue;
    }
    if (/^[\d. +*/%()-]+$/.test(value) || value.match(/\w+/g)?.some((word) => written.has(word))) continue;
    const start = out.indexOf(line);
    const end = start + line.length;
    const uses = [...out.slice(end).matchAll(new RegExp(`(?<!\\.)\\b${name}\\b`, "g"))];
    const at = end + (uses[0]?.index ?? 0);
    if (uses.length !== 1 || !isSameBlock(out.slice(end, at))) continue;
    const [before, after] = [out.slice(end, at), out.slice(at + name.length)];
    const isTerm = /^\w+(\([\w.]+\))?$/.test(value);
    const isSummand = /(?:[([,] ?| [=+] )$/.test(before) && /^(?:[\]),;]| [+-] )/.test(after);
    out = out.slice(0, start) + before + (isTerm || isSummand ? value : `(${value})`) + after;
  }
  return out;
}

function isDeclaredOnce(code: string, name: string): boolean {
  return code.match(new RegExp(`\\b(let|var) ${name}\\b`, "g"))?.length === 1;
}

/** Whether the text between two places leaves no block and ends in none of its own. */
function isSameBlock(between: string): boolean {
  let depth = 0;
  for (const [bracket] of between.matchAll(/[{}]/g)) {
    depth += bracket === "{" ? 1 : -1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/**
 * Brackets around all of a value, argument, index or condition say nothing. Comparisons keep theirs: `a<b,c>(d)` would be
 * a call of something with types.
 */
function withoutBrackets(code: string): string {
  const open: number[] = [];
  const gone = new Set<number>();
  for (const { 0: bracket, index } of code.matchAll(/[()]/g)) {
    if (bracket === "(") {
      open.push(index);
      continue;
    }
    const start = open.pop()!;
    const before = code.slice(0, start);
    const inside = code.slice(start + 1, index);
    const isWhole = /(?:[([,] ?| = |\breturn )$/.test(before) && /[\]),;]/.test(code[index + 1] ?? "");
    const compares = inside.includes(">") || (inside.includes("<") && !before.endsWith("if ("));
    if (isWhole && !compares) gone.add(start).add(index);
  }
  return [...code].filter((_, index) => !gone.has(index)).join("");
}

/** Attributes, where a variable is kept, and numbers with their suffixes hold no names, nor do members of vectors. */
const parts = /@\w+(?:\([^)]*\))?|\bvar<[^>]*>|\d[\w.]*|\.?[A-Za-z_]\w*|[{}]/g;

interface NameScope {
  readonly names: Map<string, string>;
  /** Of a function's parameters or a loop's variable: it ends with the block that follows. */
  readonly isHead: boolean;
  /** How many names are taken in it and around it. */
  taken: number;
}

/** Every name becomes the shortest that no other has where it is seen. */
function withShortNames(code: string): string {
  const free = freeNames(code);
  const scopes: NameScope[] = [];
  const open = (isHead: boolean): void => {
    scopes.push({ names: new Map(), isHead, taken: scopes.at(-1)?.taken ?? 0 });
  };
  const declare = (name: string): void => {
    const { names } = scopes.at(-1)!;
    if (name !== "main" && !names.has(name)) names.set(name, free(scopes.at(-1)!.taken++));
  };
  open(false);
  // Functions may call those that follow.
  for (const [, name] of code.matchAll(/^(?:@.*\) )?(?:var<[^>]*>|fn) (\w+)/gm)) declare(name!);
  let previous = "";
  return code.replace(parts, (word, at: number) => {
    const before = previous;
    previous = word;
    if (word === "{" || word === "for") open(word === "for");
    else if (word === "}") {
      scopes.pop();
      if (scopes.at(-1)!.isHead) scopes.pop();
    } else if (/^[a-z_]\w*$/i.test(word)) {
      const isParameter = code[at + word.length] === ":" && scopes.at(-1)!.isHead;
      if (/^(?:let|var)\b/.test(before) || isParameter) declare(word);
      const known = scopes.findLast(({ names }) => names.has(word))?.names.get(word);
      if (before === "fn") open(true);
      return known ?? word;
    }
    return word;
  });
}

/** The names there are, by number, without words of the code that it does not declare. */
function freeNames(code: string): (number: number) => string {
  const words = new Set([...kept, ...(code.match(parts) ?? [])]);
  for (const [, variable, parameter] of code.matchAll(declared)) words.delete((variable ?? parameter)!);
  const names: string[] = [];
  let count = 0;
  return (number) => {
    for (; names.length <= number; count++) {
      const name = shortName(count);
      if (!words.has(name)) names.push(name);
    }
    return names[number]!;
  };
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** a, b, … Z, aa, ba, … */
function shortName(count: number): string {
  const first = letters[count % letters.length]!;
  const rest = Math.floor(count / letters.length);
  return rest === 0 ? first : first + shortName(rest - 1);
}
