/** npm run bench: installs the peers, starts the engine under test, prints its figures as a table and writes the reports. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { runPinned } from "./child.mjs";
import { listed, runCommand } from "./flags.mjs";
import { buildIsOld, installPeers } from "./install.mjs";
import { handedOn, helpText, problemOf, readOptions } from "./options.mjs";
import { page } from "./report.mjs";
import { summarise } from "./statistics.mjs";
import { footer, header, note, row, titles } from "./table.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Starts a script in the engine and gives its JSON lines to `take`; its exit code. */
function run(values, script, take) {
  const core = values.core !== "" ? values.core : values.native ? String(availableParallelism() - 1) : "";
  return runPinned(core, [values.node, `${here}${script}`, ...handedOn(values)], take);
}

/** Measures, printing as it goes; the report, and the exit code of the engine. */
async function measure(values) {
  const report = {
    engine: execFileSync(values.node, ["--version"]).toString().trim(),
    processor: cpus()[0]?.model ?? "unknown",
    start: null,
    rows: [],
    notes: [],
    bytes: [],
    compile: [],
    errors: [],
    threads: [],
  };
  const take = {
    start: (line) => {
      report.start = line;
      header(report);
      titles(report);
    },
    layer: (line) => {
      report.rows.push(line);
      row(report, line, values);
    },
    note: ({ text }) => {
      report.notes.push(text);
      note(text);
    },
    bytes: (line) => report.bytes.push(line),
    compile: (line) => report.compile.push(line),
    error: (line) => report.errors.push(line),
    threads: (line) => report.threads.push(line),
  };
  const hand = (line) => take[line.kind](line);
  let code = await run(values, "measure.mjs", hand);
  for (const backend of values.compile ? listed(values.backend) : [])
    code ||= await run({ ...values, backend }, "compile-times.mjs", hand);
  if (values.errors) code ||= await run(values, "errors.mjs", hand);
  if (Number(values.threads) > 1) code ||= await run(values, "threads.mjs", hand);
  return { report, code };
}

async function main(values) {
  installPeers(values.native);
  if (buildIsOld()) note("dist/ is older than the sources: npm run build makes it new");
  const { report, code } = await measure(values);
  process.exitCode = code;
  if (report.start === null) return;
  const whole = { ...report, summary: summarise(report.rows) };
  footer(whole);
  if (values.json !== "") writeFileSync(values.json, `${JSON.stringify(whole, null, 2)}\n`);
  if (values.html !== "") writeFileSync(values.html, page(whole));
}

await runCommand({ readOptions, problemOf, helpText, main });
