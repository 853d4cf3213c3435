/**
 * Runs the built command. Most tests share one process that runs command lines one after another, as starting Node and
 * loading binaryen takes longer than they do; those about the process itself start their own.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const digits = join(root, "examples/digits");
export const model = join(digits, "model.ts");
export const weights = join(digits, "digits.msgpack");
const cli = join(root, "dist/cli/main.js");
if (!existsSync(cli)) throw new Error("dist/cli/main.js does not exist: run npm run build first");

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const server = `
  import { createInterface } from "node:readline";
  const { main } = await import(${JSON.stringify(pathToFileURL(cli).href)});
  for await (const line of createInterface({ input: process.stdin })) {
    const done = { out: "", err: "", kept: {} };
    const terminal = {
      out: (text) => { done.out += text; },
      note: (text) => { done.err += text; },
      keep: (name, text) => { done.kept[name] = text; return name; },
    };
    done.code = await main(JSON.parse(line), terminal);
    process.stdout.write(JSON.stringify(done) + "\\n");
  }`;

/** As users run it: without the verification after each pass that tests of the compiler itself have. */
const env = { ...process.env, NODE_ENV: "production" };

/** A process in a folder of its own that runs command lines. */
export class Cli {
  readonly folder = mkdtempSync(join(tmpdir(), "convsmith-test-"));
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  constructor() {
    this.child = spawn(process.execPath, ["--input-type=module", "-e", server], {
      cwd: this.folder,
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.answers = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** Words of the line are split at spaces; paths with spaces are given apart. */
  async run(line: string, ...more: readonly string[]): Promise<Finished> {
    const args = [...line.split(" ").filter((word) => word !== ""), ...more];
    this.child.stdin!.write(`${JSON.stringify(args)}\n`);
    const answer = await this.answers.next();
    return JSON.parse(answer.value as string) as Finished;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  stop(): void {
    this.child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One process of its own. */
export function alone(args: readonly string[], cwd: string): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}
