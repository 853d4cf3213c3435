/**
 * npm run bench:cost: is the cost model right? Random layers that no constant was fitted to: what it predicts for the
 * way it chooses against the time that way takes, and that time against the best of its eight best ways.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { fit } from "./cost-fit.mjs";
import { measureLayer } from "./cost-measure.mjs";
import { costReport, summaryOf } from "./cost-table.mjs";
import { buildIsOld } from "./install.mjs";
import { randomLayers } from "./random-layers.mjs";

// The engine's best code at once: when its better compiler is done in the background is not the model's business.
setFlagsFromString("--no-liftoff");

/** Of the layers that judge, and of those that constants may be fitted to. */
const seeds = { judge: 1, fit: 1000 };

const flags = {
  count: { type: "string", default: "200" },
  backend: { type: "string", default: "wasm" },
  precision: { type: "string", default: "default" },
  filter: { type: "string", default: "" },
  fit: { type: "boolean", default: false },
  json: { type: "string", default: "" },
  help: { type: "boolean", default: false },
};

const help = `npm run bench:cost -- [flags]: the cost model against the clock, on seeded random layers, one thread.
  --count N         layers (200)
  --backend NAME    wasm or js
  --precision NAME  of compile(): default, highest
  --filter TEXT     only layers whose name has it
  --fit             measure another set of layers, and print constants that predict it better
  --json FILE       write the figures
To measure in another engine, start it with this file: PATH/node test/bench/cost.mjs`;

const { values } = parseArgs({ options: flags });
if (values.help) console.log(help);
else await main();

async function main() {
  if (buildIsOld()) console.log("! dist/ is older than the sources: npm run build makes it new");
  const { backend, precision, filter } = values;
  const settings = { backend, precision };
  const all = randomLayers(values.fit ? seeds.fit : seeds.judge, Number(values.count));
  const rows = [];
  for (const { family, layer } of all.filter((each) => each.layer.name.includes(filter))) {
    rows.push({ family, ...(await measureLayer(layer, settings, values.fit)) });
    if (process.stderr.isTTY) process.stderr.write(`\r${rows.length} of ${all.length} `);
  }
  if (process.stderr.isTTY) process.stderr.write("\r");
  const report = { engine: process.version, ...settings, ...summaryOf(rows), rows: rows.map(plain) };
  console.log(costReport(report));
  if (values.fit) console.log(await fit(rows));
  if (values.json !== "") writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
}

/** Without what only this process can use. */
function plain({ ways: _, ...row }) {
  return row;
}
