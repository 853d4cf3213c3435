/** The recorded vectors of the specification, where the folder with them is given in CONFORMANCE_DIR. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { RandomDType } from "../../compiler/random/distribution.js";
import * as distributions from "../../compiler/random/distribution.js";
import { initializers } from "../../compiler/random/initializers.js";
import { parameterKey } from "../../compiler/random/parameter-key.js";
import { normal, truncatedNormal, uniform } from "../../compiler/random/sample.js";
import { drawSmall, smallFormats } from "../../compiler/random/small-float-sample.js";
import { foldIn, key, randomBits, split, threefry2x32 } from "../../compiler/random/threefry.js";
import { smallFloatBits } from "../../runtime/small-float.js";

interface Vectors {
  readonly threefry2x32: readonly { key: number[]; count: number[]; out: number[] }[];
  readonly key_from_seed_x64_disabled: readonly { seed: number; key: number[] }[];
  readonly split: readonly { seed: number; num: number; partitionable: boolean; keys: number[][] }[];
  readonly fold_in: readonly { seed: number; data: number; key: number[] }[];
  readonly random_bits_32: readonly {
    seed: number;
    shape: number[];
    partitionable: boolean;
    bits: number[];
  }[];
  readonly samples: readonly { seed: number; dist: string; shape: number[]; bits: string[] }[];
  readonly linen_param_keys: readonly {
    path: string[];
    count: number;
    separator: boolean;
    key_from_seed0: number[];
  }[];
  readonly init: readonly {
    name: string;
    path: string[];
    count: number;
    seed: number;
    separator: boolean;
    init: string;
    shape: number[];
    bits: string[];
  }[];
}
type SamplerName = "uniform" | "normal" | "truncated_normal";
interface Samplers {
  readonly samplers: readonly {
    sampler: SamplerName;
    dtype: RandomDType;
    draws: number;
    sha256_of_all: string;
    sample: { draw: number[]; bits: number[] };
  }[];
}

/** Bit patterns of the samples for given bits, and how many low bits do not count. */
function samplerOf(sampler: SamplerName, dtype: RandomDType) {
  const distribution = {
    uniform: distributions.uniform(-1, 1),
    normal: distributions.normal,
    truncated_normal: distributions.truncatedNormal(-2, 2),
  }[sampler];
  if (dtype === "float16" || dtype === "bfloat16") {
    const format = smallFormats[dtype];
    const table = smallFloatBits(distribution.small(format), format.float);
    return {
      sample: (bits: Uint32Array) => drawSmall(format, table, bits),
      dropped: format.dropped,
    };
  }
  return {
    sample: (bits: Uint32Array) => new Uint32Array(distribution.float32(bits).buffer),
    dropped: 9,
  };
}

const folder = process.env.CONFORMANCE_DIR;
const read = <T>(file: string): T => JSON.parse(readFileSync(`${folder}/spec/${file}`, "utf8")) as T;
const words = ({ k0, k1 }: { k0: number; k1: number }) => [k0, k1];
const hex = (values: ArrayLike<number>): string[] =>
  [...new Uint32Array(Float32Array.from(values).buffer)].map((word) => word.toString(16).padStart(8, "0"));

if (folder === undefined) {
  console.log("skipped: CONFORMANCE_DIR not set");
  it.skip("CONFORMANCE_DIR not set", () => {});
} else {
  const vectors = read<Vectors>("rng_vectors.json");

  describe("rng_vectors.json", () => {
    it("keys and bits", () => {
      for (const { key: of, count, out } of vectors.threefry2x32)
        expect(threefry2x32({ k0: of[0]!, k1: of[1]! }, count[0]!, count[1]!)).toEqual(out);
      for (const { seed, key: expected } of vectors.key_from_seed_x64_disabled)
        expect(words(key(seed))).toEqual(expected);
      for (const { seed, data, key: expected } of vectors.fold_in)
        expect(words(foldIn(key(seed), data))).toEqual(expected);
      for (const { seed, num, keys } of vectors.split.filter((each) => each.partitionable))
        expect(split(key(seed), num).map(words)).toEqual(keys);
      for (const { seed, shape, bits } of vectors.random_bits_32.filter((each) => each.partitionable))
        expect([...randomBits(key(seed), shape[0]!)]).toEqual(bits);
      for (const { path, count, key_from_seed0 } of vectors.linen_param_keys.filter(
        (each) => !each.separator,
      ))
        expect(words(parameterKey(key(0), path, count))).toEqual(key_from_seed0);
    });

    it.each(vectors.samples)("samples of $dist", ({ seed, dist, bits: expected }) => {
      const bits = randomBits(key(seed), expected.length);
      const draw: Readonly<Record<string, () => Float32Array>> = {
        "uniform[0,1)": () => uniform(bits, 0, 1),
        "uniform[-1,1)": () => uniform(bits, -1, 1),
        normal: () => normal(bits),
        "truncated_normal(-2,2)": () => truncatedNormal(bits, -2, 2),
      };
      expect(hex(draw[dist]!())).toEqual(expected);
    });

    it.each(vectors.init.filter((each) => !each.separator))("$name", (vector) => {
      const name = vector.init.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const make = initializers[name as "lecunNormal"];
      const made = make()(parameterKey(key(vector.seed), vector.path, vector.count), vector.shape, "float32");
      expect(hex(made.data).slice(0, vector.bits.length)).toEqual(vector.bits);
    });
  });

  describe("samplers.json: every value there is", () => {
    for (const each of read<Samplers>("samplers.json").samplers)
      it(`${each.sampler} ${each.dtype}`, () => {
        const { sample, dropped } = samplerOf(each.sampler, each.dtype);
        expect([...sample(Uint32Array.from(each.sample.draw))]).toEqual(each.sample.bits);
        const draws = new Uint32Array(each.draws);
        for (let i = 0; i < draws.length; i++) draws[i] = i << dropped;
        const all = new Uint8Array(sample(draws).buffer);
        expect(createHash("sha256").update(all).digest("hex")).toBe(each.sha256_of_all);
      });
  });
}
