/** Pictures of a graph: dot for graphviz, and SVG laid out here. */
import type { Graph } from "../ir/graph.js";
import type { Box } from "./graph-boxes.js";
import { boxesOf } from "./graph-boxes.js";
import type { PlannedLayer } from "./plan.js";

/** For `dot -Tpng`. */
export function drawDot(graph: Graph): string {
  const name = (id: number): string => (id < 0 ? `out${-1 - id}` : `n${id}`);
  const boxes = boxesOf(graph, []);
  const nodes = boxes.map((box) => {
    const lines = [`${box.title}  ${box.shape}`, box.where, ...box.details].filter((line) => line !== "");
    const shape = box.kind === "input" || box.kind === "output" ? "oval" : "box";
    return `  ${name(box.id)} [shape=${shape}, label=${JSON.stringify(lines.join("\n"))}];`;
  });
  const edges = boxes.flatMap((box) =>
    box.reads.map(({ id, side }) => `  ${name(id)} -> ${name(box.id)}${side ? " [style=dashed]" : ""};`),
  );
  return [`digraph ${JSON.stringify(graph.name)} {`, "  node [fontname=sans];", ...nodes, ...edges, "}"].join(
    "\n",
  );
}

const space = { margin: 24, between: 28, beside: 24, lane: 16, line: 17, pad: 10 };
/** Widths of an average character, in pixels. */
const charWidth = { title: 7.6, text: 6.3 };

interface Placed {
  readonly box: Box;
  readonly rank: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The graph from top to bottom: a box a value, beside it where several are computed at the same depth. Values that are
 * read further down run along the right side.
 */
export function drawSvg(graph: Graph, layers: readonly PlannedLayer[]): string {
  const placed = place(boxesOf(graph, layers));
  const byId = new Map(placed.map((one) => [one.box.id, one]));
  const right = Math.max(0, ...placed.map(({ x, width }) => x + width));
  const { paths, lanes } = drawEdges(placed, byId, right);
  const width = Math.ceil(right + (lanes === 0 ? 0 : lanes * space.lane + space.lane) + space.margin);
  const height = Math.ceil(Math.max(0, ...placed.map((one) => one.y + one.height)) + space.margin);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-sans-serif, system-ui, sans-serif">`,
    `<title>${escaped(graph.name)}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...paths,
    ...placed.map(drawBox),
    "</svg>",
  ].join("\n");
}

/** How far down each box stands: below everything it reads. */
function ranksOf(boxes: readonly Box[]): Map<number, number> {
  const ranks = new Map<number, number>();
  for (const { id, reads } of boxes)
    ranks.set(id, Math.max(0, ...reads.map((read) => (ranks.get(read.id) ?? -1) + 1)));
  return ranks;
}

function place(boxes: readonly Box[]): Placed[] {
  const ranks = ranksOf(boxes);
  const rows: Box[][] = [];
  for (const box of boxes) (rows[ranks.get(box.id)!] ??= []).push(box);
  const rowWidth = (row: readonly Box[]): number =>
    row.reduce((sum, box) => sum + widthOf(box), (row.length - 1) * space.beside);
  const widest = Math.max(0, ...rows.map(rowWidth));
  const centre = new Map<number, number>();
  const placed: Placed[] = [];
  let y = space.margin;
  rows.forEach((row, rank) => {
    // Boxes stand in the order of what they read, so that edges cross less.
    const wish = (box: Box): number =>
      box.reads.reduce((sum, { id }) => sum + (centre.get(id) ?? 0), 0) / Math.max(1, box.reads.length);
    const ordered = [...row].sort((a, b) => wish(a) - wish(b) || a.id - b.id);
    let x = space.margin + (widest - rowWidth(row)) / 2;
    for (const box of ordered) {
      const one = { box, rank, x, y, width: widthOf(box), height: heightOf(box) };
      placed.push(one);
      centre.set(box.id, x + one.width / 2);
      x += one.width + space.beside;
    }
    y += Math.max(...row.map(heightOf)) + space.between;
  });
  return placed;
}

function textLines(box: Box): readonly string[] {
  return [box.where, ...box.details].filter((line) => line !== "");
}

function widthOf(box: Box): number {
  const head = (box.title.length + 2) * charWidth.title + box.shape.length * charWidth.text;
  const body = textLines(box).map((line) => line.length * charWidth.text);
  return Math.ceil(Math.max(120, head, ...body) + 2 * space.pad);
}

function heightOf(box: Box): number {
  return 2 * space.pad + space.line * (1 + textLines(box).length) - 4;
}

const colours: Readonly<Record<Box["kind"], { readonly fill: string; readonly stroke: string }>> = {
  input: { fill: "#ecfdf5", stroke: "#059669" },
  compute: { fill: "#eff6ff", stroke: "#2563eb" },
  view: { fill: "#f8fafc", stroke: "#94a3b8" },
  output: { fill: "#fef3c7", stroke: "#d97706" },
};

function drawBox({ box, x, y, width, height }: Placed): string {
  const { fill, stroke } = colours[box.kind];
  const round = box.kind === "input" || box.kind === "output" ? height / 2 : 6;
  const first = y + space.pad + 11;
  const lines = textLines(box).map((line, i) => {
    const colour = line === box.where ? "#475569" : "#334155";
    return `<text x="${x + space.pad}" y="${first + space.line * (i + 1)}" font-size="11.5" fill="${colour}">${escaped(line)}</text>`;
  });
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}" fill="${fill}" stroke="${stroke}"/>`,
    `<text x="${x + space.pad}" y="${first}" font-size="13" font-weight="600" fill="#0f172a">${escaped(box.title)}</text>`,
    `<text x="${x + width - space.pad}" y="${first}" font-size="11.5" text-anchor="end" fill="#0f172a">${escaped(box.shape)}</text>`,
    ...lines,
  ].join("\n");
}

interface Edge {
  readonly from: Placed;
  readonly to: Placed;
  readonly side: boolean;
  /** Where on the top of the reader it ends. */
  readonly at: number;
}

function drawEdges(
  placed: readonly Placed[],
  byId: ReadonlyMap<number, Placed>,
  right: number,
): { readonly paths: readonly string[]; readonly lanes: number } {
  const edges = placed.flatMap((to): Edge[] =>
    to.box.reads.map(({ id, side }, i) => ({
      from: byId.get(id)!,
      to,
      side,
      at: to.x + (to.width * (i + 1)) / (to.box.reads.length + 1),
    })),
  );
  const lanes: number[] = [];
  const paths = edges.map((edge) => {
    const long = edge.to.rank - edge.from.rank > 1;
    if (!long) return path(edge, directLine(edge));
    // The first lane that is free again above this edge.
    const free = lanes.findIndex((until) => until <= edge.from.rank);
    const lane = free < 0 ? lanes.length : free;
    lanes[lane] = edge.to.rank;
    return path(edge, laneLine(edge, right + space.lane * (lane + 1)));
  });
  return { paths, lanes: lanes.length };
}

function directLine({ from, to, at }: Edge): string {
  const x = from.x + from.width / 2;
  const y = from.y + from.height;
  const middle = (y + to.y) / 2;
  return `M${x} ${y}C${x} ${middle} ${at} ${middle} ${at} ${to.y}`;
}

/** Down the right side, with round corners. */
function laneLine({ from, to, at }: Edge, lane: number): string {
  const start = from.x + from.width;
  const y = from.y + from.height / 2;
  const end = to.y - space.between / 2;
  const r = 6;
  return `M${start} ${y}H${lane - r}Q${lane} ${y} ${lane} ${y + r}V${end - r}Q${lane} ${end} ${lane - r} ${end}H${at + r}Q${at} ${end} ${at} ${end + r}V${to.y}`;
}

function path({ side }: Edge, d: string): string {
  const style = side ? 'stroke="#b45309" stroke-dasharray="5 3"' : 'stroke="#64748b"';
  return `<path d="${d}" fill="none" ${style} stroke-width="1.3" marker-end="url(#arrow)"/>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
