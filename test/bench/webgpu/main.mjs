/** npm run bench:webgpu: installs the peers, starts the process that measures, prints its figures and writes them. */
import { existsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { runPinned } from "../child.mjs";
import { runCommand } from "../flags.mjs";
import { buildIsOld, installPeers } from "../install.mjs";
import { summarise } from "../statistics.mjs";
import { note } from "../table.mjs";
import { executablePath } from "./chromium.mjs";
import { handedOn, helpText, problemOf, readOptions } from "./options.mjs";
import { footer, header, row } from "./table.mjs";

const script = fileURLToPath(new URL("measure.mjs", import.meta.url));

async function main(values) {
  if (!existsSync(executablePath)) {
    note(`no Chromium at ${executablePath}; on Debian: apt-get install -y chromium, or set CHROMIUM`);
    process.exitCode = 1;
    return;
  }
  installPeers(false);
  if (buildIsOld()) note("dist/ is older than the sources: npm run build makes it new");
  const report = { processor: cpus()[0]?.model ?? "unknown", start: null, rows: [], notes: [] };
  const take = {
    start: (line) => {
      report.start = line;
      header(report);
    },
    layer: (line) => {
      report.rows.push(line);
      row(report, line);
    },
    note: ({ text }) => {
      report.notes.push(text);
      note(text);
    },
  };
  const commandLine = [process.execPath, script, ...handedOn(values)];
  process.exitCode = await runPinned(values.core, commandLine, (line) => take[line.kind](line));
  if (report.rows.length === 0) return;
  const whole = { ...report, summary: summarise(report.rows) };
  footer(whole);
  if (values.json !== "") writeFileSync(values.json, `${JSON.stringify(whole, null, 2)}\n`);
}

await runCommand({ readOptions, problemOf, helpText, main });
