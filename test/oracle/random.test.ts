/** flax.json's section of random numbers: keys, bits and samples, bit for bit. */
import { createHash } from "node:crypto";
import { parameterKey } from "../../compiler/random/parameter-key.js";
import { normal, truncatedNormal, uniform } from "../../compiler/random/sample.js";
import { foldIn, key, randomBits, split } from "../../compiler/random/threefry.js";
import { equals, words } from "../conformance/random.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import { hexBits, recorded } from "./vectors.js";

const { keys, split: splits, foldIn: folds, bits: drawn, samples, parameterKeys } = recorded.random;

function keyCases(): Case[] {
  return [
    ...keys.map(({ seed, key: wanted }) => equals(`key ${seed}`, () => words(key(seed)), wanted)),
    ...splits.map(({ seed, count, keys: wanted }) =>
      equals(`split ${seed} in ${count}`, () => split(key(seed), count).map(words), wanted),
    ),
    ...folds.map(({ seed, data, key: wanted }) =>
      equals(`foldIn ${data} of ${seed}`, () => words(foldIn(key(seed), data)), wanted),
    ),
    ...drawn.map(({ seed, count, bits: wanted }) =>
      equals(`${count} bits of ${seed}`, () => [...randomBits(key(seed), count)], wanted),
    ),
    ...parameterKeys.map(({ path, count, key: wanted }) =>
      equals(
        `parameter ${count} of ${path.join("/")}`,
        () => words(parameterKey(key(0), path, count)),
        wanted,
      ),
    ),
  ];
}

/** The first samples and the hash of all. */
function sampleCases(): Case[] {
  return samples.map(({ sampler, low, high, seed, count, first, sha256 }) => {
    const made = (): string[] => {
      const bits = randomBits(key(seed), count);
      const draw = {
        uniform: () => uniform(bits, low!, high!),
        normal: () => normal(bits),
        truncatedNormal: () => truncatedNormal(bits, low!, high!),
      }[sampler]();
      const hash = createHash("sha256").update(new Uint8Array(draw.buffer)).digest("hex");
      return [hexBits(draw.subarray(0, first.length / 8)), hash];
    };
    return equals(`${sampler} ${low} ${high}`, made, [first, sha256]);
  });
}

suiteTest("flax: keys and random bits", keyCases);
suiteTest("flax: samples", sampleCases);
