/** --tune [FILE]: the file is read where there is one, completed, written, and decides what is compiled. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tuning } from "../../compiler/index.js";
import { Cli, model } from "./command.js";

let cli: Cli;
beforeAll(() => {
  cli = new Cli();
});
afterAll(() => cli.stop());

/** Measuring takes seconds where nothing else runs, and longer on a machine that is shared. */
const patience = 300_000;

const tuningIn = (name: string): Tuning => JSON.parse(readFileSync(cli.path(name), "utf8")) as Tuning;
const compile = (out: string, more = "") =>
  cli.run(`compile ${model} --input 1,8,8,1 --seed 3 --name d --out ${out} ${more}`);

describe("--tune FILE", () => {
  it(
    "measures once; from then on the file decides, and the files are the same",
    async () => {
      const first = await compile("one", "--tune tuning.json --quiet");
      expect(first).toMatchObject({ code: 0, out: "", err: "" });
      const written = readFileSync(cli.path("tuning.json"), "utf8");
      const { kernels } = tuningIn("tuning.json");
      expect(kernels.length).toBeGreaterThan(1);
      const second = await compile("two", "--tune tuning.json");
      expect(second.code).toBe(0);
      expect(readFileSync(cli.path("tuning.json"), "utf8")).toBe(written);
      for (const name of ["d.mjs", "d.wasm", "d.relaxed.wasm", "d.json"])
        expect(readFileSync(cli.path(`one/${name}`))).toEqual(readFileSync(cli.path(`two/${name}`)));
      const manifest = JSON.parse(readFileSync(cli.path("one/d.json"), "utf8")) as { tuning: string };
      expect(manifest.tuning).toMatch(/^[0-9a-f]{64}$/);
    },
    patience,
  );

  it(
    "adds what is missing to a file of another backend",
    async () => {
      await cli.run(`explain ${model} --input 1,8,8,1 --backend js --tune both.json`);
      const js = tuningIn("both.json").kernels;
      expect(js.map(({ target }) => target)).toEqual(js.map(() => "js-wide"));
      const { out } = await cli.run(`explain ${model} --input 1,8,8,1 --backend wasm --tune both.json`);
      expect(out).toMatch(/the fastest of those measured/);
      const both = tuningIn("both.json").kernels;
      expect(both).toHaveLength(2 * js.length);
      expect(both).toEqual(expect.arrayContaining([...js]));
    },
    patience,
  );

  it(
    "serves inspect and bench, and without a file keeps nothing",
    async () => {
      await compile("kept", "--backend js --tune kept.json --quiet");
      const of = async (more: string) =>
        (await cli.run(`inspect ${model} --input 1,8,8,1 --backend js --emit schedule ${more}`)).out;
      const { kernels } = tuningIn("kept.json");
      const tuned = await of("--tune kept.json");
      for (const { schedule } of kernels)
        expect(tuned).toContain(schedule.slice(schedule.indexOf("{"), schedule.indexOf("}")));
      const { code, out } = await cli.run(
        `bench ${model} --input 1,8,8,1 --backend js --runs 2 --json --tune kept.json`,
      );
      expect([code, JSON.parse(out)]).toMatchObject([0, { backend: "js", target: "js-wide" }]);
      expect((await of("--tune")).length).toBeGreaterThan(100);
    },
    patience,
  );
});

describe("refused", () => {
  it.each([
    ["no tuning", "{}", /^convsmith: bad\.json: is no tuning: [^\n]+\n$/],
    ["no JSON", "tuned!", /^convsmith: bad\.json: is no tuning: not JSON\n$/],
  ])("%s", async (_, content, message) => {
    writeFileSync(cli.path("bad.json"), content);
    const { code, err, out } = await compile("bad", "--tune bad.json");
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(readFileSync(cli.path("bad.json"), "utf8")).toBe(content);
  });

  it(
    "a bundle over the file itself",
    async () => {
      const { code, err } = await cli.run(
        `compile ${model} --input 1,8,8,1 --seed 3 --backend js --name over --out . --tune over.json`,
      );
      expect(err).toMatch(/over\.json: would be overwritten/);
      expect(code).toBe(1);
      expect(tuningIn("over.json").format).toBe("convsmith-tuning");
    },
    patience,
  );
});

it.each([
  ["explain", "--tune"],
  ["explain", "--tune new.json"],
  ["explain", "--measure"],
  ["bench", "--tune"],
  ["compile", "--tune"],
])("%s --backend wgsl %s is refused before anything is done", async (command, flag) => {
  const backend = command === "bench" ? "js,wgsl" : "wgsl";
  const out = command === "compile" ? " --out refused" : "";
  const done = await cli.run(`${command} ${model} --input 1,8,8,1 --backend ${backend} ${flag}${out}`);
  expect(done.err).toMatch(
    /^convsmith: .*--(tune|measure), and kernels of wgsl are not measured.*wasm or js\n$/,
  );
  expect([done.code, done.out]).toEqual([1, ""]);
  expect(existsSync(cli.path("new.json"))).toBe(false);
});
