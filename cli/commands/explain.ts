/** `convsmith explain`: what was decided for each layer and why, and with --measure whether it was right. */
import { refuseMeasuring } from "../../compiler/compile-options.js";
import { explain, explanationText } from "../../compiler/explain.js";
import { measureCalls } from "../measure.js";
import type { ExplainFlags } from "../options.js";
import { buildHere, prepare, tell } from "../prepare.js";
import { table } from "../table.js";
import type { Terminal } from "../terminal.js";

export async function explainCommand(path: string, flags: ExplainFlags, terminal: Terminal): Promise<void> {
  if (flags.measure && flags.backend === "wgsl") refuseMeasuring("--measure");
  const compilation = await prepare(path, flags, terminal);
  const built = await buildHere(compilation);
  await tell(compilation, built, flags.verbose, terminal);
  const explanation = explain(compilation, built);
  const measured = flags.measure ? await measureCalls(built) : undefined;
  // Calls of the run phase stand in the order of its layers.
  let next = 0;
  const layers = explanation.layers.map((layer) => {
    const measuredMs = layer.phase === "run" ? measured?.[next++] : undefined;
    return measuredMs === undefined ? layer : { ...layer, measuredMs };
  });
  if (flags.json) {
    terminal.out(`${JSON.stringify({ ...explanation, layers })}\n`);
    return;
  }
  terminal.out(`${explanationText(explanation)}\n`);
  if (measured === undefined) return;
  const rows = layers.flatMap((layer) => {
    if (!("measuredMs" in layer)) return [];
    const { where, kernel, measuredMs, predictedMs, macs } = layer;
    const speed = macs === 0 ? "" : `${(macs / measuredMs / 1e6).toFixed(2)} GMAC/s`;
    return [
      [where === "" ? kernel : where, `${measuredMs.toFixed(4)} ms`, `${predictedMs.toFixed(4)} ms`, speed],
    ];
  });
  const sides = ["left", "right", "right", "right"] as const;
  terminal.out(`\n${table([["layer", "measured", "predicted", "speed"], ...rows], sides).join("\n")}\n`);
}
