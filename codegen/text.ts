/** Text the emitters share: indented lines, names made safe for a language, numbers. */

/** Collects lines; `block` indents what its callback writes. */
export interface Writer {
  line(text: string): void;
  /** `head {`, the indented inside, `}`; all on one line where there is no inside. */
  block(head: string, inside: () => void, foot?: string): void;
  /** The place after the last line written, for `insert`: at most one of them may be in use. */
  mark(): number;
  /** Lines at an earlier place, indented as now. */
  insert(mark: number, lines: readonly string[]): void;
  lines(): readonly string[];
  text(): string;
}

export function createWriter(): Writer {
  const lines: string[] = [];
  let indent = "";
  return {
    line(text) {
      lines.push(text === "" ? "" : indent + text);
    },
    block(head, inside, foot = "}") {
      const open = `${indent}${head === "" ? "" : `${head} `}{`;
      const at = lines.push(open);
      const outside = indent;
      indent += "  ";
      inside();
      indent = outside;
      if (lines.length === at) lines[at - 1] = open + foot;
      else lines.push(indent + foot);
    },
    mark: () => lines.length,
    insert(mark, inserted) {
      lines.splice(mark, 0, ...inserted.map((text) => indent + text));
    },
    lines: () => lines,
    text: () => lines.join("\n"),
  };
}

/**
 * Names for one scope: the same key always gives the same identifier, different keys different ones. The first key to
 * want a spelling gets it, later ones a number behind it, so the result depends on nothing but the order of the calls.
 */
export interface Names {
  of(key: string, wanted?: string): string;
  /** One that nobody has. */
  fresh(wanted: string): string;
}

export function createNames(reserved: ReadonlySet<string>): Names {
  const given = new Map<string, string>();
  const taken = new Set<string>(reserved);
  const fresh = (wanted: string): string => {
    const spelled = identifier(wanted);
    const plain = reserved.has(spelled) ? `${spelled}_` : spelled;
    let name = plain;
    for (let n = 1; taken.has(name); n++) name = `${plain}_${n}`;
    taken.add(name);
    return name;
  };
  return {
    fresh,
    of(key, wanted = key) {
      const known = given.get(key);
      if (known !== undefined) return known;
      const name = fresh(wanted);
      given.set(key, name);
      return name;
    },
  };
}

/** The nearest spelling that is an identifier of letters, digits and underscores. */
function identifier(wanted: string): string {
  const plain = wanted.replace(/[^A-Za-z0-9_]/g, "_");
  return plain === "" || /^\d/.test(plain) ? `_${plain}` : plain;
}

/** A number that reads back as itself, with -0, NaN and the infinities. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
