/** A bar for each contender on each layer: speed on a logarithmic axis, milliseconds at its end. */
import { colour, drawing, element, halo, ink, line, logScale, text, tickText, title } from "./svg.mjs";
import { digits } from "./table.mjs";

const width = 960;
const left = 210;
const right = 60;
const top = 64;
const bar = 9;
const gap = 2;
const between = 12;

/** [{ layer, bars: [{ name, gf, ms }] }], ours first. */
function groupsOf({ rows }) {
  return [...new Set(rows.map(({ layer }) => layer))].map((layer) => {
    const ours = rows.filter((row) => row.layer === layer);
    const peers = Object.entries(ours[0].peers).filter(([, { ms }]) => ms !== undefined);
    const bars = [
      ...ours.map(({ who, gf, ms }) => ({ name: who, gf, ms })),
      ...peers.map(([name, { ms }]) => ({ name, ms, gf: ours[0].flops / ms / 1e6 })),
    ];
    return { layer, bars };
  });
}

/** One line that starts with the plot, or earlier where it is long. */
function legend(names) {
  const widths = names.map((name) => 15 + 6.7 * title(name).length + 12);
  const whole = widths.reduce((a, b) => a + b, 0);
  let x = Math.max(12, Math.min(left, width - whole));
  return names.map((name, i) => {
    const entry = [
      element("rect", { x, y: 12, width: 10, height: 10, rx: 2, fill: colour(name) }),
      text(x + 15, 21, title(name)),
    ];
    x += widths[i];
    return entry.join("");
  });
}

/** Logarithmic bars need a start: a power of ten below the slowest. */
function rangeOf(groups, ceilings) {
  const all = groups.flatMap(({ bars }) => bars.map(({ gf }) => gf));
  const most = Math.max(...all, ceilings.relaxed ?? 0, ceilings.mulAdd);
  return [10 ** Math.floor(Math.log10(Math.min(...all))), most * 1.15];
}

export function barPlot(report) {
  const { ceilings } = report.start;
  const groups = groupsOf(report);
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const x = logScale(rangeOf(groups, ceilings), [left, width - right]);
  const parts = [];
  let y = top;
  for (const { layer, bars } of groups) {
    const height = bars.length * (bar + gap);
    parts.push(text(left - 12, y + height / 2 + 3, layer, { "text-anchor": "end" }));
    bars.forEach(({ name, gf, ms }, i) => {
      const at = y + i * (bar + gap);
      const end = x.at(gf);
      const shape = { x: left, y: at, width: Math.max(1, end - left), height: bar, fill: colour(name) };
      parts.push(element("rect", shape, `<title>${title(name)}: ${digits(ms)} ms, ${digits(gf)} GF</title>`));
      parts.push(
        text(end + 4, at + bar - 0.5, `${digits(ms)} ms`, {
          "font-size": 9.5,
          fill: ink.quiet,
          ...halo,
        }),
      );
    });
    y += height + between;
  }
  const grid = x.ticks.flatMap((tick) => [
    line(x.at(tick), top - 8, x.at(tick), y, { stroke: ink.grid }),
    text(x.at(tick), top - 14, tickText(tick), { "text-anchor": "middle", fill: ink.quiet, "font-size": 11 }),
  ]);
  const limit = x.at(ceilings.relaxed ?? ceilings.mulAdd);
  const marks = [
    line(limit, top - 8, limit, y, { stroke: ink.limit, "stroke-dasharray": "4 3" }),
    text(limit, y + 14, "ceiling", { "text-anchor": "middle", fill: ink.limit, "font-size": 11 }),
  ];
  const unit = text(left - 22, top - 14, "GF", {
    "text-anchor": "end",
    fill: ink.quiet,
    "font-size": 11,
  });
  return drawing(width, y + 24, "Speed of each contender on each layer", [
    ...legend(names),
    unit,
    ...grid,
    ...marks,
    ...parts,
  ]);
}
