/** What the plots are made of: elements as text, logarithmic axes, one colour for each contender. */

export const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

const short = (value) => (typeof value === "number" ? Number(value.toFixed(2)) : escaped(value));

/** element("line", { x1: 0 }): content is markup already. */
export function element(tag, attributes, content = "") {
  const list = Object.entries(attributes).map(([name, value]) => ` ${name}="${short(value)}"`);
  return content === "" ? `<${tag}${list.join("")}/>` : `<${tag}${list.join("")}>${content}</${tag}>`;
}

export const text = (x, y, content, attributes = {}) =>
  element("text", { x, y, fill: ink.text, ...attributes }, escaped(content));

export const line = (x1, y1, x2, y2, attributes) => element("line", { x1, y1, x2, y2, ...attributes });

export function drawing(width, height, label, parts) {
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
    "font-family": "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
    "font-size": 12,
  };
  return element("svg", attributes, `\n${parts.join("\n")}\n`);
}

export const ink = { text: "#26282b", quiet: "#6a6f76", grid: "#e3e5e8", limit: "#b3261e" };

/** Keeps text readable on top of lines. */
export const halo = { stroke: "#ffffff", "stroke-width": 3, "paint-order": "stroke" };

/** Ours in blue, then one hue for each project; the slower backend of a project lighter. */
const colours = {
  wasm: "#1f5fc4",
  js: "#8fb8ee",
  "tfjs-wasm": "#d2691e",
  "tfjs-cpu": "#f0bd94",
  "onnxruntime-web": "#2c8a57",
  "jax-js": "#8a4fc0",
  "native-jax": "#5b6067",
  "native-onnxruntime": "#a5abb3",
};

export const colour = (name) => colours[name] ?? "#000000";
export const title = (name) => (name === "wasm" || name === "js" ? `convsmith ${name}` : name);

/** value → position, on a logarithmic axis; ticks are the powers of ten in between, with 2 and 5 where there is room. */
export function logScale([low, high], [from, to]) {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const at = (value) => from + ((Math.log10(Math.max(value, low)) - a) / (b - a)) * (to - from);
  const powers = Array.from({ length: Math.floor(b) - Math.ceil(a) + 1 }, (_, i) => 10 ** (Math.ceil(a) + i));
  const steps = Math.abs(to - from) / (b - a) > 120 ? [1, 2, 5] : [1];
  const ticks = [10 ** Math.floor(a), ...powers]
    .flatMap((power) => steps.map((step) => step * power))
    .filter((tick, i, all) => tick >= low * 0.999 && tick <= high * 1.001 && all.indexOf(tick) === i);
  return { at, ticks };
}

export const tickText = (value) => String(Number(value.toPrecision(3)));
