/**
 * js, wasm and the interpreter give the same bits at "highest", over the whole option space of the modules; every
 * eighth is also run at "default" and compared with a float64 reference. What fails is shown small and as code.
 */
import { expect, it } from "vitest";
import { check, shrink } from "./check.js";
import { randomConv } from "./random-conv.js";

const count = Number(process.env.DIFFERENTIAL_COUNT ?? 1000);
const firstSeed = Number(process.env.DIFFERENTIAL_SEED ?? 1);

it(`${count} random convolutions give the same bits on js, wasm and the interpreter`, {
  timeout: 900_000,
}, async () => {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const failure = await check(randomConv(seed), { contract: seed % 8 === 0 });
    if (failure === null) continue;
    const { failure: least } = await shrink(randomConv(seed), failure);
    expect.fail(`seed ${seed}: ${least.promise}: ${least.detail}\n\n${least.code}`);
  }
});
