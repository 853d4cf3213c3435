/** The figures as text: a header, a row for each layer and backend as it is measured, and a summary. */

import { oneConvolution } from "./layers.mjs";

const write = (text = "") => console.log(text);
export const note = (text) => write(`! ${text}`);

/** Three digits that say something, at any size. */
export function digits(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(4);
}

export const times = (ratio) => `${digits(ratio)}x`;
const percent = (share) => `${(100 * share).toFixed(0)} %`;

export function header({ engine, processor, start }) {
  const { ceilings, settings, versions } = start;
  const { mulAdd, relaxed, copyGBs, readGBs } = ceilings;
  write(`engine ${engine} on ${processor}`);
  write(
    `convsmith: ${Object.entries(settings)
      .map((pair) => pair.join(" "))
      .join(", ")}`,
  );
  for (const [name, version] of Object.entries(versions)) write(`${name} ${version}`);
  write(
    `ceiling: multiply + add ${mulAdd.toFixed(1)} GF, relaxed ${relaxed === null ? "refused" : `${relaxed.toFixed(1)} GF`}; copy ${copyGBs.toFixed(1)} GB/s, read ${readGBs.toFixed(1)} GB/s`,
  );
  write(
    "ms: median of one run. GF: 10⁹ operations of the definition a second. A peer's x: its time over ours.",
  );
  write("of best: of the ceiling above; beside: of the same loop's, run right before and after each timing.");
  write("Where memory is the bound: our time over that of copying or reading the bytes once.");
}

const peerWidth = (name) => Math.max(name.length, 15) + 2;

export function titles({ start }) {
  write();
  const peers = start.peers.map((name) => name.padStart(peerWidth(name))).join("");
  write(
    `${"layer".padEnd(30)} ${"ours".padEnd(5)}${"ms".padStart(9)}${"GF".padStart(7)}${"of best".padStart(11)}${"beside".padStart(8)}${peers}`,
  );
}

function ofBest({ ofCeiling, floor, ms }) {
  if (floor !== null) return `${times(ms / floor.ms)} ${floor.kind}`;
  return ofCeiling === null ? "" : percent(ofCeiling);
}

const beside = ({ ofCeilingBeside: share }) => (share === null ? "" : percent(share));

/** A peer's time, and how many times ours it is. */
export const cell = ({ ms }, ours) =>
  ms === undefined ? "-" : `${digits(ms)} ${times(ms / ours).padStart(7)}`;

export function row({ start }, line, { errors }) {
  const peers = start.peers.map((name) => cell(line.peers[name], line.ms).padStart(peerWidth(name)));
  const error = errors ? `  error ${line.error.toExponential(1)}` : "";
  const how = `  ${line.algorithm}${line.target === "wasm-relaxed" ? ", relaxed" : ""}`;
  write(
    `${line.layer.padEnd(30)} ${line.who.padEnd(5)}${digits(line.ms).padStart(9)}${digits(line.gf).padStart(7)}${ofBest(line).padStart(11)}${beside(line).padStart(8)}${peers.join("")}${how}${error}`,
  );
}

export const speedLine = ({ what, layers, mean, least, leastLayer }) =>
  `  over ${what}: ${mean.toFixed(2)}x (geometric mean of ${layers}), least ${least.toFixed(2)}x on ${leastLayer}`;

function shareLines(ceiling, floor) {
  const mean = (line, value) => `${value} (geometric mean of ${line.layers})`;
  const ofCeiling =
    ceiling &&
    `  of ${ceiling.what}: ${mean(ceiling, percent(ceiling.mean))}, least ${percent(ceiling.least)} on ${ceiling.leastLayer}`;
  const overFloor =
    floor &&
    `  time over that of copying or reading the bytes, layers bound by memory: ${mean(floor, times(floor.mean))}, most ${times(floor.most)} on ${floor.mostLayer}`;
  return [ofCeiling, overFloor].filter((text) => text !== null);
}

function backendLines({ who, speed, native, ceiling, floor }) {
  return [`convsmith ${who}`, ...[...speed, ...native].map(speedLine), ...shareLines(ceiling, floor), ""];
}

/** Why a peer has no figure, each reason once. */
export function refusalLines(rows) {
  const reasons = new Map();
  for (const { layer, peers } of rows)
    for (const [name, { why }] of Object.entries(peers)) {
      if (why === undefined) continue;
      const key = `${name}: ${why}`;
      reasons.set(key, (reasons.get(key) ?? new Set()).add(layer));
    }
  const lines = [...reasons].map(([key, layers]) => `  ${key} (${[...layers].join("; ")})`);
  return lines.length === 0 ? [] : ["not measured", ...lines, ""];
}

function compilerLines({ bytes, compile }) {
  const files = (list) => list.map(({ file, bytes, gzip }) => `${file} ${bytes} (${gzip})`).join(", ");
  const times = compile.map(
    (line) =>
      `  ${line.who}: ${line.layer} first in a process ${digits(line.firstMs)}, warm ${digits(line.warmMs)}; ${line.distinct} others ${digits(line.distinctMs)}, median ${digits(line.distinctMedianMs)}`,
  );
  return [
    `code of ${oneConvolution.name} in a bundle, bytes (gzip)`,
    ...bytes.map(({ who, files: list }) => `  ${who}: ${files(list)}`),
    ...(times.length === 0 ? [] : ["compile(), ms", ...times]),
  ];
}

/** The worst of each kind of data: of what bounds it, and of the largest sum of |x·w|. */
function errorLines({ errors }) {
  if (errors.length === 0) return [];
  const held = errors.every(({ ofBound }) => ofBound <= 1);
  return [
    "",
    `worst errors against float64; bounds: direct (K + 2)·2⁻²⁴·Σ|x·w| each element, winograd 1e-5 of the largest Σ|x·w|: ${held ? "all held" : "NOT HELD"}`,
    ...errors.map(
      ({ where, who, algorithm, data, ofBound, ofLargest, layer, runs }) =>
        `  ${where.padEnd(7)}${who.padEnd(5)}${algorithm.padEnd(9)}${data.padEnd(13)}${percent(ofBound).padStart(6)} of the bound${ofBound <= 1 ? "" : " (!)"}, ${ofLargest.toExponential(1)} of the largest sum; worst of ${runs}: ${layer}`,
    ),
  ];
}

/** How ours scales over threads, against as many programs at once that share nothing. */
function threadLines({ threads: lines }) {
  if (lines.length === 0) return [];
  const line = (one) => {
    const { layer, oneMs, manyMs, scaling, independent, shares, large, held } = one;
    const of = large ? `, ${percent(scaling / independent)} of it` : "";
    const how = shares ? `${times(scaling)}; independent ${times(independent)}${of}` : "runs on one";
    return `  ${layer.padEnd(31)}${digits(oneMs).padStart(8)}${digits(manyMs).padStart(8)}  ${how}${held ? "" : " (!)"}`;
  };
  return [
    "",
    `${lines[0].threads} threads: ms on one, ms on all, and how often as fast; independent: as many programs on one thread each, at once`,
    ...lines.map(line),
  ];
}

export function summaryLines(report) {
  return [
    ...report.summary.flatMap(backendLines),
    ...refusalLines(report.rows),
    ...compilerLines(report),
    ...errorLines(report),
    ...threadLines(report),
  ];
}

export function footer(report) {
  const { start, rows } = report;
  for (const text of ["", ...summaryLines(report)]) write(text);
  const relaxedUnused = start?.ceilings.relaxed != null && rows.some(({ target }) => target === "wasm-simd");
  if (relaxedUnused && start.settings.precision === "default")
    note("this engine has relaxed SIMD, and convsmith did not use it");
}
