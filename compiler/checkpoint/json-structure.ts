/**
 * Checks the outline of a JSON object of small objects before it is parsed.
 *
 * JSON.parse believes nesting of any depth and keeps the last of two equal keys, so that two readers of one file could
 * disagree. This walk over the bytes allocates nothing but the keys; whether it is JSON is for JSON.parse to say.
 */

const quote = 0x22;
const backslash = 0x5c;

/** Values a key may have on average: a dtype, a shape, a range and what a writer adds. */
const VALUES_PER_KEY = 20;

/** What is wrong with the text: nested deeper than `maxDepth`, more than `maxKeys` keys outside, or one of them twice. */
export function jsonProblem(json: Uint8Array, maxDepth: number, maxKeys: number): string | undefined {
  const keys = new Set<string>();
  let values = 0;
  let depth = 0;
  let last = "";
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === quote) {
      const end = endOfString(json, at + 1);
      if (depth === 1) last = nameIn(json.subarray(at, end + 1));
      at = end;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) return `it is nested more than ${maxDepth} deep`;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    } else if (byte === 0x2c) {
      if (++values > VALUES_PER_KEY * maxKeys) return `it has more than ${VALUES_PER_KEY * maxKeys} values`;
    } else if (byte === 0x3a && depth === 1) {
      if (keys.has(last)) return "a name is there twice";
      if (keys.size === maxKeys) return `it has more than ${maxKeys} names`;
      keys.add(last);
    }
  }
  return undefined;
}

/** Where the string ends that began before `at`: its closing quote, or the end of the text. */
function endOfString(json: Uint8Array, at: number): number {
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return at;
}

/** The name a quoted key means, escapes and all; its bytes where it is not JSON. */
function nameIn(quoted: Uint8Array): string {
  const text = new TextDecoder().decode(quoted.slice());
  if (!text.includes("\\")) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
