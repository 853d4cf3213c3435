/** A page of headless Chromium on its software adapter, with what it loads; replaced where it crashes, hangs or loses a device. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { executablePath, flags } from "./chromium.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const onnxruntime = fileURLToPath(new URL("../node_modules/onnxruntime-web/dist/", import.meta.url));

const types = { ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm" };

/** The page's code and the peers it imports, by path. */
async function pageFiles(entry) {
  const { outputFiles } = await build({
    entryPoints: { page: entry },
    outdir: "/page",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "error",
    // Of other engines than a page's.
    external: ["onnxruntime-web", "onnxruntime-node", "@tensorflow/tfjs-backend-wasm"],
  });
  return outputFiles.map(({ path, contents }) => [path, contents]);
}

async function serve(files) {
  const server = createServer(async ({ url }, response) => {
    const path = new URL(url, "http://localhost").pathname;
    const name = path.slice("/onnxruntime/".length);
    const body =
      path === "/"
        ? '<!doctype html><script type="module" src="/page/page.js"></script>'
        : path.startsWith("/onnxruntime/") && !name.includes("/")
          ? await readFile(join(onnxruntime, name)).catch(() => undefined)
          : files.get(path);
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": path === "/" ? "text/html" : (types[extname(path)] ?? "application/octet-stream"),
      // Isolated pages have the finer clock.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

/** After this error the next step is taken in another page, in which nobody has entered. */
export class PageGone extends Error {
  /** `hung`: the step took too long; otherwise it may have met what another one had broken. */
  constructor(message, hung) {
    super(message);
    this.hung = hung;
  }
}

const within = (ms, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new PageGone(`no answer in ${ms / 1000} s`, true)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** `entry` is the page's script: it sets window.take, which takes steps by their names. */
export async function openBrowser(entry = join(here, "page.mjs")) {
  const files = new Map(await pageFiles(entry));
  const server = await serve(files);
  const address = `http://localhost:${server.address().port}/`;
  let live = null;
  let generation = 0;

  async function open() {
    const profile = await mkdtemp(join(tmpdir(), "convsmith-bench-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      // Who stops the measurement ends the browser; a page that went would only be replaced.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      // Some peers compute for longer than the watchdog lets a driver.
      args: [...flags, "--disable-gpu-watchdog"],
    });
    const page = await context.newPage();
    const crashed = new Promise((_, reject) => {
      page.on("crash", () => reject(new Error("the page crashed")));
      page.on("close", () => reject(new Error("the page was closed")));
    });
    const broken = new Promise((_, reject) => page.on("pageerror", reject));
    for (const promise of [crashed, broken]) promise.catch(() => undefined);
    await page.goto(address);
    await Promise.race([page.waitForFunction(() => window.take !== undefined), broken, crashed]);
    live = { profile, context, page, crashed };
    return live;
  }

  async function shut() {
    if (live === null) return;
    const { context, profile } = live;
    live = null;
    generation++;
    await within(20_000, context.close()).catch(() => undefined);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }

  return {
    /** Number of the page that the next step is taken in. */
    generation: () => generation,
    version: async () => (live ?? (await open())).context.browser()?.version() ?? "unknown",
    /** Serves the files of a bundle. */
    add: (bundle) => {
      for (const [name, bytes] of bundle) files.set(`/bundles/${name}`, bytes);
    },
    /** Has the page take a step. @throws PageGone, or an error with the step's reason */
    async ask(ms, step, ...args) {
      const { page, crashed } = live ?? (await open());
      const taken = page.evaluate(([name, rest]) => window.take(name, ...rest), [step, args]);
      taken.catch(() => undefined);
      let answer;
      try {
        answer = await Promise.race([within(ms, taken), crashed]);
      } catch (error) {
        await shut();
        throw error instanceof PageGone ? error : new PageGone(error.message, false);
      }
      if (answer.lost !== null) {
        await shut();
        throw new PageGone(answer.lost, false);
      }
      if (answer.why !== undefined) throw new Error(answer.why);
      return answer.value;
    },
    async close() {
      await shut();
      server.close();
    },
  };
}
