/** What users get wrong: one line, the right exit code, no stack. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { report } from "../../cli/terminal.js";
import { PassError } from "../../compiler/pass.js";
import { InternalError } from "../../ir/diagnostic.js";
import { Cli, model, root } from "./command.js";

let cli: Cli;
beforeAll(() => {
  cli = new Cli();
  for (const [name, text] of Object.entries(files)) writeFileSync(cli.path(name), text);
  mkdirSync(cli.path("lib"));
  writeFileSync(
    cli.path("lib/width.ts"),
    "export const width: number = 3;\nexport const where = import.meta.url;\n",
  );
});
afterAll(() => cli.stop());

const head = 'import { Conv, Module, nn, type Traced } from "convsmith";\n';
const files: Readonly<Record<string, string>> = {
  "throws.ts": `${head}export class Net extends Module {\n  call(x: Traced): Traced {\n    const options: { deep?: { width: number } } = {};\n    return nn.relu(options.deep!.width as never) ?? x;\n  }\n}\nexport default new Net();\n`,
  "syntax.ts": `${head}export default new Conv({ features: 3, kernelSize: [3, 3] };\n`,
  "class.ts": `${head}export default class Net extends Module {\n  call(x: Traced): Traced {\n    return x;\n  }\n}\n`,
  "named.ts": `${head}export const net = new Conv({ features: 3, kernelSize: [3, 3] });\n`,
  "nothing.ts": "export default 5;\n",
  "loads.ts": 'throw new Error("no GPU today");\nexport default 1;\n',
  "imports.ts": 'import { q } from "./nope.js";\nexport default q;\n',
  "package.ts": 'import { q } from "no-such-package";\nexport default q;\n',
  "nearest.ts": `${head}export default new Conv({ features: 3, kernalSize: [3, 3] } as never);\n`,
  "spec.json":
    '{ "type": "Sequential", "layers": [{ "type": "Conv", "features": 3, "kernelSize": [3, 3], "stride": 2 }] }',
  "broken.json": '{ "type": ',
  "plain.json": '{ "type": "Conv", "features": 3, "kernelSize": [3, 3], "featureGroupCount": 3 }',
  "good.ts": `import { width, where } from "./lib/width.js";\n${head}enum Kernel { Small = 3 }\nif (!where.endsWith("/lib/width.ts")) throw new Error(where);\nexport default new Conv({ features: width, kernelSize: [Kernel.Small, Kernel.Small] });\n`,
};

describe("models", () => {
  it.each([
    ["throws.ts", 1, /^convsmith: throws\.ts:5: TypeError: .*width.*\n$/],
    ["syntax.ts", 1, /^convsmith: syntax\.ts:2:\d+: .*expected.*\n$/],
    [
      "class.ts",
      1,
      /^convsmith: class\.ts: its default export is the class Net; export an instance: export default new Net\(\)\n$/,
    ],
    ["named.ts", 1, /^convsmith: named\.ts: it has no default export; end it with: export default net\n$/],
    ["nothing.ts", 1, /^convsmith: nothing\.ts: its default export is a number, not a Module\n$/],
    ["loads.ts", 1, /^convsmith: loads\.ts: fails while loading: Error: no GPU today\n$/],
    ["imports.ts", 1, /^convsmith: imports\.ts: imports "\.\/nope\.js", which does not exist\n$/],
    ["package.ts", 1, /^convsmith: package\.ts: fails while loading: .*no-such-package.*\n$/],
    ["nearest.ts", 1, /^convsmith: .*"kernalSize" is unknown; did you mean "kernelSize"\?\n$/],
    ["spec.json", 1, /^convsmith: layers\[0\]: option "stride" is unknown; did you mean "strides"\?\n$/],
    ["broken.json", 1, /^convsmith: broken\.json: is not JSON: .*\n$/],
    ["nope.ts", 1, /^convsmith: nope\.ts: there is no such file\n$/],
    ["lib", 1, /^convsmith: lib: is a folder, not a file\n$/],
    ["plain.json", 1, /^convsmith: Conv: .*4 .*featureGroupCount.*3.*\n$/],
  ])("%s", async (name, code, err) => {
    const done = await cli.run(`inspect ${name} --input 1,8,8,4 --emit trace`);
    expect(done.err).toMatch(err);
    expect({ code: done.code, out: done.out }).toEqual({ code, out: "" });
  });

  it("load with their imports, enums and types, and leave nothing behind", { timeout: 60_000 }, async () => {
    const { code, out, err } = await cli.run("inspect good.ts --input 1,8,8,4 --emit trace");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("f32[3,3,4,3]");
    mkdirSync(cli.path("node_modules"));
    expect((await cli.run("inspect good.ts --input 1,8,8,4 --emit trace")).code).toBe(0);
    expect(readdirSync(cli.path("node_modules/.convsmith"))).toEqual([]);
    expect((await cli.run(`inspect ${model} --input 1,8,8,1 --emit trace`)).code).toBe(0);
    // Other test files load models at the same time: theirs go too.
    const near = join(root, "node_modules/.convsmith");
    const left = existsSync(near) ? readdirSync(near) : [];
    const still = () => left.filter((folder) => existsSync(join(near, folder)));
    await expect.poll(still, { timeout: 20_000, interval: 200 }).toEqual([]);
  });

  it("name the module path and both shapes", async () => {
    const { code, err } = await cli.run(`inspect ${model} --input 8,1 --emit trace`);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^convsmith: DigitsNet\/Conv_0: input float32\[8,1\] has rank 2; kernelSize \[3,3\].*\n$/,
    );
  });
});

describe("command lines", () => {
  it.each([
    ["comple x", /unknown command 'comple' \(Did you mean compile\?\)/],
    ["compile", /missing required argument 'model'/],
    ["compile plain.json --input 1,8,8,3", /--out is missing: say which folder to write to/],
    ["compile plain.json --wieghts x --out o", /unknown option '--wieghts' \(Did you mean --weights\?\)/],
    [
      "inspect plain.json --emit graph",
      /--input is missing: plain\.json does not say what it takes; e\.g\. --input 1,28,28,3/,
    ],
    ["inspect plain.json --emit grap --input 1,8,8,3", /--emit "grap" is unknown; did you mean "graph"\?/],
    ["inspect plain.json --input 1,8,8,3", /--emit is missing/],
    [
      "inspect plain.json --emit graph --input 1,8,x",
      /--input "1,8,x" is no input; write \[NAME=\]1,28,28,3\[:uint8\]/,
    ],
    [
      "inspect plain.json --emit graph --input 1,8:flot32",
      /--input "1,8:flot32" has an unknown dtype; did you mean "float32"\?/,
    ],
    ["inspect plain.json --emit graph --input a=1,8 --input 1", /name every input or none/],
    ["inspect plain.json --emit graph --input a=1 --input a=1", /"a" is given twice/],
    ["explain plain.json --input 1 --backend gpu", /--backend "gpu" is unknown; did you mean "\w+"\?/],
    ["explain plain.json --input 1 --threads 0", /--threads must be a whole number >= 1/],
    ["explain plain.json --input 1 --seed -1", /--seed must be a whole number >= 0/],
    ["explain plain.json --input 1,8,8,3 --seed 1 --weights x", /--weights and --seed: give one of them/],
    ["bench plain.json --input 1 --backend js,gpu", /--backend "gpu" is unknown/],
    ["run plain.json --seed 1", /--input-file is missing/],
    ["ir opp x.ir", /unknown command 'opp'/],
    ["weights a b", /too many arguments/],
  ])("%s", async (line, message) => {
    const { code, out, err } = await cli.run(line);
    expect(err).toMatch(/^convsmith: [^\n]+\n$/);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it.each(["compile", "run", "inspect", "explain", "bench", "weights", "schema", "ir", "ir opt"])(
    "%s --help shows an example",
    async (name) => {
      const { code, out } = await cli.run(`${name} --help`);
      expect(code).toBe(0);
      expect(out).toMatch(/\nExample:\n {2}convsmith \S/);
    },
  );

  it.each([
    ["inspect plain.json --input 1,8,8,3 --emit wat --backend wgsl", /needs backend wasm/],
    ["inspect plain.json --input 1,8,8,3 --emit wgsl --backend wasm", /needs backend wgsl/],
    ["inspect plain.json --input 1,8,8,3 --emit js --backend wasm", /needs backend js/],
  ])("not there yet: %s", async (line, message) => {
    const { code, err } = await cli.run(line);
    expect(err).toMatch(/^convsmith: [^\n]+\n$/);
    expect(err).toMatch(message);
    expect(code).toBe(1);
  });
});

describe("bugs of ours", () => {
  const told = (error: unknown, verbose = 0) => {
    const kept: Record<string, string> = {};
    let text = "";
    const code = report(
      error,
      {
        out: () => {},
        note: (more) => {
          text += more;
        },
        keep: (name, contents) => {
          kept[name] = contents;
          return name;
        },
      },
      verbose,
    );
    return { code, text, kept };
  };

  it("exit 70, leave a reproducer and ask for a report", () => {
    const { code, text, kept } = told(
      new PassError("share", "went wrong\nwith details", "; run: opt --pass=share\n"),
    );
    expect(code).toBe(70);
    expect(text).toContain("a bug in convsmith");
    expect(text).toContain("pass share: went wrong\n");
    expect(text).toContain("repro.ir");
    expect(text).toContain("report");
    expect(kept).toEqual({ "repro.ir": "; run: opt --pass=share\n" });
  });

  it("show a stack only when asked", () => {
    const error = new InternalError("impossible");
    expect(told(error).text).not.toContain("at ");
    expect(told(error, 1).text).toContain(error.stack!);
    expect(told(new TypeError("x is not a function")).code).toBe(70);
    expect(told("text").code).toBe(70);
  });
});
