/** js, wasm and the interpreter give the same bits at "highest", over the whole option space of Conv. */
import { expect, it } from "vitest";
import { Conv, lax, nn } from "../../compiler/index.js";
import type { Traced } from "../../compiler/traced.js";
import { random } from "../support/random.js";
import { firstDifference, runOneWay } from "../support/run-everywhere.js";
import type { RandomConv } from "./random-conv.js";
import { randomConv } from "./random-conv.js";

const count = Number(process.env.DIFFERENTIAL_COUNT ?? 1000);
const firstSeed = Number(process.env.DIFFERENTIAL_SEED ?? 1);

function modelOf(config: RandomConv) {
  return (x: Traced): Traced => {
    const y = new Conv(config.options).call(x);
    const activated = config.activation === "none" ? y : nn[config.activation](y);
    return config.residual ? lax.add(activated, y) : activated;
  };
}

/** What to paste to see the case again. */
function reproduction(config: RandomConv): string {
  return `randomConv(${config.seed}): new Conv(${JSON.stringify(config.options, (key, value: unknown) =>
    key === "mask" ? "…" : value,
  )}) on ${config.input.dtype}[${config.input.shape}]`;
}

async function check(seed: number): Promise<string | null> {
  const config = randomConv(seed, random(seed));
  const params = { kernel: config.kernel, ...(config.bias === null ? {} : { bias: config.bias }) };
  const program = {
    target: modelOf(config),
    inputs: [config.input],
    variables: { params: { Conv_0: params } },
    baked: config.baked,
  };
  const expected = await runOneWay("interpreter", program);
  for (const way of ["js", "wasm"] as const) {
    const found = await runOneWay(way, program);
    const at = firstDifference(found, expected);
    if (at >= 0)
      return `${way} differs at ${at}: ${found.data[at]} instead of ${expected.data[at]}\n  ${reproduction(config)}`;
  }
  return null;
}

it(`${count} random convolutions give the same bits on js, wasm and the interpreter`, { timeout: 300_000 }, async () => {
  const failures: string[] = [];
  for (let i = 0; i < count && failures.length < 5; i++) {
    const seed = firstSeed + i;
    const failure = await check(seed).catch(
      (error: unknown) => `${String(error).slice(0, 400)}\n  ${reproduction(randomConv(seed, random(seed)))}`,
    );
    if (failure !== null) failures.push(failure);
  }
  expect(failures).toEqual([]);
});
