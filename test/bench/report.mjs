/** The figures as one page that needs nothing else: two plots, the summary, and every number in a table. */
import { barPlot } from "./plot-bars.mjs";
import { rooflinePlot } from "./plot-roofline.mjs";
import { element, escaped, title } from "./svg.mjs";
import { digits, summaryLines } from "./table.mjs";

const style = `
  body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; color: #26282b;
    background: #fff; max-width: 980px; margin: 32px auto; padding: 0 16px; color-scheme: light; }
  h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 36px 0 8px; }
  p { margin: 4px 0; color: #4a4e54; } pre { font-size: 12.5px; overflow-x: auto; }
  .wide { overflow-x: auto; } svg { max-width: none; }
  table { border-collapse: collapse; font-size: 12.5px; white-space: nowrap; }
  th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid #e3e5e8; font-variant-numeric: tabular-nums; }
  th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
`;

const cells = (tag, list) =>
  element("tr", {}, list.map((cell) => element(tag, {}, escaped(cell) || "&#160;")).join(""));

function table({ rows, start }) {
  const head = ["layer", "ours", "ms", "GF", "of ceiling", "over floor", "algorithm"];
  const body = rows.map((row) => {
    const peers = start.peers.map((name) => {
      const { ms } = row.peers[name];
      return ms === undefined ? "–" : `${digits(ms)} (${digits(ms / row.ms)}x)`;
    });
    const share = row.ofCeiling === null ? "" : `${(100 * row.ofCeiling).toFixed(0)} %`;
    const floor = row.floor === null ? "" : `${digits(row.ms / row.floor.ms)}x ${row.floor.kind}`;
    return [row.layer, row.who, digits(row.ms), digits(row.gf), share, floor, row.algorithm, ...peers];
  });
  return element(
    "table",
    {},
    [cells("th", [...head, ...start.peers.map(title)]), ...body.map((list) => cells("td", list))].join("\n"),
  );
}

const section = (heading, about, content) =>
  [
    element("h2", {}, escaped(heading)),
    element("p", {}, escaped(about)),
    element("div", { class: "wide" }, content),
  ].join("\n");

export function page(report) {
  const { engine, processor, start, rows } = report;
  const settings = Object.entries(start.settings).map((pair) => pair.join(" "));
  const plots =
    rows.length === 0
      ? []
      : [
          section(
            "Speed",
            "Median of the rounds; the axis is logarithmic. Operations are those of the definition, whatever is executed, so that Winograd can pass the ceiling.",
            barPlot(report),
          ),
          section(
            "Roofline",
            "Dots are convsmith, rings the fastest peer in JavaScript on the same layer. Operations of the definition, bytes that must move once.",
            rooflinePlot(report),
          ),
        ];
  const body = [
    element("h1", {}, "convsmith and its peers"),
    element("p", {}, escaped(`${engine}, ${processor}, one thread; ${settings.join(", ")}`)),
    ...plots,
    section(
      "Summary",
      "A peer's time over ours; more than 1 means that convsmith is faster.",
      element("pre", {}, escaped(summaryLines(report).join("\n"))),
    ),
    section("Figures", "Milliseconds, and how many times ours.", table(report)),
  ];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>convsmith bench</title>
<style>${style}</style></head>
<body>
${body.join("\n")}
</body>
</html>
`;
}
