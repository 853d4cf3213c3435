/** npm run bench:webgpu: contenders take turns, and one that crashes, hangs or loses its device costs only its own figures. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { race, timingsOf } from "../bench/race.mjs";
import { type Browser, openBrowser, PageGone } from "../bench/webgpu/browser.mjs";

describe("a race", () => {
  const order: string[] = [];
  const entry = (name: string, timings: number, ms: () => number) => {
    const time = async () => {
      order.push(name);
      return ms();
    };
    return { name, timings, contender: { time } };
  };

  it("starts each round with another, times slow ones less often, and drops who throws", async () => {
    let runs = 0;
    const failing = () => {
      if (++runs === 2) throw new Error("device lost\nat a line");
      return 1;
    };
    const dropped = {};
    const entries = [entry("a", 3, () => 5), entry("b", 1, () => 400), entry("c", 3, failing)];
    const { times } = await race(entries, 3, dropped);
    expect(order.join("")).toBe("abc" + "ca" + "a");
    expect(Object.fromEntries(times)).toEqual({ a: [5, 5, 5], b: [400] });
    expect(dropped).toEqual({ c: "device lost" });
    expect([100, 400, 4000].map((ms) => timingsOf(ms, 9))).toEqual([9, 3, 1]);
  });
});

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const here = existsSync(executablePath);
if (!here) {
  const howTo = `no Chromium at ${executablePath}; apt-get install -y --no-install-recommends chromium, or set CHROMIUM`;
  if (process.env.CI !== undefined) throw new Error(`in CI nothing may be skipped: ${howTo}`);
  console.warn(`skipped: ${howTo}`);
}

describe.skipIf(!here)("the page of the benchmark", () => {
  let browser: Browser;
  const patient = 60_000;
  beforeAll(async () => {
    browser = await openBrowser(fileURLToPath(new URL("trouble.mjs", import.meta.url)));
  });
  afterAll(() => browser?.close());

  it("stays where a step only says why it has no result", async () => {
    expect(await browser.ask(patient, "add", 1, 2)).toBe(3);
    const before = browser.generation();
    await expect(browser.ask(patient, "refuse")).rejects.toThrow("no such layer");
    expect(await browser.ask(patient, "add", 3, 4)).toBe(7);
    expect(browser.generation()).toBe(before);
  });

  it.each([
    ["block", 500, "no answer in 0.5 s"],
    ["lose", patient, "device lost: a driver crashed"],
  ])("is replaced where a step would %s", async (step, ms, why) => {
    await browser.ask(patient, "add", 1, 2);
    const before = browser.generation();
    const gone = await browser.ask(ms, step).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(PageGone);
    // A contender must see at once that it is no longer there.
    expect(browser.generation()).toBe(before + 1);
    expect(gone).toMatchObject({ message: why, hung: step !== "lose" });
    expect(await browser.ask(patient, "add", 3, 4)).toBe(7);
    expect(browser.generation()).toBe(before + 1);
  });
});
