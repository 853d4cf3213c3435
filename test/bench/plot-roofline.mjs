/** Speed over operations per byte, under the roofs of this machine; every layer is a number with a key beside the plot. */
import { colour, drawing, element, halo, ink, line, logScale, text, tickText, title } from "./svg.mjs";

const width = 960;
const height = 560;
const frame = { left: 56, right: 640, top: 40, bottom: 500 };

/** The layers of one backend with the fastest peer in JavaScript. */
function pointsOf({ rows }) {
  return rows
    .filter(({ who }, _, [{ who: shown }]) => who === shown)
    .map((row, i) => {
      const peers = Object.entries(row.peers)
        .filter(([name, { ms }]) => ms !== undefined && !name.startsWith("native-"))
        .map(([name, { ms }]) => ({ name, gf: row.flops / ms / 1e6 }))
        .sort((a, b) => b.gf - a.gf);
      return {
        number: i + 1,
        layer: row.layer,
        intensity: row.flops / row.bytes,
        gf: row.gf,
        peer: peers[0],
      };
    });
}

const powersAround = (values, margin) => [Math.min(...values) / margin, Math.max(...values) * margin];

function roofs(x, y, { mulAdd, relaxed, copyGBs }) {
  const [[low, high], top] = [x.ends, relaxed ?? mulAdd];
  const ridge = Math.min(top / copyGBs, high);
  const style = { stroke: ink.limit, "stroke-width": 1.5 };
  // Where the slope enters the frame: on the left or at the bottom.
  const start = Math.max(low, y.ends[0] / copyGBs);
  const middle = Math.sqrt(start * ridge);
  const angle =
    (Math.atan2(y.at(ridge * copyGBs) - y.at(start * copyGBs), x.at(ridge) - x.at(start)) * 180) / Math.PI;
  const [mx, my] = [x.at(middle), y.at(middle * copyGBs)];
  const label = (value, content, dy) =>
    text(x.at(ridge) + 8, y.at(value) + dy, content, { fill: ink.limit, "font-size": 11 });
  const flat = [
    line(x.at(ridge), y.at(top), frame.right, y.at(top), style),
    label(top, `${relaxed === null ? "multiply + add" : "relaxed"} ${top.toFixed(0)} GF`, -5),
  ];
  // Two roofs within a few percent are one line to the eye.
  const second =
    relaxed === null || Math.abs(relaxed / mulAdd - 1) < 0.05
      ? []
      : [
          line(x.at(Math.min(mulAdd / copyGBs, high)), y.at(mulAdd), frame.right, y.at(mulAdd), {
            ...style,
            "stroke-dasharray": "4 3",
          }),
          label(mulAdd, `multiply + add ${mulAdd.toFixed(0)} GF`, 14),
        ];
  return [
    line(x.at(start), y.at(start * copyGBs), x.at(ridge), y.at(ridge * copyGBs), style),
    text(mx, my - 6, `copy ${copyGBs.toFixed(0)} GB/s`, {
      "text-anchor": "middle",
      fill: ink.limit,
      "font-size": 11,
      transform: `rotate(${angle.toFixed(1)} ${mx.toFixed(1)} ${my.toFixed(1)})`,
    }),
    ...flat,
    ...second,
  ];
}

/** Labels beside their points, each at the first place where it covers nothing. */
function labels(points) {
  const boxes = points.flatMap(({ dots }) => dots.map(([px, py]) => [px - 5, py - 5, px + 5, py + 5]));
  const free = ([a, b, c, d]) => boxes.every(([e, f, g, h]) => c <= e || g <= a || d <= f || h <= b);
  const places = [10, 17, 25, 34].flatMap((r) =>
    [-45, 0, 45, 180, -135, 135, -90, 90].map((degrees) => {
      const angle = (degrees * Math.PI) / 180;
      return [r * Math.cos(angle), r * Math.sin(angle)];
    }),
  );
  return points.map(({ number, dots: [[px, py]] }) => {
    const half = String(number).length * 3.2;
    const boxAt = ([dx, dy]) => [px + dx - half, py + dy - 5, px + dx + half, py + dy + 5];
    const [dx, dy] = places.find((place) => free(boxAt(place))) ?? places[0];
    boxes.push(boxAt([dx, dy]));
    return text(px + dx, py + dy + 4, number, { "text-anchor": "middle", "font-size": 11, ...halo });
  });
}

function axes(x, y) {
  const quiet = { fill: ink.quiet, "font-size": 11 };
  return [
    ...x.ticks.flatMap((tick) => [
      line(x.at(tick), frame.top, x.at(tick), frame.bottom, { stroke: ink.grid }),
      text(x.at(tick), frame.bottom + 16, tickText(tick), { "text-anchor": "middle", ...quiet }),
    ]),
    ...y.ticks.flatMap((tick) => [
      line(frame.left, y.at(tick), frame.right, y.at(tick), { stroke: ink.grid }),
      text(frame.left - 6, y.at(tick) + 4, tickText(tick), { "text-anchor": "end", ...quiet }),
    ]),
    text(
      (frame.left + frame.right) / 2,
      frame.bottom + 36,
      "operations per byte of input, parameters and output",
      {
        "text-anchor": "middle",
        ...quiet,
      },
    ),
    text(frame.left - 40, frame.top - 16, "GF", quiet),
  ];
}

/** What the numbers and the rings are. */
function key(points, names, ours) {
  const x = frame.right + 36;
  const entry = (y, mark, content) => [mark, text(x + 14, y + 4, content)].join("");
  const series = [
    entry(20, element("circle", { cx: x + 4, cy: 20, r: 4.5, fill: colour(ours) }), title(ours)),
    ...names.map((name, i) => {
      const cy = 38 + 18 * i;
      const ring = { cx: x + 4, cy, r: 4, fill: "#ffffff", stroke: colour(name), "stroke-width": 2 };
      return entry(cy, element("circle", ring), `${name}, the fastest peer`);
    }),
  ];
  const from = 38 + 18 * names.length + 16;
  const rows = points.map(({ number, layer }, i) => {
    const y = from + i * 17;
    return text(x + 6, y, number, { "text-anchor": "end", fill: ink.quiet }) + text(x + 14, y, layer);
  });
  return [...series, ...rows];
}

export function rooflinePlot(report) {
  const { ceilings } = report.start;
  const plotted = pointsOf(report);
  const ours = report.rows[0].who;
  const speeds = plotted.flatMap(({ gf, peer }) => (peer === undefined ? [gf] : [gf, peer.gf]));
  const xEnds = powersAround([1, ...plotted.map(({ intensity }) => intensity)], 1.6);
  const yEnds = powersAround([...speeds, ceilings.relaxed ?? ceilings.mulAdd], 1.6);
  const x = { ...logScale(xEnds, [frame.left, frame.right]), ends: xEnds };
  const y = { ...logScale(yEnds, [frame.bottom, frame.top]), ends: yEnds };
  const points = plotted.map((point) => ({
    ...point,
    dots: [point.gf, ...(point.peer === undefined ? [] : [point.peer.gf])].map((gf) => [
      x.at(point.intensity),
      y.at(gf),
    ]),
  }));
  const ties = points.flatMap(({ dots: [a, b], peer }) =>
    b === undefined ? [] : [line(...a, ...b, { stroke: colour(peer.name), "stroke-opacity": 0.45 })],
  );
  const rings = points.flatMap(({ dots: [, b], peer }) =>
    b === undefined
      ? []
      : [
          element("circle", {
            cx: b[0],
            cy: b[1],
            r: 4,
            fill: "#ffffff",
            stroke: colour(peer.name),
            "stroke-width": 2,
          }),
        ],
  );
  const dots = points.map(({ layer, gf, dots: [[cx, cy]] }) =>
    element("circle", { cx, cy, r: 4.5, fill: colour(ours) }, `<title>${layer}: ${gf.toFixed(1)} GF</title>`),
  );
  const names = [...new Set(plotted.flatMap(({ peer }) => (peer === undefined ? [] : [peer.name])))];
  const keyHeight = 38 + 18 * names.length + 16 + 17 * points.length + 8;
  return drawing(width, Math.max(height, keyHeight), "Roofline of the layers", [
    ...axes(x, y),
    ...roofs(x, y, ceilings),
    ...ties,
    ...rings,
    ...dots,
    ...labels(points),
    ...key(points, names, ours),
  ]);
}
