import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alone, Cli, digits, model, weights } from "./command.js";

let cli: Cli;
beforeAll(() => {
  cli = new Cli();
});
afterAll(() => cli.stop());

const oneDigit = `--input 1,8,8,1 --weights ${weights}`;

describe("compile", () => {
  it("writes a bundle that runs, and says what it wrote", async () => {
    const { code, out, err } = await cli.run(`compile ${model} ${oneDigit} --name digits --out out`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const word of ["digits.mjs", "digits.wasm", "gzip", "MACs", "memory", "Use it:", "float32[1,10]"])
      expect(out).toContain(word);
    const { create } = (await import(pathToFileURL(cli.path("out/digits.mjs")).href)) as {
      create(): Promise<{ run(x: Float32Array): Promise<{ shape: readonly number[] }> }>;
    };
    const y = await (await create()).run(new Float32Array(64));
    expect(y.shape).toEqual([1, 10]);
  });

  it("prints one line of JSON with --json, nothing with --quiet", async () => {
    const { out } = await cli.run(
      `compile ${model} ${oneDigit} --name d --backend js --inline --out json --json`,
    );
    const line = JSON.parse(out) as {
      files: { file: string; bytes: number; gzip: number }[];
      macs: number;
      backend: string;
    };
    expect(line).toMatchObject({ name: "d", backend: "js", inputs: [{ name: "x", shape: [1, 8, 8, 1] }] });
    expect(line.macs).toBeGreaterThan(50_000);
    expect(line.files.map(({ file }) => file).sort()).toEqual(readdirSync(cli.path("json")).sort());
    for (const { file, bytes, gzip } of line.files) {
      expect(bytes).toBe(statSync(join(cli.path("json"), file)).size);
      expect(gzip).toBeLessThan(bytes);
    }
    const quiet = await cli.run(`compile ${model} ${oneDigit} --name d --backend js --out quiet --quiet`);
    expect(quiet).toMatchObject({ code: 0, out: "", err: "" });
  });

  it("is deterministic, and takes its name from the model", async () => {
    for (const out of ["once", "twice"])
      expect(
        (await cli.run(`compile ${model} --input 1,8,8,1 --seed 7 --backend js --out ${out}`)).code,
      ).toBe(0);
    for (const name of ["model.mjs", "model.weights.bin", "model.json"])
      expect(readFileSync(cli.path(`once/${name}`))).toEqual(readFileSync(cli.path(`twice/${name}`)));
  });

  it("never writes over what it was given", async () => {
    writeFileSync(cli.path("net.json"), '{ "type": "Conv", "features": 2, "kernelSize": [1, 1] }');
    const { code, err } = await cli.run("compile net.json --input 1,4,4,3 --seed 0 --out .");
    expect({ code, err }).toEqual({
      code: 1,
      err: "convsmith: net.json: would be overwritten, and it is given as input; choose another --out or --name\n",
    });
  });

  it("needs parameters, and warns of those the model does not use", async () => {
    const bare = await cli.run(`compile ${model} --input 1,8,8,1 --out bare`);
    expect(bare).toMatchObject({
      code: 1,
      err: "convsmith: model has 8 parameters; give --weights FILE, or --seed N for fresh ones\n",
    });
    writeFileSync(
      cli.path("part.mjs"),
      'import { Conv } from "convsmith";\nimport { Module } from "convsmith";\nexport default new (class Net extends Module { call(x) { return new Conv({ features: 16, kernelSize: [3, 3] }).call(x); } })();',
    );
    const extra = await cli.run(`compile part.mjs ${oneDigit} --backend js --out part`);
    expect(extra).toMatchObject({ code: 0 });
    expect(extra.err).toMatch(
      /^convsmith: warning: 6 parameters are not used by the model: .*Conv_1\/bias.*\n$/,
    );
    const strict = await cli.run(`compile part.mjs ${oneDigit} --backend js --out part --strict`);
    expect(strict.code).toBe(1);
    expect(strict.err).toMatch(/^convsmith: 6 parameters are not used/);
  });
});

describe("a process of its own", () => {
  it("exits 0, 1 and 2", async () => {
    const [version, missing, wrong] = await Promise.all([
      alone(["--version"], digits),
      alone(["weights", "nope.msgpack"], digits),
      alone(["compile", "model.ts", "--inptu", "1,8,8,1"], digits),
    ]);
    expect(version).toMatchObject({ code: 0, out: "0.1.0\n", err: "" });
    expect(missing).toEqual({ code: 1, out: "", err: "convsmith: nope.msgpack: there is no such file\n" });
    expect(wrong).toEqual({
      code: 2,
      out: "",
      err: "convsmith: unknown option '--inptu' (Did you mean --input?)\n",
    });
  });
});
