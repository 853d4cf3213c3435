/** Command lines as a table: name: [default, its value, what it means]; "command": of no interest to the process under test. */
import { parseArgs } from "node:util";

export const listed = (text) => text.split(",").filter((name) => name !== "");

export function readFlags(flags, argv) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, [value]]) => [
      name,
      { type: typeof value === "boolean" ? "boolean" : "string", default: value },
    ]),
  );
  return parseArgs({ args: argv, options }).values;
}

/** The flags that the process under test needs to see. */
export function flagsFor(flags, values) {
  return Object.entries(flags).flatMap(([name, [, , , command]]) => {
    const value = values[name];
    if (command !== undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}

export const flagLines = (flags) =>
  Object.entries(flags).map(([name, [, value, text]]) => `  ${`--${name} ${value}`.padEnd(17)} ${text}`);

/** "--flag: value is not one of …" for the first value that is none of what the flag knows; undefined where all are. */
export function unknownChoice(choices) {
  for (const [flag, list, known] of choices) {
    const unknown = list.find((name) => !known.includes(name));
    if (unknown !== undefined) return `--${flag}: ${unknown} is not one of ${known.join(", ")}`;
  }
  return undefined;
}

export function noPositiveInteger(flag, text) {
  if (Number.isInteger(Number(text)) && Number(text) > 0) return undefined;
  return `--${flag}: ${text} is no positive integer`;
}

/** What is wrong with a filter of layers by name. */
export function noLayer(layers, filter) {
  if (layers.some(({ name }) => name.includes(filter))) return undefined;
  return `--filter: no layer has "${filter}" in its name:\n${layers.map(({ name }) => `  ${name}`).join("\n")}`;
}

/** The command line read and carried out; what is wrong with it is said in one line, with exit code 2. */
export async function runCommand({ readOptions, problemOf, helpText, main }) {
  let values;
  let problem;
  try {
    values = readOptions(process.argv.slice(2));
    problem = values.help ? undefined : problemOf(values);
  } catch (error) {
    problem = error.message;
  }
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 2;
  } else if (values.help) console.log(helpText);
  else await main(values);
}
