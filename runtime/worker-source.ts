/** Workers of programs that are in no file: what they run is a text. */
import type { WorkerClass, WorkerThread } from "./threads.js";

/** What answerAsWorker() does, for Node and for pages. */
const workerSource = `
const tag = "convsmith-worker";
const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
const takePart = ({ module, memory, index, count }, port) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  port.postMessage(tag);
  exports.worker(index, count);
};
const task = node?.workerData?.[tag];
if (task !== undefined) takePart(task, node.parentPort);
else globalThis.onmessage = ({ data }) => takePart(data[tag], globalThis);
`;

/** A MakeWorker. */
export function makeFromSource(Class: WorkerClass, options: object, isNode: boolean): WorkerThread {
  if (isNode) return new Class(workerSource, { ...options, eval: true });
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  return new Class(url, options);
}
