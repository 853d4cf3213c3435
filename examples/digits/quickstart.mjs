/**
 * The quickstart: compiles the digits classifier twice, with the command a user would type, and checks both bundles
 * against what flax itself computed for the same images. `npm run quickstart` builds the package and runs this.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { parse } from "npyjs";

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(here, "../../dist/cli/main.js");
const say = (text = "") => process.stdout.write(`${text}\n`);

/** Both limits are far above what rounding does and far below what a wrong convolution does. */
const allowedRelativeError = 1e-5;

function compile(backend) {
  const args = `compile model.ts --input 1,8,8,1 --weights digits.msgpack --name digits --backend ${backend} --out out/${backend}`;
  say(`  $ npx convsmith ${args}`);
  execFileSync(process.execPath, [cli, ...args.split(" "), "--quiet"], { cwd: here, stdio: "inherit" });
  return import(pathToFileURL(join(here, "out", backend, "digits.mjs")).href);
}

function npy(name) {
  const bytes = readFileSync(join(here, name));
  return parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)).data;
}

function largest(values) {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[at]) at = i;
  return at;
}

/** All logits, and how long one image took once the engine had warmed up. */
function classify(model, pixels, count) {
  const logits = new Float32Array(count * 10);
  const image = model.inputs[0].data;
  const out = model.outputs[0].data;
  const pass = () => {
    for (let i = 0; i < count; i++) {
      image.set(pixels.subarray(i * 64, (i + 1) * 64));
      model.invoke();
      logits.set(out, i * 10);
    }
  };
  const times = [];
  for (let round = 0; round < 40; round++) {
    const start = performance.now();
    pass();
    times.push(((performance.now() - start) * 1000) / count);
  }
  return { logits, microseconds: times.sort((a, b) => a - b)[times.length >> 1] };
}

/** What a client loads: the module and the one .wasm it picks; the weights apart. */
function sizes(backend, notes) {
  const folder = join(here, "out", backend);
  const wasm = notes.some((note) => note.startsWith("runs wasm-relaxed"))
    ? "digits.relaxed.wasm"
    : "digits.wasm";
  const code = readdirSync(folder).filter((name) => name === "digits.mjs" || name === wasm);
  const total = (of) => code.reduce((sum, name) => sum + of(readFileSync(join(folder, name))), 0);
  return {
    code: total((bytes) => bytes.length),
    gzip: total((bytes) => gzipSync(bytes, { level: 9 }).length),
    weights: readFileSync(join(folder, "digits.weights.bin")).length,
  };
}

const shades = /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || "utf-8")
  ? " ░▒▓█"
  : " .+#@";

/** Digits beside each other, two characters a pixel. */
function picture(images, captions) {
  const rows = Array.from({ length: 8 }, (_, y) =>
    images.map((image) =>
      Array.from({ length: 8 }, (_, x) =>
        shades[Math.round((image[8 * y + x] / 16) * (shades.length - 1))].repeat(2),
      ).join(""),
    ),
  );
  return [...rows, captions.map((caption) => caption.padEnd(16))]
    .map((row) => `  ${row.join("  ")}`.trimEnd())
    .join("\n");
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ")}`.trimEnd(),
    )
    .join("\n");
}

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

const images = npy("test-images.npy");
const labels = npy("test-labels.npy");
const expected = npy("test-logits.npy");
const flax = JSON.parse(readFileSync(join(here, "accuracy.json"), "utf8"));
const count = labels.length;
const pixels = Float32Array.from(images, (value) => value / 16);
const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

say();
say(
  `convsmith quickstart: a digit classifier of 4 convolutions, trained in flax ${flax.flax}, as JavaScript and WebAssembly.`,
);
say();
say("Compiling, in examples/digits:");
const results = [];
for (const backend of ["wasm", "js"]) {
  const { create } = await compile(backend);
  const model = await create();
  const { logits, microseconds } = classify(model, pixels, count);
  const predictions = Array.from(labels, (_, i) => largest(logits.subarray(10 * i, 10 * i + 10)));
  const correct = predictions.filter((digit, i) => digit === labels[i]).length;
  const error = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  results.push({ backend, predictions, correct, error, microseconds, ...sizes(backend, model.notes) });
  model.dispose();
}

const { predictions } = results[0];
const wrong = predictions.findIndex((digit, i) => digit !== labels[i]);
const shown = [0, 1, 2, wrong < 0 ? 3 : wrong];
say();
say(`Four of the ${count} test images, which training never saw:`);
say();
const caption = (i) => `${predictions[i]}${predictions[i] === labels[i] ? "" : ` (it is a ${labels[i]})`}`;
say(
  picture(
    shown.map((i) => images.subarray(64 * i, 64 * i + 64)),
    shown.map((i) => `says ${caption(i)}`),
  ),
);
say();
say(
  table([
    ["", "right", "largest error", "relative", "code", "gzip", "weights", "an image"],
    ["flax", `${flax.testCorrect} of ${count}`, "", "", "", "", "", ""],
    ...results.map(({ backend, correct, error, microseconds, code, gzip, weights }) => [
      backend,
      `${correct} of ${count}`,
      error.toExponential(1),
      (error / scale).toExponential(1),
      kilobytes(code),
      kilobytes(gzip),
      kilobytes(weights),
      `${microseconds.toFixed(1)} µs`,
    ]),
  ]),
);
say();
say(
  `"largest error" is against the logits flax computed; "relative" is that over the largest logit, ${scale.toFixed(1)}.`,
);

const bad = results.filter(
  ({ correct, error }) => correct !== flax.testCorrect || !(error / scale <= allowedRelativeError),
);
if (bad.length > 0) {
  say();
  say(
    `FAILED: ${bad.map(({ backend }) => backend).join(" and ")} should agree with flax's ${flax.testCorrect} of ${count} and be within ${allowedRelativeError} of its logits.`,
  );
  process.exitCode = 1;
} else {
  say();
  say("Try next, in examples/digits:");
  say(
    "  npx convsmith explain model.ts --input 1,8,8,1 --measure           what was decided for each layer, and why",
  );
  say(
    "  npx convsmith inspect model.ts --input 1,8,8,1 --emit svg > a.svg  the network as a picture (or --emit js, wat, graph)",
  );
  say(
    "  node -e 'import(\"./out/js/digits.mjs\").then(async (m) => console.log(await (await m.create()).run(new Float32Array(64))))'",
  );
}
