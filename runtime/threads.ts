/**
 * Workers that share a program's memory. They are started once and take part in every run: module code makes them wait
 * for one. Where they cannot be, the program runs on one thread, and a note says why.
 */
import type { Result } from "./binding.js";
import type { Executable, Instance } from "./executable.js";
import type { Program } from "./program.js";
import type { WasmSource } from "./run-wasm.js";
import { compileWasm, instantiateWasm } from "./run-wasm.js";

/** What a worker is told: enough to take part. */
export interface WorkerTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly index: number;
  readonly count: number;
}

/** Makes the thread; `Class` is Node's Worker or the page's, `isNode` which. */
export type MakeWorker = (Class: WorkerClass, options: object, isNode: boolean) => WorkerThread;

export type WorkerClass = new (source: URL | string, options: object) => WorkerThread;

/** What Node's worker threads and those of pages have in common, and what only one of them has. */
export interface WorkerThread {
  on?(event: string, listener: (value: unknown) => void): void;
  unref?(): void;
  onmessage?: unknown;
  onerror?: unknown;
  postMessage(message: unknown): void;
  terminate(): unknown;
}

export interface ThreadedInstance {
  readonly instance: Instance;
  readonly notes: readonly string[];
  /** Ends the workers; the instance cannot run any more. */
  end(): void;
}

/** Marks messages, and names workers, so that they are not taken for anybody else's. */
const workerTag = "convsmith-worker";

/** How long a worker may take to answer, in milliseconds. */
const patience = 10_000;

/** Instantiates a module of several workers, and starts them; or on one thread where that cannot be. */
export async function instantiateThreads(
  source: WasmSource,
  program: Program,
  make: MakeWorker,
): Promise<ThreadedInstance> {
  const refusal = sharedMemoryRefusal();
  const threaded = refusal ?? (await instantiateShared(source, program, make));
  if (typeof threaded !== "string") return threaded;
  // Not what was shared with workers that did start: they may still be waiting for a run of it.
  const module = ArrayBuffer.isView(source)
    ? await compileWasm(unshared(source as Uint8Array) as BufferSource)
    : source;
  const { memory, setup, run } = await instantiateWith(module, program, module === source);
  return {
    instance: { memory: memory.buffer, setup, run: () => run(1, 0) },
    notes: [`threads: ${program.threads} asked for; runs on one: ${threaded}`],
    end: () => {},
  };
}

/** The reason where a worker does not start. */
async function instantiateShared(
  source: WasmSource,
  program: Program,
  make: MakeWorker,
): Promise<ThreadedInstance | string> {
  const { threads: count = 1 } = program;
  const module = ArrayBuffer.isView(source) ? await compileWasm(source as BufferSource) : source;
  if (WebAssembly.Module.imports(module).length === 0)
    return { instance: await instantiateWasm(module), notes: [nothingToShare(count)], end: () => {} };
  const { memory, setup, run } = await instantiateWith(module, program, true);
  const workers: WorkerThread[] = [];
  const end = (): void => {
    for (const worker of workers) worker.terminate();
  };
  const refused = await startWorkers({ module, memory, count }, make, workers);
  if (refused !== null) {
    end();
    return refused;
  }
  const sleeps = maySleep(memory);
  return {
    instance: { memory: memory.buffer, setup, run: () => run(count, sleeps) },
    notes: [`runs on ${count} threads`],
    end,
  };
}

interface Entries {
  readonly memory: WebAssembly.Memory;
  setup(): void;
  run(count: number, maySleep: number): void;
}

async function instantiateWith(
  module: WebAssembly.Module,
  { memoryBytes }: Program,
  shared: boolean,
): Promise<Entries> {
  const pages = Math.ceil(memoryBytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  // A module of one worker has a memory of its own.
  const { memory: own = memory, setup, run } = exports as unknown as Entries;
  return { memory: own, setup, run };
}

/** What to say of a program whose work is too little to share. */
export function nothingToShare(threads: number): string {
  return `threads: ${threads} asked for; nothing here takes long enough to be shared, so it runs on one`;
}

/** The executable, with what is to be said of its workers; its dispose() ends them too. */
export function withWorkers<R extends Result>(
  executable: Executable<R>,
  { notes, end }: ThreadedInstance,
): Executable<R> {
  const { dispose } = executable;
  return Object.assign(executable, {
    notes: [...executable.notes, ...notes],
    dispose() {
      dispose();
      end();
    },
  });
}

/** Why memory cannot be shared with workers here; null where it can. */
export function sharedMemoryRefusal(): string | null {
  if (typeof SharedArrayBuffer !== "function")
    return "memory cannot be shared here; a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  return nodeThreads() === undefined && typeof Worker !== "function" ? "there are no workers here" : null;
}

interface NodeThreads {
  readonly Worker: WorkerClass;
  readonly workerData: Readonly<Record<string, WorkerTask>> | null;
  readonly parentPort: Pick<WorkerThread, "postMessage"> | null;
}

function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as unknown as {
    readonly process?: { getBuiltinModule?(name: "node:worker_threads"): NodeThreads };
  };
  return process?.getBuiltinModule?.("node:worker_threads");
}

/** null where all of them take part, else why one does not. */
async function startWorkers(
  task: Omit<WorkerTask, "index">,
  make: MakeWorker,
  workers: WorkerThread[],
): Promise<string | null> {
  const starting: Promise<void>[] = [];
  for (let index = 1; index < task.count; index++)
    starting.push(startWorker(make, { ...task, index }, workers));
  return Promise.all(starting).then(
    () => null,
    (error) => `a worker did not start: ${(error as Error | undefined)?.message ?? error}`,
  );
}

/** Resolves when the worker takes part. */
function startWorker(make: MakeWorker, task: WorkerTask, workers: WorkerThread[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => failed(`no answer in ${patience / 1000} s`), patience);
    const failed = (error: unknown): void => {
      clearTimeout(timer);
      reject(error);
    };
    const node = nodeThreads();
    const named = { [workerTag]: task };
    const worker =
      node === undefined
        ? make(Worker as unknown as WorkerClass, { type: "module", name: workerTag }, false)
        : make(node.Worker, { workerData: named }, true);
    workers.push(worker);
    const started = (): void => {
      clearTimeout(timer);
      // Until now the process had to wait for it.
      worker.unref?.();
      resolve();
    };
    if (worker.on === undefined) {
      worker.onmessage = started;
      worker.onerror = failed;
      worker.postMessage(named);
    } else {
      worker.on("message", started);
      worker.on("error", failed);
      worker.on("exit", failed);
    }
  });
}

/** Takes part, where this is a worker that was started for it; returns where it is not. */
export function answerAsWorker(): void {
  const node = nodeThreads();
  const task = node?.workerData?.[workerTag];
  if (task !== undefined) takePart(task, node!.parentPort!);
  else if ((globalThis as { readonly name?: string }).name === workerTag)
    globalThis.addEventListener("message", ({ data }: MessageEvent) => {
      if (data?.[workerTag] !== undefined) takePart(data[workerTag], globalThis as unknown as WorkerThread);
    });
}

function takePart(
  { module, memory, index, count }: WorkerTask,
  port: Pick<WorkerThread, "postMessage">,
): void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  port.postMessage(workerTag);
  (exports as unknown as { worker(index: number, count: number): never }).worker(index, count);
}

/** 1 where this thread may block; a page's own may not. */
function maySleep({ buffer }: WebAssembly.Memory): number {
  try {
    Atomics.wait(new Int32Array(buffer), 0, 0, 0);
    return 1;
  } catch {
    return 0;
  }
}

/** The module with its memory import, the only one, not shared: it then runs on one thread anywhere. */
function unshared(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  // Sections follow eight bytes; the imports are section 2, and a module without has nothing to share.
  let at = 8;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = out[at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skip = (count: number): void => void (at += count);
  while (at < out.length && out[at++] !== 2) skip(next());
  if (at >= out.length) return bytes;
  next();
  next();
  skip(next());
  skip(next());
  out[at + 1]! &= ~2;
  return out;
}
