/** Counter-examples as code: what to paste into a file beside an installed convsmith to see the case again. */
import type { Call } from "./call.js";

const abbreviated = (x: number): string => {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(x.toPrecision(digits)));
    if (Object.is(Math.fround(Number(text)), x)) return text;
  }
  return String(x);
};

/** A number as a literal; a float32 with as few digits as tell it from its neighbours. */
export function numberSource(x: number, float32 = false): string {
  if (Object.is(x, -0)) return "-0";
  return float32 && Number.isFinite(x) ? abbreviated(x) : String(x);
}

/** A value as an expression that makes it again. */
export function source(value: unknown): string {
  if (typeof value === "number") return numberSource(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof ArrayBuffer) return `new ArrayBuffer(${value.byteLength})`;
  if (value instanceof DataView) return `new DataView(new ArrayBuffer(${value.byteLength}))`;
  if (value instanceof Set) return `new Set(${source([...value])})`;
  if (ArrayBuffer.isView(value)) return arraySource(value as Float32Array);
  if (Array.isArray(value)) return `[${value.map(source).join(", ")}]`;
  const entries = Object.entries(value).map(([name, item]) => `${nameSource(name)}: ${source(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function arraySource(array: Float32Array): string {
  const name = array[Symbol.toStringTag];
  if (array.length > 4 && array.every((x) => Object.is(x, 0))) return `new ${name}(${array.length})`;
  const items = Array.from(array, (x) => numberSource(x, (name as string) === "Float32Array"));
  return `${name}.of(${items.join(", ")})`;
}

const nameSource = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

function modelSource({ module, options, activation = "none", residual = false }: Call): string {
  const made = `new ${module}(${source(options)})`;
  if (activation === "none" && !residual) return made;
  const activated = activation === "none" ? "y" : `nn.${activation}(y)`;
  return `(x) => {
  const y = ${made}.call(x);
  return ${residual ? `lax.add(${activated}, y)` : activated};
}`;
}

export interface Shown {
  /** What compile is given besides inputs and variables. */
  readonly compile: Readonly<Record<string, unknown>>;
  /** A comment: what was expected of the result. */
  readonly expected?: string;
}

/** A module that compiles and runs a call and prints its result. */
export function runnable(call: Call, { compile, expected }: Shown): string {
  const after = call.activation !== undefined && call.activation !== "none";
  const imports = [call.module, "compile", ...(call.residual ? ["lax"] : []), ...(after ? ["nn"] : [])];
  const params = { kernel: call.kernel, ...(call.bias === undefined ? {} : { bias: call.bias }) };
  const tree = after || call.residual ? { [`${call.module}_0`]: params } : params;
  const baked = call.baked ?? true;
  const options = Object.entries(compile).map(([name, value]) => `${name}: ${source(value)}`);
  const given = `{ ${["inputs: [x]", ...(baked ? ["variables"] : []), ...options].join(", ")} }`;
  return [
    `import { ${imports.join(", ")} } from "convsmith";`,
    "",
    `const model = ${modelSource(call)};`,
    `const x = ${source(call.input)};`,
    `const variables = ${source({ params: tree })};`,
    `const f = await compile(model, ${given});`,
    ...(baked ? [] : ["await f.setVariables(variables);"]),
    "const y = f.runSync(x);",
    "console.log(y.shape, y.data);",
    ...(expected === undefined ? [] : [`// ${expected}`]),
    "",
  ].join("\n");
}
