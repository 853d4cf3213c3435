/**
 * npm run bench:memory: what a program allocates as it runs (nothing), and what its memory is made of: inputs, outputs,
 * packed weights and the temporaries that `--emit plan` states, each layer of the benchmark one program.
 */
import { parseArgs } from "node:util";
import { Compilation } from "../../dist/compiler/compile.js";
import { emitStage } from "../../dist/compiler/emit-stage.js";
import { runnableTarget } from "../../dist/compiler/executable.js";
import * as convsmith from "../../dist/compiler/index.js";
import { allocationOf } from "./allocation.mjs";
import { moduleOf } from "./contenders/convsmith.mjs";
import { buildIsOld } from "./install.mjs";
import { layerData } from "./layer-data.mjs";
import { inputShape, layers } from "./layers.mjs";

const { values } = parseArgs({
  options: {
    node: { type: "string", default: process.execPath },
    runs: { type: "string", default: "10000" },
    threads: { type: "string", default: "1,2" },
    help: { type: "boolean", default: false },
  },
});

const help = `npm run bench:memory -- [flags]: what calls allocate, and what the memory of programs is made of.
  --node PATH     the engine that calls are made in
  --runs N        calls (10000)
  --threads LIST  on wasm (1,2)`;

function allocations() {
  const runs = Number(values.runs);
  console.log(
    `${runs} calls in ${values.node}, collections and bytes of heap a call (one thread: a young generation of 1 MB)`,
  );
  const ways = ["js", "wasm"].flatMap((backend) =>
    (backend === "js" ? ["1"] : values.threads.split(",")).map((threads) => ({ backend, threads })),
  );
  for (const { backend, threads } of ways)
    for (const call of ["invoke", "runSync"]) {
      const { collections, bytesPerRun, notes } = allocationOf(values.node, { backend, threads, call, runs });
      const way = `${backend} ${call}, ${threads} thread${threads === "1" ? "" : "s"}`;
      console.log(
        `  ${way.padEnd(26)}${String(collections.length).padStart(3)}  ${bytesPerRun.toFixed(2)}  (${notes.join("; ")})`,
      );
      if (collections.length > 0) process.exitCode = 1;
    }
}

/** Bytes that a plan's lines of a kind state. */
function stated(plan, kind) {
  const lines = plan.split("\n").filter((line) => line.startsWith(`  ${kind} `));
  return lines.reduce((sum, line) => sum + Number(/: (\d+) bytes/.exec(line)[1]), 0);
}

async function memoryOf(layer, threads) {
  const { Sequential, nn } = convsmith;
  const { mask } = layerData(layer);
  const model = new Sequential([moduleOf(convsmith, layer, { mask }), nn.relu]);
  const compilation = new Compilation(model, { inputs: [inputShape(layer)], backend: "wasm", threads });
  const built = await compilation.build(runnableTarget(compilation));
  const plan = await emitStage(compilation, built, "plan");
  const { inputs, outputs, weights } = built.planned.memory;
  const parts = { packed: stated(plan, "packed"), temporaries: stated(plan, "temporary") };
  return { total: built.program.memoryBytes, inputs, outputs, weights, ...parts };
}

/** Buffers start on cache lines; threads have a few lines to wait on. */
const slack = 4096;

async function memories() {
  console.log(
    "\nmemory of a program, KB: <= inputs + outputs + packed weights + temporaries that the plan states",
  );
  console.log(`${"layer".padEnd(32)}  total   input  output  packed  temporaries  (raw weights)`);
  for (const layer of layers) {
    const { total, inputs, outputs, weights, packed, temporaries } = await memoryOf(layer, 1);
    const kb = (bytes, width) => (bytes / 1024).toFixed(0).padStart(width);
    // Weights that are read as they are, and not packed.
    const most = inputs + outputs + packed + temporaries + slack + (packed === 0 ? weights : 0);
    const setupOnly = Math.max(0, total - most);
    const over = setupOnly > 0 ? `  ${(setupOnly / 1024).toFixed(0)} more: raw weights, for setup` : "";
    console.log(
      `${layer.name.padEnd(32)}${kb(total, 7)} ${kb(inputs, 7)} ${kb(outputs, 7)} ${kb(packed, 7)} ${kb(temporaries, 12)}  ${kb(weights, 8)}${over}`,
    );
    if (total > most + weights) {
      console.log(`! ${layer.name}: ${total} bytes are more than all that is stated`);
      process.exitCode = 1;
    }
  }
}

if (values.help) console.log(help);
else {
  if (buildIsOld()) console.log("! dist/ is older than the sources: npm run build makes it new");
  allocations();
  await memories();
}
