/** Medians, means and the lines under the table. */

export function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export const geometricMean = (list) => Math.exp(list.reduce((sum, r) => sum + Math.log(r), 0) / list.length);

const most = (list) => list.reduce((a, b) => (b.value > a.value ? b : a));
const least = (list) => list.reduce((a, b) => (b.value < a.value ? b : a));

/** { layer, value } of every layer as one line of the summary; null without layers. */
function meanOf(what, entries) {
  if (entries.length === 0) return null;
  const lowest = least(entries);
  return {
    what,
    layers: entries.length,
    mean: geometricMean(entries.map(({ value }) => value)),
    least: lowest.value,
    leastLayer: lowest.layer,
  };
}

/** How many times the floor of their bytes the layers take that memory bounds. */
function floorOf(rows) {
  if (rows.length === 0) return null;
  const entries = rows.map((row) => ({ layer: row.layer, value: row.ms / row.floor.ms }));
  const worst = most(entries);
  const mean = geometricMean(entries.map(({ value }) => value));
  return { layers: rows.length, mean, most: worst.value, mostLayer: worst.layer };
}

const isNative = (name) => name.startsWith("native-");

/** Times of a row's peers over ours, those that `choose` takes. */
function ratios(row, choose) {
  return Object.entries(row.peers).flatMap(([name, peer]) =>
    choose(name) && peer.ms !== undefined ? [peer.ms / row.ms] : [],
  );
}

/** How often as fast as the fastest of the peers, on each layer that one of them runs. */
function overBest(rows, choose) {
  return rows.flatMap((row) => {
    const all = ratios(row, choose);
    return all.length === 0 ? [] : [{ layer: row.layer, value: Math.min(...all) }];
  });
}

const nativeCap = 3;

/** Everything said of one backend of ours. `rows`: one a layer, as measure.mjs emits them. */
function summaryOf(who, rows) {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const inJs = peers.filter((name) => !isNative(name));
  const speed = (what, some, choose) => meanOf(what, overBest(some, choose));
  const native = rows.filter((row) => row.tags.native);
  return {
    who,
    speed: [
      speed("the best of the peers", rows, (name) => !isNative(name)),
      speed(
        "the best of the peers, dense 3x3 stride 1",
        rows.filter((row) => row.tags.dense3x3),
        (name) => !isNative(name),
      ),
      ...inJs.map((peer) => speed(peer, rows, (name) => name === peer)),
    ].filter((line) => line !== null),
    native: peers.filter(isNative).flatMap((peer) => {
      const line = meanOf(
        `${peer}, each ratio at most ${nativeCap}`,
        overBest(native, (name) => name === peer).map(({ layer, value }) => ({
          layer,
          value: Math.min(value, nativeCap),
        })),
      );
      const all = speed(peer, rows, (name) => name === peer);
      return [line, all].filter((one) => one !== null);
    }),
    ceiling: meanOf(
      "the ceiling beside it, layers bound by arithmetic",
      rows
        .filter((row) => row.tags.bound === "compute" && row.ofCeilingBeside !== null)
        .map((row) => ({ layer: row.layer, value: row.ofCeilingBeside })),
    ),
    floor: floorOf(rows.filter((row) => row.floor !== null)),
  };
}

export function summarise(rows) {
  const who = [...new Set(rows.map((row) => row.who))];
  return who.map((name) =>
    summaryOf(
      name,
      rows.filter((row) => row.who === name),
    ),
  );
}
