/** Jitted JAX in a Python process of its own that times a layer when told to: a yardstick outside JavaScript. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { biasShape, inputShape, kernelShape, pads } from "../layers.mjs";

const script = fileURLToPath(new URL("../native.py", import.meta.url));

/** A JSON line out, a JSON line back. */
function startPython(python) {
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [];
  let ended = null;
  const fail = (why) => {
    ended ??= why;
    for (const { reject } of waiting.splice(0)) reject(new Error(why));
  };
  child.on("error", (error) => fail(`${python}: ${error.message}`));
  child.on("close", (code) => fail(`${python} ended with code ${code}`));
  createInterface({ input: child.stdout }).on("line", (text) => {
    // Libraries may have something to say of their own.
    if (!text.startsWith("{")) return;
    const answer = JSON.parse(text);
    const { resolve, reject } = waiting.shift();
    if (answer.error === undefined) resolve(answer);
    else reject(new Error(answer.error));
  });
  child.stdin.on("error", () => undefined);
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(new Error(ended));
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    end: () => child.stdin.end(),
  };
}

export async function loadJaxNative(python) {
  const { ask, end } = startPython(python);
  const folder = mkdtempSync(join(tmpdir(), "convsmith-bench-"));
  const { version } = await ask({ do: "hello" });
  const prepare = async (layer, data) => {
    for (const name of ["input", "kernel", "bias"]) writeFileSync(join(folder, name), data[name]);
    await ask({
      do: "prepare",
      folder,
      layer: {
        ...layer,
        inputShape: inputShape(layer),
        kernelShape: kernelShape(layer),
        biasShape: biasShape(layer),
        pads: pads(layer),
      },
    });
    return {
      /** Milliseconds of one run, by its own clock. */
      time: async () => (await ask({ do: "time" })).ms,
      run: () => ask({ do: "time" }),
      output: async () => {
        await ask({ do: "output", folder });
        return new Float32Array(new Uint8Array(readFileSync(join(folder, "output"))).buffer);
      },
      dispose: () => undefined,
    };
  };
  const close = () => {
    end();
    rmSync(folder, { recursive: true, force: true });
  };
  return Object.assign(prepare, { close, version });
}
