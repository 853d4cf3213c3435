/** Every contender on every layer in one page, interleaved in rounds; prints JSON lines. */
import { reason } from "../contenders/refusal.mjs";
import { listed } from "../flags.mjs";
import { flops, isDense3x3, layers } from "../layers.mjs";
import { race, timingsOf } from "../race.mjs";
import { median } from "../statistics.mjs";
import { openBrowser, PageGone } from "./browser.mjs";
import { bundleName, bundleOf, warmUp } from "./bundles.mjs";
import { readOptions } from "./options.mjs";

const options = readOptions(process.argv.slice(2));
const rounds = Number(options.rounds);
const emit = (line) => console.log(JSON.stringify(line));
const note = (text) => emit({ kind: "note", text });
const names = ["wgsl", ...listed(options.peers)];

/** A step that takes longer hangs. */
const limits = {
  load: 120_000,
  enter: 240_000,
  time: 120_000,
  leave: 60_000,
  emptySubmit: 60_000,
  adapter: 60_000,
};
const browser = await openBrowser();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => browser.close().finally(() => process.exit(130)));
const ask = (step, ...args) => browser.ask(limits[step], step, ...args);

/** Once more where the page broke: perhaps the contender before was to blame. One that hangs would only hang again. */
const retried = (step) =>
  step().catch((error) => {
    if (!(error instanceof PageGone) || error.hung) throw error;
    note(`${error.message}; in another page once more`);
    return step();
  });

/** Why a peer does not load, by name; in which page it was loaded last. */
const unable = new Map();
const loadedIn = new Map();

async function load(name) {
  if (unable.has(name)) throw new Error(unable.get(name));
  if (loadedIn.get(name) === browser.generation()) return;
  try {
    await retried(() => ask("load", name, inPage(warmUp)));
    loadedIn.set(name, browser.generation());
  } catch (error) {
    unable.set(name, `does not run here: ${reason(error)}`);
    throw error;
  }
}

const inPage = (layer) => ({ ...layer, bundle: bundleName(layer) });

/** A contender in the page; where there is another page by now, it enters that one first. */
async function enter(name, layer, algorithm) {
  let page = null;
  const start = async () => {
    await load(name);
    const about = await ask("enter", name, inPage(layer), algorithm);
    page = browser.generation();
    return about;
  };
  const about = await retried(start);
  const once = async () => {
    if (page !== browser.generation()) await start();
    return ask("time", name);
  };
  const time = () => retried(once);
  return { name, about, contender: { time }, timings: timingsOf(about.ms, rounds) };
}

async function measureLayer(layer) {
  const made = await bundleOf(layer);
  browser.add(made.files);
  const entries = [];
  const refusals = {};
  for (const name of names)
    try {
      entries.push(await enter(name, layer, name === "wgsl" ? made.software.algorithm : null));
    } catch (error) {
      refusals[name] = reason(error);
    }
  const nothing = { name: "nothing", contender: { time: () => ask("emptySubmit") }, timings: rounds };
  const { times } = await race([...entries, nothing], rounds, refusals);
  await ask("leave").catch(() => undefined);
  const figures = (name) => {
    if (!times.has(name)) return { why: refusals[name] };
    const { about } = entries.find((entry) => entry.name === name);
    const all = times.get(name);
    return { ms: median(all), timings: all.length, firstMs: about.firstMs, pipelines: about.pipelines };
  };
  const ours = figures("wgsl");
  if (ours.ms === undefined) {
    note(`convsmith fails on ${layer.name}: ${ours.why}`);
    process.exitCode = 1;
    return;
  }
  const [{ about }] = entries;
  if (!about.notes.includes("runs wgsl-software"))
    note(`convsmith: ${about.notes.join("; ")}, not wgsl-software`);
  emit({
    kind: "layer",
    layer: layer.name,
    who: "wgsl",
    ...ours,
    gf: flops(layer) / ours.ms / 1e6,
    emptyMs: times.has("nothing") ? median(times.get("nothing")) : null,
    ofCeilingBeside: null,
    floor: null,
    peers: Object.fromEntries(names.slice(1).map((name) => [name, figures(name)])),
    algorithm: made.software.algorithm,
    notes: about.notes,
    timings: times.get("wgsl"),
    counts: { gpu: made.gpu, software: made.software },
    tags: { bound: layer.bound, dense3x3: isDense3x3(layer), native: layer.native },
  });
}

browser.add((await bundleOf(warmUp)).files);
emit({
  kind: "start",
  engine: await browser.version(),
  adapter: await ask("adapter"),
  peers: names.slice(1),
});
for (const name of names)
  await load(name).catch((error) => note(`${name} does not run here: ${reason(error)}`));
for (const layer of layers.filter(({ name }) => name.includes(options.filter))) await measureLayer(layer);
await browser.close();
process.exit();
