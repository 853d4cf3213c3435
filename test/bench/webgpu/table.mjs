/** The figures of bench:webgpu as text: a header, a row for each layer as it is measured, counts, and a summary. */
import { cell, digits, refusalLines, speedLine, times } from "../table.mjs";

const write = (text = "") => console.log(text);
const peerWidth = (name) => Math.max(name.length, 15) + 2;

/** A page should show something by then. */
const mostFirstMs = 400;

export function header({ processor, start }) {
  const { vendor, architecture, device, description } = start.adapter;
  const adapter = [vendor, architecture, device, description].filter((text) => text !== "").join(" ");
  for (const text of [
    `Chromium ${start.engine} on ${processor}; adapter ${adapter}`,
    "Times are of this software adapter, ours with the schedules for software adapters; no GPU has been measured.",
    "ms: median of one run, data on the device, until the queue is done. first: from before create(), weights in memory and",
    "the device there, until the first result is done. empty: a submit of nothing, waited for, which is part of every time.",
    "over best: the fastest peer's time over ours. A peer's x: its time over ours.",
    "",
  ])
    write(text);
  const peers = start.peers.map((name) => name.padStart(peerWidth(name))).join("");
  write(
    `${"layer".padEnd(30)}${"ms".padStart(8)}${"GF".padStart(8)}${"empty".padStart(7)}${"first".padStart(7)}${"over best".padStart(11)}${peers}`,
  );
}

const best = ({ peers }) => Math.min(...Object.values(peers).flatMap(({ ms }) => ms ?? []));

export function row({ start }, line) {
  const over = best(line) / line.ms;
  const peers = start.peers.map((name) => cell(line.peers[name], line.ms).padStart(peerWidth(name)));
  write(
    `${line.layer.padEnd(30)}${digits(line.ms).padStart(8)}${digits(line.gf).padStart(8)}${(line.emptyMs === null ? "-" : digits(line.emptyMs)).padStart(7)}${line.firstMs.toFixed(0).padStart(7)}${(Number.isFinite(over) ? times(over) : "-").padStart(11)}${peers.join("")}  ${line.algorithm}`,
  );
}

function countLines(rows) {
  const line = ({ layer, counts: { gpu } }) =>
    `${layer.padEnd(30)}${gpu.readsPerMac.toFixed(4).padStart(10)}${String(gpu.sharedBytes).padStart(9)}${`${(100 * gpu.idleLanes).toFixed(0)} %`.padStart(7)}${`${gpu.workgroups} x ${gpu.lanes}`.padStart(14)}  ${gpu.algorithm}`;
  return [
    "The schedules for GPUs, which run on none here: counted from their kernels by explain() of a compile with adapter gpu.",
    "reads: scalars read from storage buffers a multiply-add; shared: bytes of workgroup storage; idle: share of lanes.",
    "",
    `${"layer".padEnd(30)}${"reads".padStart(10)}${"shared".padStart(9)}${"idle".padStart(7)}${"groups x lanes".padStart(16)}`,
    ...rows.map(line),
    "",
  ];
}

/** First results: of ours those that take long, and how many pipelines were made; of the peers their mean. */
function firstLines({ rows, start }) {
  const late = rows.filter(({ firstMs }) => firstMs > mostFirstMs);
  const list = late.map(
    ({ layer, firstMs, pipelines }) =>
      `  ${layer}: ${firstMs.toFixed(0)} ms, ${pipelines.count} pipelines, the slowest ${pipelines.slowestMs?.toFixed(0)} ms`,
  );
  const means = start.peers.flatMap((name) => {
    const all = rows.flatMap(({ peers }) => peers[name].firstMs ?? []);
    return all.length === 0 ? [] : `${name} ${(all.reduce((a, b) => a + b) / all.length).toFixed(0)}`;
  });
  const mine = rows.reduce((sum, { firstMs }) => sum + firstMs, 0) / rows.length;
  return [
    `first results, mean ms: ${[`convsmith ${mine.toFixed(0)}`, ...means].join(", ")}`,
    `first results after more than ${mostFirstMs} ms: ${late.length} of ${rows.length} layers`,
    ...list,
    "",
  ];
}

function slowerLines(rows) {
  const slower = rows.filter((row) => best(row) < row.ms);
  return [
    `slower than the best of the peers: ${slower.length} of ${rows.length} layers`,
    ...slower.map((row) => `  ${row.layer}: ${times(best(row) / row.ms)}`),
    "",
  ];
}

export function footer(report) {
  const { rows, summary } = report;
  const lines = [
    "",
    ...countLines(rows),
    "convsmith on this software adapter",
    ...summary.flatMap(({ speed }) => speed.map(speedLine)),
    "",
    ...slowerLines(rows),
    ...firstLines(report),
    ...refusalLines(rows),
  ];
  for (const text of lines) write(text);
}
