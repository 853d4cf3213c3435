/**
 * The run line: what to do with a file of IR, in its first line. File tests begin with one, and so does the file that
 * shows a failing pass again.
 *
 *   ; run: opt --pass=fuse-pad,prune --precision=highest --target=js
 *
 * Without `--pass` the whole pipeline runs. Defaults (`--precision=default`, `--target=js`, `--threads=1`) are left out.
 */
import type { TargetName } from "../ir/target.js";
import { targets, withThreads } from "../ir/target.js";
import { ConfigError } from "../runtime/error.js";
import type { PassContext } from "./pass.js";

export interface Run {
  /** The passes to run, in this order; null for the pipeline. */
  readonly passes: readonly string[] | null;
  readonly context: PassContext;
}

export function runLine({ passes, context }: Run): string {
  return [
    "; run: opt",
    passes === null ? "" : ` --pass=${passes.join(",")}`,
    context.precision === "default" ? "" : ` --precision=${context.precision}`,
    context.target.name === "js" ? "" : ` --target=${context.target.name}`,
    context.target.threads === 1 ? "" : ` --threads=${context.target.threads}`,
  ].join("");
}

/** Throws ConfigError where the text does not begin with a run line. */
export function parseRunLine(text: string): Run {
  const refuse = (why: string): never => {
    throw new ConfigError("bad-run-line", `the first line must be "; run: opt --pass=NAME …": ${why}`);
  };
  const line = text.split("\n", 1)[0]!.trim();
  const match = /^; run: opt((?: --[a-z]+=\S+)*)$/.exec(line);
  if (match === null) return refuse(`it is "${line}"`);
  let passes: readonly string[] | null = null;
  let precision: PassContext["precision"] = "default";
  let target: TargetName = "js";
  let threads = 1;
  for (const option of match[1]!.split(" ").filter((word) => word !== "")) {
    const [name, value] = option.slice(2).split("=") as [string, string];
    if (name === "pass") passes = value.split(",");
    else if (name === "precision" && (value === "default" || value === "highest")) precision = value;
    else if (name === "target" && Object.hasOwn(targets, value)) target = value as TargetName;
    else if (name === "threads" && /^[1-9]\d?$/.test(value)) threads = Number(value);
    else refuse(`it says ${option}`);
  }
  return { passes, context: { precision, target: withThreads(targets[target], threads) } };
}
