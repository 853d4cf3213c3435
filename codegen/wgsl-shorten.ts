/** A shader as bundles carry it: the same program in as few characters as one gets by names and spaces alone. */

/** Words of one or two letters that the language keeps. */
const kept = ["as", "do", "fn", "if", "of"];

const declared = /\b(?:let|var(?:<[^>]*>)?|fn) (\w+)|[(,] ?(?:@\w+\(\w+\) )?(\w+): /g;

/** Numbers with their suffixes, members of vectors and attributes are tokens of their own, so that no name is found inside. */
const token = /\d[\w.]*|[.@]?[A-Za-z_]\w*/g;

export function shortenWgsl(text: string): string {
  // Functions before it have names of their own.
  const body = text.indexOf("fn main(");
  const code = text.slice(0, body) + withoutSteps(withoutZeros(text.slice(body)));
  const names = shortNames(code);
  return code
    .replace(token, (word) => names.get(word) ?? word)
    .replace(/\bvec([234])<([fiu])32>/g, "vec$1$2")
    .replace(/\s+/g, " ")
    .replace(/ ?([^\w\s-]) ?/g, "$1")
    .replace(/ (-) (?!-)|(?<!-) (-)|(-) (?!-)/g, "-")
    .trim();
}

/** What is always 0, as the number of the only block along an axis is, adds nothing to a sum. */
function withoutZeros(code: string): string {
  // Other blocks may call something else so.
  const found = [...code.matchAll(/^ *let (?!v\d)(\w+) = 0;\n/gm)].find(
    ([, name]) => code.match(new RegExp(`\\b(let|var) ${name}\\b`, "g"))?.length === 1,
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

/** Steps of addresses (`let at_3 = at_2 + 4 * lane;`) that one place of the same block uses stand there instead. */
function withoutSteps(code: string): string {
  let out = code;
  for (const [, name = ""] of code.matchAll(/^ *let (at\w*) = [\w +*-]+;$/gm)) {
    const [line, value] = out.match(new RegExp(`^ *let ${name} = (.*);\n`, "m"))!;
    const start = out.indexOf(line);
    const end = start + line.length;
    const uses = [...out.slice(end).matchAll(new RegExp(`\\b${name}\\b`, "g"))];
    const at = end + (uses[0]?.index ?? 0);
    if (uses.length !== 1 || /[{}]/.test(out.slice(end, at))) continue;
    const sum = /(\[|= |\+ )$/.test(out.slice(0, at)) && /^(\]|;| \+)/.test(out.slice(at + name.length));
    out =
      out.slice(0, start) + out.slice(end, at) + (sum ? value : `(${value})`) + out.slice(at + name.length);
  }
  return out;
}

function shortNames(code: string): ReadonlyMap<string, string> {
  const words = new Set(code.match(token));
  for (const word of kept) words.add(word);
  const names = new Map<string, string>();
  let count = 0;
  for (const [, variable, parameter] of code.matchAll(declared)) {
    const name = (variable ?? parameter)!;
    if (name === "main" || names.has(name)) continue;
    let short = shortName(count++);
    while (words.has(short)) short = shortName(count++);
    names.set(name, short);
  }
  return names;
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** a, b, … Z, aa, ba, … */
function shortName(count: number): string {
  const first = letters[count % letters.length]!;
  const rest = Math.floor(count / letters.length);
  return rest === 0 ? first : first + shortName(rest - 1);
}
