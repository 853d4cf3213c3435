/** What the cost model got right, as shares, by family, and the layers it got most wrong. */
import { median } from "./statistics.mjs";
import { digits } from "./table.mjs";

const withinRatio = 1.5;
const withinRegret = 1.1;
/** What must be shown of each. */
const share = 0.9;
const worst = 12;
const eight = 8;

/** One factor for the machine, then what each prediction is off by and what each choice costs. */
export function summaryOf(rows) {
  const factor = median(rows.map(({ candidates: [chosen] }) => chosen.ms / chosen.predictedMs));
  const judged = rows.map((row) => {
    const [chosen] = row.candidates;
    const best = row.candidates.slice(0, eight).reduce((a, b) => (b.ms < a.ms ? b : a));
    return {
      ...row,
      best,
      chosen,
      off: chosen.ms / (chosen.predictedMs * factor),
      regret: chosen.ms / best.ms,
    };
  });
  const shares = (list) => ({
    layers: list.length,
    predicted: shareOf(list, ({ off }) => Math.max(off, 1 / off) <= withinRatio),
    chosen: shareOf(list, ({ regret }) => regret <= withinRegret),
    meanRegret: Math.exp(list.reduce((sum, { regret }) => sum + Math.log(regret), 0) / list.length),
  });
  const families = [...new Set(rows.map(({ family }) => family))];
  return {
    factor,
    all: shares(judged),
    families: families.map((family) => ({
      family,
      off: median(judged.filter((row) => row.family === family).map(({ off }) => off)),
      ...shares(judged.filter((row) => row.family === family)),
    })),
    mispredicted: sorted(judged, ({ off }) => Math.max(off, 1 / off)),
    mischosen: sorted(judged, ({ regret }) => regret),
  };
}

const shareOf = (list, holds) => list.filter(holds).length / list.length;
const sorted = (list, by) =>
  [...list]
    .sort((a, b) => by(b) - by(a))
    .slice(0, worst)
    .map(({ ways: _, candidates: __, ...row }) => row);

const percent = (value) => `${(100 * value).toFixed(0)} %`;
const verdict = (value) => `${percent(value)}${value >= share ? "" : ` (must be ${percent(share)})`}`;

export function costReport({ engine, backend, precision, factor, all, families, mispredicted, mischosen }) {
  const target = mispredicted[0]?.target ?? backend;
  const lines = families.map(({ family, off, layers, predicted, chosen, meanRegret }) =>
    [
      family.padEnd(12),
      String(layers).padStart(5),
      percent(predicted).padStart(10),
      off.toFixed(2).padStart(8),
      percent(chosen).padStart(12),
      meanRegret.toFixed(3).padStart(9),
    ].join(" "),
  );
  return [
    `cost model of ${target}, precision ${precision}, on ${engine}: ${all.layers} random layers`,
    `machine factor ${factor.toFixed(3)}: the median of measured over predicted time`,
    `within ${withinRatio}x of measured: ${verdict(all.predicted)}`,
    `chosen within 10 % of the best of its top eight: ${verdict(all.chosen)}; on average ${((all.meanRegret - 1) * 100).toFixed(1)} % slower than it`,
    "",
    "family       layers  within 1.5   median  within 10 %  x of best",
    ...lines,
    "",
    "most mispredicted: measured over predicted",
    ...mispredicted.flatMap(({ layer, off, chosen, target: on }) => [
      `  ${digits(off)}x  ${layer}: ${digits(chosen.ms)} ms, predicted ${digits(chosen.predictedMs * factor)} (${chosen.algorithm}, ${on})`,
      ...indented(chosen),
    ]),
    "",
    "worst choices: chosen over best",
    ...mischosen.flatMap(({ layer, regret, chosen, best }) => [
      `  ${digits(regret)}x  ${layer}`,
      `    chosen ${digits(chosen.ms)} ms, predicted ${digits(chosen.predictedMs * factor)}:`,
      ...indented(chosen),
      `    best ${digits(best.ms)} ms, predicted ${digits(best.predictedMs * factor)}:`,
      ...indented(best),
    ]),
  ].join("\n");
}

/** The schedule in one line. */
function indented({ why, schedule }) {
  const steps = schedule
    .trim()
    .split("\n")
    .slice(1, -1)
    .map((step) => step.trim());
  return [`      ${why}`, `      ${steps.join("; ")}`];
}
