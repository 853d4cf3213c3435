/** npm run bench: installs the peers, starts the engine under test, prints its figures as a table and writes the reports. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { handedOn, helpText, readOptions } from "./options.mjs";
import { page } from "./report.mjs";
import { summarise } from "./statistics.mjs";
import { footer, header, note, row, titles } from "./table.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Whether what is asked for lies in node_modules in the version that package.json says. */
function installed(optional) {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${here}package.json`, "utf8"));
  const wanted = { ...dependencies, ...(optional ? optionalDependencies : {}) };
  return Object.entries(wanted).every(([name, version]) => {
    const file = `${here}node_modules/${name}/package.json`;
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
  });
}

function install(optional) {
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
  if (!installed(optional))
    execFileSync("npm", ["ci", ...quiet, ...(optional ? [] : ["--omit=optional"])], {
      cwd: here,
      stdio: "inherit",
    });
  if (!existsSync(`${root}dist/compiler/index.js`))
    execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
}

/** The command line that starts `file`, on one core where that was asked for and can be had. */
function command(values, file, args) {
  const core = values.core !== "" ? values.core : values.native ? String(availableParallelism() - 1) : "";
  const plain = [values.node, file, ...args];
  if (core === "") return plain;
  try {
    execFileSync("taskset", ["-c", core, "true"], { stdio: "ignore" });
    return ["taskset", "-c", core, ...plain];
  } catch {
    note(`taskset cannot pin to core ${core} here: unpinned`);
    return plain;
  }
}

/** Starts a script in the engine and gives its JSON lines to `take`; its exit code. */
async function run(values, script, take) {
  const [program, ...args] = command(values, `${here}${script}`, handedOn(values));
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith("{")) take(JSON.parse(line));
  return (await closed) ?? 1;
}

async function main(values) {
  install(values.native);
  const engine = execFileSync(values.node, ["--version"]).toString().trim();
  const report = {
    engine,
    processor: cpus()[0]?.model ?? "unknown",
    start: null,
    rows: [],
    notes: [],
    bytes: [],
    compile: [],
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
  };
  let code = await run(values, "measure.mjs", (line) => take[line.kind](line));
  for (const backend of values.compile ? values.backend.split(",") : [])
    code ||= await run({ ...values, backend }, "compile-times.mjs", take.compile);
  const whole = { ...report, summary: summarise(report.rows) };
  footer(whole);
  if (values.json !== "") writeFileSync(values.json, `${JSON.stringify(whole, null, 2)}\n`);
  if (values.html !== "") writeFileSync(values.html, page(whole));
  process.exitCode = code;
}

const values = readOptions(process.argv.slice(2));
if (values.help) console.log(helpText);
else await main(values);
