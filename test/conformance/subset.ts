/** A part of a suite that has everything there is in it, for where all of it would take too long. */
import type { Case } from "./suite.js";

/** The first case with each trait that none before it has, of the same module where names say it. */
export function covering(cases: readonly Case[]): readonly Case[] {
  const seen = new Set<string>();
  return cases.filter(({ name }) => {
    const [module = ""] = /^Conv\w*/.exec(name) ?? [];
    const fresh = traitsOf(name)
      .map((trait) => `${module} ${trait}`)
      .filter((trait) => !seen.has(trait));
    for (const trait of fresh) seen.add(trait);
    return fresh.length > 0;
  });
}

/** Half of the cases, the other half with the other parity; where there is one, that is both. */
export function half(cases: readonly Case[], parity: 0 | 1): readonly Case[] {
  return cases.length < 2 ? cases : cases.filter((_, i) => i % 2 === parity);
}

/**
 * What the name of a case says of it: the options in it, numbers only by how many there are and whether they are more than
 * 1, and its words.
 */
export function traitsOf(name: string): readonly string[] {
  const [json = "{}"] = /\{.*\}/.exec(name) ?? [];
  const options = Object.entries(JSON.parse(json) as Readonly<Record<string, unknown>>);
  // Shapes by their rank; numbers that are no part of a dtype do not count.
  const words = name
    .replace(json, " ")
    .replace(/\[[^\]]*\]/g, (shape) => `:${shape.split(",").length}`)
    .replace(/(?<![\w:])\d+/g, "");
  return [
    ...options.map(([key, value]) => `${key} ${kindOf(value)}`),
    ...words.split(/\s+/).filter((word) => word !== ""),
  ];
}

function kindOf(value: unknown): string {
  if (typeof value !== "number" && !Array.isArray(value)) return JSON.stringify(value);
  const numbers = [value].flat(2) as number[];
  const sizes = numbers.some((number) => number < 0)
    ? "negative"
    : numbers.every((number) => number <= 1)
      ? "small"
      : "";
  return `${Array.isArray(value) ? value.length : "number"} ${sizes}`;
}
