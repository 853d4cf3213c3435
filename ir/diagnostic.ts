/** What is wrong with a piece of IR, and a bug of ours. */

/** `line` counts from 0 in the printed text of the IR the diagnostic is about. */
export interface Diagnostic {
  readonly line: number;
  readonly message: string;
}

/** A bug in convsmith itself, never the user's mistake. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** The text with each diagnostic on a line of its own under the line it is about. */
export function annotate(text: string, diagnostics: readonly Diagnostic[]): string {
  const lines = text.split("\n");
  const out: string[] = [];
  lines.forEach((line, index) => {
    out.push(line);
    for (const diagnostic of diagnostics) {
      if (diagnostic.line !== index) continue;
      const indent = line.length - line.trimStart().length;
      const width = Math.max(1, line.trim().length - 1);
      out.push(`;${" ".repeat(Math.max(0, indent - 1))}^${"~".repeat(width)} ${diagnostic.message}`);
    }
  });
  return out.join("\n");
}
